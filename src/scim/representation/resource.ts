/** Resources as clients see them (RFC 7643 section 3): what is stored, and what follows from it. */
import { elementsOf, isObject, property, type AttributePlace } from '../../domain/attribute-values';
import { ID, META, SCHEMAS } from '../../domain/common-attributes';
import {
  GROUP,
  USER,
  type Membership,
  type Resource,
  type ScimObject,
  type ScimValue,
} from '../../domain/resource';
import { type AttributeDefinition } from '../../domain/schema';
import { type ResourceSchema, type SchemaTable } from '../../domain/schema-table';
import { subAttributeNamed } from '../../domain/sub-attributes';
import { entityTag } from '../preconditions';
import { type Projection } from './projection';

/** A resource with the memberships that are shown with it. */
export interface ShownResource {
  readonly resource: Resource;
  /** Of a group, the first of them; absent: not read, because they are not shown. */
  readonly members?: readonly Membership[];
  /** Of a group whose members are too many to be held: the others, page by page. */
  readonly furtherMembers?: AsyncIterable<readonly Membership[]>;
  /** Of a user. */
  readonly groups?: readonly Resource[];
}

export interface View {
  readonly schemas: SchemaTable;
  readonly schema: ResourceSchema;
  readonly projection: Projection;
  readonly baseUrl: string;
}

export function location(
  { schema, baseUrl }: Pick<View, 'schema' | 'baseUrl'>,
  id: string,
): string {
  return `${baseUrl}${schema.type.endpoint}/${id}`;
}

/** The derived attribute of memberships: `members` of a group, `groups` of a user. */
export function membershipAttribute(schema: ResourceSchema): AttributeDefinition | undefined {
  if (schema.type.name === GROUP) return schema.attribute('members');
  return schema.type.name === USER ? schema.attribute('groups') : undefined;
}

export function represent(view: View, { resource, members, groups }: ShownResource): ScimObject {
  const { schema } = view;
  const shown: Record<string, ScimValue> = {};
  const show = (attribute: AttributeDefinition, value: ScimValue): void => {
    const part = view.projection.part({ attribute }, value);
    if (part !== undefined) shown[attribute.name] = part;
  };
  show(SCHEMAS, [
    schema.core.id,
    ...schema.extensions.flatMap(({ id }) => (Object.hasOwn(resource.attributes, id) ? [id] : [])),
  ]);
  show(ID, resource.id);
  showStored(view, resource.attributes, shown);
  const derived = membershipAttribute(schema);
  if (derived !== undefined && members !== undefined) {
    shown[derived.name] = memberValues(view, members);
  }
  if (derived !== undefined && groups !== undefined && groups.length > 0) {
    show(
      derived,
      groups.map((group) => groupOf(view, group)),
    );
  }
  if (view.projection.shows({ attribute: META })) show(META, metaOf(view, resource));
  return shown;
}

function showStored(view: View, stored: ScimObject, shown: Record<string, ScimValue>): void {
  for (const name in stored) {
    const value = stored[name];
    if (value === undefined) continue;
    const extension = view.schema.extension(name);
    const part =
      extension !== undefined && isObject(value)
        ? showExtension(view, name, extension.attributes, value)
        : showAttribute(view, view.schema.attribute(name), value);
    if (part !== undefined) shown[name] = part;
  }
}

function showAttribute(
  view: View,
  attribute: AttributeDefinition | undefined,
  value: ScimValue,
): ScimValue | undefined {
  // An attribute that is no longer in the schema is kept, but nobody can ask for it.
  return attribute && showPart(view, { attribute }, value);
}

function showExtension(
  view: View,
  extension: string,
  attributes: readonly AttributeDefinition[],
  stored: ScimObject,
): ScimObject | undefined {
  const shown: Record<string, ScimValue> = {};
  for (const attribute of attributes) {
    const value = property(stored, attribute.name);
    const part = value === undefined ? value : showPart(view, { extension, attribute }, value);
    if (part !== undefined) shown[attribute.name] = part;
  }
  return Object.keys(shown).length > 0 ? shown : undefined;
}

function showPart(view: View, place: AttributePlace, value: ScimValue): ScimValue | undefined {
  const { attribute } = place;
  if (attribute.type !== 'complex') return view.projection.part(place, value);
  return view.projection.part(place, withReferences(view, attribute, value));
}

function withReferences(view: View, attribute: AttributeDefinition, value: ScimValue): ScimValue {
  if (subAttributeNamed(attribute, '$ref') === undefined) return value;
  if (isObject(value)) return withReference(view, attribute, value);
  return elementsOf(value).map((one) =>
    isObject(one) ? withReference(view, attribute, one) : one,
  );
}

/** `$ref` of a manager and the like: the URI of the resource whose id is `value`. */
function withReference(view: View, attribute: AttributeDefinition, value: ScimObject): ScimObject {
  const id = property(value, 'value');
  const type = subAttributeNamed(attribute, '$ref')?.referenceTypes?.[0];
  if (typeof id !== 'string' || type === undefined) return value;
  const uri = referenceTo(view, type, id);
  return uri === undefined ? value : { ...value, $ref: uri };
}

function referenceTo(view: View, resourceType: string, id: string): string | undefined {
  const schema = view.schemas.get(resourceType);
  return schema && location({ schema, baseUrl: view.baseUrl }, id);
}

/** The parts of members that are shown; only for a view that shows them. */
export function memberValues(view: View, members: readonly Membership[]): ScimValue {
  const values = members.map((member) => memberOf(view, member));
  const attribute = membershipAttribute(view.schema);
  return (attribute && view.projection.part({ attribute }, values)) ?? [];
}

function memberOf(view: View, { memberId, memberType }: Membership): ScimObject {
  const $ref = referenceTo(view, memberType, memberId);
  return $ref === undefined
    ? { value: memberId, type: memberType }
    : { value: memberId, $ref, type: memberType };
}

function groupOf(view: View, group: Resource): ScimObject {
  const display = property(group.attributes, 'displayName');
  const $ref = referenceTo(view, GROUP, group.id);
  return {
    value: group.id,
    ...($ref === undefined ? {} : { $ref }),
    ...(display === undefined ? {} : { display }),
    type: 'direct',
  };
}

function metaOf(view: View, resource: Resource): ScimObject {
  return {
    resourceType: resource.resourceType,
    created: resource.createdAt.toISOString(),
    lastModified: resource.lastModified.toISOString(),
    location: location(view, resource.id),
    version: entityTag(resource.generation),
  };
}
