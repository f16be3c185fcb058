import { Double, Timestamp } from 'bson';
import { type BsonValue } from '../../src/embedded-mongo/bson/types';

/** A value that says which BSON type it is; documents are lists of fields. */
export type Value =
  | readonly ['int', number]
  | readonly ['long', bigint]
  | readonly ['double', number]
  | readonly ['string', string]
  | readonly ['bool', boolean]
  | readonly ['null']
  | readonly ['date', number]
  /** The moment of the update. */
  | readonly ['now', 'date' | 'timestamp']
  | readonly ['doc', Fields]
  | readonly ['array', readonly Value[]]
  | readonly ['other', string];

export type Fields = readonly (readonly [string, Value])[];

export function toBson(value: Value): BsonValue {
  switch (value[0]) {
    case 'doc':
      return new Map(value[1].map(([name, field]) => [name, toBson(field)]));
    case 'array':
      return value[1].map(toBson);
    case 'double':
      return new Double(value[1]);
    case 'date':
      return new Date(value[1]);
    case 'null':
      return null;
    default:
      return value[1];
  }
}

export function fromBson(value: BsonValue): Value {
  if (value === null) return ['null'];
  if (typeof value === 'number') return ['int', value];
  if (typeof value === 'bigint') return ['long', value];
  if (typeof value === 'string') return ['string', value];
  if (typeof value === 'boolean') return ['bool', value];
  if (Array.isArray(value)) return ['array', value.map(fromBson)];
  if (value instanceof Double) return ['double', value.value];
  if (value instanceof Date) return ['date', value.getTime()];
  if (value instanceof Timestamp) return ['now', 'timestamp'];
  if (!(value instanceof Map)) return ['other', value._bsontype];
  return ['doc', [...value].map(([name, field]) => [name, fromBson(field)] as const)];
}

/** One line in the notation of a shell, with the type where it would not be seen. */
export function print(value: Value): string {
  switch (value[0]) {
    case 'doc':
      return `{${value[1].map(([name, field]) => `'${name}': ${print(field)}`).join(', ')}}`;
    case 'array':
      return `[${value[1].map(print).join(', ')}]`;
    case 'string':
      return JSON.stringify(value[1]);
    case 'int':
    case 'bool':
      return String(value[1]);
    case 'null':
      return 'null';
    default:
      return `${value[0]}(${Object.is(value[1], -0) ? '-0' : String(value[1])})`;
  }
}

const RANKS = { null: 5, int: 10, long: 10, double: 10, string: 15, doc: 20, array: 25 } as const;

function rank([type]: Value): number {
  if (type === 'bool') return 40;
  if (type === 'date' || type === 'now') return 45;
  return type === 'other' ? 50 : RANKS[type];
}

function compareLists<T>(a: readonly T[], b: readonly T[], each: (x: T, y: T) => number): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const result = each(a[at] as T, b[at] as T);
    if (result !== 0) return result;
  }
  return a.length - b.length;
}

function order<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of the manual's "Comparison/Sort Order". */
export function compare(a: Value, b: Value): number {
  const ranks = rank(a) - rank(b);
  if (ranks !== 0) return ranks;
  if (a[0] === 'array' && b[0] === 'array') return compareLists(a[1], b[1], compare);
  if (a[0] === 'doc' && b[0] === 'doc') {
    return compareLists(
      a[1],
      b[1],
      ([left, x], [right, y]) => rank(x) - rank(y) || order(left, right) || compare(x, y),
    );
  }
  return order(a[1] as number, b[1] as number);
}
