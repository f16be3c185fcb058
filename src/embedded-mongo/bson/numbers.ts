import { Decimal128, Double } from 'bson';
import { CommandError, notImplemented } from '../errors';
import { type BsonNumber } from './types';

const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;
const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);

/** An exact value: digits * 10^ten * 2^two, or one of the non-finite doubles. */
type Exact = number | { digits: bigint; ten: number; two: number };

function exactDouble(value: number): Exact {
  if (!Number.isFinite(value)) return value;
  let two = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    two -= 1;
  }
  return { digits: BigInt(scaled), ten: 0, two };
}

function exactDecimal(value: Decimal128): Exact {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/.exec(value.toString());
  if (match === null) return Number(value.toString());
  const [, sign, whole = '0', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  return {
    digits: sign === '-' ? -digits : digits,
    ten: Number(exponent) - fraction.length,
    two: 0,
  };
}

function exact(value: BsonNumber): Exact {
  if (value instanceof Decimal128) return exactDecimal(value);
  if (value instanceof Double) return exactDouble(value.value);
  return { digits: BigInt(value), ten: 0, two: 0 };
}

function order(a: number | bigint, b: number | bigint): number {
  // JavaScript compares a bigint with a number exactly.
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b || Number(a) === Number(b)) return 0;
  // NaN is equal to itself and below every other number.
  return Number(Number.isNaN(Number(b))) - Number(Number.isNaN(Number(a)));
}

function compareExact(a: Exact, b: Exact): number {
  if (typeof a === 'number' || typeof b === 'number') {
    const left = typeof a === 'number' ? a : 0;
    const right = typeof b === 'number' ? b : 0;
    return order(left, right);
  }
  const ten = Math.min(a.ten, b.ten);
  const two = Math.min(a.two, b.two);
  const scale = (x: { digits: bigint; ten: number; two: number }): bigint =>
    x.digits * 10n ** BigInt(x.ten - ten) * 2n ** BigInt(x.two - two);
  return order(scale(a), scale(b));
}

function simple(value: number | bigint | Double): number | bigint {
  return value instanceof Double ? value.value : value;
}

/** Compares two numbers of any types by their exact values. */
export function compareNumbers(a: BsonNumber, b: BsonNumber): number {
  if (a instanceof Decimal128 || b instanceof Decimal128) return compareExact(exact(a), exact(b));
  return order(simple(a), simple(b));
}

/** True when the number is NaN of any type. */
export function isNaNValue(value: BsonNumber): boolean {
  if (value instanceof Double) return Number.isNaN(value.value);
  return value instanceof Decimal128 && value.toString() === 'NaN';
}

/** The number as a JavaScript number; for limits and options, not for stored values. */
export function toJsNumber(value: BsonNumber): number {
  if (value instanceof Decimal128) return Number(value.toString());
  return Number(simple(value));
}

function addIntegers(a: number | bigint, b: number | bigint): BsonNumber {
  const sum = BigInt(a) + BigInt(b);
  if (sum > INT64_MAX || sum < INT64_MIN) {
    throw new CommandError(2, 'Failed to apply $inc operations: integer overflow');
  }
  const bothInt32 = typeof a === 'number' && typeof b === 'number';
  return bothInt32 && sum <= INT32_MAX && sum >= INT32_MIN ? Number(sum) : sum;
}

/** Adds as $inc does: int32 grows into int64, a double makes the result a double. */
export function addNumbers(a: BsonNumber, b: BsonNumber): BsonNumber {
  if (a instanceof Decimal128 || b instanceof Decimal128) {
    throw notImplemented('arithmetic on Decimal128');
  }
  if (a instanceof Double || b instanceof Double) {
    return new Double(Number(simple(a)) + Number(simple(b)));
  }
  return addIntegers(a, b);
}

/** A whole JavaScript number as the BSON number MongoDB would answer. */
export function wholeNumber(value: number): BsonNumber {
  return value <= INT32_MAX && value >= INT32_MIN ? value : BigInt(value);
}
