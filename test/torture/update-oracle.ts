/**
 * What MongoDB's manual ("Update Operators", "Field Update Behavior") says an update does, with the
 * error codes of the server. Written for comparison only: it shares nothing with src/embedded-mongo.
 */
import { compare, type Fields, type Value } from './update-values';

/** MongoDB refuses the update; with several reasons it may name any of them. */
export class Refused extends Error {
  constructor(readonly codes: ReadonlySet<number>) {
    super(`refused with ${[...codes].join(' or ')}`);
  }
}

function refuse(code: number): never {
  throw new Refused(new Set([code]));
}

const BAD_VALUE = 2;
const FAILED_TO_PARSE = 9;
const TYPE_MISMATCH = 14;
const PATH_NOT_VIABLE = 28;
const CONFLICTING_OPERATORS = 40;
const DOLLAR_PREFIXED = 52;
const NOT_SINGLE_VALUE = 54;
const EMPTY_NAME = 56;
const IMMUTABLE = 66;

const OPERATORS = new Set(
  '$set $unset $inc $setOnInsert $min $max $push $pull $pullAll $addToSet $currentDate'.split(' '),
);
const NUMBERS = new Set(['int', 'long', 'double']);

function field(fields: Fields, name: string): Value | undefined {
  return fields.find(([own]) => own === name)?.[1];
}

function isWhole(value: Value | undefined): boolean {
  return value === undefined || (NUMBERS.has(value[0]) && Number.isInteger(Number(value[1])));
}

function faultOfPush(operand: Value): number | undefined {
  if (operand[0] !== 'doc' || field(operand[1], '$each') === undefined) return undefined;
  const [clauses, each] = [operand[1], field(operand[1], '$each')];
  const known = clauses.every(([name]) => ['$each', '$slice', '$position'].includes(name));
  const fine = known && each?.[0] === 'array' && isWhole(field(clauses, '$slice'));
  return fine && isWhole(field(clauses, '$position')) ? undefined : BAD_VALUE;
}

function faultOfAddToSet(operand: Value): number | undefined {
  if (operand[0] !== 'doc' || operand[1][0]?.[0] !== '$each') return undefined;
  if (operand[1][0][1][0] !== 'array') return TYPE_MISMATCH;
  return operand[1].length > 1 ? BAD_VALUE : undefined;
}

function faultOfDate(operand: Value): number | undefined {
  if (operand[0] === 'bool') return undefined;
  if (operand[0] !== 'doc' || operand[1].length !== 1) return BAD_VALUE;
  const type = field(operand[1], '$type');
  return type?.[0] === 'string' && ['date', 'timestamp'].includes(type[1]) ? undefined : BAD_VALUE;
}

function faultOfOperand(operator: string, operand: Value): number | undefined {
  if (operator === '$inc') return NUMBERS.has(operand[0]) ? undefined : TYPE_MISMATCH;
  if (operator === '$push') return faultOfPush(operand);
  if (operator === '$addToSet') return faultOfAddToSet(operand);
  if (operator === '$pullAll') return operand[0] === 'array' ? undefined : BAD_VALUE;
  return operator === '$currentDate' ? faultOfDate(operand) : undefined;
}

interface Step {
  readonly operator: string;
  readonly path: readonly string[];
  readonly operand: Value;
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((part, at) => path[at] === part);
}

/** All that can be wrong with an update before any document is looked at. */
function steps(update: Fields): Step[] {
  const faults = new Set<number>();
  const found: Step[] = [];
  for (const [operator, fields] of update) {
    if (!OPERATORS.has(operator) || fields[0] !== 'doc') {
      faults.add(FAILED_TO_PARSE);
      continue;
    }
    for (const [name, operand] of fields[1]) {
      const path = name.split('.');
      const fault = faultOfOperand(operator, operand);
      if (fault !== undefined) faults.add(fault);
      if (path.includes('')) faults.add(EMPTY_NAME);
      if (path.some((part) => part.startsWith('$'))) faults.add(DOLLAR_PREFIXED);
      const meets = (step: Step): boolean =>
        startsWith(step.path, path) || startsWith(path, step.path);
      if (found.some(meets)) faults.add(CONFLICTING_OPERATORS);
      found.push({ operator, path, operand });
    }
  }
  if (faults.size > 0) throw new Refused(faults);
  return found.sort((a, b) => processingOrder(a.path, b.path));
}

