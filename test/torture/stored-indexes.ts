import assert from 'node:assert/strict';
import { decodeStored } from '../../src/embedded-mongo/bson/decode';
import { type IndexDefinition } from '../../src/embedded-mongo/index/definition';
import { type CollectionDefinition } from '../../src/embedded-mongo/storage/catalog';
import { keysInIndex } from '../../src/embedded-mongo/storage/documents';
import {
  documentRange,
  entryKey,
  hasOwnEntry,
  indexRange,
  ownEntryKey,
  recordOf,
  recordValue,
} from '../../src/embedded-mongo/storage/keyspace';
import { type Snapshot, type Store } from '../../src/embedded-mongo/storage/store';

function entryText(key: Uint8Array, value: Uint8Array = Buffer.alloc(0)): string {
  return `${Buffer.from(key).toString('latin1')}=${Buffer.from(value).toString('hex')}`;
}

function wantedEntry(index: IndexDefinition, key: Buffer, record: number): string {
  return index.unique && hasOwnEntry(key)
    ? entryText(ownEntryKey(index.id, key), recordValue(record))
    : entryText(entryKey(index.id, key, record));
}

function assertCollection(snapshot: Snapshot, collection: CollectionDefinition): void {
  const documents = [...snapshot.entries(documentRange(collection.id))].map(({ key, value }) => ({
    record: recordOf(key),
    document: decodeStored(value),
  }));
  assert.equal(snapshot.counters(collection.id).documents, documents.length, 'document counter');
  for (const index of collection.indexes) {
    const wanted = documents.flatMap(({ record, document }) =>
      keysInIndex(index, document).keys.map((key) => wantedEntry(index, key, record)),
    );
    const expected = new Set(wanted);
    const stored = [...snapshot.entries(indexRange(index.id))].map(({ key, value }) =>
      entryText(key, value),
    );
    const where = `index ${index.name} of ${collection.name}`;
    assert.equal(stored.filter((entry) => !expected.has(entry)).length, 0, `stray, ${where}`);
    assert.equal(stored.length, expected.size, `missing, ${where}`);
  }
}

/** Entry by entry: every index of every collection holds what its documents ask for, and no more. */
export function assertStoredIndexes(store: Store): void {
  store.read((snapshot) => {
    for (const collection of snapshot.catalog.all()) assertCollection(snapshot, collection);
  });
}
