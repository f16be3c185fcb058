import { compareValues, equalValues } from '../bson/compare';
import { isNaNValue } from '../bson/numbers';
import { BSONRegExp } from 'bson';
import { type BsonDocument, type BsonValue, isNumber, typeNumber, typeRank } from '../bson/types';
import { type FieldFilter, type FieldTest, type Filter, type RangeOperator } from './filter';
import { type LiteralPattern } from './literal-pattern';

type Test = (value: BsonValue | undefined) => boolean;

/** Array conditions look at the array itself, all others also at its elements. */
function looksInsideLeafArray(test: FieldTest): boolean {
  return test.op !== 'size' && test.op !== 'elemMatchDocument' && test.op !== 'elemMatchValue';
}

/** True when some value at the path passes, walking through arrays as MongoDB does. */
function anyAtPath(
  document: BsonDocument,
  parts: readonly string[],
  at: number,
  inside: boolean,
  test: Test,
): boolean {
  return anyFrom(document.get(parts[at] as string), parts, at + 1, inside, test);
}

function anyFrom(
  value: BsonValue | undefined,
  parts: readonly string[],
  at: number,
  inside: boolean,
  test: Test,
): boolean {
  if (at === parts.length) {
    return (
      (inside && Array.isArray(value) && value.some((element) => test(element))) || test(value)
    );
  }
  if (value instanceof Map) return anyAtPath(value, parts, at, inside, test);
  if (!Array.isArray(value)) return test(undefined);
  const position = parts[at] as string;
  return value.some(
    (element, index) =>
      (element instanceof Map && anyAtPath(element, parts, at, inside, test)) ||
      (position === String(index) && anyAtPosition(element, parts, at + 1, inside, test)),
  );
}

function anyAtPosition(
  element: BsonValue,
  parts: readonly string[],
  at: number,
  inside: boolean,
  test: Test,
): boolean {
  // An explicit position names the element itself, not the elements of an array found there.
  if (at === parts.length) return test(element);
  const container = element instanceof Map || Array.isArray(element);
  return container && anyFrom(element, parts, at, inside, test);
}

/** Applies one of the range operators. Values of another type never match. */
export function inRange(
  op: RangeOperator,
  value: BsonValue | undefined,
  bound: BsonValue,
): boolean {
  const orEqual = op === 'gte' || op === 'lte';
  if (bound === null) return (value ?? null) === null && orEqual;
  if (value === undefined || typeRank(value) !== typeRank(bound)) return false;
  if (isNumber(value) && isNumber(bound) && (isNaNValue(value) || isNaNValue(bound))) {
    return isNaNValue(value) && isNaNValue(bound) && orEqual;
  }
  return orderSatisfies(op, compareValues(value, bound));
}

function orderSatisfies(op: RangeOperator, order: number): boolean {
  if (order === 0) return op === 'gte' || op === 'lte';
  return op === 'gt' || op === 'gte' ? order > 0 : order < 0;
}

function equals(value: BsonValue | undefined, wanted: BsonValue): boolean {
  return value === undefined ? wanted === null : equalValues(value, wanted);
}

function matchesPattern(value: BsonValue | undefined, pattern: LiteralPattern): boolean {
  if (typeof value === 'string') return pattern.test(value);
  return (
    value instanceof BSONRegExp &&
    value.pattern === pattern.source &&
    value.options === pattern.options
  );
}

/** The values of a parsed $in are sorted, so membership is a binary search. */
function contains(sorted: readonly BsonValue[], value: BsonValue): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compareValues(sorted[middle] as BsonValue, value);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

function someElement(value: BsonValue | undefined, test: (element: BsonValue) => boolean): boolean {
  return Array.isArray(value) && value.some(test);
}

function asDocument(element: BsonValue): BsonDocument | undefined {
  if (element instanceof Map) return element;
  if (!Array.isArray(element)) return undefined;
  return new Map(element.map((item, index) => [String(index), item]));
}

function testValue(test: FieldTest, value: BsonValue | undefined): boolean {
  switch (test.op) {
    case 'eq':
      return equals(value, test.value);
    case 'in':
      return (
        contains(test.values, value ?? null) ||
        test.patterns.some((pattern) => matchesPattern(value, pattern))
      );
    case 'regex':
      return matchesPattern(value, test.pattern);
    case 'exists':
      return value !== undefined;
    case 'type':
      return (
        value !== undefined &&
        (test.numbers.has(typeNumber(value)) || (test.anyNumber && isNumber(value)))
      );
    case 'size':
      return Array.isArray(value) && value.length === test.size;
    case 'elemMatchDocument':
      return someElement(value, (element) => {
        const document = asDocument(element);
        return document !== undefined && matches(test.filter, document);
      });
    case 'elemMatchValue':
      return someElement(value, (element) => matches(test.filter, element));
    default:
      return inRange(test.op, value, test.value);
  }
}

/** True when the value (a document, or an array element under $elemMatch and $pull) satisfies the filter. */
export function matches(filter: Filter, root: BsonValue): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((child) => matches(child, root));
    case 'or':
      return filter.filters.some((child) => matches(child, root));
    case 'nor':
      return !filter.filters.some((child) => matches(child, root));
    case 'not':
      return !matches(filter.filter, root);
    default:
      return matchesField(filter, root);
  }
}

function matchesField({ parts, test }: FieldFilter, root: BsonValue): boolean {
  if (parts.length === 0) return testValue(test, root);
  const inside = looksInsideLeafArray(test);
  return (
    root instanceof Map && anyAtPath(root, parts, 0, inside, (value) => testValue(test, value))
  );
}
