/** SCIM filters (RFC 7644 section 3.4.2.2) as MongoDB queries over `norm`. Nothing is filtered in memory. */
import { type AttributePlace } from '../domain/attribute-values';
import { DomainError } from '../domain/error';
import { type AttributePath, type Filter } from '../domain/filter/ast';
import { literalFor } from '../domain/filter/literal';
import { assumedValue, matches, subAttributeOf } from '../domain/filter/match';
import { printAttributePath } from '../domain/filter/print';
import { GROUP, USER } from '../domain/resource';
import { type AttributeDefinition, type ResolvedPath } from '../domain/schema';
import { type ResourceSchema } from '../domain/schema-table';
import { escapeKey } from './attribute-keys';
import { compare, type Query } from './filter-comparison';
import { MembershipQuery, type MembershipSource } from './membership-query';
import { FIRST, havingName, isGroupName, isUnique, uniqueKey } from './resource-mapping';

const NOTHING: Query = { _id: { $in: [] } };

export interface FilterContext {
  readonly schema: ResourceSchema;
  readonly memberships: MembershipSource;
}

type Comparison = Extract<Filter, { type: 'compare' }>;

export async function compileFilter(filter: Filter, context: FilterContext): Promise<Query> {
  switch (filter.type) {
    case 'and':
      return { $and: await compileAll(filter.filters, context) };
    case 'or':
      return { $or: await compileAll(filter.filters, context) };
    case 'not':
      return { $nor: [await compileFilter(filter.filter, context)] };
    case 'present':
      return compilePresent(filter, context);
    case 'compare':
      return compileComparison(filter, context);
    case 'valuePath':
      return compileValuePath(filter.path, filter.filter, context);
  }
}

function compileAll(filters: readonly Filter[], context: FilterContext): Promise<Query[]> {
  return Promise.all(filters.map((filter) => compileFilter(filter, context)));
}

async function compileComparison(filter: Comparison, context: FilterContext): Promise<Query> {
  const resolved = resolveComparable(filter.path, context.schema);
  const { attribute, subAttribute } = resolved;
  if (isMembership(context.schema, resolved)) {
    const query = new MembershipQuery(attribute, context.memberships);
    return query.compared({ ...filter, path: { attribute: subAttribute?.name ?? 'value' } });
  }
  if (attribute.name === 'meta' || attribute.name === 'id' || attribute.name === 'schemas') {
    return compileCommon(resolved, filter, context.schema);
  }
  const name = uniqueName(resolved, filter, context.schema);
  if (name !== undefined) {
    return { unique: isGroupName(context.schema, resolved) ? havingName(name) : name };
  }
  if (subAttribute && attribute.multiValued && isUnlessSaid(subAttribute, filter)) {
    return compileUnsaid(resolved, subAttribute, filter);
  }
  return compare(fieldOf(resolved), subAttribute ?? attribute, filter.operator, filter.value);
}

/** The entry of `unique` the comparison is about, if one answers it. */
function uniqueName(
  path: ResolvedPath,
  { operator, value }: Comparison,
  schema: ResourceSchema,
): string | undefined {
  const isText = path.subAttribute === undefined && path.attribute.type !== 'integer';
  return isText && operator === 'eq' && typeof value === 'string' && isUnique(schema, path)
    ? uniqueKey(schema, path, value)
    : undefined;
}

/** `members` of a group, `groups` of a user: derived, so only what memberships can answer. */
function isMembership({ type }: ResourceSchema, { extension, attribute }: AttributePlace): boolean {
  if (extension !== undefined) return false;
  return (
    (type.name === GROUP && attribute.name === 'members') ||
    (type.name === USER && attribute.name === 'groups')
  );
}

