import { badValue, CommandError, notImplemented } from '../errors';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { type KeyField } from './definition';
import { EMPTY_ARRAY, encodeCompoundKey, type KeyPart, MISSING } from './key-encoding';

/** The keys one document has under a list of fields. */
export interface DocumentKeys {
  /** Distinct encoded keys in ascending order. */
  readonly keys: readonly Buffer[];
  /** Per field: an array was met on the way. Empty when none was met at all. */
  readonly multikey: readonly boolean[];
  /** False when none of the fields is present, which keeps a document out of a sparse index. */
  readonly present: boolean;
}

interface Expansion {
  readonly multikey: boolean[];
  readonly tuples: KeyPart[][];
  present: boolean;
}

/** Paths still to be walked; null once the field has its value. */
type Pending = (readonly string[] | null)[];

const NUMERIC = /^\d+$/;

function walk(
  document: BsonDocument | null,
  path: readonly string[],
): { value: BsonValue | undefined; rest: readonly string[] } {
  let value: BsonValue | undefined = document ?? undefined;
  let at = 0;
  while (value instanceof Map && at < path.length) {
    value = value.get(path[at] as string);
    at += 1;
  }
  return { value, rest: path.slice(at) };
}

function expand(
  state: Expansion,
  pending: Pending,
  fixed: readonly KeyPart[],
  document: BsonDocument | null,
): void {
  const parts = [...fixed];
  const inside: Pending = pending.map(() => null);
  let array: BsonValue[] | undefined;
  pending.forEach((path, field) => {
    if (path === null) return;
    const { value, rest } = walk(document, path);
    if (Array.isArray(value)) {
      if (array !== undefined && array !== value) throw parallelArrays();
      if (rest.length > 0 && NUMERIC.test(rest[0] as string)) {
        throw notImplemented('a sort or an index that points into an array by position');
      }
      array = value;
      state.multikey[field] = true;
      inside[field] = rest;
    } else if (rest.length === 0 && value !== undefined) {
      parts[field] = value;
      state.present = true;
    } else {
      parts[field] = MISSING;
    }
  });
  if (array === undefined) state.tuples.push(parts);
  else expandElements(state, array, inside, parts);
}

function expandElements(
  state: Expansion,
  array: BsonValue[],
  inside: Pending,
  parts: KeyPart[],
): void {
  const elements: KeyPart[] = array.length === 0 ? [EMPTY_ARRAY] : array;
  for (const element of elements) {
    const fixed = [...parts];
    const pending: Pending = inside.map((rest, field) => {
      if (rest === null || rest.length > 0) return rest;
      fixed[field] = element;
      state.present = true;
      return null;
    });
    expand(state, pending, fixed, element instanceof Map ? element : null);
  }
}

function parallelArrays(): CommandError {
  return new CommandError(171, 'cannot index parallel arrays');
}

function expansionOf(fields: readonly KeyField[]): Expansion {
  return {
    multikey: fields.map(() => false),
    tuples: [],
    present: false,
  };
}

function pathsOf(fields: readonly KeyField[]): Pending {
  return fields.map((field) => field.parts);
}

function missingParts(fields: readonly KeyField[]): KeyPart[] {
  return fields.map(() => MISSING);
}

/** The one key most documents have: undefined when an array is on the way to some field. */
function plainParts(document: BsonDocument, fields: readonly KeyField[]): KeyPart[] | undefined {
  const found: KeyPart[] = [];
  for (const { parts } of fields) {
    let value: BsonValue | undefined = document;
    for (const part of parts) {
      if (Array.isArray(value)) return undefined;
      value = value instanceof Map ? value.get(part) : undefined;
    }
    if (Array.isArray(value)) return undefined;
    found.push(value === undefined ? MISSING : value);
  }
  return found;
}

/** Extracts the keys of a document, one per array element as MongoDB's multikey indexes do. */
export function documentKeys(document: BsonDocument, fields: readonly KeyField[]): DocumentKeys {
  const plain = plainParts(document, fields);
  if (plain !== undefined) {
    const present = plain.some((part) => part !== MISSING);
    return { keys: [encodeCompoundKey(plain, fields)], multikey: [], present };
  }
  const state = expansionOf(fields);
  expand(state, pathsOf(fields), missingParts(fields), document);
  const keys = state.tuples
    .map((tuple) => encodeCompoundKey(tuple, fields))
    .sort((a, b) => Buffer.compare(a, b))
    .filter((key, at, all) => at === 0 || !key.equals(all[at - 1] as Buffer));
  return { keys, multikey: state.multikey, present: state.present };
}

/** The values behind one key of a document, for error messages. */
export function valuesOfKey(
  document: BsonDocument,
  fields: readonly KeyField[],
  key: Buffer,
): readonly BsonValue[] {
  const state = expansionOf(fields);
  expand(state, pathsOf(fields), missingParts(fields), document);
  const tuple = state.tuples.find((parts) => encodeCompoundKey(parts, fields).equals(key));
  return (tuple ?? []).map((part) => (typeof part === 'symbol' ? null : part));
}

/** The key a document sorts by: the smallest of its keys in the direction of the sort. */
export function sortKey(document: BsonDocument, fields: readonly KeyField[]): Buffer {
  try {
    return documentKeys(document, fields).keys[0] as Buffer;
  } catch (error) {
    if (error instanceof CommandError && error.code === 171) {
      throw badValue('cannot sort with keys that are parallel arrays');
    }
    throw error;
  }
}