/** "Names in lexicographic order, numeric names in numeric order." */
function processingOrder(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  const [left = '', right = ''] = [a[at], b[at]];
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return Number(left) - Number(right);
  return left < right ? -1 : 1;
}

function sum(a: Value, b: Value): Value {
  if (!NUMBERS.has(a[0])) refuse(TYPE_MISMATCH);
  if (a[0] === 'double' || b[0] === 'double') return ['double', Number(a[1]) + Number(b[1])];
  const total = BigInt(a[1] as number | bigint) + BigInt(b[1] as number | bigint);
  if (BigInt.asIntN(64, total) !== total) refuse(BAD_VALUE);
  const small = a[0] === 'int' && b[0] === 'int' && BigInt.asIntN(32, total) === total;
  return small ? ['int', Number(total)] : ['long', total];
}

function elements(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return value[0] === 'array' ? value[1] : refuse(BAD_VALUE);
}

function pushed(current: readonly Value[], operand: Value): readonly Value[] {
  const each = operand[0] === 'doc' ? field(operand[1], '$each') : undefined;
  if (operand[0] !== 'doc' || each?.[0] !== 'array') return [...current, operand];
  const number = (name: string): number | undefined => {
    const value = field(operand[1], name);
    return value && Number(value[1]);
  };
  const position = number('$position') ?? current.length;
  const start = position < 0 ? Math.max(0, current.length + position) : position;
  const all = [...current.slice(0, start), ...each[1], ...current.slice(start)];
  const slice = number('$slice');
  if (slice === undefined) return all;
  return slice >= 0 ? all.slice(0, slice) : all.slice(Math.max(0, all.length + slice));
}

function united(current: readonly Value[], operand: Value): readonly Value[] {
  const each = operand[0] === 'doc' ? field(operand[1], '$each') : undefined;
  const candidates = each?.[0] === 'array' ? each[1] : [operand];
  return candidates.reduce(
    (set, next) => (set.some((item) => compare(item, next) === 0) ? set : [...set, next]),
    current,
  );
}

/** A comparison of a query, which holds between values of one kind only. */
function holds(operator: string, value: Value | undefined, operand: Value): boolean {
  if (operator === '$in') {
    return operand[0] === 'array' && operand[1].some((item) => holds('$eq', value, item));
  }
  const known: Value = value ?? ['null'];
  const result = compare(known, operand);
  if (operator === '$eq') return result === 0;
  if (operator === '$ne') return result !== 0;
  const kind = (type: string): string => (NUMBERS.has(type) ? 'number' : type);
  if (kind(known[0]) !== kind(operand[0])) return false;
  if (operator === '$gte') return result >= 0;
  return operator === '$gt' ? result > 0 : operator === '$lte' ? result <= 0 : result < 0;
}

function isPulled(element: Value, condition: Value): boolean {
  if (condition[0] !== 'doc') return compare(element, condition) === 0;
  const [first] = condition[1];
  if (first?.[0].startsWith('$')) {
    return condition[1].every(([operator, operand]) => holds(operator, element, operand));
  }
  if (element[0] !== 'doc') return false;
  const own = element[1];
  return condition[1].every(([name, wanted]) => {
    const plain = wanted[0] !== 'doc' || !wanted[1][0]?.[0].startsWith('$');
    const tests: Fields = plain ? [['$eq', wanted]] : wanted[1];
    return tests.every(([operator, operand]) => holds(operator, field(own, name), operand));
  });
}

type Change = (current: Value | undefined) => Value | undefined;

/** The value a step leaves at its path; undefined removes it. */
function changeOf({ operator, operand }: Step): Change {
  switch (operator) {
    case '$unset':
      return () => undefined;
    case '$inc':
      return (current) => (current === undefined ? operand : sum(current, operand));
    case '$min':
      return (current) => (current && compare(operand, current) >= 0 ? current : operand);
    case '$max':
      return (current) => (current && compare(operand, current) <= 0 ? current : operand);
    case '$push':
      return (current) => ['array', pushed(elements(current), operand)];
    case '$addToSet':
      return (current) => ['array', united(elements(current), operand)];
    case '$pull':
      return (current) => ['array', elements(current).filter((item) => !isPulled(item, operand))];
    case '$pullAll':
      return (current) => [
        'array',
        elements(current).filter((item) => elements(operand).every((o) => compare(o, item) !== 0)),
      ];
    case '$currentDate': {
      const type = operand[0] === 'doc' ? field(operand[1], '$type') : undefined;
      return () => ['now', type?.[1] === 'timestamp' ? 'timestamp' : 'date'];
    }
    default:
      return () => operand;
  }
}