/** `emails.primary eq false`: some value is not the primary one. */
function compileUnsaid(
  { attribute, extension }: ResolvedPath,
  subAttribute: AttributeDefinition,
  { operator, value }: Comparison,
): Query {
  const path = { attribute: subAttribute.name };
  const element = compileElement({ type: 'compare', path, operator: 'eq', value }, attribute, '');
  const root = fieldOf(extension === undefined ? { attribute } : { extension, attribute });
  const query = { [root]: { $elemMatch: element } };
  return operator === 'eq' ? query : { $nor: [query] };
}

/** A comparison of `primary` with false, which is what it is where nobody says so (RFC 7643 section 2.4). */
function isUnlessSaid(definition: AttributeDefinition, { operator, value }: Comparison): boolean {
  return (
    (operator === 'eq' || operator === 'ne') &&
    value !== null &&
    literalFor(definition.type, value) === assumedValue(definition)
  );
}

/** Common attributes (RFC 7643 section 3.1) that are fields of their own in the document. */
function compileCommon(resolved: ResolvedPath, filter: Comparison, schema: ResourceSchema): Query {
  const { attribute, subAttribute } = resolved;
  if (attribute.name === 'id') return compare('_id', attribute, filter.operator, filter.value);
  if (attribute.name === 'meta' && subAttribute) {
    const field = META_FIELDS[subAttribute.name];
    if (field) return compare(field, subAttribute, filter.operator, filter.value);
    if (subAttribute.name === 'resourceType') {
      const resource = { meta: { resourceType: schema.type.name } };
      return matches(filter, resource, schema) ? {} : NOTHING;
    }
  }
  if (attribute.name === 'schemas') return compileSchemas(filter, schema);
  throw new DomainError(
    'invalidFilter',
    `"${printAttributePath(filter.path)}" cannot be used in a filter. Use id, meta.created, meta.lastModified or an attribute of the schema.`,
  );
}

/** `schemas` is derived: the core schema always, an extension where there is something of it. */
function compileSchemas(filter: Comparison, schema: ResourceSchema): Query {
  if (filter.operator === 'ne') {
    return { $nor: [compileSchemas({ ...filter, operator: 'eq' }, schema)] };
  }
  const names = (urn: string): boolean => matches(filter, { schemas: [urn] }, schema);
  if (names(schema.core.id)) return {};
  const extensions = schema.extensions.filter(({ id }) => names(id));
  if (extensions.length === 0) return NOTHING;
  return { $or: extensions.map(({ id }) => ({ [`norm.${escapeKey(id)}`]: { $exists: true } })) };
}

const META_FIELDS: Readonly<Record<string, string | undefined>> = {
  created: 'createdAt',
  lastModified: 'lastModified',
};

function compilePresent(
  filter: Extract<Filter, { type: 'present' }>,
  context: FilterContext,
): Promise<Query> | Query {
  const resolved = resolve(filter.path, context.schema);
  const { attribute, subAttribute } = resolved;
  if (attribute.name === 'id' || attribute.name === 'meta' || attribute.name === 'schemas') {
    return {};
  }
  if (isMembership(context.schema, resolved)) {
    const query = new MembershipQuery(attribute, context.memberships);
    return query.some({ ...filter, path: { attribute: subAttribute?.name ?? 'value' } });
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
  if (isMembership(context.schema, resolved)) {
    return new MembershipQuery(attribute, context.memberships).some(filter);
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
      if (isUnlessSaid(definition, filter)) {
        const operator = filter.operator === 'eq' ? 'ne' : 'eq';
        return compare(`${prefix}${definition.name}`, definition, operator, true);
      }
      return compare(`${prefix}${definition.name}`, definition, filter.operator, filter.value);
    }
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
  if (subAttribute?.multiValued) {
    // None of its values is the primary one, and which of them the database sorts by depends on the direction.
    throw new DomainError(
      'invalidValue',
      `"${printAttributePath(path)}" has several values in one value of "${attribute.name}": lists cannot be sorted by it.`,
      { field: 'sortBy' },
    );
  }
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
