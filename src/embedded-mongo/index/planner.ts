import { conjuncts, type FieldFilter, type Filter } from '../query/filter';
import {
  boundsOfTest,
  descendingIntervals,
  edgeKey,
  type FieldBounds,
  intersect,
  type Interval,
} from './bounds';
import { type IndexDefinition, type KeyField } from './definition';
import { guaranteedByIndex, indexCovers } from './implication';

/** A stretch of an index: start inclusive, end exclusive, without the index's own key prefix. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** A scan over one index. */
export interface IndexScan {
  readonly index: IndexDefinition;
  /** Disjoint, in key order. */
  readonly ranges: readonly KeyRange[];
  readonly reverse: boolean;
  /** The ranges hold exactly the matching documents: no document needs to be read to decide. */
  readonly exact: boolean;
  /** Every range is one whole key of a unique index, which has one entry or none. */
  readonly lookup: boolean;
}

/** How the documents of a query are found. */
export interface Plan {
  /** Empty for a scan of the whole collection; several for an $or. */
  readonly scans: readonly IndexScan[];
  readonly wholeCollection: boolean;
  readonly reverse: boolean;
  /** The documents come out in the requested order. */
  readonly sorted: boolean;
}

/** Counts the entries of an index in some ranges, up to a limit. */
export type CountEntries = (scan: Pick<IndexScan, 'index' | 'ranges'>, limit: number) => number;

/** What is asked of the planner. */
export interface PlanRequest {
  readonly filter: Filter;
  readonly sort: readonly KeyField[];
  readonly countEntries: CountEntries;
  /** Only this index may be used. */
  readonly hint?: IndexDefinition;
}

/** More points than this are not multiplied out over further fields. */
const MAX_RANGES = 2000;

interface Candidate {
  readonly scan: IndexScan;
  readonly sorted: boolean;
  readonly score: number;
}

interface BoundingCondition {
  readonly condition: FieldFilter;
  readonly implied: boolean;
  /** The $elemMatch that holds for one and the same element as all others that come from it. */
  readonly element?: FieldFilter;
}

/** Conditions that give bounds, including those an $elemMatch implies for the paths inside it. */
function boundingConditions(filter: Filter): BoundingCondition[] {
  const found: BoundingCondition[] = [];
  for (const child of conjuncts(filter)) {
    if (child.kind !== 'field') continue;
    found.push({ condition: child, implied: false });
    const { test, path } = child;
    if (test.op !== 'elemMatchDocument' && test.op !== 'elemMatchValue') continue;
    for (const inner of conjuncts(test.filter)) {
      if (inner.kind !== 'field') continue;
      const full = inner.path === '' ? path : `${path}.${inner.path}`;
      const condition = { ...inner, path: full, parts: full.split('.') };
      // Deeper paths may lead through a further array, and there to different elements.
      const same = inner.parts.length === 1 ? { element: child } : {};
      found.push({ condition, implied: true, ...same });
    }
  }
  return found;
}

interface UsedBounds {
  readonly bounds: FieldBounds;
  readonly satisfied: readonly Filter[];
  readonly element?: FieldFilter | undefined;
}

/** Whether two conditions hold for one and the same element, which has one key. */
function isOfOneElement(one: FieldFilter | undefined, other: FieldFilter | undefined): boolean {
  return one?.test.op === 'elemMatchValue' && one === other;
}

/** The bounds of one index field; with arrays in the field only one condition may be used. */
function boundsOfField(index: IndexDefinition, at: number, filter: Filter): UsedBounds | undefined {
  const path = (index.fields[at] as KeyField).path;
  const multikey = index.multikey[at] === true;
  let result: FieldBounds | undefined;
  let chosen: FieldFilter | undefined;
  const satisfied: Filter[] = [];
  for (const { condition, implied, element } of boundingConditions(filter)) {
    if (condition.path !== path) continue;
    const bounds = boundsOfTest(condition.test);
    if (bounds === undefined) continue;
    if (result === undefined) {
      result = bounds;
      chosen = element;
    } else if (multikey && !isOfOneElement(element, chosen)) {
      if (bounds.intervals.every((i) => i.point) && !result.intervals.every((i) => i.point)) {
        result = bounds;
        chosen = element;
      }
    } else {
      result = intersect(result, bounds);
    }
    if (bounds.exact && !multikey && !implied) satisfied.push(condition);
  }
  return result && { bounds: result, satisfied, element: chosen };
}

