import { decodeFields, decodeStored } from '../bson/decode';
import { encodeDocument } from '../bson/encode';
import { CommandError } from '../errors';
import { type KeyField } from '../index/definition';
import { sortKey } from '../index/document-keys';
import { type Projection, project } from '../query/projection';
import { type CollectionDefinition } from '../storage/catalog';
import {
  type Deadline,
  type Found,
  isExact,
  scan,
  type ScanPosition,
  type ScanRequest,
  skipExact,
  startPosition,
} from '../storage/scan';
import { type Snapshot, type Store } from '../storage/store';
import { BATCH_BYTES, type DocumentSource } from './cursor-registry';

/** Documents a sort may hold, as in MongoDB. */
export const SORT_BYTES = 100 * 1024 * 1024;
/** What an object that holds a small result costs besides its bytes. */
export const ROW_OVERHEAD = 250;
const SEEN_RECORD_BYTES = 40;

/** A query with everything that shapes its result. */
export interface Query {
  readonly scan: ScanRequest;
  readonly sort: readonly KeyField[];
  readonly skip: number;
  /** Infinity for no limit. */
  readonly limit: number;
  readonly projection?: Projection | undefined;
}

interface Sortable extends Found {
  readonly key: Buffer;
}

/** The error for a sort or group that does not fit into memory. */
export function memoryExceeded(what: string): CommandError {
  return new CommandError(292, `${what} exceeded memory limit of ${SORT_BYTES} bytes`);
}

function inOrder(a: Sortable, b: Sortable): number {
  return Buffer.compare(a.key, b.key) || a.record - b.record;
}

function weight(row: Sortable): number {
  return row.bytes.length + row.key.length + ROW_OVERHEAD;
}

/** Sorts in memory; with a limit only the best rows are kept on the way. */
function sortFound(found: Iterable<Found>, sort: readonly KeyField[], wanted: number): Found[] {
  const fields = new Set(sort.map((field) => field.parts[0] as string));
  const pruneAt = wanted * 2 + 1000;
  let rows: Sortable[] = [];
  let bytes = 0;
  for (const { record, bytes: document } of found) {
    const key = sortKey(decodeFields(document, fields), sort);
    const row = { record, bytes: document, key };
    rows.push(row);
    bytes += weight(row);
    if (rows.length > pruneAt || (bytes > SORT_BYTES && rows.length > wanted)) {
      rows = rows.sort(inOrder).slice(0, wanted);
      bytes = rows.reduce((sum, row) => sum + weight(row), 0);
    }
    if (bytes > SORT_BYTES) throw memoryExceeded('Sort');
  }
  return rows.sort(inOrder).slice(0, wanted);
}

/** All documents of a query at once, for commands that need them together. */
export function* findAll(snapshot: Snapshot, query: Query): Generator<Found> {
  const { skip, limit, sort } = query;
  if (!query.scan.plan.sorted) {
    yield* sortFound(scan(snapshot, query.scan), sort, skip + limit).slice(skip);
    return;
  }
  const position = startPosition(query.scan.plan);
  let toSkip = isExact(query.scan.plan) ? skipExact(snapshot, query.scan, position, skip) : skip;
  let left = limit;
  if (left <= 0) return;
  for (const found of scan(snapshot, query.scan, position)) {
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    yield found;
    left -= 1;
    if (left <= 0) return;
  }
}

function shape(projection: Projection | undefined, bytes: Buffer): Buffer {
  return projection === undefined
    ? bytes
    : encodeDocument(project(projection, decodeStored(bytes)));
}

/** The result of a query that must be sorted first: read once, then handed out. */
export function sortedDocuments(snapshot: Snapshot, query: Query): Buffer[] {
  return [...findAll(snapshot, query)].map(({ bytes }) => shape(query.projection, bytes));
}

/** Reads a query portion by portion; between portions it holds nothing but a position. */
export class ScanSource implements DocumentSource {
  done = false;
  private readonly position: ScanPosition;
  private toSkip: number;
  private left: number;
  private started = false;

  constructor(
    private readonly store: Store,
    private readonly query: Query,
  ) {
    this.position = startPosition(query.scan.plan);
    this.toSkip = query.skip;
    this.left = query.limit;
  }

  get heldBytes(): number {
    return (this.position.seen?.size ?? 0) * SEEN_RECORD_BYTES;
  }

  next(count: number, deadline: Deadline): Buffer[] {
    return this.store.read((snapshot) => {
      this.assertPlanStillValid(snapshot);
      const request = { ...this.query.scan, deadline };
      if (!this.started && isExact(request.plan)) {
        this.toSkip = skipExact(snapshot, request, this.position, this.toSkip);
      }
      this.started = true;
      return this.collect(scan(snapshot, request, this.position), Math.min(count, this.left));
    });
  }

  private collect(found: Generator<Found>, wanted: number): Buffer[] {
    const batch: Buffer[] = [];
    let bytes = 0;
    if (wanted <= 0) return batch;
    for (const { bytes: document } of found) {
      if (this.toSkip > 0) {
        this.toSkip -= 1;
        continue;
      }
      const shaped = shape(this.query.projection, document);
      batch.push(shaped);
      this.left -= 1;
      bytes += shaped.length + 16;
      // A document may be as large as a batch: stop before the next one could overflow the reply.
      if (batch.length >= wanted || bytes > BATCH_BYTES / 2) {
        this.done = this.left <= 0;
        return batch;
      }
    }
    this.done = true;
    return batch;
  }

  /** A scan can only go on while the index it reads is there and means the same. */
  private assertPlanStillValid(snapshot: Snapshot): void {
    const { collection, plan } = this.query.scan;
    const now = snapshot.catalog.find(collection.database, collection.name);
    const valid =
      now?.id === collection.id && plan.scans.every(({ index }) => sameIndex(now, index));
    if (!valid) {
      throw new CommandError(175, 'collection or index dropped or changed between getMore calls');
    }
  }
}

function sameIndex(
  collection: CollectionDefinition,
  planned: CollectionDefinition['indexes'][number],
): boolean {
  const now = collection.indexes.find(({ id }) => id === planned.id);
  return (
    now !== undefined &&
    now.hasCutKeys === planned.hasCutKeys &&
    now.multikey.every((flag, at) => flag === planned.multikey[at])
  );
}
