import {
  Binary,
  BSONRegExp,
  Decimal128,
  Double,
  type MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';

/** A document; a Map keeps field order and is immune to names such as `__proto__`. */
export type BsonDocument = Map<string, BsonValue>;

/** Every value this server stores. A number is an int32, a bigint an int64. */
export type BsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Double
  | Decimal128
  | Date
  | ObjectId
  | Binary
  | BSONRegExp
  | Timestamp
  | MinKey
  | MaxKey
  | BsonValue[]
  | Map<string, BsonValue>;

/** Any numeric value. */
export type BsonNumber = number | bigint | Double | Decimal128;

/** Ranks of the types in MongoDB's comparison order. UNDEFINED only stands for an empty array in an index. */
export const TypeRank = {
  MIN_KEY: 1,
  UNDEFINED: 2,
  NULL: 5,
  NUMBER: 10,
  STRING: 15,
  OBJECT: 20,
  ARRAY: 25,
  BINARY: 30,
  OBJECT_ID: 35,
  BOOLEAN: 40,
  DATE: 45,
  TIMESTAMP: 47,
  REGEX: 50,
  MAX_KEY: 127,
} as const;

/** True for int32, int64, double and decimal. */
export function isNumber(value: unknown): value is BsonNumber {
  return (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Double ||
    value instanceof Decimal128
  );
}

/** True for a document (not an array). */
export function isDocument(value: unknown): value is BsonDocument {
  return value instanceof Map;
}

function rankOfPrimitive(value: string | number | bigint | boolean): number {
  if (typeof value === 'string') return TypeRank.STRING;
  return typeof value === 'boolean' ? TypeRank.BOOLEAN : TypeRank.NUMBER;
}

/** The rank of a value's type in MongoDB's comparison order. */
export function typeRank(value: BsonValue): number {
  if (value === null) return TypeRank.NULL;
  if (typeof value !== 'object') return rankOfPrimitive(value);
  if (value instanceof Map) return TypeRank.OBJECT;
  if (value instanceof ObjectId) return TypeRank.OBJECT_ID;
  if (value instanceof Date) return TypeRank.DATE;
  if (Array.isArray(value)) return TypeRank.ARRAY;
  if (value instanceof Binary) return TypeRank.BINARY;
  if (value instanceof Double || value instanceof Decimal128) return TypeRank.NUMBER;
  if (value instanceof Timestamp) return TypeRank.TIMESTAMP;
  if (value instanceof BSONRegExp) return TypeRank.REGEX;
  return value instanceof MinKey ? TypeRank.MIN_KEY : TypeRank.MAX_KEY;
}

const TYPE_NUMBERS: Record<string, number> = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
};

/** The BSON type number of an alias such as "string"; undefined when the alias is unknown. */
export function typeNumberOfAlias(alias: string): number | undefined {
  return Object.hasOwn(TYPE_NUMBERS, alias) ? TYPE_NUMBERS[alias] : undefined;
}

const NAME_OF_NUMBER = new Map(Object.entries(TYPE_NUMBERS).map(([name, code]) => [code, name]));

/** MongoDB's name for the type of a value, as used in its error messages. */
export function typeName(value: BsonValue | undefined): string {
  if (value === undefined) return 'missing';
  return NAME_OF_NUMBER.get(typeNumber(value)) ?? 'unknown';
}

const NUMBER_OF_RANK: Record<number, number> = {
  [TypeRank.MIN_KEY]: -1,
  [TypeRank.NULL]: 10,
  [TypeRank.STRING]: 2,
  [TypeRank.OBJECT]: 3,
  [TypeRank.ARRAY]: 4,
  [TypeRank.BINARY]: 5,
  [TypeRank.OBJECT_ID]: 7,
  [TypeRank.BOOLEAN]: 8,
  [TypeRank.DATE]: 9,
  [TypeRank.TIMESTAMP]: 17,
  [TypeRank.REGEX]: 11,
  [TypeRank.MAX_KEY]: 127,
};

/** The BSON type number of a value, as used by $type. */
export function typeNumber(value: BsonValue): number {
  if (typeof value === 'number') return 16;
  if (typeof value === 'bigint') return 18;
  if (value instanceof Double) return 1;
  if (value instanceof Decimal128) return 19;
  return NUMBER_OF_RANK[typeRank(value)] ?? 0;
}
