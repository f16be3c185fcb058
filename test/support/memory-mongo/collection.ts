/** One collection: documents by id, unique indexes, and commands that are atomic for each document. */
import { type Filter, matches } from './filter';
import { applyUpdate, type Update, upserted } from './update';
import { type Document, equal, isObject, order, valuesAt } from './values';

export interface UniqueIndex {
  readonly fields: readonly string[];
  readonly only: Filter | undefined;
}

export interface Reading {
  readonly projection?: Readonly<Record<string, unknown>> | undefined;
  readonly sort?: Readonly<Record<string, number>> | undefined;
  readonly limit?: number | undefined;
  readonly skip?: number | undefined;
}

export interface Writing {
  readonly upsert?: boolean | undefined;
  readonly sort?: Readonly<Record<string, number>> | undefined;
  readonly returnDocument?: 'before' | 'after' | undefined;
  readonly projection?: Readonly<Record<string, unknown>> | undefined;
}

export interface Written {
  readonly acknowledged: true;
  matchedCount: number;
  modifiedCount: number;
  upsertedCount: number;
}

export type BulkOperation = Readonly<
  Record<string, { filter: Filter; update: Update; upsert?: boolean } | undefined>
>;

/** A command, step by step: between two steps other commands may come. The last one is its answer. */
export type Steps<Answer> = Generator<undefined, Answer, undefined>;

const DUPLICATE_KEY = 11_000;

export class MemoryCollection {
  readonly documents = new Map<string, Document>();
  /** For each unique index: who has which key. */
  private readonly keys: Map<string, string>[];

  constructor(
    readonly name: string,
    private readonly indexes: readonly UniqueIndex[],
  ) {
    this.keys = indexes.map(() => new Map());
  }

  find(filter: Filter, { projection, sort, limit, skip = 0 }: Reading): Document[] {
    let found = this.matching(filter);
    if (sort) found = sorted(found, sort);
    if (skip > 0 || (limit !== undefined && limit > 0)) {
      found = found.slice(skip, limit ? skip + limit : undefined);
    }
    return projection ? found.map((one) => projected(one, projection)) : found;
  }

  count(filter: Filter, limit = 0): number {
    const { length } = this.matching(filter);
    return limit > 0 ? Math.min(length, limit) : length;
  }

  distinct(field: string, filter: Filter): unknown[] {
    const values = this.matching(filter).flatMap((one) => valuesAt(one, field));
    return values.filter(
      (value, index) => values.findIndex((other) => equal(other, value)) === index,
    );
  }

  updateOne(filter: Filter, update: Update, { upsert, sort }: Writing = {}): Written {
    const [document] = this.find(filter, { sort, limit: 1 });
    if (document) return this.changed(document, update);
    if (!upsert) return written(0, 0, 0);
    this.insert(applyUpdate(upserted(filter), update, true));
    return written(0, 0, 1);
  }

  *updateMany(filter: Filter, update: Update): Steps<Written> {
    const total = written(0, 0, 0);
    for (const { _id } of this.matching(filter)) {
      yield;
      // As it is when its turn has come.
      const [document] = this.find({ $and: [{ _id }, filter] }, {});
      if (document) add(total, this.changed(document, update));
    }
    return total;
  }

  findOneAndUpdate(filter: Filter, update: Update, how: Writing): Document | null {
    const [document] = this.find(filter, { sort: how.sort, limit: 1 });
    if (!document) return null;
    const next = this.replace(document, applyUpdate(document, update));
    const answer = how.returnDocument === 'after' ? next : document;
    return how.projection ? projected(answer, how.projection) : answer;
  }

  *deleteMany(filter: Filter, most = Infinity): Steps<{ deletedCount: number }> {
    let deletedCount = 0;
    for (const { _id } of this.matching(filter)) {
      if (deletedCount >= most) break;
      yield;
      const [document] = this.find({ $and: [{ _id }, filter] }, {});
      if (!document) continue;
      this.claim(document, undefined);
      this.documents.delete(_id as string);
      deletedCount += 1;
    }
    return { deletedCount };
  }

  insert(document: Document): void {
    const { _id } = document;
    for (const key in document) {
      if (document[key] === undefined) throw new Error(`${key} of a new document is undefined`);
    }
    if (this.documents.has(_id as string)) throw this.duplicate('_id_', `_id: "${String(_id)}"`);
    this.claim(undefined, document);
    this.documents.set(_id as string, document);
  }

  *insertMany(documents: readonly Document[], ordered: boolean): Steps<undefined> {
    const errors: object[] = [];
    for (const [index, document] of documents.entries()) {
      if (index > 0) yield;
      attempt(errors, index, () => this.insert(document));
      if (ordered && errors.length > 0) break;
    }
    if (errors.length > 0) throw bulkError(errors, written(0, 0, 0));
    return undefined;
  }

