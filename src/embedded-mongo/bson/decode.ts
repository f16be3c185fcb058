import { isUtf8 } from 'node:buffer';
import { Binary, BSONRegExp, Decimal128, Double, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { badValue, CommandError } from '../errors';
import { type BsonDocument, type BsonValue } from './types';

/** Deeper nesting is refused, as MongoDB does. */
export const MAX_DEPTH = 180;
const MAX_DATE_MS = 8.64e15;

/** Bytes that are not valid BSON. */
export class MalformedBsonError extends CommandError {
  constructor(reason: string) {
    super(22, `Invalid BSON: ${reason}`);
  }
}

interface Reader {
  readonly bytes: Buffer;
  position: number;
  /** Bytes from a client are checked for valid UTF-8; stored ones were checked on their way in. */
  readonly untrusted: boolean;
}

function take(reader: Reader, length: number, end: number): number {
  const start = reader.position;
  if (length < 0 || start + length > end)
    throw new MalformedBsonError('value exceeds its document');
  reader.position = start + length;
  return start;
}

/** Up to this length looking at every byte is faster than a call of the native check. */
const SHORT_TEXT = 64;

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}

function readText(reader: Reader, start: number, end: number): string {
  if (end - start <= SHORT_TEXT && isAscii(reader.bytes, start, end)) {
    return reader.bytes.toString('latin1', start, end);
  }
  if (reader.untrusted && !isUtf8(reader.bytes.subarray(start, end))) {
    throw new MalformedBsonError('text is not valid UTF-8');
  }
  return reader.bytes.toString('utf8', start, end);
}

/** Field names repeat in every document: short ASCII ones are built without a native call. */
function readName(reader: Reader, end: number): string {
  const { bytes, position } = reader;
  let name = '';
  for (let at = position; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === 0) {
      reader.position = at + 1;
      return name;
    }
    if (byte > 127 || at - position > 24) break;
    name += String.fromCharCode(byte);
  }
  const terminator = bytes.indexOf(0, position);
  if (terminator < 0 || terminator >= end) throw new MalformedBsonError('unterminated name');
  reader.position = terminator + 1;
  return readText(reader, position, terminator);
}

function readString(reader: Reader, end: number): string {
  const length = reader.bytes.readInt32LE(take(reader, 4, end));
  if (length < 1) throw new MalformedBsonError('string length');
  const start = take(reader, length, end);
  if (reader.bytes[start + length - 1] !== 0) throw new MalformedBsonError('unterminated string');
  return readText(reader, start, start + length - 1);
}

function readBinary(reader: Reader, end: number): Binary {
  const length = reader.bytes.readInt32LE(take(reader, 4, end));
  const subtype = reader.bytes[take(reader, 1, end)] as number;
  const start = take(reader, length, end);
  return new Binary(Buffer.from(reader.bytes.subarray(start, start + length)), subtype);
}

function readDate(reader: Reader, end: number): Date {
  const milliseconds = Number(reader.bytes.readBigInt64LE(take(reader, 8, end)));
  if (Math.abs(milliseconds) > MAX_DATE_MS) throw badValue('a date is outside the supported range');
  return new Date(milliseconds);
}

function copyBytes(reader: Reader, length: number, end: number): Buffer {
  const start = take(reader, length, end);
  return Buffer.from(reader.bytes.subarray(start, start + length));
}

function readBoolean(reader: Reader, end: number): boolean {
  const byte = reader.bytes[take(reader, 1, end)] as number;
  if (byte > 1) throw new MalformedBsonError('boolean value');
  return byte === 1;
}

function readRegularExpression(reader: Reader, end: number): BSONRegExp {
  const pattern = readName(reader, end);
  const options = readName(reader, end);
  if (!/^[ilmsux]*$/.test(options))
    throw badValue(`invalid regular expression options: ${options}`);
  return new BSONRegExp(pattern, options);
}

function readRare(reader: Reader, type: number, end: number): BsonValue {
  switch (type) {
    case 0x0b:
      return readRegularExpression(reader, end);
    case 0x11:
      return new Timestamp(reader.bytes.readBigUInt64LE(take(reader, 8, end)));
    case 0x13:
      return new Decimal128(copyBytes(reader, 16, end));
    case 0xff:
      return new MinKey();
    case 0x7f:
      return new MaxKey();
    case 0x06:
    case 0x0c:
    case 0x0d:
    case 0x0e:
    case 0x0f:
      throw badValue(`BSON type ${type} is not supported by the embedded server`);
    default:
      throw new MalformedBsonError(`unknown type ${type}`);
  }
}