/** What is done where the path ends early: made, left alone, or not even looked at. */
type Missing = 'create' | 'leave' | 'ignore';

function missingOf(operator: string): Missing {
  if (operator === '$unset') return 'ignore';
  return operator === '$pull' || operator === '$pullAll' ? 'leave' : 'create';
}

function created(path: readonly string[], change: Change): Value {
  const value = path.reduceRight<Value | undefined>(
    (inner, name) => ['doc', [[name, inner as Value]]],
    change(undefined),
  );
  return value as Value;
}

function changed(at: Value, path: readonly string[], missing: Missing, change: Change): Value {
  const [name = '', ...rest] = path;
  const inner = (value: Value): Value | undefined =>
    rest.length > 0 ? changed(value, rest, missing, change) : change(value);
  if (at[0] === 'doc') {
    if (field(at[1], name) === undefined) {
      return missing === 'create' ? ['doc', [...at[1], [name, created(rest, change)]]] : at;
    }
    const fields = at[1].flatMap(([own, value]) => {
      const next = own === name ? inner(value) : value;
      return next === undefined ? [] : [[own, next] as const];
    });
    return ['doc', fields];
  }
  if (at[0] !== 'array' || !/^\d+$/.test(name)) {
    return missing === 'ignore' ? at : refuse(PATH_NOT_VIABLE);
  }
  const position = Number(name);
  const items = [...at[1]];
  if (position >= items.length) {
    if (missing !== 'create') return at;
    while (items.length < position) items.push(['null']);
    items.push(created(rest, change));
  } else {
    items[position] = inner(items[position] as Value) ?? ['null'];
  }
  return ['array', items];
}

function withIdFirst(fields: Fields): Fields {
  return [...fields].sort(([a], [b]) => Number(b === '_id') - Number(a === '_id'));
}

function isReplacement(update: Fields): boolean {
  const dollars = update.filter(([name]) => name.startsWith('$')).length;
  if (dollars > 0 && dollars < update.length) {
    refuse(update[0]?.[0].startsWith('$') ? FAILED_TO_PARSE : DOLLAR_PREFIXED);
  }
  return dollars === 0;
}

function applied(document: Fields, update: Fields, inserting: boolean): Fields {
  const id = field(document, '_id');
  let result: Fields = update;
  if (isReplacement(update)) {
    if (id !== undefined && field(update, '_id') === undefined) result = [['_id', id], ...update];
    // The _id stays as it is, also where an equal number of another type is sent.
    if (id !== undefined && compare(id, field(result, '_id') as Value) === 0) {
      result = result.map(([name, value]) => [name, name === '_id' ? id : value]);
    }
  } else {
    let value: Value = ['doc', document];
    for (const step of steps(update)) {
      if (step.operator === '$setOnInsert' && !inserting) continue;
      value = changed(value, step.path, missingOf(step.operator), changeOf(step));
    }
    result = (value as readonly ['doc', Fields])[1];
  }
  const after = field(result, '_id');
  if (id !== undefined && (after === undefined || compare(id, after) !== 0)) refuse(IMMUTABLE);
  return withIdFirst(result);
}

/** The document after the update. Throws Refused. */
export function updated(document: Fields, update: Fields): Fields {
  return applied(document, update, false);
}

/** The document an upsert inserts for a query of equalities. Throws Refused. */
export function upserted(equalities: Fields, update: Fields): Fields {
  const replacing = isReplacement(update);
  // A fault of the update is found before the query is looked at.
  if (!replacing) steps(update);
  let seed: Value = ['doc', []];
  const paths: string[][] = [];
  for (const [name, value] of equalities) {
    if (replacing && name !== '_id') continue;
    const path = name.split('.');
    if (paths.some((other) => startsWith(path, other) || startsWith(other, path))) {
      refuse(NOT_SINGLE_VALUE);
    }
    paths.push(path);
    seed = changed(seed, path, 'create', () => value);
  }
  return applied((seed as readonly ['doc', Fields])[1], update, true);
}