  *bulkWrite(operations: readonly BulkOperation[], ordered: boolean): Steps<Written> {
    const errors: object[] = [];
    const total = written(0, 0, 0);
    for (const [index, operation] of operations.entries()) {
      if (index > 0) yield;
      const { updateOne, updateMany, ...others } = operation;
      if (updateOne) {
        const { filter, update, upsert } = updateOne;
        attempt(errors, index, () => add(total, this.updateOne(filter, update, { upsert })));
      } else if (updateMany) {
        add(total, yield* this.updateMany(updateMany.filter, updateMany.update));
      } else throw new Error(`The memory database does not know ${Object.keys(others).join()}`);
      if (ordered && errors.length > 0) break;
    }
    if (errors.length > 0) throw bulkError(errors, total);
    return total;
  }

  private matching(filter: Filter): Document[] {
    const { _id } = filter;
    if (typeof _id === 'string') {
      const document = this.documents.get(_id);
      return document && matches(document, filter) ? [document] : [];
    }
    if (isObject(_id) && Array.isArray(_id['$in'])) {
      const named: Document[] = [...new Set(_id['$in'] as string[])].flatMap(
        (id): readonly Document[] => {
          const one = this.documents.get(id);
          return one ? [one] : [];
        },
      );
      return named.filter((document) => matches(document, filter));
    }
    const found: Document[] = [];
    for (const document of this.documents.values()) {
      if (matches(document, filter)) found.push(document);
    }
    return found;
  }

  private changed(document: Document, update: Update): Written {
    const next = this.replace(document, applyUpdate(document, update));
    return written(1, next === document || equal(next, document) ? 0 : 1, 0);
  }

  private replace(document: Document, next: Document): Document {
    if (next === document) return next;
    this.claim(document, next);
    this.documents.set(document['_id'] as string, next);
    return next;
  }

  /** Takes the keys that are new and frees those that are gone; throws, and changes nothing, when one is taken. */
  private claim(before: Document | undefined, after: Document | undefined): void {
    const moves = this.indexes.map((index) => {
      const old = before ? keysOf(index, before) : [];
      const next = after ? keysOf(index, after) : [];
      return { old, next };
    });
    moves.forEach(({ old, next }, at) => {
      const taken = next.find((key) => !old.includes(key) && this.keys[at]?.has(key));
      const { fields = [] } = this.indexes[at] ?? {};
      if (taken !== undefined) throw this.duplicate(`${fields.join('_1_')}_1`, taken);
    });
    const id = (after ?? before)?.['_id'] as string;
    moves.forEach(({ old, next }, at) => {
      for (const key of old) this.keys[at]?.delete(key);
      for (const key of next) this.keys[at]?.set(key, id);
    });
  }

  private duplicate(index: string, key: string): Error {
    const message = `E11000 duplicate key error collection: ${this.name} index: ${index} dup key: { ${key} }`;
    return Object.assign(new Error(message), { code: DUPLICATE_KEY });
  }
}

/** The keys of a document in a unique index; one field of it may be an array, of which each element is one. */
function keysOf({ fields, only }: UniqueIndex, document: Document): string[] {
  if (only && !matches(document, only)) return [];
  let keys = [''];
  for (const field of fields) {
    const values = valuesAt(document, field).flat();
    const texts = values.length === 0 ? ['null'] : values.map((value) => JSON.stringify(value));
    keys = keys.flatMap((key) => texts.map((text) => `${key}${key ? ', ' : ''}${field}: ${text}`));
  }
  return keys;
}

function sorted(found: Document[], sort: Readonly<Record<string, number>>): Document[] {
  const fields = Object.entries(sort);
  return [...found].sort((left, right) => {
    for (const [field, direction] of fields) {
      const difference = order(valuesAt(left, field)[0], valuesAt(right, field)[0]);
      if (difference !== 0) return difference * direction;
    }
    return 0;
  });
}

function projected(document: Document, projection: Readonly<Record<string, unknown>>): Document {
  const entries = Object.entries(projection);
  const excluded = entries.filter(([, shown]) => shown === 0).map(([field]) => field);
  const included = entries.filter(([, shown]) => shown === 1).map(([field]) => field.split('.')[0]);
  if (included.length === 0) {
    return Object.fromEntries(Object.entries(document).filter(([key]) => !excluded.includes(key)));
  }
  const result: Record<string, unknown> = excluded.includes('_id') ? {} : { _id: document['_id'] };
  for (const field of included) {
    if (field !== undefined && document[field] !== undefined) result[field] = document[field];
  }
  return result;
}

function written(matchedCount: number, modifiedCount: number, upsertedCount: number): Written {
  return { acknowledged: true, matchedCount, modifiedCount, upsertedCount };
}

function add(total: Written, some: Written): void {
  total.matchedCount += some.matchedCount;
  total.modifiedCount += some.modifiedCount;
  total.upsertedCount += some.upsertedCount;
}

function attempt(errors: object[], index: number, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: number };
    if (code !== DUPLICATE_KEY) throw error;
    errors.push({ index, code, errmsg: message });
  }
}

function bulkError(writeErrors: readonly object[], result: Written): Error {
  const [first] = writeErrors as readonly { readonly errmsg: string }[];
  return Object.assign(new Error(first?.errmsg), {
    code: DUPLICATE_KEY,
    writeErrors,
    result: { ...result, getWriteConcernError: () => undefined },
  });
}
