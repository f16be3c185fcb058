/** One filter over resources of several types (RFC 7644 section 3.4.2.1), taken apart into one for each type. */
import { DomainError } from '../error';
import { type ResourceSchema } from '../schema-table';
import { type AttributePath, type Filter } from './ast';
import { fold } from './fold';
import { matches } from './match';
import { printAttributePath } from './print';

/** What is left of a filter for one type: a filter, or the answer itself where it does not depend on the resource. */
export type TypeFilter = Filter | boolean;

/**
 * The filter for each of the types, in their order. An attribute that a type does not have has no value in it; one that
 * none of them has is `invalidFilter`: a misspelt filter must not find everybody, or nobody.
 */
export function filterForTypes(
  filter: Filter,
  schemas: readonly ResourceSchema[],
): readonly TypeFilter[] {
  checkKnown(filter, schemas);
  return schemas.map((schema) => filterForType(filter, schema));
}

function checkKnown(filter: Filter, schemas: readonly ResourceSchema[]): void {
  switch (filter.type) {
    case 'and':
    case 'or':
      for (const part of filter.filters) checkKnown(part, schemas);
      return;
    case 'not':
      checkKnown(filter.filter, schemas);
      return;
    default:
      if (schemas.every((schema) => schema.resolve(filter.path) === undefined)) {
        throw new DomainError(
          'invalidFilter',
          `"${printAttributePath(filter.path)}" is not an attribute of any resource type.`,
        );
      }
  }
}

function filterForType(filter: Filter, schema: ResourceSchema): TypeFilter {
  switch (filter.type) {
    case 'and':
    case 'or':
      return joined(
        filter.type,
        filter.filters.map((part) => filterForType(part, schema)),
      );
    case 'not': {
      const inner = filterForType(filter.filter, schema);
      return typeof inner === 'boolean' ? !inner : { type: 'not', filter: inner };
    }
    case 'compare':
      if (isResourceType(filter.path, schema)) return comparesType(filter, schema);
      if (schema.resolve(filter.path) !== undefined) return filter;
      // As everywhere: "ne" is the opposite of "eq", and "eq null" means "has no value".
      return (filter.operator === 'ne') !== (filter.value === null);
    default:
      return schema.resolve(filter.path) === undefined ? false : filter;
  }
}

function joined(type: 'and' | 'or', parts: readonly TypeFilter[]): TypeFilter {
  const decisive = type === 'or';
  if (parts.includes(decisive)) return decisive;
  const filters = parts.filter((part) => typeof part !== 'boolean');
  const [first] = filters;
  if (first === undefined) return !decisive;
  return filters.length === 1 ? first : { type, filters };
}

function isResourceType(path: AttributePath, schema: ResourceSchema): boolean {
  const resolved = schema.resolve(path);
  return resolved?.attribute.name === 'meta' && resolved.subAttribute?.name === 'resourceType';
}

/** `meta.resourceType eq "User"` is true of all resources of a type, or of none. */
function comparesType(
  filter: Extract<Filter, { type: 'compare' }>,
  schema: ResourceSchema,
): boolean {
  const value = typeof filter.value === 'string' ? fold(filter.value) : filter.value;
  const resource = { meta: { resourceType: fold(schema.type.name) } };
  return matches({ ...filter, value }, resource, schema);
}
