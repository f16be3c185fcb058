/**
 * Filters evaluated in memory: value filters of PATCH, and the scope filter of a rule's target.
 *
 * Semantics are those of the store's queries: strings are compared by their folds unless `caseExact`, dateTimes as
 * instants; a multi-valued attribute matches when any value does. `ne` is the opposite of `eq`: it matches when no value
 * is equal, so also when the attribute is absent. `eq null` means absent.
 */
import { attributeValue, elementsOf, isObject, property, valuesAt } from '../attribute-values';
import { DomainError } from '../error';
import { type ScimObject, type ScimValue } from '../resource';
import { type AttributeDefinition, type ResolvedPath } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { subAttributeNamed } from '../sub-attributes';
import { type AttributePath, type CompareOperator, type Filter, type Literal } from './ast';
import { fold } from './fold';
import { literalFor } from './literal';
import { printAttributePath } from './print';

export type Leaf = Extract<Filter, { type: 'compare' | 'present' | 'valuePath' }>;
type Comparison = Extract<Filter, { type: 'compare' }>;

/** Whether the resource (with `id` and `meta`, where the filter is about them) matches. Throws `invalidFilter`. */
export function matches(filter: Filter, resource: ScimObject, schema: ResourceSchema): boolean {
  return evaluate(filter, (leaf) => matchesLeaf(leaf, resource, schema));
}

/** Throws `invalidFilter` where {@link matches} could, for one resource or another. */
export function checkMatchable(filter: Filter, schema: ResourceSchema): void {
  for (const leaf of leavesOf(filter)) {
    matchesLeaf(leaf, {}, schema);
    const attribute = schema.resolve(leaf.path)?.attribute;
    if (leaf.type !== 'valuePath' || attribute === undefined) continue;
    for (const inner of leavesOf(leaf.filter)) matchesElement(inner, {}, attribute);
  }
}

/** Whether one value of an attribute matches a value filter, whose paths name sub-attributes. */
export function matchesElement(
  filter: Filter,
  element: ScimValue,
  attribute: AttributeDefinition,
): boolean {
  return evaluate(filter, (leaf) => {
    if (leaf.type === 'valuePath') {
      throw new DomainError('invalidFilter', 'A value filter cannot stand inside another one.');
    }
    const definition = subAttributeOf(attribute, leaf.path);
    // The values of a simple multi-valued attribute are addressed as "value" (RFC 7643 section 2.4).
    const value = isObject(element) ? property(element, definition.name) : element;
    const values = elementsOf(value);
    return leaf.type === 'present'
      ? values.length > 0
      : matchesAny(leaf, orAssumed(values, definition, leaf), definition);
  });
}

/** The sub-attribute a path inside brackets names. Throws `invalidFilter`. */
export function subAttributeOf(
  attribute: AttributeDefinition,
  path: AttributePath,
): AttributeDefinition {
  const name = path.attribute.toLowerCase();
  if (path.schema === undefined && path.subAttribute === undefined) {
    if (attribute.type !== 'complex' && name === 'value') return attribute;
    const found = subAttributeNamed(attribute, name);
    if (found !== undefined) return found;
  }
  throw new DomainError(
    'invalidFilter',
    `"${printAttributePath(path)}" is not a sub-attribute of "${attribute.name}".`,
    { field: attribute.name },
  );
}

/** Everything in a filter that is about one attribute. */
export function leavesOf(filter: Filter): readonly Leaf[] {
  if (filter.type === 'not') return leavesOf(filter.filter);
  return filter.type === 'and' || filter.type === 'or'
    ? filter.filters.flatMap(leavesOf)
    : [filter];
}

function evaluate(filter: Filter, leaf: (filter: Leaf) => boolean): boolean {
  switch (filter.type) {
    case 'and':
      return filter.filters.every((part) => evaluate(part, leaf));
    case 'or':
      return filter.filters.some((part) => evaluate(part, leaf));
    case 'not':
      return !evaluate(filter.filter, leaf);
    default:
      return leaf(filter);
  }
}

