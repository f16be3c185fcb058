/** SCIM filters (RFC 7644 section 3.4.2.2) as MongoDB queries over `norm`. Nothing is filtered in memory. */
import { DomainError } from '../domain/error';
import { type AttributePath, type Filter } from '../domain/filter/ast';
import { fold } from '../domain/filter/fold';
import { subAttributeOf } from '../domain/filter/match';
import { printAttributePath } from '../domain/filter/print';
import { type AttributeDefinition, type ResolvedPath } from '../domain/schema';
import { type ResourceSchema } from '../domain/schema-table';
import { escapeKey } from './attribute-keys';
import { compare, type Query } from './filter-comparison';
import { FIRST, isUnique, uniqueKey } from './resource-mapping';

/** Answers the ids of the groups of a member, or of the members of a group: memberships are documents of their own. */
export type MembershipLookup = (
  direction: 'groupsOf' | 'membersOf',
  id: string,
) => Promise<readonly string[]>;

const NOTHING: Query = { _id: { $in: [] } };

export interface FilterContext {
  readonly schema: ResourceSchema;
  readonly memberships: MembershipLookup;
}

export async function compileFilter(filter: Filter, context: FilterContext): Promise<Query> {
  switch (filter.type) {
    case 'and':
      return { $and: await compileAll(filter.filters, context) };
    case 'or':
      return { $or: await compileAll(filter.filters, context) };
    case 'not':
      return { $nor: [await compileFilter(filter.filter, context)] };
    case 'present':
      return compilePresent(filter.path, context.schema);
    case 'compare':
      return compileComparison(filter, context);
    case 'valuePath':
      return compileValuePath(filter.path, filter.filter, context);
  }
}

function compileAll(filters: readonly Filter[], context: FilterContext): Promise<Query[]> {
  return Promise.all(filters.map((filter) => compileFilter(filter, context)));
}

async function compileComparison(
  filter: Extract<Filter, { type: 'compare' }>,
  context: FilterContext,
): Promise<Query> {
  const resolved = resolveComparable(filter.path, context.schema);
  const name = resolved.attribute.name;
  if (isMembership(context.schema, name)) {
    return compileMembership(name, resolved, filter, context);
  }
  if (name === 'meta' || name === 'id' || name === 'schemas') {
    return compileCommon(resolved, filter, context.schema);
  }
  if (
    filter.operator === 'eq' &&
    typeof filter.value === 'string' &&
    !resolved.extension &&
    !resolved.subAttribute &&
    isUnique(context.schema, resolved.attribute)
  ) {
    return { unique: uniqueKey(context.schema, resolved.attribute, filter.value) };
  }
  const definition = resolved.subAttribute ?? resolved.attribute;
  return compare(fieldOf(resolved), definition, filter.operator, filter.value);
}

/** `members` of a group, `groups` of a user: derived, so only what memberships can answer. */
function isMembership(schema: ResourceSchema, attribute: string): boolean {
  return (
    (schema.type.name === 'Group' && attribute === 'members') ||
    (schema.type.name === 'User' && attribute === 'groups')
  );
}

async function compileMembership(
  attribute: string,
  resolved: ResolvedPath,
  filter: Extract<Filter, { type: 'compare' }>,
  context: FilterContext,
): Promise<Query> {
  const sub = resolved.subAttribute?.name ?? 'value';
  if (sub !== 'value' || filter.operator !== 'eq' || typeof filter.value !== 'string') {
    throw new DomainError(
      'invalidFilter',
      `"${attribute}" can only be filtered by 'value eq "<id>"'.`,
    );
  }
  const direction = attribute === 'members' ? 'groupsOf' : 'membersOf';
  return { _id: { $in: await context.memberships(direction, filter.value) } };
}

/** Common attributes (RFC 7643 section 3.1) that are fields of their own in the document. */
function compileCommon(
  resolved: ResolvedPath,
  filter: Extract<Filter, { type: 'compare' }>,
  schema: ResourceSchema,
): Query {
  const { attribute, subAttribute } = resolved;
  if (attribute.name === 'id') return compare('_id', attribute, filter.operator, filter.value);
  if (attribute.name === 'meta' && subAttribute) {
    const field = META_FIELDS[subAttribute.name];
    if (field) return compare(field, subAttribute, filter.operator, filter.value);
    if (subAttribute.name === 'resourceType') {
      return constant(filter, schema.type.name);
    }
  }
  if (attribute.name === 'schemas') return compileSchemas(filter, schema);
  throw new DomainError(
    'invalidFilter',
    `"${printAttributePath(filter.path)}" cannot be used in a filter. Use id, meta.created, meta.lastModified or an attribute of the schema.`,
  );
}

/** `schemas` is derived: the core schema always, an extension where there is something of it. */
function compileSchemas(
  filter: Extract<Filter, { type: 'compare' }>,
  schema: ResourceSchema,
): Query {
  const extension =
    filter.operator === 'eq' && typeof filter.value === 'string'
      ? schema.extension(filter.value)
      : undefined;
  return extension
    ? { [`norm.${escapeKey(extension.id)}`]: { $exists: true } }
    : constant(filter, schema.core.id);
}

const META_FIELDS: Readonly<Record<string, string | undefined>> = {
  created: 'createdAt',
  lastModified: 'lastModified',
};

