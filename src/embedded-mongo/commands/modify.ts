import { decodeStored } from '../bson/decode';
import { encodeDocument } from '../bson/encode';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { type KeyField } from '../index/definition';
import { type Filter } from '../query/filter';
import { type CollectionDefinition } from '../storage/catalog';
import { ensureCollection } from '../storage/catalog-changes';
import { DocumentWriter } from '../storage/documents';
import { checkDeadline, type Deadline, documentOf } from '../storage/scan';
import { type Transaction } from '../storage/store';
import { applyUpdate, type Update } from '../update/parse-update';
import { upsertedDocument } from '../update/upsert';
import { checkId } from './insert';
import { findAll } from './query-source';
import { scanRequest } from './query-request';

/** Which documents a write is about. */
export interface Target {
  readonly filter: Filter;
  readonly sort: readonly KeyField[];
  readonly hint: BsonValue | undefined;
  /** Infinity for all that match. */
  readonly limit: number;
  readonly deadline: Deadline;
}

/** The matching records. They are all found before the first one is changed. */
export function findRecords(
  transaction: Transaction,
  collection: CollectionDefinition,
  target: Target,
): number[] {
  const { filter, sort, hint, limit, deadline } = target;
  const scan = scanRequest(transaction, collection, { filter, sort, hint, deadline });
  const query = { scan, sort, skip: 0, limit };
  const records: number[] = [];
  // Not the documents: all those of a collection may be meant.
  for (const { record } of findAll(transaction, query)) records.push(record);
  return records;
}

/** What an update did. */
export interface UpdateResult {
  readonly matched: number;
  readonly modified: number;
  readonly upserted?: BsonDocument;
  /** The first document before and after, for findAndModify. */
  readonly before?: BsonDocument;
  readonly after?: BsonDocument;
}

/** Where an update happens. */
export interface Namespace {
  readonly database: string;
  readonly name: string;
}

/** Updates the matching documents, or inserts one when none matched and that is wanted. */
export function updateDocuments(
  transaction: Transaction,
  { database, name }: Namespace,
  target: Target,
  update: Update,
  upsert: boolean,
): UpdateResult {
  const collection = transaction.catalog.find(database, name);
  const records = collection === undefined ? [] : findRecords(transaction, collection, target);
  if (collection === undefined || records.length === 0) {
    if (!upsert) return { matched: 0, modified: 0 };
    const upserted = upsertedDocument(target.filter, update);
    checkId(upserted.get('_id') ?? null);
    new DocumentWriter(transaction, ensureCollection(transaction, database, name)).insert(upserted);
    return { matched: 0, modified: 0, upserted, after: upserted };
  }
  const writer = new DocumentWriter(transaction, collection);
  let modified = 0;
  let first: { before: BsonDocument; after: BsonDocument } | undefined;
  for (const record of records) {
    checkDeadline(target.deadline);
    const bytes = documentOf(transaction, collection.id, record);
    const before = decodeStored(bytes);
    const after = applyUpdate(update, before, false);
    first ??= { before, after };
    const encoded = encodeDocument(after);
    if (encoded.equals(bytes)) continue;
    writer.replace(record, before, after, encoded);
    modified += 1;
  }
  return { matched: records.length, modified, ...first };
}

/** Deletes the matching documents and returns the first one and how many they were. */
export function deleteDocuments(
  transaction: Transaction,
  { database, name }: Namespace,
  target: Target,
): { deleted: number; first?: BsonDocument } {
  const collection = transaction.catalog.find(database, name);
  if (collection === undefined) return { deleted: 0 };
  const records = findRecords(transaction, collection, target);
  const writer = new DocumentWriter(transaction, collection);
  let first: BsonDocument | undefined;
  for (const record of records) {
    checkDeadline(target.deadline);
    const document = decodeStored(documentOf(transaction, collection.id, record));
    first ??= document;
    writer.delete(record, document);
  }
  return { deleted: records.length, ...(first && { first }) };
}
