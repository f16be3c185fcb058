/**
 * Layout of the one LMDB database (all keys binary):
 *   00 name                      server records (format, lock, catalog token, id counter)
 *   01 "database.collection"     catalog record of a collection (BSON)
 *   02 collection(4)             collection counters: documents(6) next record id(6)
 *   03 collection(4) record(6)   a document (BSON)
 *   04 index(4) key              an entry of a unique index: record(6)
 *   04 index(4) key record(6)    any other index entry; no value
 *
 * Whether a key is taken is so decided by reading one entry. A key that was cut stands for several keys,
 * so its entries have the second form in a unique index too.
 */
const SERVER = 0;
const CATALOG = 1;
const COUNTERS = 2;
const DOCUMENT = 3;
const ENTRY = 4;

const RECORD_BYTES = 6;
const PREFIX_BYTES = 5;

/** LMDB allows 1978 bytes; a longer index key is cut here and its order decided by documents. */
export const MAX_KEY_BYTES = 1900;

function withId(kind: number, id: number, extra: number): Buffer {
  const key = Buffer.allocUnsafe(PREFIX_BYTES + extra);
  key[0] = kind;
  key.writeUInt32BE(id, 1);
  return key;
}

/** Key of one of the server's own records. */
export function serverKey(name: 'format' | 'lock' | 'token' | 'ids'): Buffer {
  return Buffer.concat([Buffer.from([SERVER]), Buffer.from(name)]);
}

/** Key of a collection's catalog record. */
export function catalogKey(namespace: string): Buffer {
  return Buffer.concat([Buffer.from([CATALOG]), Buffer.from(namespace)]);
}

/** Range of all catalog records. */
export const CATALOG_RANGE = { start: Buffer.from([CATALOG]), end: Buffer.from([CATALOG + 1]) };

/** Key of a collection's counters. */
export function countersKey(collection: number): Buffer {
  return withId(COUNTERS, collection, 0);
}

function putRecord(into: Buffer, record: number, at: number): void {
  into.writeUInt16BE(Math.floor(record / 2 ** 32), at);
  into.writeUInt32BE(record >>> 0, at + 2);
}

/** A record id as the value of an entry of a unique index. */
export function recordValue(record: number): Buffer {
  const value = Buffer.allocUnsafe(RECORD_BYTES);
  putRecord(value, record, 0);
  return value;
}

/** Key of a document. */
export function documentKey(collection: number, record: number): Buffer {
  const key = withId(DOCUMENT, collection, RECORD_BYTES);
  putRecord(key, record, PREFIX_BYTES);
  return key;
}

/** Range of all documents of a collection. */
export function documentRange(collection: number): { start: Buffer; end: Buffer } {
  return { start: withId(DOCUMENT, collection, 0), end: withId(DOCUMENT, collection + 1, 0) };
}

/** Whether the entry of a key in a unique index is the key alone. */
export function hasOwnEntry(key: Uint8Array): boolean {
  return key.length < MAX_KEY_BYTES;
}

/** Key of the entry a key has in a unique index, if that is not cut. */
export function ownEntryKey(index: number, key: Buffer): Buffer {
  const entry = withId(ENTRY, index, key.length);
  entry.set(key, PREFIX_BYTES);
  return entry;
}

/** Key of an index entry that ends with its record; the key part is cut when it is too long. */
export function entryKey(index: number, key: Buffer, record: number): Buffer {
  const length = Math.min(key.length, MAX_KEY_BYTES);
  const entry = withId(ENTRY, index, length + RECORD_BYTES);
  key.copy(entry, PREFIX_BYTES, 0, length);
  putRecord(entry, record, PREFIX_BYTES + length);
  return entry;
}

/**
 * A place in an index where a scan starts or ends. A place beyond the cut is moved back to the cut
 * for a start and forward for an end, so that no entry is missed.
 */
export function entryEdge(index: number, key: Buffer, isEnd: boolean): Buffer {
  const cut = key.length > MAX_KEY_BYTES;
  const bytes = cut ? key.subarray(0, MAX_KEY_BYTES) : key;
  const edge = Buffer.concat([withId(ENTRY, index, 0), bytes]);
  return cut && isEnd ? nextAfter(edge) : edge;
}

function nextAfter(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(RECORD_BYTES + 1, 0xff)]);
}

/** Range of all entries of an index. */
export function indexRange(index: number): { start: Buffer; end: Buffer } {
  return { start: withId(ENTRY, index, 0), end: withId(ENTRY, index + 1, 0) };
}

/** The record id at the end of a document key or an index entry, or in the value of an entry. */
export function recordOf(bytes: Uint8Array): number {
  let record = 0;
  for (let at = bytes.length - RECORD_BYTES; at < bytes.length; at += 1) {
    record = record * 256 + (bytes[at] as number);
  }
  return record;
}

/** The record an entry of an index names. */
export function recordOfEntry(key: Uint8Array, value: Uint8Array): number {
  return recordOf(value.byteLength === 0 ? key : value);
}

/** Whether an index entry's key was cut, so that it stands for several possible keys. */
export function isCutEntry(entry: Uint8Array): boolean {
  return entry.byteLength - PREFIX_BYTES - RECORD_BYTES >= MAX_KEY_BYTES;
}