/** An attribute that has the same value in every resource of the type: everything matches, or nothing. */
function constant(filter: Extract<Filter, { type: 'compare' }>, value: string): Query {
  if (filter.operator !== 'eq' || typeof filter.value !== 'string') {
    throw new DomainError(
      'invalidFilter',
      `"${printAttributePath(filter.path)}" can only be compared with eq.`,
    );
  }
  return fold(filter.value) === fold(value) ? {} : NOTHING;
}

function compilePresent(path: AttributePath, schema: ResourceSchema): Query {
  const resolved = resolve(path, schema);
  const name = resolved.attribute.name;
  if (name === 'id' || name === 'meta' || name === 'schemas') return {};
  if (isMembership(schema, name)) {
    throw new DomainError('invalidFilter', `"${name}" cannot be filtered by pr.`);
  }
  return { [fieldOf(resolved)]: { $exists: true } };
}

async function compileValuePath(
  path: AttributePath,
  filter: Filter,
  context: FilterContext,
): Promise<Query> {
  const resolved = resolve(path, context.schema);
  const { attribute } = resolved;
  if (isMembership(context.schema, attribute.name)) {
    return compileFilter(qualify(filter, attribute.name), context);
  }
  if (attribute.type !== 'complex') {
    throw new DomainError(
      'invalidFilter',
      `"${printAttributePath(path)}" has no sub-attributes, so it takes no [filter].`,
    );
  }
  const root = fieldOf(resolved);
  return attribute.multiValued
    ? { [root]: { $elemMatch: compileElement(filter, attribute, '') } }
    : compileElement(filter, attribute, `${root}.`);
}

/** A filter inside brackets, about one element of the attribute: paths name its sub-attributes. */
function compileElement(filter: Filter, parent: AttributeDefinition, prefix: string): Query {
  switch (filter.type) {
    case 'and':
      return { $and: filter.filters.map((part) => compileElement(part, parent, prefix)) };
    case 'or':
      return { $or: filter.filters.map((part) => compileElement(part, parent, prefix)) };
    case 'not':
      return { $nor: [compileElement(filter.filter, parent, prefix)] };
    case 'present':
      return { [`${prefix}${subAttributeOf(parent, filter.path).name}`]: { $exists: true } };
    case 'compare': {
      const definition = subAttributeOf(parent, filter.path);
      return compare(`${prefix}${definition.name}`, definition, filter.operator, filter.value);
    }
    case 'valuePath':
      throw new DomainError('invalidFilter', 'A [filter] cannot stand inside another [filter].');
  }
}

/** Turns `members[value eq "x"]` into `members.value eq "x"`. */
function qualify(filter: Filter, attribute: string): Filter {
  switch (filter.type) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map((part) => qualify(part, attribute)) };
    case 'not':
      return { ...filter, filter: qualify(filter.filter, attribute) };
    case 'compare':
    case 'present':
      return { ...filter, path: { attribute, subAttribute: filter.path.attribute } };
    case 'valuePath':
      throw new DomainError('invalidFilter', 'A [filter] cannot stand inside another [filter].');
  }
}

/** What the path names, for `pr` and `[filter]`. */
function resolve(path: AttributePath, schema: ResourceSchema): ResolvedPath {
  return shown(schema.resolve(path), path, schema);
}

/** What a comparison with the path looks at: of a complex attribute its `value` (RFC 7644 section 3.4.2.2). */
function resolveComparable(path: AttributePath, schema: ResourceSchema): ResolvedPath {
  const resolved = shown(schema.resolveComparable(path), path, schema);
  const { attribute, subAttribute } = resolved;
  if (attribute.type === 'complex' && !subAttribute) {
    throw new DomainError(
      'invalidFilter',
      `"${attribute.name}" is complex: name one of its sub-attributes, such as "${attribute.name}.${attribute.subAttributes?.[0]?.name ?? 'value'}".`,
    );
  }
  return resolved;
}

/** An attribute that is never returned must not be found out by filtering either. */
function shown(
  resolved: ResolvedPath | undefined,
  path: AttributePath,
  schema: ResourceSchema,
): ResolvedPath {
  if (resolved && resolved.attribute.returned !== 'never') return resolved;
  throw new DomainError(
    'invalidFilter',
    `"${printAttributePath(path)}" is not an attribute of ${schema.type.name}.`,
  );
}

/** The field of a path in the normalised copy. An extension itself is an attribute named by its URN. */
function fieldOf({ extension, attribute, subAttribute }: ResolvedPath): string {
  return ['norm', extension, attribute.name, subAttribute?.name]
    .filter((name) => name !== undefined)
    .map(escapeKey)
    .join('.');
}

/** A field by which a list is sorted, and what stands in it. */
export interface SortField {
  readonly field: string;
  readonly type: AttributeDefinition['type'];
}

/**
 * The field by which a list is sorted (RFC 7644 section 3.4.2.3). Of several values the primary one counts, or else the
 * first.
 */
export function sortField(path: AttributePath, schema: ResourceSchema): SortField {
  const resolved = resolveComparable(path, schema);
  const { attribute, subAttribute } = resolved;
  const { type } = subAttribute ?? attribute;
  if (attribute.name === 'id') return { field: '_id', type };
  if (attribute.name === 'meta') {
    return { field: SORTABLE_META[subAttribute?.name ?? ''] ?? '_id', type };
  }
  const field = fieldOf(resolved);
  return { field: attribute.multiValued ? field.replace('norm.', `norm.${FIRST}.`) : field, type };
}

const SORTABLE_META: Readonly<Record<string, string | undefined>> = {
  ...META_FIELDS,
  resourceType: 'resourceType',
  version: 'generation',
};
