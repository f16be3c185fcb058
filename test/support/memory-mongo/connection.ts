/**
 * A database in memory behind the mongoose calls that `src/store` makes, so that the real store can be run in a simulated
 * process. Every command goes through a {@link Courier}, which says when it reaches the database, who comes between its
 * steps, and when its answer is heard. What is not known here throws, so that nothing passes for something it is not.
 */
import { type Connection, type Schema } from 'mongoose';
import {
  type BulkOperation,
  MemoryCollection,
  type Reading,
  type Steps,
  type UniqueIndex,
  type Writing,
} from './collection';
import { type Filter } from './filter';
import { type Update } from './update';
import { type Document } from './values';

export interface Courier {
  /** Carries a command to the database and its answer back. `name`: `bindings.updateOne`. */
  carry<Answer>(name: string, steps: () => Steps<Answer>): Promise<Answer>;
}

/** Everything at once. */
export const AT_ONCE: Courier = {
  async carry(_, steps) {
    const running = steps();
    for (;;) {
      const step = running.next();
      if (step.done) return step.value;
    }
  },
};

export class MemoryDatabase {
  private readonly collections = new Map<string, MemoryCollection>();
  /** Changes filters before they are looked at: what a store would do that forgot a condition. */
  tamper: (collection: string, filter: Filter) => Filter = (_, filter) => filter;

  collection(name: string, schema?: Schema): MemoryCollection {
    let collection = this.collections.get(name);
    if (!collection) {
      collection = new MemoryCollection(name, schema ? uniqueIndexes(schema) : []);
      this.collections.set(name, collection);
    }
    return collection;
  }

  /** What one process sees of it. */
  connect(courier: Courier): Connection {
    const models = new Map<string, object>();
    const connection = {
      models: {} as Record<string, object>,
      model: (name: string, schema: Schema): object => {
        const known = models.get(name);
        if (known) return known;
        const model = modelOf(this, schema, courier);
        models.set(name, model);
        connection.models[name] = model;
        return model;
      },
      dropDatabase: async () => this.collections.clear(),
      close: async () => undefined,
    };
    return connection as unknown as Connection;
  }
}

const INDEXES = new WeakMap<Schema, readonly UniqueIndex[]>();

function uniqueIndexes(schema: Schema): readonly UniqueIndex[] {
  let known = INDEXES.get(schema);
  if (!known) {
    known = schema
      .indexes()
      .filter(([, options]) => options.unique)
      .map(([fields, { partialFilterExpression }]) => ({
        fields: Object.keys(fields),
        only: partialFilterExpression,
      }));
    INDEXES.set(schema, known);
  }
  return known;
}

/** A command that is one step. */
// eslint-disable-next-line require-yield -- nobody comes between
function* once<Answer>(run: () => Answer): Steps<Answer> {
  return run();
}

