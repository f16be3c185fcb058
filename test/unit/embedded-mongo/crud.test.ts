import { mongo } from 'mongoose';
import { errorCode, type RunningServer, serverError, startServer } from './running-server';

type Id = mongo.ObjectId | number | string;

/** A document of any shape, with an id of one of several types. */
interface Doc {
  [name: string]: unknown;
  _id?: Id;
}

describe('documents', () => {
  let running: RunningServer;
  let counter = 0;
  let items: mongo.Collection<Doc>;
  beforeAll(async () => {
    running = await startServer();
  });
  afterAll(() => running.stop());
  beforeEach(() => {
    counter += 1;
    items = running.db.collection<Doc>(`items${counter}`);
  });

  async function ids(filter: mongo.Filter<Doc>): Promise<unknown[]> {
    return (await items.find(filter).sort({ _id: 1 }).toArray()).map((found) => found._id);
  }

  async function updated(before: Doc, update: mongo.UpdateFilter<Doc>): Promise<Doc> {
    await items.replaceOne({ _id: 1 }, before, { upsert: true });
    await items.updateOne({ _id: 1 }, update);
    const { _id, ...rest } = (await items.findOne({ _id: 1 })) as Doc;
    expect(_id).toBe(1);
    return rest;
  }

  it('keeps every type and field order as they were', async () => {
    const document = {
      _id: new mongo.ObjectId(),
      z: 1,
      a: mongo.Long.fromString('9007199254740993'),
      d: new mongo.Decimal128('1.10'),
      f: new mongo.Double(3),
      b: new mongo.Binary(Buffer.from([1, 2]), 4),
      r: new mongo.BSONRegExp('a(b|c)+', 'i'),
      t: new mongo.Timestamp({ t: 1, i: 2 }),
      n: null,
      when: new Date(5),
      list: [{ x: 1 }, [], 'two'],
      'dotted.name': { $odd: true },
      deep: { m: new mongo.MinKey() },
    };
    await items.insertOne(document);
    const raw = await items.findOne({}, { promoteValues: false, bsonRegExp: true });
    expect(Object.keys(raw ?? {})).toEqual(Object.keys(document));
    expect(JSON.stringify(raw)).toBe(
      JSON.stringify({
        ...document,
        z: new mongo.Int32(1),
        list: [{ x: new mongo.Int32(1) }, [], 'two'],
      }),
    );
  });

  it('is not confused by names that mean something to JavaScript', async () => {
    const odd = JSON.parse(
      '{"_id":1,"__proto__":{"polluted":true},"constructor":2,"hasOwnProperty":3}',
    ) as Doc;
    await items.insertOne(odd);
    await items.updateOne({ _id: 1 }, { $set: { '__proto__.more': 1, toString: 5 } });
    expect(await ids({ '__proto__.polluted': true, constructor: 2, toString: 5 })).toEqual([1]);
    expect(await ids({ valueOf: { $exists: true } })).toEqual([]);
    expect(({} as Doc)['polluted']).toBeUndefined();
  });

  it('matches as MongoDB does', async () => {
    await items.insertMany([
      { _id: 1, a: 1, tags: ['x', 'y'], sub: { b: 1, c: 2 } },
      {
        _id: 2,
        a: null,
        tags: [],
        list: [
          { k: 1, v: 1 },
          { k: 2, v: 2 },
        ],
      },
      { _id: 3, tags: [['x']], sub: { c: 2, b: 1 }, list: [{ k: 1, v: 2 }] },
      { _id: 4, a: [1, 5], list: [1, 2] },
      { _id: 5, a: 'text', name: 'Ann.Lee', list: [] },
    ]);
    expect(await ids({ a: null })).toEqual([2, 3]);
    expect(await ids({ a: { $exists: false } })).toEqual([3]);
    expect(await ids({ a: { $ne: 1 } })).toEqual([2, 3, 5]);
    expect(await ids({ a: { $gt: 0 } })).toEqual([1, 4]);
    expect(await ids({ a: { $gt: 1, $lt: 5 } })).toEqual([4]);
    expect(await ids({ a: { $elemMatch: { $gt: 1, $lt: 5 } } })).toEqual([]);
    expect(await ids({ tags: 'x' })).toEqual([1]);
    expect(await ids({ tags: ['x'] })).toEqual([3]);
    expect(await ids({ tags: { $size: 0 } })).toEqual([2]);
    expect(await ids({ tags: { $all: ['y', 'x'] } })).toEqual([1]);
    expect(await ids({ sub: { b: 1, c: 2 } })).toEqual([1]);
    expect(await ids({ 'list.k': 1, 'list.v': 2 })).toEqual([2, 3]);
    expect(await ids({ list: { $elemMatch: { k: 1, v: 2 } } })).toEqual([3]);
    expect(await ids({ 'list.k': null })).toEqual([1]);
    expect(await ids({ 'list.0': 1 })).toEqual([4]);
    expect(await ids({ name: /^Ann\./ })).toEqual([5]);
    expect(await ids({ name: { $regex: 'ann\\.l', $options: 'i' } })).toEqual([5]);
    expect(await ids({ a: { $type: 'string' } })).toEqual([5]);
    expect(await ids({ a: { $not: { $gt: 0 } } })).toEqual([2, 3, 5]);
    expect(await ids({ $nor: [{ a: 1 }, { a: null }] })).toEqual([5]);
    expect(await ids({ a: { $in: [null, 'text'] } })).toEqual([2, 3, 5]);
    expect(await ids({ a: { $nin: [null, 'text'] } })).toEqual([1, 4]);
  });

  it('applies update operators as MongoDB does', async () => {
    expect(await updated({ a: 1 }, { $set: { 'b.c': 2 }, $inc: { a: 2 } } as never)).toEqual({
      a: 3,
      b: { c: 2 },
    });
    expect(await updated({ a: { b: 1, c: 2 } }, { $unset: { 'a.b': '' } })).toEqual({
      a: { c: 2 },
    });
    expect(await updated({ a: [1, 2] }, { $set: { 'a.3': 4 } })).toEqual({ a: [1, 2, null, 4] });
    expect(await updated({ a: [1, 2] }, { $unset: { 'a.0': '' } })).toEqual({ a: [null, 2] });
    expect(await updated({ a: 5 }, { $min: { a: 3, b: 1 }, $max: { c: 2 } })).toEqual({
      a: 3,
      b: 1,
      c: 2,
    });
    expect(
      await updated({ a: [1] }, { $push: { a: { $each: [2, 3], $slice: -2 } } } as never),
    ).toEqual({ a: [2, 3] });
    expect(await updated({ a: [1] }, { $addToSet: { a: { $each: [1, 2, 2] } } } as never)).toEqual({
      a: [1, 2],
    });
    expect(await updated({ a: [1, 2, 3] }, { $pull: { a: { $gte: 2 } } } as never)).toEqual({
      a: [1],
    });
    expect(
      await updated({ a: [{ k: 1, v: 1 }, { k: 2 }] }, { $pull: { a: { k: 1 } } } as never),
    ).toEqual({ a: [{ k: 2 }] });
    expect(await updated({ a: [1, 2, 1] }, { $pullAll: { a: [1] } } as never)).toEqual({ a: [2] });
    expect(await updated({ a: 2147483647 }, { $inc: { a: 1 } } as never)).toEqual({
      a: 2147483648,
    });
    expect(Object.keys(await updated({}, { $set: { z: 1, b: 1, m: 1 } }))).toEqual(['b', 'm', 'z']);
    expect((await updated({}, { $currentDate: { at: true } } as never))['at']).toBeInstanceOf(Date);
  });

  it('refuses updates with the codes of MongoDB', async () => {
    await items.insertOne({ _id: 1, text: 'x', list: [1], none: null });
    const code = (update: object): Promise<unknown> =>
      errorCode(items.updateOne({ _id: 1 }, update));
    expect(await code({ $inc: { text: 1 } })).toBe(14);
    expect(await code({ $inc: { none: 1 } })).toBe(14);
    expect(await code({ $push: { text: 1 } })).toBe(2);
    expect(await code({ $set: { 'text.a': 1 } })).toBe(28);
    expect(await code({ $set: { 'list.a': 1 } })).toBe(28);
    expect(await code({ $set: { a: 1, 'a.b': 1 } })).toBe(40);
    expect(await code({ $set: { 'a..b': 1 } })).toBe(56);
    expect(await code({ $set: { 'a.$b': 1 } })).toBe(52);
    expect(await code({ $set: { 'list.$': 1 } })).toBe(238);
    expect(await code({ $set: { _id: 2 } })).toBe(66);
    expect(await code({ $mul: { a: 2 } })).toBe(238);
    expect(await code({ $nonsense: { a: 2 } })).toBe(9);
    expect(await errorCode(items.replaceOne({ _id: 1 }, { _id: 2 }))).toBe(66);
    expect(await errorCode(items.updateOne({ _id: 1 }, [{ $set: { a: 1 } }]))).toBe(238);
    expect(await items.findOne({ _id: 1 })).toEqual({ _id: 1, text: 'x', list: [1], none: null });
  });

  it('upserts from the equalities of the filter', async () => {
    await items.updateOne(
      { 'a.b': 1, c: { $gt: 5 }, $and: [{ d: 'x' }] },
      { $set: { e: 1 }, $setOnInsert: { f: 2 } },
      { upsert: true },
    );
    const { _id, ...rest } = (await items.findOne({})) as Doc;
    expect(_id).toBeInstanceOf(mongo.ObjectId);
    expect(rest).toEqual({ a: { b: 1 }, d: 'x', e: 1, f: 2 });
    const result = await items.updateOne(
      { _id: 'k', generation: { $lt: 7 } },
      { $set: { generation: 7 } },
      { upsert: true },
    );
    expect(result).toMatchObject({ upsertedId: 'k', upsertedCount: 1, matchedCount: 0 });
    const again = items.updateOne(
      { _id: 'k', generation: { $lt: 7 } },
      { $set: { generation: 7 } },
      { upsert: true },
    );
    expect(await serverError(again)).toMatchObject({
      code: 11000,
      keyPattern: { _id: 1 },
      keyValue: { _id: 'k' },
    });
  });

  it('reports statement errors of bulk writes, ordered and unordered', async () => {
    const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }] as Doc[];
    const ordered = await items
      .insertMany(documents)
      .catch((error: unknown) => error as mongo.MongoBulkWriteError);
    expect(ordered).toMatchObject({ code: 11000, insertedCount: 1 });
    const unordered = await items
      .insertMany(documents, { ordered: false })
      .catch((error: unknown) => error as mongo.MongoBulkWriteError);
    expect(unordered).toMatchObject({
      insertedCount: 1,
      writeErrors: [{ index: 0 }, { index: 1 }],
    });
    const bulk = await items.bulkWrite(
      Array.from({ length: 300 }, (_, n) => ({
        updateOne: { filter: { _id: `b${n}` }, update: { $set: { n } }, upsert: true },
      })),
      { ordered: false },
    );
    expect(bulk.upsertedCount).toBe(300);
    expect(await items.countDocuments({ n: { $gte: 0 } })).toBe(300);
  });

  it('finds and modifies', async () => {
    await items.insertMany([{ _id: 1, due: 3 }, { _id: 2, due: 1 }, { _id: 3 }]);
    await items.createIndex({ due: 1 }, { partialFilterExpression: { due: { $exists: true } } });
    const lease = (): Promise<Doc | null> =>
      items.findOneAndUpdate({ due: { $lte: 5 } }, { $set: { due: 10 }, $inc: { n: 1 } } as never, {
        sort: { due: 1 },
        returnDocument: 'after',
      });
    expect(await lease()).toEqual({ _id: 2, due: 10, n: 1 });
    expect(await lease()).toEqual({ _id: 1, due: 10, n: 1 });
    expect(await lease()).toBeNull();
    expect(await items.findOneAndDelete({ _id: 3 })).toEqual({ _id: 3 });
    expect(await items.findOneAndReplace({ _id: 1 }, { x: 1 }, { projection: { due: 1 } })).toEqual(
      { _id: 1, due: 10 },
    );
    expect(
      await items.findOneAndUpdate(
        { _id: 9 },
        { $set: { a: 1 } },
        { upsert: true, returnDocument: 'after' },
      ),
    ).toEqual({ _id: 9, a: 1 });
  });

  it('projects, counts, lists distinct values and groups', async () => {
    await items.insertMany([
      { _id: 1, t: 'a', n: 1, s: { x: 1, y: 2 }, l: [{ x: 1, y: 1 }, 5] },
      { _id: 2, t: 'b', n: 2, l: ['p', 'q'] },
      { _id: 3, t: 'a', n: 4, l: ['q'] },
    ]);
    expect(await items.findOne({ _id: 1 }, { projection: { 's.x': 1, 'l.y': 1, _id: 0 } })).toEqual(
      { s: { x: 1 }, l: [{ y: 1 }] },
    );
    expect(await items.findOne({ _id: 1 }, { projection: { s: 0, 'l.x': 0, n: 0 } })).toEqual({
      _id: 1,
      t: 'a',
      l: [{ y: 1 }, 5],
    });
    expect(await errorCode(items.findOne({}, { projection: { a: 1, b: 0 } }))).toBe(31254);
    expect(await items.distinct('l', { _id: { $gt: 1 } })).toEqual(['p', 'q']);
    expect(await items.countDocuments({ t: 'a' }, { skip: 1 })).toBe(1);
    expect(await items.countDocuments({ t: 'zzz' })).toBe(0);
    const grouped = await items
      .aggregate([
        { $match: { n: { $gt: 0 } } },
        {
          $group: {
            _id: '$t',
            total: { $sum: '$n' },
            many: { $sum: 1 },
            low: { $min: '$n' },
            high: { $max: '$n' },
            first: { $first: '$_id' },
          },
        },
        { $sort: { _id: 1 } },
      ])
      .toArray();
    expect(grouped).toEqual([
      { _id: 'a', total: 5, many: 2, low: 1, high: 4, first: 1 },
      { _id: 'b', total: 2, many: 1, low: 2, high: 2, first: 2 },
    ]);
    const paged = await items
      .aggregate([{ $sort: { n: -1 } }, { $skip: 1 }, { $limit: 1 }, { $project: { n: 1 } }])
      .toArray();
    expect(paged).toEqual([{ _id: 2, n: 2 }]);
    expect(await items.aggregate([{ $match: { t: 'a' } }, { $count: 'c' }]).toArray()).toEqual([
      { c: 2 },
    ]);
    expect(
      await items.aggregate([{ $group: { _id: { t: '$t', none: '$none' } } }]).toArray(),
    ).toEqual([{ _id: { t: 'a' } }, { _id: { t: 'b' } }]);
  });

  it('reads large results through a cursor, sorted and not', async () => {
    const many = Array.from({ length: 2500 }, (_, n) => ({
      _id: n,
      n: 2500 - n,
      pad: 'x'.repeat(100),
    }));
    await items.insertMany(many);
    const sorts: mongo.Sort[] = [{}, { n: 1 }, { _id: -1 }];
    for (const sort of sorts) {
      const found = await items.find({}, { batchSize: 100, sort }).toArray();
      expect(new Set(found.map((row) => row._id)).size).toBe(2500);
    }
    const cursor = items.find({}, { batchSize: 10 });
    await cursor.next();
    await items.drop();
    await expect(cursor.toArray()).rejects.toMatchObject({ code: 175 });
    await expect(
      running.db.command({ getMore: mongo.Long.fromNumber(12345), collection: 'items' }),
    ).rejects.toMatchObject({ code: 43 });
  });

  it('keeps the indexes an update does not concern, and those whose kind it changes', async () => {
    await items.createIndexes([
      { key: { a: 1 } },
      { key: { 'b.c': 1 }, unique: true, sparse: true },
      { key: { d: 1 }, partialFilterExpression: { e: 1 } },
    ]);
    await items.insertMany([
      { n: 1, a: 1, b: { c: 1 }, d: 1, e: 1 },
      { n: 2, a: 2, b: { c: 2 }, d: 2 },
    ]);
    await items.updateOne({ n: 2 }, { $set: { a: [2, 3] } });
    expect((await items.indexes()).map(({ name }) => name)).toHaveLength(4);
    expect(await items.countDocuments({ a: 3 }, { hint: 'a_1' })).toBe(1);
    await expect(items.updateOne({ n: 2 }, { $set: { 'b.c': 1 } })).rejects.toMatchObject({
      code: 11000,
    });
    await items.updateOne({ n: 2 }, { $set: { e: 1 } });
    await items.updateOne({ n: 1 }, { $set: { e: 2, 'b.c': 3 } });
    await items.updateOne({ n: 2 }, { $set: { 'b.c': 1 } });
    const found = await items.find({ d: { $gt: 0 }, e: 1 }, { hint: 'd_1' }).toArray();
    expect(found.map(({ n }) => n)).toEqual([2]);
    const one = await items.findOne({ 'b.c': 1 }, { hint: 'b.c_1' });
    expect(one).toMatchObject({ n: 2, a: [2, 3], b: { c: 1 }, d: 2, e: 1 });
  });

  it('honours maxTimeMS', async () => {
    await items.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ a: { b: [n, n + 1] } })));
    const slow = items.find(
      { $nor: [{ 'a.b': { $elemMatch: { $gt: 5, $lt: 1 } } }, { 'a.b': -1 }], none: 1 },
      { maxTimeMS: 1 },
    );
    expect(await errorCode(slow.toArray())).toBe(50);
  });

  it('bounds the memory of a sort', async () => {
    const pad = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 12; n += 1)
      await items.insertMany(Array.from({ length: 10 }, () => ({ n: Math.random(), pad })));
    expect(await errorCode(items.find().sort({ n: 1 }).toArray())).toBe(292);
    expect(await items.find().sort({ n: 1 }).limit(3).toArray()).toHaveLength(3);
  });
});
