import { BSONRegExp, MaxKey, MinKey } from 'bson';
import { compareValues, equalValues } from '../bson/compare';
import { toJsNumber } from '../bson/numbers';
import {
  type BsonDocument,
  type BsonValue,
  isDocument,
  isNumber,
  typeNumberOfAlias,
} from '../bson/types';
import { badValue, notImplemented } from '../errors';
import { type FieldTest, type Filter, MATCH_ALL, MATCH_NONE } from './filter';
import { parseLiteralPattern } from './literal-pattern';

const MAX_DEPTH = 100;
const KNOWN_BUT_REFUSED =
  /^\$(expr|where|text|jsonSchema|mod|bits\w+|geo\w+|near\w*|comment|sampleRate|alwaysTrue|alwaysFalse|function)$/;

function unknownOperator(name: string): Error {
  return KNOWN_BUT_REFUSED.test(name)
    ? notImplemented(`the query operator ${name}`)
    : badValue(`unknown operator: ${name}`);
}

function field(path: string, test: FieldTest): Filter {
  // An empty path stands for the array element under $elemMatch.
  return { kind: 'field', path, parts: path === '' ? [] : path.split('.'), test };
}

function not(filter: Filter): Filter {
  return { kind: 'not', filter };
}

/** A document whose first field is an operator is a list of conditions, not a value. */
function isOperatorDocument(value: BsonValue): value is BsonDocument {
  if (!isDocument(value)) return false;
  const first = value.keys().next();
  return (
    !first.done && first.value.startsWith('$') && !['$ref', '$id', '$db'].includes(first.value)
  );
}

function comparable(value: BsonValue): BsonValue {
  if (value instanceof MinKey || value instanceof MaxKey) throw notImplemented('MinKey and MaxKey');
  return value;
}

function equality(path: string, value: BsonValue): Filter {
  if (value instanceof BSONRegExp) return field(path, patternTest(value));
  return field(path, { op: 'eq', value: comparable(value) });
}

function patternTest(value: BSONRegExp): FieldTest {
  return { op: 'regex', pattern: parseLiteralPattern(value.pattern, value.options) };
}

function parseIn(path: string, operator: string, operand: BsonValue): Filter {
  if (!Array.isArray(operand)) throw badValue(`${operator} needs an array`);
  const sorted = operand
    .filter((value) => !(value instanceof BSONRegExp))
    .sort((a, b) => compareValues(a, b));
  const values = sorted.filter((v, i) => i === 0 || !equalValues(v, sorted[i - 1] as BsonValue));
  for (const value of values) {
    if (isOperatorDocument(value)) throw badValue(`cannot nest $ under ${operator}`);
    comparable(value);
  }
  const patterns = operand
    .filter((value) => value instanceof BSONRegExp)
    .map((value) => parseLiteralPattern(value.pattern, value.options));
  return field(path, { op: 'in', values, patterns });
}

function parseType(path: string, operand: BsonValue): Filter {
  const wanted = Array.isArray(operand) ? operand : [operand];
  const numbers = new Set<number>();
  let anyNumber = false;
  for (const item of wanted) {
    if (item === 'number') {
      anyNumber = true;
      continue;
    }
    const code = typeof item === 'string' ? typeNumberOfAlias(item) : typeCode(item);
    if (code === undefined)
      throw badValue('Unknown type name alias or invalid type code for $type');
    numbers.add(code);
  }
  if (wanted.length === 0) throw badValue('$type must match at least one type');
  return field(path, { op: 'type', numbers, anyNumber });
}

function typeCode(item: BsonValue): number | undefined {
  if (!isNumber(item)) return undefined;
  const code = toJsNumber(item);
  return [-1, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 16, 17, 18, 19, 127].includes(code)
    ? code
    : undefined;
}

function parseSize(path: string, operand: BsonValue): Filter {
  const size = isNumber(operand) ? toJsNumber(operand) : Number.NaN;
  if (!Number.isInteger(size) || size < 0)
    throw badValue('$size must be a whole non-negative number');
  return field(path, { op: 'size', size });
}

function parseNot(path: string, operand: BsonValue, depth: number): Filter {
  if (operand instanceof BSONRegExp) return not(field(path, patternTest(operand)));
  if (!isOperatorDocument(operand)) throw badValue('$not needs a regex or a document of operators');
  return not(parseOperators(path, operand, depth + 1));
}

function parseElemMatch(path: string, operand: BsonValue, depth: number): Filter {
  if (!isDocument(operand)) throw badValue('$elemMatch needs an Object');
  const first = operand.keys().next();
  const logical = !first.done && ['$and', '$or', '$nor'].includes(first.value);
  if (isOperatorDocument(operand) && !logical) {
    return field(path, { op: 'elemMatchValue', filter: parseOperators('', operand, depth + 1) });
  }
  return field(path, { op: 'elemMatchDocument', filter: parseLevel(operand, depth + 1) });
}

function parseAll(path: string, operand: BsonValue, depth: number): Filter {
  if (!Array.isArray(operand)) throw badValue('$all needs an array');
  if (operand.length === 0) return MATCH_NONE;
  const filters = operand.map((item) => {
    if (!isOperatorDocument(item)) return equality(path, item);
    if (item.size !== 1 || !item.has('$elemMatch')) throw badValue('no $ expressions in $all');
    return parseElemMatch(path, item.get('$elemMatch') as BsonValue, depth);
  });
  return { kind: 'and', filters };
}

