import { toJsNumber } from '../bson/numbers';
import { decodeStored } from '../bson/decode';
import { type Encodable, reply } from '../bson/encode';
import { type BsonDocument, type BsonNumber, type BsonValue } from '../bson/types';
import { type IndexDefinition, keyField } from '../index/definition';
import { parseFilter } from '../query/parse-filter';
import { CATALOG_RANGE } from './keyspace';

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

/** An index as it is stored in the record of its collection. */
export function indexRecord(index: IndexDefinition): Map<string, Encodable> {
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

/** The part of a snapshot the catalog is read from. */
export interface CatalogReader {
  entries(range: { start: Buffer; end: Buffer }): Iterable<{ value: Buffer }>;
}

/** Reads the whole catalog. */
export function loadCatalog(snapshot: CatalogReader): Catalog {
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
