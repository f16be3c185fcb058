/** A whole resource as a client sends it in POST and PUT, checked and in canonical form. */
import {
  attributeValue,
  isObject,
  withAttribute,
  withProperty,
  type AttributePlace,
} from '../attribute-values';
import { ID, META, SCHEMAS } from '../common-attributes';
import { DomainError } from '../error';
import { parseAttributePath } from '../filter/parser';
import { USER, type ScimObject, type ScimValue } from '../resource';
import { type ResolvedPath } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { invalid } from './invalid';
import { coerceMembers } from './members';
import { tolerant, type ValidationProfile } from './profile';
import { checkRequired } from './required';
import { coerceAttribute, coerceSubAttributes, isDerived } from './value';

/** What a resource becomes: its attributes and, for a group whose members were mentioned, their ids. */
export interface CoercedResource {
  readonly attributes: ScimObject;
  readonly members?: readonly string[];
}

/** Throws `invalidSyntax` for what is no JSON object, `invalidValue` for wrong or missing values. */
export function coerceResource(
  schema: ResourceSchema,
  body: unknown,
  profile: ValidationProfile = tolerant,
): CoercedResource {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new DomainError('invalidSyntax', 'The body must be a JSON object.');
  }
  profile.checkSchemas(schema, body);
  const attributes: Draft = {};
  let members: readonly string[] | undefined;
  for (const [name, value] of Object.entries(body) as [string, unknown][]) {
    const path = resolveName(schema, name, profile);
    if (path === undefined) {
      profile.unknownAttribute(name);
    } else if (isMembers(schema, path)) {
      members = coerceMembers(value, profile);
    } else if (isWritable(path)) {
      assign(attributes, path, value, profile);
    }
  }
  checkRequired(schema, attributes);
  return members === undefined ? { attributes } : { attributes, members };
}

/** Whether the path is a group's `members`, which are kept apart from the attributes. */
export function isMembers(schema: ResourceSchema, path: ResolvedPath): boolean {
  return schema.hasMembers && path.extension === undefined && path.attribute.name === 'members';
}

/**
 * Whether values of the attribute are kept. A password is checked like any string but not kept: directories get
 * theirs elsewhere, and what is not stored cannot leak.
 */
export function isStored(path: ResolvedPath): boolean {
  return (path.subAttribute ?? path.attribute).returned !== 'never';
}

/**
 * Whether it is the flag of a user that says who may sign in (RFC 7643 section 4.1.1). It has no "no value": taking the value
 * away must not reactivate somebody who was deactivated, so that only an explicit `true` does.
 */
export function isActivation(
  schema: ResourceSchema,
  { extension, attribute }: AttributePlace,
): boolean {
  return schema.type.name === USER && extension === undefined && attribute.name === 'active';
}

/** An attribute by the name a client uses as a key: its own, the URN of an extension, or whatever else the profile takes. */
function resolveName(
  schema: ResourceSchema,
  name: string,
  profile: ValidationProfile,
): ResolvedPath | undefined {
  const attribute = schema.attribute(name);
  if (attribute !== undefined) return { attribute };
  if (!profile.pathsAsNames && !isName(schema, name)) return undefined;
  try {
    return schema.resolve(parseAttributePath(name));
  } catch (error) {
    // Not even an attribute name: unknown like any other.
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** Whether the key is a name as RFC 7643 has them: of a common attribute, or the URN of an extension (section 3.3). */
export function isName(schema: ResourceSchema, key: string): boolean {
  return schema.extension(key) !== undefined || COMMON.has(key.toLowerCase());
}

const COMMON: ReadonlySet<string> = new Set([ID, META, SCHEMAS].map(({ name }) => name));

/** Values of read-only attributes are ignored (RFC 7644 sections 3.3 and 3.5.1). */
function isWritable({ attribute, subAttribute }: ResolvedPath): boolean {
  return attribute.mutability !== 'readOnly' && subAttribute?.mutability !== 'readOnly';
}

/** The resource in the making. */
type Draft = Record<string, ScimValue>;

function assign(
  draft: Draft,
  path: ResolvedPath,
  value: unknown,
  profile: ValidationProfile,
): void {
  const { attribute, subAttribute } = path;
  if (subAttribute !== undefined) {
    // "name.givenName": joins what other keys said of the same attribute.
    if (isDerived(subAttribute)) return;
    put(draft, mergeComplex(draft, path, { [subAttribute.name]: value }, profile), path);
    return;
  }
  const said = attribute.type === 'complex' && attributeValue(draft, path) !== undefined;
  if (said && !attribute.multiValued && !profile.unassigned(value)) {
    const single = profile.single(value);
    if (single === undefined) throw invalid(attribute.name, 'takes one value, not a list');
    put(draft, mergeComplex(draft, path, single.value, profile), path);
    return;
  }
  const coerced = coerceAttribute(attribute, value, profile);
  if (!isStored(path)) return;
  if (path.extension !== undefined) put(draft, withAttribute(draft, path, coerced), path);
  else if (coerced !== undefined) draft[attribute.name] = coerced;
}

/** Takes over what a pure function made of one attribute, or of the extension it belongs to. */
function put(draft: Draft, changed: ScimObject, { extension, attribute }: AttributePlace): void {
  const name = extension ?? attribute.name;
  const value = changed[name];
  if (value === undefined) Reflect.deleteProperty(draft, name);
  else draft[name] = value;
}

/**
 * Sets the sub-attributes in `value` beside those a complex attribute already has; null unassigns one. A multi-valued
 * attribute gets them as its one value.
 */
export function mergeComplex(
  attributes: ScimObject,
  path: AttributePlace,
  value: unknown,
  profile: ValidationProfile,
): ScimObject {
  const { attribute } = path;
  if (attribute.multiValued) {
    return withAttribute(attributes, path, coerceAttribute(attribute, [value], profile));
  }
  const current = attributeValue(attributes, path);
  let object: ScimObject = isObject(current) ? current : {};
  for (const [name, item] of coerceSubAttributes(attribute, value, profile)) {
    object = withProperty(object, name, item);
  }
  const nothing = Object.keys(object).length === 0;
  return withAttribute(attributes, path, nothing ? undefined : object);
}
