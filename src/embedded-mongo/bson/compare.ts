import { Binary, BSONRegExp, ObjectId, Timestamp } from 'bson';
import { compareNumbers } from './numbers';
import { type BsonDocument, type BsonValue, isNumber, typeRank } from './types';

/** Compares text in the order of its UTF-8 bytes, which is what MongoDB uses. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return utf8Weight(left) - utf8Weight(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every other UTF-16 unit. */
function utf8Weight(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function compareDocuments(a: BsonDocument, b: BsonDocument): number {
  const right = b.entries();
  for (const [name, value] of a) {
    const next = right.next();
    if (next.done) return 1;
    const [otherName, otherValue] = next.value;
    const result =
      typeRank(value) - typeRank(otherValue) ||
      compareText(name, otherName) ||
      compareValues(value, otherValue);
    if (result !== 0) return result;
  }
  return right.next().done ? 0 : -1;
}

function compareArrays(a: BsonValue[], b: BsonValue[]): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const result = compareValues(a[at] as BsonValue, b[at] as BsonValue);
    if (result !== 0) return result;
  }
  return a.length - b.length;
}

function compareBinaries(a: Binary, b: Binary): number {
  return (
    a.position - b.position ||
    a.sub_type - b.sub_type ||
    Buffer.compare(a.buffer.subarray(0, a.position), b.buffer.subarray(0, b.position))
  );
}

function compareScalarObjects(a: BsonValue, b: BsonValue): number {
  if (a instanceof ObjectId && b instanceof ObjectId) return Buffer.compare(a.id, b.id);
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (a instanceof Binary && b instanceof Binary) return compareBinaries(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.comp(b);
  if (a instanceof BSONRegExp && b instanceof BSONRegExp) {
    return compareText(a.pattern, b.pattern) || compareText(a.options, b.options);
  }
  return 0;
}

/** Compares two values in MongoDB's order: first by type, then by value. Zero means equal. */
export function compareValues(a: BsonValue, b: BsonValue): number {
  const rank = typeRank(a) - typeRank(b);
  if (rank !== 0) return rank;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Map && b instanceof Map) return compareDocuments(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b);
  return compareScalarObjects(a, b);
}

/** True when MongoDB's equality holds: numbers by value, documents by fields and their order. */
export function equalValues(a: BsonValue, b: BsonValue): boolean {
  return compareValues(a, b) === 0;
}
