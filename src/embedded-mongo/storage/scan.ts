import { decodeFields } from '../bson/decode';
import { CommandError } from '../errors';
import { type IndexScan, type Plan } from '../index/planner';
import { type Filter, rootFields } from '../query/filter';
import { matches } from '../query/match';
import { type CollectionDefinition } from './catalog';
import {
  documentKey,
  documentRange,
  entryEdge,
  hasOwnEntry,
  ownEntryKey,
  recordOf,
  recordOfEntry,
} from './keyspace';
import { type Range, type Snapshot } from './store';

/** A document found by a scan. */
export interface Found {
  readonly record: number;
  readonly bytes: Buffer;
}

/** Where a scan stopped, so that it can be taken up again. */
export interface ScanPosition {
  /** Number of stretches that are finished. */
  stretch: number;
  /** The last key read in the current stretch. */
  lastKey?: Uint8Array;
  /** Records already seen, kept only where one document can be met twice. */
  readonly seen?: Set<number>;
}

/** When a command must have ended; 0 means never. */
export type Deadline = number;

/** Fails when the time the client allowed is over. */
export function checkDeadline(deadline: Deadline): void {
  if (deadline !== 0 && Date.now() > deadline) {
    throw new CommandError(50, 'operation exceeded time limit');
  }
}

const ROWS_BETWEEN_CHECKS = 32;

/** The query a scan answers. */
export interface ScanRequest {
  readonly collection: CollectionDefinition;
  readonly plan: Plan;
  readonly filter: Filter;
  readonly deadline: Deadline;
}

/** True when the plan alone decides which documents match. */
export function isExact(plan: Plan): boolean {
  return plan.scans.length === 1 && (plan.scans[0] as IndexScan).exact;
}

/** A stretch of keys a plan reads. */
interface Stretch extends Range {
  /** The entries hold their records as values. */
  readonly unique: boolean;
  /** The one entry the stretch can hold. */
  readonly only?: Buffer;
}

function indexStretches({ index, ranges, reverse, lookup }: IndexScan): Stretch[] {
  const all = ranges.map(({ start, end }) => ({
    start: entryEdge(index.id, start, false),
    end: entryEdge(index.id, end, true),
    reverse,
    unique: index.unique,
    ...(lookup && hasOwnEntry(start) && { only: ownEntryKey(index.id, start) }),
  }));
  return reverse ? all.reverse() : all;
}

/** All key stretches a plan reads, in reading order. */
function stretches(collection: CollectionDefinition, plan: Plan): Stretch[] {
  if (plan.wholeCollection) {
    return [{ ...documentRange(collection.id), reverse: plan.reverse, unique: false }];
  }
  const [only] = plan.scans;
  return only !== undefined && plan.scans.length === 1
    ? indexStretches(only)
    : plan.scans.flatMap(indexStretches);
}

/** A fresh position for a plan. */
export function startPosition(plan: Plan): ScanPosition {
  const repeats =
    plan.scans.length > 1 || plan.scans.some(({ index }) => index.multikey.includes(true));
  return repeats ? { stretch: 0, seen: new Set() } : { stretch: 0 };
}

function remaining<T extends Range>(range: T, lastKey: Uint8Array | undefined): T {
  if (lastKey === undefined) return range;
  if (range.reverse === true) return { ...range, end: lastKey };
  return { ...range, start: Buffer.concat([lastKey, Buffer.from([0])]) };
}

interface EntryFound {
  readonly key: Uint8Array;
  readonly record: number;
}

function* entriesIn(snapshot: Snapshot, range: Stretch): Generator<EntryFound> {
  if (range.unique) {
    for (const { key, value } of snapshot.entries(range)) {
      yield { key, record: recordOfEntry(key, value) };
    }
  } else {
    for (const key of snapshot.keys(range)) yield { key, record: recordOf(key) };
  }
}

/** Looking one entry up is much cheaper than reading a stretch with a cursor. */
function lookedUp(
  snapshot: Snapshot,
  key: Buffer,
  lastKey: Uint8Array | undefined,
): readonly EntryFound[] {
  const record = lastKey === undefined ? snapshot.recordAt(key) : undefined;
  return record === undefined ? [] : [{ key, record }];
}

