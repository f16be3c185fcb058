import { compareValues } from '../../src/embedded-mongo/bson/compare';
import { type BsonDocument, type BsonValue } from '../../src/embedded-mongo/bson/types';
import { type Filter } from '../../src/embedded-mongo/query/filter';
import { matches } from '../../src/embedded-mongo/query/match';
import { parseFilter } from '../../src/embedded-mongo/query/parse-filter';

/** A value in an index; what is missing counts as null, and an empty array is below everything. */
const EMPTY = Symbol('an empty array');
type Cell = BsonValue | typeof EMPTY;

/** A value at the end of a path, with the array elements the path went through. */
interface Reached {
  readonly value: Cell;
  readonly missing: boolean;
  readonly taken: readonly { readonly array: BsonValue[]; readonly at: number }[];
}

/** Two arrays side by side have no keys. */
export class ParallelArrays extends Error {}

/** Everything there is at the end of the path, in the order it is met. */
function reach(
  value: BsonValue | undefined,
  path: readonly string[],
  taken: Reached['taken'],
  into: Reached[],
): Reached[] {
  const [name, ...rest] = path;
  if (Array.isArray(value)) {
    if (value.length === 0) {
      const own = [...taken, { array: value, at: 0 }];
      into.push({
        value: name === undefined ? EMPTY : null,
        missing: name !== undefined,
        taken: own,
      });
    }
    for (const [at, element] of value.entries()) {
      const own = [...taken, { array: value, at }];
      if (name === undefined) into.push({ value: element, missing: false, taken: own });
      else if (element instanceof Map) reach(element.get(name), rest, own, into);
      else into.push({ value: null, missing: true, taken: own });
    }
  } else if (name === undefined) {
    into.push({ value: value ?? null, missing: value === undefined, taken });
  } else if (value instanceof Map) {
    reach(value.get(name), rest, taken, into);
  } else {
    into.push({ value: null, missing: true, taken });
  }
  return into;
}

/** Whether both went through the same elements as far as they share arrays. */
function together(a: Reached, b: Reached): boolean {
  for (let at = 0; at < Math.min(a.taken.length, b.taken.length); at += 1) {
    const left = a.taken[at];
    const right = b.taken[at];
    if (left?.array !== right?.array) throw new ParallelArrays();
    if (left?.at !== right?.at) return false;
  }
  return true;
}

/** A list of paths with directions, of an index or a sort. */
type Order = readonly { readonly path: readonly string[]; readonly sign: number }[];

function orderOf(pattern: BsonDocument): Order {
  return [...pattern].map(([path, sign]) => ({ path: path.split('.'), sign: sign as number }));
}

/** Every combination of values that a document has at the paths. */
function tuples(document: BsonDocument, order: Order): Reached[][] {
  let found: Reached[][] = [[]];
  for (const { path } of order) {
    const reached = reach(document, path, [], []);
    if (found.length === 1 && reached.length === 1 && reached[0]?.taken.length === 0) {
      found[0]?.push(reached[0]);
      continue;
    }
    found = found.flatMap((tuple) =>
      reached
        .filter((next) => tuple.every((earlier) => together(earlier, next)))
        .map((next) => [...tuple, next]),
    );
  }
  return found;
}

function compareCells(a: Cell, b: Cell): number {
  if (a === EMPTY || b === EMPTY) return Number(b === EMPTY) - Number(a === EMPTY);
  return compareValues(a, b);
}

function compareTuples(a: readonly Reached[], b: readonly Reached[], order: Order): number {
  for (const [at, { sign }] of order.entries()) {
    const result = compareCells((a[at] as Reached).value, (b[at] as Reached).value) * sign;
    if (result !== 0) return result;
  }
  return 0;
}

/** A sort as MongoDB's manual describes it, on values and not on encoded keys. */
export class ReferenceSort {
  private readonly order: Order;
  private readonly keys = new Map<BsonDocument, Reached[]>();

  constructor(pattern: BsonDocument) {
    this.order = orderOf(pattern);
  }

  private key(document: BsonDocument): Reached[] {
    let key = this.keys.get(document);
    if (key === undefined) {
      const [first = [], ...others] = tuples(document, this.order);
      key = first;
      for (const other of others) if (compareTuples(other, key, this.order) < 0) key = other;
      this.keys.set(document, key);
    }
    return key;
  }

  compare(a: BsonDocument, b: BsonDocument): number {
    return compareTuples(this.key(a), this.key(b), this.order);
  }

  /** Throws ParallelArrays where MongoDB refuses to sort. */
  apply(documents: readonly BsonDocument[]): BsonDocument[] {
    for (const document of documents) this.key(document);
    return [...documents].sort((a, b) => this.compare(a, b));
  }
}

/** An index as its definition says it: who is in it, and whose keys collide. */
export class ReferenceIndex {
  private readonly order: Order;
  private readonly partial: Filter | undefined;
  readonly unique: boolean;
  private readonly sparse: boolean;
  private readonly known = new WeakMap<BsonDocument, Reached[][]>();

  constructor(spec: BsonDocument) {
    this.order = orderOf(spec.get('key') as BsonDocument);
    const partial = spec.get('partialFilterExpression') as BsonDocument | undefined;
    this.partial = partial && parseFilter(partial);
    this.unique = spec.get('unique') === true;
    this.sparse = spec.get('sparse') === true;
  }

  private keys(document: BsonDocument): Reached[][] {
    let keys = this.known.get(document);
    if (keys === undefined) {
      keys = this.keysOf(document);
      this.known.set(document, keys);
    }
    return keys;
  }

  private keysOf(document: BsonDocument): Reached[][] {
    if (this.partial !== undefined && !matches(this.partial, document)) return [];
    const found = tuples(document, this.order);
    const present = found.some((tuple) => tuple.some(({ missing }) => !missing));
    return this.sparse && !present ? [] : found;
  }

  hasParallelArrays(document: BsonDocument): boolean {
    try {
      this.keys(document);
      return false;
    } catch (error) {
      if (error instanceof ParallelArrays) return true;
      throw error;
    }
  }

  collide(a: BsonDocument, b: BsonDocument): boolean {
    const others = this.keys(b);
    return this.keys(a).some((key) =>
      others.some((other) => compareTuples(key, other, this.order) === 0),
    );
  }
}

/** The documents a query is about, found by looking at every one. */
export function fullScan(documents: Iterable<BsonDocument>, filter: BsonDocument): BsonDocument[] {
  const parsed = parseFilter(filter);
  return [...documents].filter((document) => matches(parsed, document));
}
