/**
 * Layout of the one LMDB database (all keys binary):
 *   00 name                      server records (format, lock, catalog token, id counter)
 *   01 "database.collection"     catalog record of a collection (BSON)
 *   02 collection(4)             collection counters: documents(6) next record id(6)
 *   03 collection(4) record(6)   a document (BSON)
 *   04 index(4) key record(6)    an index entry; no value
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

/** Key of a document. */
export function documentKey(collection: number, record: number): Buffer {
  const key = withId(DOCUMENT, collection, RECORD_BYTES);
  key.writeUIntBE(record, PREFIX_BYTES, RECORD_BYTES);
  return key;
}

/** Range of all documents of a collection. */
export function documentRange(collection: number): { start: Buffer; end: Buffer } {
  return { start: withId(DOCUMENT, collection, 0), end: withId(DOCUMENT, collection + 1, 0) };
}

/** Key of an index entry; the key part is cut when it is too long. */
export function entryKey(index: number, key: Buffer, record: number): Buffer {
  const length = Math.min(key.length, MAX_KEY_BYTES);
  const entry = withId(ENTRY, index, length + RECORD_BYTES);
  key.copy(entry, PREFIX_BYTES, 0, length);
  entry.writeUIntBE(record, PREFIX_BYTES + length, RECORD_BYTES);
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

/** The record id at the end of a document key or an index entry. */
export function recordOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(
    key.byteLength - RECORD_BYTES,
    RECORD_BYTES,
  );
}

/** Whether an index entry's key was cut, so that it stands for several possible keys. */
export function isCutEntry(entry: Uint8Array): boolean {
  return entry.byteLength - PREFIX_BYTES - RECORD_BYTES >= MAX_KEY_BYTES;
}
