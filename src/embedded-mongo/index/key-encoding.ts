import { Binary, BSONRegExp, Decimal128, Double, ObjectId, Timestamp } from 'bson';
import { notImplemented } from '../errors';
import { type KeyField } from './definition';
import { type BsonNumber, type BsonValue, isNumber, TypeRank, typeRank } from '../bson/types';

/**
 * Order-preserving encoding of values: comparing the bytes of two encodings gives the order of the
 * values, equal values give equal bytes, and no encoding is a prefix of another one. The last point
 * is what lets encodings be joined into compound keys.
 */

/** What a key holds for a path that leads nowhere (sorts as null) or to an empty array. */
export const MISSING = Symbol('missing');
export const EMPTY_ARRAY = Symbol('empty array');
/** One component of an index key before it is encoded. */
export type KeyPart = BsonValue | typeof MISSING | typeof EMPTY_ARRAY;

let scratch = Buffer.allocUnsafe(16 * 1024);
let position = 0;

function reserve(length: number): number {
  const start = position;
  position += length;
  if (position > scratch.length) {
    const larger = Buffer.allocUnsafe(Math.max(position, scratch.length * 2));
    scratch.copy(larger, 0, 0, start);
    scratch = larger;
  }
  return start;
}

function putByte(byte: number): void {
  const start = reserve(1);
  scratch[start] = byte;
}

/** Up to this length a loop here is faster than the call of a native method. */
const SHORT_TEXT = 48;

/** Writes a short text without anything but ASCII; false, and nothing written, when it is no such text. */
function putShortText(text: string): boolean {
  const start = reserve(text.length + 2);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0 || code > 0x7f) {
      position = start;
      return false;
    }
    scratch[start + at] = code;
  }
  scratch[position - 2] = 0;
  scratch[position - 1] = 0;
  return true;
}

/** Zero bytes inside are written as 00 FF so that the closing 00 00 sorts before any continuation. */
function putText(text: string): void {
  if (text.length <= SHORT_TEXT && putShortText(text)) return;
  const start = reserve(text.length * 3);
  const end = start + scratch.write(text, start, 'utf8');
  position = end;
  if (text.includes('\0')) {
    const raw = Buffer.from(scratch.subarray(start, end));
    position = start;
    for (const byte of raw) {
      putByte(byte);
      if (byte === 0) putByte(0xff);
    }
  }
  putByte(0);
  putByte(0);
}

/** IEEE bits flipped so that unsigned byte order is numeric order; NaN is all zero. */
function putDoubleBits(value: number): void {
  const start = reserve(8);
  if (Number.isNaN(value)) {
    scratch.fill(0, start, start + 8);
    return;
  }
  scratch.writeDoubleBE(value === 0 ? 0 : value, start);
  if (value < 0) {
    for (let at = start; at < start + 8; at += 1) scratch[at] = ~(scratch[at] as number);
  } else {
    scratch[start] = (scratch[start] as number) | 0x80;
  }
}

const bits = new DataView(new ArrayBuffer(8));

/** The largest double that is not above the given int64. */
function doubleAtOrBelow(value: bigint): number {
  const nearest = Number(value);
  if (BigInt(nearest) <= value) return nearest;
  bits.setFloat64(0, nearest);
  const raw = bits.getBigInt64(0);
  bits.setBigInt64(0, nearest > 0 ? raw - 1n : raw + 1n);
  return bits.getFloat64(0);
}

/** Beyond 2^53 a double is followed by the distance to the exact integer. */
function putNumber(value: BsonNumber): void {
  if (value instanceof Decimal128) throw notImplemented('Decimal128 in an index or a sort');
  const number = value instanceof Double ? value.value : value;
  const base = typeof number === 'bigint' ? doubleAtOrBelow(number) : number;
  putDoubleBits(base);
  if (Math.abs(base) >= Number.MAX_SAFE_INTEGER) {
    const rest = typeof number === 'bigint' ? Number(number - BigInt(base)) : 0;
    const start = reserve(2);
    scratch.writeUInt16BE(rest, start);
  }
}

function putBinary(value: Binary): void {
  const start = reserve(5 + value.position);
  scratch.writeUInt32BE(value.position, start);
  scratch[start + 4] = value.sub_type;
  scratch.set(value.buffer.subarray(0, value.position), start + 5);
}

function putSigned64(value: bigint): void {
  const start = reserve(8);
  scratch.writeBigUInt64BE(BigInt.asUintN(64, value + (1n << 63n)), start);
}

function putScalarObject(value: BsonValue): void {
  if (value instanceof ObjectId) {
    const start = reserve(12);
    scratch.set(value.id, start);
  } else if (value instanceof Date) {
    putSigned64(BigInt(value.getTime()));
  } else if (value instanceof Binary) {
    putBinary(value);
  } else if (value instanceof Timestamp) {
    const start = reserve(8);
    scratch.writeBigUInt64BE(BigInt.asUintN(64, value.toBigInt()), start);
  } else if (value instanceof BSONRegExp) {
    putText(value.pattern);
    putText(value.options);
  }
}

function putValue(value: BsonValue): void {
  putByte(typeRank(value));
  putBody(value);
}

function putBody(value: BsonValue): void {
  if (typeof value === 'string') {
    putText(value);
  } else if (isNumber(value)) {
    putNumber(value);
  } else if (typeof value === 'boolean') {
    putByte(value ? 1 : 0);
  } else if (Array.isArray(value)) {
    for (const element of value) putValue(element);
    putByte(0);
  } else if (value instanceof Map) {
    for (const [name, field] of value) {
      putByte(typeRank(field));
      putText(name);
      putBody(field);
    }
    putByte(0);
  } else {
    putScalarObject(value);
  }
}

function putPart(part: KeyPart): void {
  if (part === MISSING) putByte(TypeRank.NULL);
  else if (part === EMPTY_ARRAY) putByte(TypeRank.UNDEFINED);
  else putValue(part);
}

function invert(start: number, end: number): void {
  for (let at = start; at < end; at += 1) scratch[at] = ~(scratch[at] as number);
}

/** Encodes one value in ascending order. */
export function encodeKeyPart(part: KeyPart): Buffer {
  position = 0;
  putPart(part);
  return Buffer.from(scratch.subarray(0, position));
}

/** Encodes a compound key; descending components have their bytes inverted. */
export function encodeCompoundKey(parts: readonly KeyPart[], fields: readonly KeyField[]): Buffer {
  position = 0;
  for (let at = 0; at < parts.length; at += 1) {
    const start = position;
    putPart(parts[at] as KeyPart);
    if (fields[at]?.descending === true) invert(start, position);
  }
  const key = Buffer.from(scratch.subarray(0, position));
  if (scratch.length > 1024 * 1024) scratch = Buffer.allocUnsafe(16 * 1024);
  return key;
}

/** The bytes every encoded string that starts with the prefix begins with. */
export function encodeTextPrefix(prefix: string): Buffer {
  const whole = encodeKeyPart(prefix);
  return whole.subarray(0, whole.length - 2);
}
