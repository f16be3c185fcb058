import { decodeStored } from '../bson/decode';
import { encodeDocument } from '../bson/encode';
import { type BsonDocument } from '../bson/types';
import { CommandError } from '../errors';
import { type IndexDefinition } from '../index/definition';
import { documentKeys, type DocumentKeys } from '../index/document-keys';
import { rootFields } from '../query/filter';
import { matches } from '../query/match';
import { type CollectionDefinition } from './catalog';
import { saveCollection } from './catalog-changes';
import { duplicateKeyError } from './duplicate-key';
import {
  documentKey,
  documentRange,
  entryKey,
  hasOwnEntry,
  isCutEntry,
  ownEntryKey,
  recordOf,
  recordValue,
} from './keyspace';
import { checkDeadline, type Deadline, documentOf } from './scan';
import { type Snapshot, type Transaction } from './store';

/** The largest document, as in MongoDB. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
const LAST_RECORD = 2 ** 48 - 1;
const EMPTY = Buffer.alloc(0);
const NO_KEYS: DocumentKeys = { keys: [], multikey: [], present: false };

/** The keys a document has in an index; none when the index does not hold it. */
export function keysInIndex(index: IndexDefinition, document: BsonDocument): DocumentKeys {
  if (index.partial !== undefined && !matches(index.partial.filter, document)) return NO_KEYS;
  const found = documentKeys(document, index.fields);
  return index.sparse && !found.present ? NO_KEYS : found;
}

/** The record that already has the key in the index, if any other than the given one has. */
function holderOfKey(
  snapshot: Snapshot,
  collection: CollectionDefinition,
  index: IndexDefinition,
  wanted: { key: Buffer; record: number },
): number | undefined {
  if (!hasOwnEntry(wanted.key)) return holderOfCutKey(snapshot, collection, index, wanted);
  const record = snapshot.recordAt(ownEntryKey(index.id, wanted.key));
  return record === wanted.record ? undefined : record;
}

/** Several keys share a cut entry: only the documents can tell which one it is. */
function holderOfCutKey(
  snapshot: Snapshot,
  collection: CollectionDefinition,
  index: IndexDefinition,
  wanted: { key: Buffer; record: number },
): number | undefined {
  const start = entryKey(index.id, wanted.key, 0);
  const end = Buffer.concat([entryKey(index.id, wanted.key, LAST_RECORD), Buffer.from([0])]);
  for (const entry of snapshot.keys({ start, end })) {
    const record = recordOf(entry);
    if (record === wanted.record) continue;
    const { keys } = keysInIndex(index, decodeStored(documentOf(snapshot, collection.id, record)));
    if (keys.some((key) => key.equals(wanted.key))) return record;
  }
  return undefined;
}

interface IndexChange {
  readonly index: IndexDefinition;
  readonly added: readonly Buffer[];
  readonly removed: readonly Buffer[];
  readonly keys: DocumentKeys;
}

/** The keys of a document's entries in ascending order; cut ones may be there more than once. */
function entriesOf(index: IndexDefinition, keys: DocumentKeys, record: number): Buffer[] {
  return keys.keys.map((key) =>
    index.unique && hasOwnEntry(key) ? ownEntryKey(index.id, key) : entryKey(index.id, key, record),
  );
}

/** The elements of one ascending list that are not in the other one. */
function without(list: readonly Buffer[], other: readonly Buffer[]): readonly Buffer[] {
  if (other.length === 0) return list;
  let at = 0;
  return list.filter((entry) => {
    let order = 1;
    for (; at < other.length; at += 1) {
      order = Buffer.compare(other[at] as Buffer, entry);
      if (order >= 0) break;
    }
    return at === other.length || order !== 0;
  });
}

function changeOfIndex(
  index: IndexDefinition,
  record: number,
  before: DocumentKeys,
  after: DocumentKeys,
): IndexChange {
  const old = entriesOf(index, before, record);
  const fresh = entriesOf(index, after, record);
  return { index, keys: after, added: without(fresh, old), removed: without(old, fresh) };
}

/** Stores an entry; one that does not end with its record has it as the value. */
function putEntry(
  transaction: Transaction,
  { unique }: IndexDefinition,
  entry: Buffer,
  value: Buffer,
): void {
  transaction.put(entry, unique && !isCutEntry(entry) ? value : EMPTY);
}

const fieldsRead = new WeakMap<IndexDefinition, readonly string[]>();

/** The top-level fields that decide about an index's keys. */
function fieldsOf(index: IndexDefinition): readonly string[] {
  let names = fieldsRead.get(index);
  if (names === undefined) {
    const condition = index.partial === undefined ? [] : rootFields(index.partial.filter);
    names = [...condition, ...index.fields.map(({ parts }) => parts[0] as string)];
    fieldsRead.set(index, names);
  }
  return names;
}

/** False only when both documents certainly have the same keys: what decides is one and the same. */
function mayDiffer(index: IndexDefinition, before: BsonDocument, after: BsonDocument): boolean {
  return fieldsOf(index).some((name) => before.get(name) !== after.get(name));
}

