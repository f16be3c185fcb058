import { Binary, BSONRegExp, Decimal128, Double, MinKey, ObjectId, Timestamp } from 'bson';
import { CommandError } from '../errors';
import { MAX_DEPTH } from './decode';
import { type BsonValue } from './types';

/** An already encoded document that is copied into a reply as it is. */
export class RawDocument {
  constructor(readonly bytes: Buffer) {}
}

/** What the encoder accepts: values, and raw documents inside replies. */
export type Encodable = BsonValue | RawDocument | Encodable[] | Map<string, Encodable>;

let scratch = Buffer.allocUnsafe(64 * 1024);
let position = 0;
let depth = 0;

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

function putInt32(value: number): void {
  const start = reserve(4);
  scratch.writeInt32LE(value, start);
}

function putBytes(bytes: Uint8Array): void {
  const start = reserve(bytes.length);
  scratch.set(bytes, start);
}

function putName(name: string): void {
  const start = reserve(name.length * 3 + 1);
  const length = scratch.write(name, start, 'utf8');
  scratch[start + length] = 0;
  position = start + length + 1;
}

function putString(value: string): void {
  const start = reserve(4 + value.length * 3 + 1);
  const length = scratch.write(value, start + 4, 'utf8');
  scratch.writeInt32LE(length + 1, start);
  scratch[start + 4 + length] = 0;
  position = start + 4 + length + 1;
}

function header(type: number, name: string): void {
  putByte(type);
  putName(name);
}

function putPrimitive(name: string, value: string | number | bigint | boolean): void {
  if (typeof value === 'string') {
    header(0x02, name);
    putString(value);
  } else if (typeof value === 'number') {
    header(0x10, name);
    putInt32(value);
  } else if (typeof value === 'boolean') {
    header(0x08, name);
    putByte(value ? 1 : 0);
  } else {
    header(0x12, name);
    const start = reserve(8);
    scratch.writeBigInt64LE(value, start);
  }
}

function putScalar(name: string, value: BsonValue): void {
  if (value instanceof ObjectId) {
    header(0x07, name);
    putBytes(value.id);
  } else if (value instanceof Date) {
    header(0x09, name);
    const start = reserve(8);
    scratch.writeBigInt64LE(BigInt(value.getTime()), start);
  } else if (value instanceof Double) {
    header(0x01, name);
    const start = reserve(8);
    scratch.writeDoubleLE(value.value, start);
  } else if (value instanceof Binary) {
    header(0x05, name);
    putInt32(value.position);
    putByte(value.sub_type);
    putBytes(value.buffer.subarray(0, value.position));
  } else {
    putRareScalar(name, value);
  }
}

function putRareScalar(name: string, value: BsonValue): void {
  if (value instanceof Decimal128) {
    header(0x13, name);
    putBytes(value.bytes);
  } else if (value instanceof BSONRegExp) {
    header(0x0b, name);
    putName(value.pattern);
    putName(value.options);
  } else if (value instanceof Timestamp) {
    header(0x11, name);
    const start = reserve(8);
    scratch.writeBigUInt64LE(BigInt.asUintN(64, value.toBigInt()), start);
  } else {
    header(value instanceof MinKey ? 0xff : 0x7f, name);
  }
}

function putValue(name: string, value: Encodable): void {
  if (value === null) {
    header(0x0a, name);
  } else if (typeof value !== 'object') {
    putPrimitive(name, value);
  } else if (value instanceof Map) {
    header(0x03, name);
    putDocument(value.entries());
  } else if (Array.isArray(value)) {
    header(0x04, name);
    putArray(value);
  } else if (value instanceof RawDocument) {
    header(0x03, name);
    putBytes(value.bytes);
  } else {
    putScalar(name, value);
  }
}

function closeDocument(start: number): void {
  depth -= 1;
  putByte(0);
  scratch.writeInt32LE(position - start, start);
}

function openDocument(): number {
  depth += 1;
  // What could not be read again must not be written.
  if (depth > MAX_DEPTH + 1) throw new CommandError(15, `BSON nesting exceeds ${MAX_DEPTH} levels`);
  return reserve(4);
}

function putDocument(entries: Iterable<[string, Encodable]>): void {
  const start = openDocument();
  for (const [name, value] of entries) putValue(name, value);
  closeDocument(start);
}

function putArray(values: Encodable[]): void {
  const start = openDocument();
  values.forEach((value, index) => putValue(String(index), value));
  closeDocument(start);
}

/**
 * Encodes a document; the result does not share memory with later calls. Replies wrap documents, so
 * they may be a little deeper.
 */
export function encodeDocument(document: Map<string, Encodable>, wrapping = 0): Buffer {
  position = 0;
  depth = -wrapping;
  putDocument(document.entries());
  const bytes = Buffer.from(scratch.subarray(0, position));
  // One huge reply must not keep its buffer for the life of the process.
  if (scratch.length > 1024 * 1024) scratch = Buffer.allocUnsafe(64 * 1024);
  return bytes;
}

/** Builds a reply document from a literal written in this source code. */
export function reply(fields: Record<string, Encodable>): Map<string, Encodable> {
  return new Map(Object.entries(fields));
}
