import { randomBytes } from 'node:crypto';
import { toJsNumber } from '../bson/numbers';
import { decodeStored } from '../bson/decode';
import { type Encodable, encodeDocument, reply } from '../bson/encode';
import { type BsonDocument, type BsonNumber, type BsonValue } from '../bson/types';
import { type IndexDefinition, keyField } from '../index/definition';
import { parseFilter } from '../query/parse-filter';
import { CATALOG_RANGE, catalogKey, documentRange, indexRange, serverKey } from './keyspace';
import { type Snapshot, type Transaction } from './store';

/** A collection and its indexes. Never changed in place. */
export interface CollectionDefinition {
  readonly id: number;
  readonly database: string;
  readonly name: string;
  /** The first one is always the index on _id. */
  readonly indexes: readonly IndexDefinition[];
}

/** All collections at one moment. */
export class Catalog {
  constructor(private readonly collections: ReadonlyMap<string, CollectionDefinition>) {}

  find(database: string, name: string): CollectionDefinition | undefined {
    return this.collections.get(`${database}.${name}`);
  }

  all(): CollectionDefinition[] {
    return [...this.collections.values()];
  }
}

/** The key pattern of an index as a document, for example { a: 1, b: -1 }. */
export function keyPattern(index: IndexDefinition): BsonDocument {
  return new Map(index.fields.map(({ path, descending }) => [path, descending ? -1 : 1]));
}

function indexRecord(index: IndexDefinition): Map<string, Encodable> {
  return reply({
    id: index.id,
    name: index.name,
    key: keyPattern(index),
    unique: index.unique,
    sparse: index.sparse,
    multikey: [...index.multikey],
    hasCutKeys: index.hasCutKeys,
    ...(index.partial && { partial: index.partial.source }),
    ...(index.expireAfterSeconds !== undefined && { expire: BigInt(index.expireAfterSeconds) }),
  });
}

function readIndex(record: BsonDocument): IndexDefinition {
  const partial = record.get('partial') as BsonDocument | undefined;
  const expire = record.get('expire') as BsonNumber | undefined;
  const key = record.get('key') as BsonDocument;
  return {
    id: record.get('id') as number,
    name: record.get('name') as string,
    fields: [...key].map(([path, direction]) => keyField(path, direction === -1)),
    unique: record.get('unique') === true,
    sparse: record.get('sparse') === true,
    multikey: (record.get('multikey') as BsonValue[]).map((flag) => flag === true),
    hasCutKeys: record.get('hasCutKeys') === true,
    ...(partial && { partial: { source: partial, filter: parseFilter(partial) } }),
    ...(expire !== undefined && { expireAfterSeconds: toJsNumber(expire) }),
  };
}

/** Reads the whole catalog. */
export function loadCatalog(snapshot: Snapshot): Catalog {
  const collections = new Map<string, CollectionDefinition>();
  for (const { value } of snapshot.entries(CATALOG_RANGE)) {
    const record = decodeStored(value);
    const collection: CollectionDefinition = {
      id: record.get('id') as number,
      database: record.get('database') as string,
      name: record.get('name') as string,
      indexes: (record.get('indexes') as BsonDocument[]).map(readIndex),
    };
    collections.set(`${collection.database}.${collection.name}`, collection);
  }
  return new Catalog(collections);
}

function changeToken(transaction: Transaction): void {
  transaction.put(serverKey('token'), randomBytes(12));
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