function* records(
  snapshot: Snapshot,
  request: ScanRequest,
  position: ScanPosition,
): Generator<number> {
  const ranges = stretches(request.collection, request.plan);
  let rows = 0;
  for (; position.stretch < ranges.length; position.stretch += 1) {
    const range = ranges[position.stretch] as Stretch;
    const entries =
      range.only === undefined
        ? entriesIn(snapshot, remaining(range, position.lastKey))
        : lookedUp(snapshot, range.only, position.lastKey);
    for (const { key, record } of entries) {
      position.lastKey = key;
      rows += 1;
      if (rows % ROWS_BETWEEN_CHECKS === 0) checkDeadline(request.deadline);
      if (position.seen?.has(record) === true) continue;
      position.seen?.add(record);
      yield record;
    }
    delete position.lastKey;
  }
}

function* wholeCollection(
  snapshot: Snapshot,
  request: ScanRequest,
  position: ScanPosition,
): Generator<Found> {
  const range = { ...documentRange(request.collection.id), reverse: request.plan.reverse };
  if (position.stretch > 0) return;
  let rows = 0;
  for (const { key, value } of snapshot.entries(remaining(range, position.lastKey))) {
    position.lastKey = key;
    rows += 1;
    if (rows % ROWS_BETWEEN_CHECKS === 0) checkDeadline(request.deadline);
    yield { record: recordOf(key), bytes: value };
  }
  position.stretch = 1;
}

/** The document of a record an index names. */
export function documentOf(snapshot: Snapshot, collection: number, record: number): Buffer {
  const bytes = snapshot.get(documentKey(collection, record));
  if (bytes === undefined) throw new Error('an index entry has no document');
  return bytes;
}

function* candidates(
  snapshot: Snapshot,
  request: ScanRequest,
  position: ScanPosition,
): Generator<Found> {
  if (request.plan.wholeCollection) {
    yield* wholeCollection(snapshot, request, position);
    return;
  }
  for (const record of records(snapshot, request, position)) {
    yield { record, bytes: documentOf(snapshot, request.collection.id, record) };
  }
}

/** The matching documents in the order of the plan, from the position on. */
export function* scan(
  snapshot: Snapshot,
  request: ScanRequest,
  position: ScanPosition = startPosition(request.plan),
): Generator<Found> {
  const { filter } = request;
  const fields = rootFields(filter);
  const always = isExact(request.plan) || (filter.kind === 'and' && filter.filters.length === 0);
  for (const found of candidates(snapshot, request, position)) {
    if (always || matches(filter, decodeFields(found.bytes, fields))) yield found;
  }
}

/** Counts matches without reading documents where the index alone decides. */
export function countMatches(snapshot: Snapshot, request: ScanRequest): number {
  if (isExact(request.plan)) {
    return stretches(request.collection, request.plan).reduce(
      (total, range) => total + snapshot.count(range),
      0,
    );
  }
  let total = 0;
  const matching = scan(snapshot, request);
  while (matching.next().done !== true) total += 1;
  return total;
}

/** Ranges that are looked into when entries are counted. */
const COUNTED_RANGES = 16;

/** The number of entries in some ranges of an index; `limit` when there are as many, or too many ranges to look into. */
export function countEntries(
  snapshot: Snapshot,
  { index, ranges }: Pick<IndexScan, 'index' | 'ranges'>,
  limit: number,
): number {
  if (ranges.length > COUNTED_RANGES) return limit;
  let count = 0;
  for (const { start, end } of ranges) {
    if (count >= limit) break;
    const range = { start: entryEdge(index.id, start, false), end: entryEdge(index.id, end, true) };
    count += [...snapshot.keys({ ...range, limit: limit - count })].length;
  }
  return count;
}

/** Skips matches of an exact plan by counting keys only and returns how many are still to skip. */
export function skipExact(
  snapshot: Snapshot,
  request: ScanRequest,
  position: ScanPosition,
  skip: number,
): number {
  const ranges = stretches(request.collection, request.plan);
  let left = skip;
  while (left > 0 && position.stretch < ranges.length) {
    const range = ranges[position.stretch] as Range;
    const [last] = [...snapshot.keys({ ...range, offset: left - 1, limit: 1 })];
    if (last !== undefined) {
      position.lastKey = Buffer.from(last);
      return 0;
    }
    left -= snapshot.count(range);
    position.stretch += 1;
  }
  return left;
}