function parseRegex(path: string, operand: BsonValue, operators: BsonDocument): Filter {
  const options = operators.get('$options') ?? '';
  const source = operand instanceof BSONRegExp ? operand.pattern : operand;
  if (typeof source !== 'string') throw badValue('$regex has to be a string');
  if (typeof options !== 'string') throw badValue('$options has to be a string');
  const own = operand instanceof BSONRegExp ? operand.options : '';
  if (own !== '' && options !== '') throw badValue('options set in both $regex and $options');
  return field(path, { op: 'regex', pattern: parseLiteralPattern(source, own || options) });
}

function isTruthy(value: BsonValue): boolean {
  return isNumber(value) ? toJsNumber(value) !== 0 : value !== false && value !== null;
}

function parseRange(path: string, operator: string, operand: BsonValue): Filter {
  if (operand instanceof BSONRegExp)
    throw badValue(`Can't have RegEx as arg to predicate over field '${path}'.`);
  const op = operator.slice(1) as 'gt' | 'gte' | 'lt' | 'lte';
  return field(path, { op, value: comparable(operand) });
}

function parseOperator(
  path: string,
  operator: string,
  operators: BsonDocument,
  depth: number,
): Filter {
  const operand = operators.get(operator) as BsonValue;
  switch (operator) {
    case '$eq':
      return field(path, { op: 'eq', value: comparable(operand) });
    case '$ne':
      if (operand instanceof BSONRegExp) throw badValue("Can't have regex as arg to $ne.");
      return not(field(path, { op: 'eq', value: comparable(operand) }));
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return parseRange(path, operator, operand);
    case '$in':
      return parseIn(path, operator, operand);
    case '$nin':
      return not(parseIn(path, operator, operand));
    case '$exists':
      return isTruthy(operand) ? field(path, { op: 'exists' }) : not(field(path, { op: 'exists' }));
    case '$not':
      return parseNot(path, operand, depth);
    case '$elemMatch':
      return parseElemMatch(path, operand, depth);
    case '$all':
      return parseAll(path, operand, depth);
    default:
      return parseLessCommon(path, operator, operators);
  }
}

function parseLessCommon(path: string, operator: string, operators: BsonDocument): Filter {
  const operand = operators.get(operator) as BsonValue;
  if (operator === '$type') return parseType(path, operand);
  if (operator === '$size') return parseSize(path, operand);
  if (operator === '$regex') return parseRegex(path, operand, operators);
  if (operator !== '$options') throw unknownOperator(operator);
  if (!operators.has('$regex')) throw badValue('$options needs a $regex');
  return MATCH_ALL;
}

function parseOperators(path: string, operators: BsonDocument, depth: number): Filter {
  if (depth > MAX_DEPTH) throw badValue('the filter is nested too deeply');
  const filters = [...operators.keys()].map((operator) =>
    parseOperator(path, operator, operators, depth),
  );
  return filters.length === 1 ? (filters[0] as Filter) : { kind: 'and', filters };
}

function parseLogical(operator: string, operand: BsonValue, depth: number): Filter {
  const kinds = { $and: 'and', $or: 'or', $nor: 'nor' } as const;
  if (operator !== '$and' && operator !== '$or' && operator !== '$nor') {
    throw operator === '$comment' || !KNOWN_BUT_REFUSED.test(operator)
      ? badValue(`unknown top level operator: ${operator}`)
      : unknownOperator(operator);
  }
  if (!Array.isArray(operand) || operand.length === 0) {
    throw badValue(`${operator} must be a nonempty array`);
  }
  const filters = operand.map((item) => {
    if (!isDocument(item)) throw badValue(`${operator} entries need to be full objects`);
    return parseLevel(item, depth + 1);
  });
  return { kind: kinds[operator], filters };
}

function parseLevel(source: BsonDocument, depth: number): Filter {
  if (depth > MAX_DEPTH) throw badValue('the filter is nested too deeply');
  const filters: Filter[] = [];
  for (const [name, value] of source) {
    if (name === '$comment') continue;
    if (name.startsWith('$')) filters.push(parseLogical(name, value, depth));
    else if (isOperatorDocument(value))
      filters.push(parseOperators(checkedPath(name), value, depth));
    else filters.push(equality(checkedPath(name), value));
  }
  return filters.length === 1 ? (filters[0] as Filter) : { kind: 'and', filters };
}

/** Field names can be empty in BSON, but no path with an empty part is supported. */
function checkedPath(path: string): string {
  if (path.split('.').includes('')) throw notImplemented('a query path with an empty part');
  return path;
}

/** Parses a query document. */
export function parseFilter(source: BsonDocument): Filter {
  return parseLevel(source, 0);
}

/** Parses conditions on an array element, as $pull takes them: operators or a plain document. */
export function parseElementFilter(condition: BsonDocument): Filter {
  return isOperatorDocument(condition)
    ? parseOperators('', condition, 0)
    : parseLevel(condition, 0);
}
