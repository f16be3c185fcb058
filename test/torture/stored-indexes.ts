import assert from 'node:assert/strict';
import { decodeStored } from '../../src/embedded-mongo/bson/decode';
import { type CollectionDefinition } from '../../src/embedded-mongo/storage/catalog';
import { keysInIndex } from '../../src/embedded-mongo/storage/documents';
import {
  documentRange,
  entryKey,
  indexRange,
  recordOf,
} from '../../src/embedded-mongo/storage/keyspace';
import { type Snapshot, type Store } from '../../src/embedded-mongo/storage/store';

function assertCollection(snapshot: Snapshot, collection: CollectionDefinition): void {
  const documents = [...snapshot.entries(documentRange(collection.id))].map(({ key, value }) => ({
    record: recordOf(key),
    document: decodeStored(value),
  }));
  assert.equal(snapshot.counters(collection.id).documents, documents.length, 'document counter');
  for (const index of collection.indexes) {
    const wanted = documents.flatMap(({ record, document }) =>
      keysInIndex(index, document).keys.map((key) => entryKey(index.id, key, record)),
    );
    const expected = new Set(wanted.map((entry) => entry.toString('latin1')));
    const stored = [...snapshot.keys(indexRange(index.id))].map((entry) =>
      Buffer.from(entry).toString('latin1'),
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