function readValue(reader: Reader, type: number, end: number, depth: number): BsonValue {
  switch (type) {
    case 0x01:
      return new Double(reader.bytes.readDoubleLE(take(reader, 8, end)));
    case 0x02:
      return readString(reader, end);
    case 0x03:
      return readDocument(reader, end, depth + 1);
    case 0x04:
      return readArray(reader, end, depth + 1);
    case 0x05:
      return readBinary(reader, end);
    case 0x07:
      return new ObjectId(copyBytes(reader, 12, end));
    case 0x08:
      return readBoolean(reader, end);
    case 0x09:
      return readDate(reader, end);
    case 0x0a:
      return null;
    case 0x10:
      return reader.bytes.readInt32LE(take(reader, 4, end));
    case 0x12:
      return reader.bytes.readBigInt64LE(take(reader, 8, end));
    default:
      return readRare(reader, type, end);
  }
}

const FIXED_LENGTHS: readonly (number | undefined)[] = Object.assign(
  new Array<number | undefined>(256).fill(undefined),
  {
    0x01: 8,
    0x07: 12,
    0x08: 1,
    0x09: 8,
    0x0a: 0,
    0x10: 4,
    0x11: 8,
    0x12: 8,
    0x13: 16,
    0xff: 0,
    0x7f: 0,
  },
);

function skipValue(reader: Reader, type: number, end: number): void {
  const fixed = FIXED_LENGTHS[type];
  if (fixed !== undefined) {
    take(reader, fixed, end);
  } else if (type === 0x02) {
    take(reader, reader.bytes.readInt32LE(take(reader, 4, end)), end);
  } else if (type === 0x03 || type === 0x04) {
    take(reader, reader.bytes.readInt32LE(take(reader, 4, end)) - 4, end);
  } else if (type === 0x05) {
    take(reader, reader.bytes.readInt32LE(take(reader, 4, end)) + 1, end);
  } else {
    readValue(reader, type, end, 0);
  }
}

/** Opens a document at the reader and returns the position of its closing zero byte. */
function openDocument(reader: Reader, limit: number): number {
  const start = reader.position;
  const size = reader.bytes.readInt32LE(take(reader, 4, limit));
  if (size < 5 || start + size > limit) throw new MalformedBsonError('document length');
  if (reader.bytes[start + size - 1] !== 0) throw new MalformedBsonError('unterminated document');
  return start + size - 1;
}

function assertDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new CommandError(15, `BSON nesting exceeds ${MAX_DEPTH} levels`);
}

function readDocument(reader: Reader, limit: number, depth: number): BsonDocument {
  assertDepth(depth);
  const end = openDocument(reader, limit);
  const document: BsonDocument = new Map();
  while (reader.position < end) {
    const type = reader.bytes[reader.position] as number;
    reader.position += 1;
    const name = readName(reader, end);
    if (document.has(name)) throw badValue(`duplicate field name '${name}'`);
    document.set(name, readValue(reader, type, end, depth));
  }
  reader.position = end + 1;
  return document;
}

function readArray(reader: Reader, limit: number, depth: number): BsonValue[] {
  assertDepth(depth);
  const end = openDocument(reader, limit);
  const array: BsonValue[] = [];
  while (reader.position < end) {
    const type = reader.bytes[reader.position] as number;
    reader.position += 1;
    // Names of elements carry no meaning, their position does; but they must be names.
    readName(reader, end);
    array.push(readValue(reader, type, end, depth));
  }
  reader.position = end + 1;
  return array;
}

/**
 * Decodes a document that came from a client, checking everything about it. A command wraps
 * documents, so it may be a little deeper than those.
 */
export function decodeUntrusted(bytes: Buffer, wrapping = 0): BsonDocument {
  const reader: Reader = { bytes, position: 0, untrusted: true };
  const document = readDocument(reader, bytes.length, -wrapping);
  if (reader.position !== bytes.length) throw new MalformedBsonError('bytes after the document');
  return document;
}

/** Decodes a stored document. */
export function decodeStored(bytes: Buffer): BsonDocument {
  return readDocument({ bytes, position: 0, untrusted: false }, bytes.length, 0);
}

/** Decodes only the named top-level fields of a stored document and skips the others. */
export function decodeFields(bytes: Buffer, wanted: ReadonlySet<string>): BsonDocument {
  const reader: Reader = { bytes, position: 0, untrusted: false };
  const end = openDocument(reader, bytes.length);
  const document: BsonDocument = new Map();
  while (reader.position < end && document.size < wanted.size) {
    const type = bytes[reader.position] as number;
    reader.position += 1;
    const name = readName(reader, end);
    if (wanted.has(name)) document.set(name, readValue(reader, type, end, 0));
    else skipValue(reader, type, end);
  }
  return document;
}
