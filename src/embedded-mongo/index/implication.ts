import { equalValues } from '../bson/compare';
import { isNumber, typeNumber } from '../bson/types';
import {
  conjuncts,
  type FieldFilter,
  type FieldTest,
  type Filter,
  type RangeOperator,
} from '../query/filter';
import { inRange } from '../query/match';
import { type IndexDefinition } from './definition';

/** True when a document that passes the test has a value at the path. */
export function impliesPresence(test: FieldTest): boolean {
  switch (test.op) {
    case 'eq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return test.value !== null;
    case 'in':
      return !test.values.includes(null);
    default:
      return true;
  }
}

type RangeTest = Extract<FieldTest, { op: RangeOperator }>;

function isRange(test: FieldTest): test is RangeTest {
  return test.op === 'gt' || test.op === 'gte' || test.op === 'lt' || test.op === 'lte';
}

function isUpper(op: RangeOperator): boolean {
  return op === 'lt' || op === 'lte';
}

function impliesRange(test: FieldTest, wanted: FieldTest): boolean {
  if (!isRange(wanted)) return false;
  const { op, value } = wanted;
  if (test.op === 'eq') return inRange(op, test.value, value);
  if (test.op === 'in') {
    return test.patterns.length === 0 && test.values.every((item) => inRange(op, item, value));
  }
  if (!isRange(test) || isUpper(test.op) !== isUpper(op)) return false;
  // a < 5 implies a < 5 although 5 itself is not below 5.
  const strict = test.op === 'lt' || test.op === 'gt';
  return inRange(op, test.value, value) || (strict && equalValues(test.value, value));
}

function impliesType(test: FieldTest, wanted: FieldTest): boolean {
  if (wanted.op !== 'type') return false;
  if (test.op !== 'eq' || test.value === null || Array.isArray(test.value)) return false;
  // Numbers of different types are equal, so a numeric operand says nothing about the stored type.
  if (isNumber(test.value)) return wanted.anyNumber;
  return wanted.numbers.has(typeNumber(test.value));
}

function sameEquality(test: FieldTest, wanted: FieldTest): boolean {
  return test.op === 'eq' && wanted.op === 'eq' && equalValues(test.value, wanted.value);
}

function implies(condition: FieldFilter, wanted: FieldFilter): boolean {
  if (condition.path !== wanted.path) return false;
  if (wanted.test.op === 'exists') return impliesPresence(condition.test);
  return (
    sameEquality(condition.test, wanted.test) ||
    impliesRange(condition.test, wanted.test) ||
    impliesType(condition.test, wanted.test)
  );
}

function fieldConditions(filter: Filter): FieldFilter[] {
  return conjuncts(filter).filter((child) => child.kind === 'field');
}

/** True when every document that satisfies the filter has its entries in the index. */
export function indexCovers(index: IndexDefinition, filter: Filter): boolean {
  const conditions = fieldConditions(filter);
  if (index.partial !== undefined) {
    return fieldConditions(index.partial.filter).every((wanted) =>
      conditions.some((condition) => implies(condition, wanted)),
    );
  }
  if (!index.sparse) return true;
  return index.fields.some(({ path }) =>
    conditions.some((condition) => condition.path === path && impliesPresence(condition.test)),
  );
}

/** True when the index itself guarantees the condition for every document in it. */
export function guaranteedByIndex(index: IndexDefinition, condition: Filter): boolean {
  if (index.partial === undefined || condition.kind !== 'field') return false;
  const { path, test } = condition;
  return fieldConditions(index.partial.filter).some(
    (given) =>
      given.path === path &&
      ((test.op === 'exists' && impliesPresence(given.test)) || sameEquality(given.test, test)),
  );
}