function matchesLeaf(filter: Leaf, resource: ScimObject, schema: ResourceSchema): boolean {
  const path =
    filter.type === 'compare' ? schema.resolveComparable(filter.path) : schema.resolve(filter.path);
  if (path === undefined || path.attribute.returned === 'never') {
    throw new DomainError(
      'invalidFilter',
      `"${printAttributePath(filter.path)}" is not an attribute of ${schema.type.name}.`,
    );
  }
  const values = valuesAt(resource, path);
  switch (filter.type) {
    case 'present':
      return values.length > 0;
    case 'valuePath':
      return values.some((element) => matchesElement(filter.filter, element, path.attribute));
    case 'compare':
      return matchesAny(
        filter,
        comparedValues(filter, resource, path),
        path.subAttribute ?? path.attribute,
      );
  }
}

function comparedValues(
  filter: Comparison,
  resource: ScimObject,
  path: ResolvedPath,
): readonly ScimValue[] {
  const { extension, attribute, subAttribute } = path;
  if (subAttribute === undefined) return valuesAt(resource, path);
  const place = extension === undefined ? { attribute } : { extension, attribute };
  return elementsOf(attributeValue(resource, place)).flatMap((element) => {
    const values = isObject(element) ? elementsOf(property(element, subAttribute.name)) : [];
    return orAssumed(values, subAttribute, filter);
  });
}

/** The value an attribute has where nobody says so: a value is not the primary one (RFC 7643 section 2.4). */
export function assumedValue({ name, type }: AttributeDefinition): boolean | undefined {
  return name === 'primary' && type === 'boolean' ? false : undefined;
}

/** Null asks whether anybody said so. */
function orAssumed(
  values: readonly ScimValue[],
  definition: AttributeDefinition,
  { value }: Comparison,
): readonly ScimValue[] {
  const assumed = assumedValue(definition);
  return values.length > 0 || assumed === undefined || value === null ? values : [assumed];
}

function matchesAny(
  { operator, value: literal, path }: Comparison,
  values: readonly ScimValue[],
  definition: AttributeDefinition,
): boolean {
  if (literal === null) return (operator === 'ne') === values.length > 0;
  const wanted = literalFor(definition.type, literal);
  if (operator === 'ne' || operator === 'eq') {
    const found =
      wanted !== undefined &&
      values.some((value) => comparable(definition, value) === folded(definition, wanted));
    return found === (operator === 'eq');
  }
  if (!isComparable(definition.type, operator)) {
    throw new DomainError(
      'invalidFilter',
      `"${printAttributePath(path)}" is ${definition.type} and cannot be compared with ${operator}.`,
    );
  }
  if (wanted === undefined) return false;
  const right = folded(definition, wanted);
  return values.some((value) => ordered(operator, comparable(definition, value), right));
}

/** Binary values have parts but no order (RFC 7644 section 3.4.2.2, table 3). */
function isComparable(type: AttributeDefinition['type'], operator: CompareOperator): boolean {
  if (type === 'binary') return operator === 'co' || operator === 'sw' || operator === 'ew';
  return type !== 'boolean' && type !== 'complex';
}

type Comparable = Exclude<Literal, null>;

function comparable(definition: AttributeDefinition, value: ScimValue): Comparable | undefined {
  if (typeof value === 'object') return undefined;
  const typed = literalFor(definition.type, value);
  return typed === undefined ? undefined : folded(definition, typed);
}

function folded(definition: AttributeDefinition, value: Comparable): Comparable {
  return typeof value === 'string' && !definition.caseExact ? fold(value) : value;
}

function ordered(
  operator: Exclude<CompareOperator, 'eq' | 'ne'>,
  left: Comparable | undefined,
  right: Comparable,
): boolean {
  if (left === undefined) return false;
  switch (operator) {
    case 'gt':
      return left > right;
    case 'ge':
      return left >= right;
    case 'lt':
      return left < right;
    case 'le':
      return left <= right;
    case 'co':
      return String(left).includes(String(right));
    case 'sw':
      return String(left).startsWith(String(right));
    case 'ew':
      return String(left).endsWith(String(right));
  }
}