/** A field with arrays whose bounds are in use. */
interface ArrayField {
  readonly root: string;
  readonly element: FieldFilter | undefined;
}

/**
 * One entry of the index stands for one element of an array, but two conditions may hold for two
 * different elements: then no entry lies within the bounds of both, and only one may be used.
 */
function meetsAnotherElement(
  index: IndexDefinition,
  at: number,
  { element }: UsedBounds,
  arrays: ArrayField[],
): boolean {
  if (index.multikey[at] !== true) return false;
  const root = (index.fields[at] as KeyField).parts[0] as string;
  const meets = arrays.some(
    (other) => other.root === root && (element === undefined || element !== other.element),
  );
  arrays.push({ root, element });
  return meets;
}

function joinRanges(prefixes: readonly Buffer[], intervals: readonly Interval[]): KeyRange[] {
  return prefixes.flatMap((prefix) =>
    intervals.map(({ from, to }) => ({
      start: Buffer.concat([prefix, edgeKey(from)]),
      end: edgeKey({ bytes: Buffer.concat([prefix, to.bytes]), after: to.after }),
    })),
  );
}

/** Every key component starts with a byte between 01 and FE. */
const WHOLE_INDEX: KeyRange = { start: Buffer.from([0]), end: Buffer.from([0xff]) };

function rangeOfPrefix(bytes: Buffer): KeyRange {
  return { start: bytes, end: edgeKey({ bytes, after: true }) };
}

interface Shape {
  readonly ranges: readonly KeyRange[];
  /** Leading fields with exactly one value. */
  readonly fixedFields: number;
  readonly boundedFields: number;
  readonly pointFields: number;
  readonly satisfied: readonly Filter[];
}

/** Multiplies the bounds of the leading fields out into ranges of the compound key. */
function shapeOf(index: IndexDefinition, filter: Filter): Shape {
  let prefixes: Buffer[] = [Buffer.alloc(0)];
  const satisfied: Filter[] = [];
  const arrays: ArrayField[] = [];
  let fixedFields = 0;
  let at = 0;
  for (; at < index.fields.length; at += 1) {
    const used = boundsOfField(index, at, filter);
    const { descending } = index.fields[at] as KeyField;
    const ascending = used?.bounds.intervals ?? [];
    const intervals = descending ? descendingIntervals(ascending) : ascending;
    const tooMany = at > 0 && prefixes.length * intervals.length > MAX_RANGES;
    if (used === undefined || tooMany || meetsAnotherElement(index, at, used, arrays)) {
      const ranges = at === 0 ? [WHOLE_INDEX] : prefixes.map(rangeOfPrefix);
      return { ranges, fixedFields, boundedFields: at, pointFields: at, satisfied };
    }
    satisfied.push(...used.satisfied);
    if (!intervals.every((interval) => interval.point)) {
      const ranges = joinRanges(prefixes, intervals);
      return { ranges, fixedFields, boundedFields: at + 1, pointFields: at, satisfied };
    }
    if (intervals.length === 1 && fixedFields === at) fixedFields += 1;
    prefixes = prefixes.flatMap((prefix) =>
      intervals.map(({ from }) => Buffer.concat([prefix, from.bytes])),
    );
  }
  const ranges = prefixes.map(rangeOfPrefix);
  return { ranges, fixedFields, boundedFields: at, pointFields: at, satisfied };
}

/** Whether reading the index (forwards or backwards) gives the requested order. */
function sortDirection(
  index: IndexDefinition,
  sort: readonly KeyField[],
  fixedFields: number,
): 'forward' | 'backward' | undefined {
  if (sort.length === 0 || index.hasCutKeys || index.multikey.includes(true)) return undefined;
  const fixed = new Set(index.fields.slice(0, fixedFields).map((field) => field.path));
  const wanted = sort.filter((field) => !fixed.has(field.path));
  const given = index.fields.slice(fixedFields);
  let reverse: boolean | undefined;
  for (const [at, field] of wanted.entries()) {
    const own = given[at];
    if (own === undefined || own.path !== field.path) return undefined;
    const opposite = own.descending !== field.descending;
    if (reverse !== undefined && reverse !== opposite) return undefined;
    reverse = opposite;
  }
  return reverse === true ? 'backward' : 'forward';
}

