import { randomBytes } from 'node:crypto';
import { encodeDocument, reply } from '../bson/encode';
import { type IndexDefinition, keyField } from '../index/definition';
import { type CollectionDefinition, indexRecord } from './catalog';
import { catalogKey, documentRange, indexRange, serverKey } from './keyspace';
import { type Transaction } from './store';

function changeToken(transaction: Transaction): void {
  transaction.put(serverKey('token'), randomBytes(12));
  transaction.forgetCatalog();
}

/** Stores a new or changed collection definition. */
export function saveCollection(transaction: Transaction, collection: CollectionDefinition): void {
  const { id, database, name, indexes } = collection;
  const record = reply({ id, database, name, indexes: indexes.map(indexRecord) });
  transaction.put(catalogKey(`${database}.${name}`), encodeDocument(record));
  changeToken(transaction);
}

/** A number never used before for a collection or an index. */
export function nextId(transaction: Transaction): number {
  const key = serverKey('ids');
  const id = (transaction.get(key)?.readUInt32BE(0) ?? 0) + 1;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  transaction.put(key, bytes);
  return id;
}

/** The index every collection has. */
export function idIndex(id: number): IndexDefinition {
  return {
    id,
    name: '_id_',
    fields: [keyField('_id', false)],
    unique: true,
    sparse: false,
    multikey: [false],
    hasCutKeys: false,
  };
}

/** The collection, created first when it does not exist. */
export function ensureCollection(
  transaction: Transaction,
  database: string,
  name: string,
): CollectionDefinition {
  const existing = transaction.catalog.find(database, name);
  if (existing !== undefined) return existing;
  const id = nextId(transaction);
  const created = { id, database, name, indexes: [idIndex(nextId(transaction))] };
  saveCollection(transaction, created);
  return created;
}

/** Removes a collection with everything in it. */
export function dropCollection(transaction: Transaction, collection: CollectionDefinition): void {
  transaction.removeRange(documentRange(collection.id));
  for (const index of collection.indexes) transaction.removeRange(indexRange(index.id));
  transaction.dropCounters(collection.id);
  transaction.remove(catalogKey(`${collection.database}.${collection.name}`));
  changeToken(transaction);
}
