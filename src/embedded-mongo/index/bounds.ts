import { BSONRegExp, Decimal128, Double } from 'bson';
import { isNaNValue } from '../bson/numbers';
import { type BsonValue, isNumber, TypeRank, typeRank } from '../bson/types';
import { type FieldTest, type RangeOperator } from '../query/filter';
import { type LiteralPattern } from '../query/literal-pattern';
import { encodeKeyPart, encodeTextPrefix } from './key-encoding';

/** A place between keys: before or after everything that starts with the bytes. */
export interface Edge {
  readonly bytes: Buffer;
  readonly after: boolean;
}

/** A stretch of one key component. */
export interface Interval {
  readonly from: Edge;
  readonly to: Edge;
  /** Holds exactly one value, so that what follows in a compound key is in order. */
  readonly point: boolean;
}

/** What a condition says about one component of an index key. */
export interface FieldBounds {
  /** Disjoint, in ascending order. */
  readonly intervals: readonly Interval[];
  /** On an index without arrays the intervals hold exactly the values that satisfy the condition. */
  readonly exact: boolean;
}

/** The smallest byte string above all strings that start with the given bytes. */
export function successor(bytes: Buffer): Buffer {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0xff) length -= 1;
  const next = Buffer.from(bytes.subarray(0, length));
  if (length > 0) next[length - 1] = (next[length - 1] as number) + 1;
  return next;
}

/** The key an edge stands for when used as the start, or as the exclusive end, of a scan. */
export function edgeKey(edge: Edge): Buffer {
  return edge.after ? successor(edge.bytes) : edge.bytes;
}

function pointAt(bytes: Buffer): Interval {
  return { from: { bytes, after: false }, to: { bytes, after: true }, point: true };
}

/** Values with no entry of their own (arrays) or no exact key (decimals) cannot be looked up. */
function hasKey(value: BsonValue): boolean {
  if (Array.isArray(value)) return value.every(hasKey);
  if (value instanceof Map) return [...value.values()].every(hasKey);
  return !(value instanceof Decimal128);
}

function canBound(value: BsonValue): boolean {
  return !Array.isArray(value) && hasKey(value);
}

function rangeBounds(op: RangeOperator, value: BsonValue): FieldBounds | undefined {
  const orEqual = op === 'gte' || op === 'lte';
  if (value === null || (isNumber(value) && isNaNValue(value))) {
    return orEqual ? pointBounds([value]) : { intervals: [], exact: true };
  }
  if (!canBound(value)) return undefined;
  const bytes = encodeKeyPart(value);
  const rank = typeRank(value);
  if (op === 'gt' || op === 'gte') {
    const to: Edge = { bytes: Buffer.from([rank]), after: true };
    return { intervals: [{ from: { bytes, after: op === 'gt' }, to, point: false }], exact: true };
  }
  // The lowest number is -Infinity: NaN has a smaller key but is in no range.
  const lowest =
    rank === TypeRank.NUMBER
      ? encodeKeyPart(new Double(Number.NEGATIVE_INFINITY))
      : Buffer.from([rank]);
  const from: Edge = { bytes: lowest, after: false };
  return { intervals: [{ from, to: { bytes, after: op === 'lte' }, point: false }], exact: true };
}

function pointBounds(values: readonly BsonValue[]): FieldBounds | undefined {
  if (!values.every(canBound)) return undefined;
  const intervals = values
    .map((value) => encodeKeyPart(value))
    .sort((a, b) => Buffer.compare(a, b))
    .map(pointAt);
  return { intervals, exact: true };
}

function patternBounds(pattern: LiteralPattern): FieldBounds | undefined {
  if (!pattern.anchoredStart || pattern.ignoreCase) return undefined;
  const prefix = encodeTextPrefix(pattern.text);
  const itself = encodeKeyPart(new BSONRegExp(pattern.source, pattern.options));
  const strings = { from: { bytes: prefix, after: false }, to: { bytes: prefix, after: true } };
  return {
    intervals: [{ ...strings, point: false }, pointAt(itself)],
    exact: !pattern.anchoredEnd,
  };
}

/** Turns a condition into bounds of a key component; undefined when it gives none. */
export function boundsOfTest(test: FieldTest): FieldBounds | undefined {
  switch (test.op) {
    case 'eq':
      return pointBounds([test.value]);
    case 'in':
      return test.patterns.length === 0 ? pointBounds(test.values) : undefined;
    case 'regex':
      return patternBounds(test.pattern);
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return rangeBounds(test.op, test.value);
    default:
      return undefined;
  }
}

function laterStart(a: Edge, b: Edge): Edge {
  return Buffer.compare(edgeKey(a), edgeKey(b)) >= 0 ? a : b;
}

function earlierEnd(a: Edge, b: Edge): Edge {
  return Buffer.compare(edgeKey(a), edgeKey(b)) <= 0 ? a : b;
}

/** The values both bounds allow. Only valid where no document can have several keys. */
export function intersect(a: FieldBounds, b: FieldBounds): FieldBounds {
  const intervals: Interval[] = [];
  for (const left of a.intervals) {
    for (const right of b.intervals) {
      const from = laterStart(left.from, right.from);
      const to = earlierEnd(left.to, right.to);
      if (Buffer.compare(edgeKey(from), edgeKey(to)) >= 0) continue;
      // A point keeps its own edges: their bytes are the value's key.
      if (left.point) intervals.push(left);
      else intervals.push(right.point ? right : { from, to, point: false });
    }
  }
  return { intervals, exact: a.exact && b.exact };
}

function inverted(edge: Edge): Edge {
  return { bytes: Buffer.from(edge.bytes.map((byte) => ~byte)), after: !edge.after };
}

/** The intervals of a descending component, in the order of its inverted bytes. */
export function descendingIntervals(intervals: readonly Interval[]): Interval[] {
  return intervals
    .map(({ from, to, point }) => ({ from: inverted(to), to: inverted(from), point }))
    .reverse();
}
