/** Documents of `resources` to domain resources and back. */
import {
  attributeValue,
  isObject,
  property,
  type AttributePlace,
} from '../domain/attribute-values';
import { GROUP, type Resource, type ScimObject, type ScimValue } from '../domain/resource';
import { fold } from '../domain/filter/fold';
import { type AttributeDefinition } from '../domain/schema';
import { type ResourceSchema } from '../domain/schema-table';
import { escapeKey, fromStored, toStored } from './attribute-keys';
import { knownAttributes } from './known-attributes';
import { type ResourceDocument } from './models/resource.model';

export function toResource(document: ResourceDocument): Resource {
  return {
    id: document._id,
    ruleId: document.ruleId,
    resourceType: document.resourceType,
    attributes: fromStored(document.attributes),
    generation: document.generation,
    createdAt: document.createdAt,
    lastModified: document.lastModified,
    ...(document.deletedAt ? { deletedAt: document.deletedAt } : {}),
    ...(document.importRole ? { importRole: document.importRole } : {}),
    ...(document.otp ? { otp: document.otp } : {}),
  };
}

/** The fields of a document that follow from the attributes alone. */
export interface AttributeFields {
  attributes: Record<string, unknown>;
  norm: Record<string, unknown>;
  unique: string[];
}

/**
 * What no schema has any more is left out, so that whatever is stored goes with the definitions by which its copy for filters
 * and its keys were made.
 */
export function attributeFields(schema: ResourceSchema, attributes: ScimObject): AttributeFields {
  const known = knownAttributes(schema, attributes);
  return {
    attributes: toStored(known),
    norm: normalise(schema, known),
    unique: uniqueKeys(schema, known),
  };
}

/**
 * The copy that filters look at: strings that are not caseExact folded, dateTimes as dates, so that every comparison is
 * an exact one and an index serves it.
 */
function normalise(schema: ResourceSchema, attributes: ScimObject): Record<string, unknown> {
  const norm: Record<string, unknown> = {};
  const first: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) {
    const extension = schema.extension(name);
    if (extension) {
      norm[escapeKey(name)] = normaliseObject(extension.attributes, value as ScimObject);
      Object.assign(first, firstValues(extension.attributes, value as ScimObject, name));
      continue;
    }
    const definition = schema.attribute(name);
    if (definition && definition.returned !== 'never') {
      norm[name] = normaliseValue(definition, value);
      if (Array.isArray(value)) Object.assign(first, firstValues([definition], { [name]: value }));
    }
  }
  return Object.keys(first).length > 0 ? { ...norm, [FIRST]: first } : norm;
}

/** Beside the attributes in `norm`; no attribute has such a name. */
export const FIRST = '_first';

/**
 * Of each list the value by which resources are sorted (RFC 7644 section 3.4.2.3): the primary one, or else the first.
 * Those of an extension stand under its URN.
 */
function firstValues(
  definitions: readonly AttributeDefinition[],
  object: ScimObject,
  extension?: string,
): Record<string, unknown> {
  const first: Record<string, unknown> = {};
  for (const definition of definitions) {
    const values = property(object, definition.name);
    if (!Array.isArray(values)) continue;
    const list = values as readonly ScimValue[];
    const value = list.find((one) => isObject(one) && one['primary'] === true) ?? list[0];
    if (value !== undefined) first[definition.name] = normaliseValue(definition, value);
  }
  if (extension === undefined || Object.keys(first).length === 0) return first;
  return { [escapeKey(extension)]: first };
}

type Normalised = Pick<AttributeDefinition, 'type' | 'caseExact' | 'subAttributes'>;

function normaliseValue(definition: Normalised, value: ScimValue): unknown {
  if (Array.isArray(value)) {
    return (value as readonly ScimValue[]).map((item) => normaliseValue(definition, item));
  }
  if (definition.type === 'complex') {
    return normaliseObject(definition.subAttributes ?? [], value as ScimObject);
  }
  if (typeof value !== 'string') return value;
  if (definition.type === 'dateTime') return new Date(value);
  return definition.caseExact ? value : fold(value);
}

function normaliseObject(
  definitions: readonly AttributeDefinition[],
  object: ScimObject,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    const definition = definitions.find((candidate) => candidate.name === name);
    if (definition) result[name] = normaliseValue(definition, value);
  }
  return result;
}

export function uniqueKeys(schema: ResourceSchema, attributes: ScimObject): string[] {
  const keys: string[] = [];
  for (const place of schema.unique) {
    const value = attributeValue(attributes, place);
    if (value !== undefined && typeof value !== 'object') {
      keys.push(uniqueKey(schema, place, String(value)));
    }
  }
  return keys;
}

/** Whether two resources of a rule may not share the value. */
export function isUnique(
  schema: ResourceSchema,
  { extension, attribute }: AttributePlace,
): boolean {
  return schema.unique.some(
    (place) => place.extension === extension && place.attribute.name === attribute.name,
  );
}

/** Whether a rule may allow resources to share the value all the same. */
export function isGroupName({ type }: ResourceSchema, place: AttributePlace): boolean {
  const { extension, attribute } = place;
  return type.name === GROUP && extension === undefined && attribute.name === 'displayName';
}

/** No value has it: NUL is refused. */
const OWNER = '\0';
const GROUP_NAME = `${GROUP}.displayName:`;

/**
 * The keys of a group that shares a name with another one. The first group has the plain key, so that a rule that no longer
 * allows this refuses further groups of the name; the others have keys that begin with it.
 */
export function sharedKeys(keys: readonly string[], id: string): string[] {
  return keys.map((key) => (key.startsWith(GROUP_NAME) ? `${key}${OWNER}${id}` : key));
}

/** The plain key among those of a group. */
export function groupNameIn(keys: readonly string[]): string | undefined {
  return keys.find((key) => key.startsWith(GROUP_NAME));
}

/** The condition for `unique` that finds everybody who has the name, shared or not. */
export function havingName(key: string): object {
  // Whatever follows a NUL comes before everything else that begins with the key.
  return { $elemMatch: { $gte: key, $lt: `${key}\x01` } };
}

/** The value as it stands in `unique`. */
export function uniqueKey(schema: ResourceSchema, place: AttributePlace, value: string): string {
  return uniquePrefix(schema, place) + (place.attribute.caseExact ? value : fold(value));
}

/** What the keys of an attribute begin with. The brackets keep an extension's URN apart from any attribute's name. */
export function uniquePrefix(
  { type }: ResourceSchema,
  { extension, attribute }: AttributePlace,
): string {
  const name = extension === undefined ? attribute.name : `<${extension}>${attribute.name}`;
  return `${type.name}.${name}:`;
}