function modelOf(database: MemoryDatabase, schema: Schema, courier: Courier): object {
  const name = schema.get('collection') ?? '';
  const own = (): MemoryCollection => database.collection(name, schema);
  const seen = (filter: Filter): Filter => database.tamper(name, filter);
  const carry = <Answer>(operation: string, steps: () => Steps<Answer>): Promise<Answer> =>
    courier.carry(`${name}.${operation}`, steps);
  const common = {
    insertMany: (documents: readonly Document[], { ordered = true } = {}) =>
      carry('insertMany', () => own().insertMany(documents, ordered)),
    updateOne: (filter: Filter, update: Update, how: Writing = {}) =>
      carry('updateOne', () => once(() => own().updateOne(seen(filter), update, how))),
    updateMany: (filter: Filter, update: Update) =>
      carry('updateMany', () => own().updateMany(seen(filter), update)),
    bulkWrite: (operations: readonly BulkOperation[], { ordered = true } = {}) =>
      carry('bulkWrite', () => own().bulkWrite(operations.map(tampered(seen)), ordered)),
    deleteOne: (filter: Filter) => carry('deleteOne', () => own().deleteMany(seen(filter), 1)),
    deleteMany: (filter: Filter) => carry('deleteMany', () => own().deleteMany(seen(filter))),
  };
  const find = (operation: string, filter: Filter, reading: Reading): Promise<Document[]> =>
    carry(operation, () => once(() => own().find(seen(filter), reading)));
  const count = (filter: Filter, limit?: number): Promise<number> =>
    carry('countDocuments', () => once(() => own().count(seen(filter), limit)));
  const change = (filter: Filter, update: Update, how: Writing): Promise<Document | null> =>
    carry('findOneAndUpdate', () => once(() => own().findOneAndUpdate(seen(filter), update, how)));
  return knowing({
    ...common,
    collection: knowing({
      ...common,
      insertOne: (document: Document) => common.insertMany([document]),
      find: (filter: Filter, reading: Reading = {}) =>
        new Query((more) => find('find', filter, { ...reading, ...more })),
      findOne: async (filter: Filter, reading: Reading = {}) =>
        (await find('findOne', filter, { ...reading, limit: 1 }))[0] ?? null,
      findOneAndUpdate: change,
      countDocuments: (filter: Filter, { limit }: Reading = {}) => count(filter, limit),
    }),
    createIndexes: async () => undefined,
    create: async (document: Document) => common.insertMany([document]),
    find: (filter: Filter = {}, projection?: Reading['projection']) =>
      new Query((reading) => find('find', filter, { ...reading, projection })),
    findOne: (filter: Filter = {}, projection?: Reading['projection']) =>
      new Query(
        async (reading) =>
          (await find('findOne', filter, { ...reading, projection, limit: 1 }))[0] ?? null,
      ),
    findById: (_id: string) =>
      new Query(async () => (await find('findOne', { _id }, { limit: 1 }))[0] ?? null),
    findOneAndUpdate: (filter: Filter, update: Update, how: Writing = {}) =>
      new Query(() => change(filter, update, how)),
    exists: (filter: Filter) =>
      new Query(async () => (await find('findOne', filter, { limit: 1 }))[0] ?? null),
    countDocuments: (filter: Filter = {}) => new Query(({ limit }) => count(filter, limit)),
    distinct: (field: string, filter: Filter = {}) =>
      new Query(() => carry('distinct', () => once(() => own().distinct(field, seen(filter))))),
  });
}

/** The store asks for something that this database does not do. */
export class NotKnown extends Error {
  override readonly name = 'NotKnown';
}

function knowing<Members extends object>(members: Members): Members {
  return new Proxy(members, {
    get: (target, property): unknown => {
      if (typeof property === 'symbol' || property in target) return Reflect.get(target, property);
      throw new NotKnown(`The memory database does not know ${property}`);
    },
  });
}

function tampered(seen: (filter: Filter) => Filter): (operation: BulkOperation) => BulkOperation {
  return (operation) =>
    Object.fromEntries(
      Object.entries(operation).map(([kind, one]) => [
        kind,
        one && { ...one, filter: seen(one.filter) },
      ]),
    );
}

/** A mongoose query: it is asked when somebody waits for it. */
class Query<Answer> implements PromiseLike<Answer> {
  private reading: Reading = {};

  constructor(private readonly ask: (reading: Reading) => Promise<Answer>) {}

  sort(sort: Reading['sort']): this {
    this.reading = { ...this.reading, sort };
    return this;
  }

  limit(limit: number): this {
    this.reading = { ...this.reading, limit };
    return this;
  }

  skip(skip: number): this {
    this.reading = { ...this.reading, skip };
    return this;
  }

  lean(): this {
    return this;
  }

  toArray(): Promise<Answer> {
    return this.exec();
  }

  exec(): Promise<Answer> {
    return this.ask(this.reading);
  }

  then<Result, Failed = never>(
    resolve?: ((answer: Answer) => Result | PromiseLike<Result>) | null,
    reject?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Result | Failed> {
    return this.exec().then(resolve, reject);
  }
}
