import { equalValues } from '../bson/compare';
import { isNumber, typeNumber } from '../bson/types';
import { conjuncts, type FieldFilter, type FieldTest, type Filter } from '../query/filter';
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

function impliesRange(test: FieldTest, wanted: FieldTest): boolean {
  if (wanted.op !== 'gt' && wanted.op !== 'gte' && wanted.op !== 'lt' && wanted.op !== 'lte') {
    return false;
  }
  if (test.op === 'eq') return inRange(wanted.op, test.value, wanted.value);
  if (test.op === 'in') {
    const { op, value } = wanted;
    return test.patterns.length === 0 && test.values.every((item) => inRange(op, item, value));
  }
  const upper = wanted.op === 'lt' || wanted.op === 'lte';
  if (
    test.op !== wanted.op &&
    test.op !== (upper ? 'lt' : 'gt') &&
    test.op !== `${upper ? 'lt' : 'gt'}e`
  ) {
    return false;
  }
  // a < 5 implies a < 5 although 5 itself is not below 5.
  if (!('value' in test)) return false;
  const strict = test.op === 'lt' || test.op === 'gt';
  const same = equalValues(test.value, wanted.value);
  return inRange(wanted.op, test.value, wanted.value) || (same && strict && test.value !== null);
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