/** How good an index is: points count most, then ranges, then order. */
function rate(
  index: IndexDefinition,
  { pointFields, boundedFields }: Shape,
  gains: { ordered: boolean; exact: boolean; lookup: boolean },
): number {
  return (
    (gains.lookup ? 100 : 0) +
    pointFields * 10 +
    (boundedFields - pointFields) * 6 +
    (gains.ordered ? 5 : 0) +
    (gains.exact ? 2 : 0) +
    (index.partial === undefined ? 0 : 1)
  );
}

function candidate(index: IndexDefinition, request: PlanRequest): Candidate | undefined {
  const { filter, sort } = request;
  if (!indexCovers(index, filter)) return undefined;
  const shape = shapeOf(index, filter);
  const direction = sortDirection(index, sort, shape.fixedFields);
  const exact =
    !index.hasCutKeys &&
    !index.multikey.includes(true) &&
    conjuncts(filter).every(
      (condition) => shape.satisfied.includes(condition) || guaranteedByIndex(index, condition),
    );
  const sorted = sort.length === 0 || direction !== undefined;
  const lookup = index.unique && shape.pointFields === index.fields.length;
  const score = rate(index, shape, { ordered: sort.length > 0 && sorted, exact, lookup });
  const useless =
    shape.boundedFields === 0 && !(sort.length > 0 && sorted) && index.partial === undefined;
  if (useless && request.hint === undefined) return undefined;
  const reverse = direction === 'backward';
  return { scan: { index, ranges: shape.ranges, reverse, exact, lookup }, sorted, score };
}

/** An index with so few entries in its ranges is as good as any. */
const FEW = 8;
/** Beyond this, entries are not counted: the way to it is then chosen by its form. */
const COUNTED = 256;

function bestCandidate(
  indexes: readonly IndexDefinition[],
  request: PlanRequest,
): Candidate | undefined {
  const candidates: Candidate[] = [];
  for (const index of indexes) {
    const next = candidate(index, request);
    if (next !== undefined) candidates.push(next);
  }
  const [best, ...others] = candidates.sort((a, b) => b.score - a.score);
  if (best === undefined || best.scan.lookup || others.length === 0) return best;
  return fewestEntries(best, others, request.countEntries);
}

/**
 * The form of a condition does not tell how many documents fulfil it: one value of a field may be that of one document
 * and three values those of half the collection. So the entries are counted, as long as they are few.
 */
function fewestEntries(
  best: Candidate,
  others: readonly Candidate[],
  countEntries: CountEntries,
): Candidate {
  const few = [best, ...others].find(({ scan }) => countEntries(scan, FEW + 1) <= FEW);
  if (few !== undefined) return few;
  let chosen = best;
  let fewest = countEntries(best.scan, COUNTED);
  for (const other of others) {
    const count = countEntries(other.scan, fewest);
    // What comes first has the better form, perhaps the wanted order: it is left only for much less.
    if (count * 2 < fewest) [chosen, fewest] = [other, count];
  }
  return chosen;
}

/** An $or whose every branch has an index of its own. */
function unionPlan(
  indexes: readonly IndexDefinition[],
  { filter, countEntries }: PlanRequest,
): readonly IndexScan[] | undefined {
  const parts = conjuncts(filter);
  const choice = parts.find((child) => child.kind === 'or');
  if (choice?.kind !== 'or' || choice.filters.length === 0) return undefined;
  const others = parts.filter((child) => child !== choice);
  const scans: IndexScan[] = [];
  for (const branch of choice.filters) {
    const both: Filter = { kind: 'and', filters: [branch, ...others] };
    const best = bestCandidate(indexes, { filter: both, sort: [], countEntries });
    if (best === undefined || best.score < 6) return undefined;
    scans.push({ ...best.scan, exact: false });
  }
  return scans;
}

/** Reads every document of the collection. */
const WHOLE: Plan = { scans: [], wholeCollection: true, reverse: false, sorted: false };

/** Chooses how to find the documents. Whatever is chosen, the result is that of a full scan. */
export function planQuery(indexes: readonly IndexDefinition[], request: PlanRequest): Plan {
  const usable = request.hint === undefined ? indexes : [request.hint];
  const best = bestCandidate(usable, request);
  if (request.hint === undefined && (best === undefined || best.score < 10)) {
    const scans = unionPlan(indexes, request);
    if (scans !== undefined) {
      return { scans, wholeCollection: false, reverse: false, sorted: request.sort.length === 0 };
    }
  }
  if (best === undefined) return { ...WHOLE, sorted: request.sort.length === 0 };
  return {
    scans: [best.scan],
    wholeCollection: false,
    reverse: best.scan.reverse,
    sorted: best.sorted,
  };
}
