import { BSONRegExp } from 'bson';
import { equalValues } from '../bson/compare';
import { toJsNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isDocument, isNumber, typeName } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';
import { type Filter } from '../query/filter';
import { parseLiteralPattern } from '../query/literal-pattern';
import { matches } from '../query/match';
import { parseElementFilter } from '../query/parse-filter';

/** A parsed change of one array: takes the array (undefined when missing), returns the new one. */
export type ArrayChange = (array: BsonValue[] | undefined) => BsonValue[] | undefined;

function wholeNumber(value: BsonValue, name: string): number {
  const number = isNumber(value) ? toJsNumber(value) : Number.NaN;
  if (!Number.isInteger(number)) throw badValue(`The value for ${name} must be an integer value`);
  return number;
}

function hasModifiers(operand: BsonValue): operand is BsonDocument {
  return isDocument(operand) && operand.has('$each');
}

function eachOf(
  operator: string,
  modifiers: BsonDocument,
  allowed: readonly string[],
): BsonValue[] {
  const values = modifiers.get('$each');
  if (!Array.isArray(values)) {
    // MongoDB answers BadValue for $push, but TypeMismatch for $addToSet.
    throw new CommandError(
      operator === '$push' ? 2 : 14,
      `The argument to $each in ${operator} must be an array but it was of type ${typeName(values)}`,
    );
  }
  for (const name of modifiers.keys()) {
    if (!allowed.includes(name)) {
      throw name === '$sort'
        ? notImplemented('$push with $sort')
        : badValue(`Unrecognized clause in ${operator}: ${name}`);
    }
  }
  return values;
}

function slice(array: BsonValue[], limit: number | undefined): BsonValue[] {
  if (limit === undefined) return array;
  if (limit === 0) return [];
  return limit < 0 ? array.slice(limit) : array.slice(0, limit);
}

/** $push: appends one value, or several with $each, $position and $slice. */
export function parsePush(operand: BsonValue): ArrayChange {
  if (!hasModifiers(operand)) return (array) => [...(array ?? []), operand];
  const values = eachOf('$push', operand, ['$each', '$slice', '$position']);
  const sliceValue = operand.get('$slice');
  const positionValue = operand.get('$position');
  const limit = sliceValue === undefined ? undefined : wholeNumber(sliceValue, '$slice');
  const position =
    positionValue === undefined ? undefined : wholeNumber(positionValue, '$position');
  return (array) => {
    const result = [...(array ?? [])];
    result.splice(position ?? result.length, 0, ...values);
    return slice(result, limit);
  };
}

/** $addToSet: appends what is not in the array yet. */
export function parseAddToSet(operand: BsonValue): ArrayChange {
  const values = hasModifiers(operand) ? eachOf('$addToSet', operand, ['$each']) : [operand];
  return (array) => {
    const result = [...(array ?? [])];
    for (const value of values) {
      if (!result.some((present) => equalValues(present, value))) result.push(value);
    }
    return result;
  };
}

function elementTest(operand: BsonValue): (element: BsonValue) => boolean {
  if (operand instanceof BSONRegExp) {
    const pattern = parseLiteralPattern(operand.pattern, operand.options);
    return (element) => typeof element === 'string' && pattern.test(element);
  }
  if (!isDocument(operand)) return (element) => equalValues(element, operand);
  const filter: Filter = parseElementFilter(operand);
  const first = operand.keys().next();
  const onValue = !first.done && /^\$(?!and$|or$|nor$)/.test(first.value);
  return (element) => (onValue || element instanceof Map) && matches(filter, element);
}

/** $pull: removes the elements that equal a value or satisfy a condition. */
export function parsePull(operand: BsonValue): ArrayChange {
  const test = elementTest(operand);
  return (array) => array?.filter((element) => !test(element));
}

/** $pullAll: removes the elements that equal any of the values. */
export function parsePullAll(operand: BsonValue): ArrayChange {
  if (!Array.isArray(operand)) throw badValue('$pullAll requires an array argument');
  return (array) =>
    array?.filter((element) => !operand.some((value) => equalValues(element, value)));
}