/** Flags of an index that a new document changes; they only ever become true. */
function withFlags(index: IndexDefinition, keys: DocumentKeys): IndexDefinition {
  const multikey = index.multikey.map((flag, at) => flag || keys.multikey[at] === true);
  const hasCutKeys = index.hasCutKeys || !keys.keys.every(hasOwnEntry);
  const same =
    hasCutKeys === index.hasCutKeys && !multikey.some((f, at) => f !== index.multikey[at]);
  return same ? index : { ...index, multikey, hasCutKeys };
}

/** Writes documents of one collection and keeps its indexes in step. */
export class DocumentWriter {
  constructor(
    private readonly transaction: Transaction,
    private collection: CollectionDefinition,
  ) {}

  /** Adds a document whose _id is present. Throws before anything is changed. */
  insert(document: BsonDocument, encoded?: Buffer): void {
    const counters = this.transaction.counters(this.collection.id);
    const record = counters.nextRecord;
    this.store(record, undefined, document, encoded ?? encodeDocument(document));
    counters.nextRecord += 1;
    counters.documents += 1;
  }

  /** Replaces the content of a record. Throws before anything is changed. */
  replace(record: number, before: BsonDocument, after: BsonDocument, encoded: Buffer): void {
    this.store(record, before, after, encoded);
  }

  delete(record: number, document: BsonDocument): void {
    for (const index of this.collection.indexes) {
      const entries = entriesOf(index, keysInIndex(index, document), record);
      for (const entry of entries) this.transaction.remove(entry);
    }
    this.transaction.remove(documentKey(this.collection.id, record));
    this.transaction.counters(this.collection.id).documents -= 1;
  }

  private store(
    record: number,
    before: BsonDocument | undefined,
    after: BsonDocument,
    encoded: Buffer,
  ): void {
    if (encoded.length > MAX_DOCUMENT_BYTES) {
      throw new CommandError(
        10334,
        `BSONObj size: ${encoded.length} is invalid, the limit is 16 MB`,
      );
    }
    const { indexes } = this.collection;
    const concerned =
      before === undefined ? indexes : indexes.filter((index) => mayDiffer(index, before, after));
    const changes = concerned.map((index) =>
      changeOfIndex(
        index,
        record,
        before === undefined ? NO_KEYS : keysInIndex(index, before),
        keysInIndex(index, after),
      ),
    );
    for (const change of changes) this.assertUnique(change, record, after);
    this.keepFlags(changes);
    const value = recordValue(record);
    for (const { index, added, removed } of changes) {
      for (const entry of removed) this.transaction.remove(entry);
      for (const entry of added) putEntry(this.transaction, index, entry, value);
    }
    this.transaction.put(documentKey(this.collection.id, record), encoded);
  }

  private assertUnique(
    { index, added, keys }: IndexChange,
    record: number,
    after: BsonDocument,
  ): void {
    // A changed key beyond the cut leaves the entry as it is but must still be unique.
    const cut = !keys.keys.every(hasOwnEntry);
    if (!index.unique || (added.length === 0 && !cut)) return;
    for (const key of keys.keys) {
      const holder = holderOfKey(this.transaction, this.collection, index, { key, record });
      if (holder !== undefined) throw duplicateKeyError(this.collection, index, after, key);
    }
  }

  private keepFlags(changes: readonly IndexChange[]): void {
    const changed = new Map<IndexDefinition, IndexDefinition>();
    for (const { index, keys } of changes) {
      const flagged = withFlags(index, keys);
      if (flagged !== index) changed.set(index, flagged);
    }
    if (changed.size === 0) return;
    // Indexes the change does not concern are not among the changes, but stay indexes.
    const indexes = this.collection.indexes.map((index) => changed.get(index) ?? index);
    this.collection = { ...this.collection, indexes };
    saveCollection(this.transaction, this.collection);
  }
}

const BUILD_CHUNK = 500;

/** Fills a new index from the documents; returns it with its flags. Throws on a duplicate. */
export function buildIndex(
  transaction: Transaction,
  collection: CollectionDefinition,
  index: IndexDefinition,
  deadline: Deadline,
): IndexDefinition {
  const { start, end } = documentRange(collection.id);
  let built = index;
  let from = start;
  for (;;) {
    // Read a chunk first, then write: no iterator is open while entries are added.
    const chunk = [...transaction.entries({ start: from, end, limit: BUILD_CHUNK })];
    for (const { key, value } of chunk) {
      checkDeadline(deadline);
      built = addToIndex(transaction, collection, built, { record: recordOf(key), bytes: value });
    }
    const last = chunk.at(-1);
    if (last === undefined) return built;
    from = Buffer.concat([last.key, Buffer.from([0])]);
  }
}

function addToIndex(
  transaction: Transaction,
  collection: CollectionDefinition,
  index: IndexDefinition,
  { record, bytes }: { record: number; bytes: Buffer },
): IndexDefinition {
  const document = decodeStored(bytes);
  const keys = keysInIndex(index, document);
  for (const key of index.unique ? keys.keys : []) {
    const holder = holderOfKey(transaction, collection, index, { key, record });
    if (holder !== undefined) throw duplicateKeyError(collection, index, document, key);
  }
  const value = recordValue(record);
  for (const entry of entriesOf(index, keys, record)) putEntry(transaction, index, entry, value);
  return withFlags(index, keys);
}
