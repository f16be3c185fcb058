import mongoose, { mongo } from 'mongoose';
import { EmbeddedServer } from '../../../src/embedded-mongo/server';
import { errorCode, type RunningServer, serverError, startServer } from './running-server';

describe('administration and refusals', () => {
  let running: RunningServer;
  let db: mongo.Db;
  let counter = 0;
  let items: mongo.Collection;
  beforeAll(async () => {
    running = await startServer();
    ({ db } = running);
  });
  afterAll(() => running.stop());
  beforeEach(() => {
    counter += 1;
    items = db.collection(`items${counter}`);
  });

  it('creates indexes on filled collections and tells them apart as MongoDB does', async () => {
    await items.insertMany([
      { a: 1, b: 1 },
      { a: 2, b: 1 },
    ]);
    expect(await items.createIndex({ a: 1 }, { unique: true })).toBe('a_1');
    expect(await items.createIndex({ a: 1 }, { unique: true })).toBe('a_1');
    expect(await serverError(items.createIndex({ b: 1 }, { unique: true }))).toMatchObject({
      code: 11000,
      keyValue: { b: 1 },
    });
    expect(await items.indexes()).toHaveLength(2);
    expect(await errorCode(items.createIndex({ a: 1 }))).toBe(85);
    expect(await errorCode(items.createIndex({ a: 1 }, { unique: true, name: 'other' }))).toBe(85);
    expect(await errorCode(items.createIndex({ b: 1 }, { name: 'a_1' }))).toBe(86);
    expect(await errorCode(items.createIndex({ a: 'text' }))).toBe(238);
    expect(await errorCode(items.createIndex({ a: 1 }, { collation: { locale: 'en' } }))).toBe(238);
    expect(
      await errorCode(items.createIndex({ c: 1 }, { partialFilterExpression: { c: { $ne: 1 } } })),
    ).toBe(67);
    await items.createIndex({ c: 1 }, { expireAfterSeconds: 60 });
    expect((await items.indexes()).at(-1)).toMatchObject({ expireAfterSeconds: 60 });
    await items.dropIndex('c_1');
    expect(await errorCode(items.dropIndex('c_1'))).toBe(27);
    expect(await errorCode(items.dropIndex('_id_'))).toBe(72);
  });

  it('keeps unique, sparse and partial indexes right', async () => {
    await items.createIndex({ k: 1 }, { unique: true, sparse: true });
    await items.createIndex(
      { p: 1 },
      { unique: true, partialFilterExpression: { live: { $eq: true } } },
    );
    await items.insertMany([{ x: 1 }, { x: 2 }, { p: 1 }, { p: 1 }, { p: 1, live: true }]);
    expect(await errorCode(items.insertOne({ p: 1, live: true }))).toBe(11000);
    await items.insertOne({ k: ['a', 'b'] });
    expect(await errorCode(items.insertOne({ k: ['b', 'c'] }))).toBe(11000);
    expect(await errorCode(items.updateMany({ p: 1 }, { $set: { live: true } }))).toBe(11000);
    expect(await items.find({ k: null }).toArray()).toHaveLength(5);
    const error = await serverError(items.insertOne({ k: 'a' }));
    expect(error.message).toBe(
      `E11000 duplicate key error collection: test.${items.collectionName} index: k_1 dup key: { k: "a" }`,
    );
  });

  it('compares index keys beyond the size limit by the whole value', async () => {
    const long = 'x'.repeat(5000);
    await items.createIndex({ k: 1 }, { unique: true });
    await items.insertMany([
      { _id: 3, k: `${long}c` },
      { _id: 1, k: `${long}a` },
      { _id: 2, k: `${long}b` },
    ] as never[]);
    expect(await errorCode(items.insertOne({ k: `${long}b` }))).toBe(11000);
    expect(await errorCode(items.updateOne({ _id: 1 } as never, { $set: { k: `${long}c` } }))).toBe(
      11000,
    );
    const sorted = await items.find().sort({ k: -1 }).toArray();
    expect(sorted.map((found) => found._id)).toEqual([3, 2, 1]);
    expect(await items.findOne({ k: `${long}b` })).toMatchObject({ _id: 2 });
    expect(await items.countDocuments({ k: { $gt: `${long}a` } })).toBe(2);
    await items.deleteOne({ k: `${long}b` });
    await items.insertOne({ k: `${long}b` });
    const id = 'i'.repeat(4000);
    await items.insertMany([
      { _id: `${id}1`, k: 1 },
      { _id: `${id}2`, k: 2 },
    ] as never[]);
    expect(await items.findOne({ _id: `${id}2` } as never)).toMatchObject({ k: 2 });
    expect(await errorCode(items.insertOne({ _id: `${id}2` } as never))).toBe(11000);
  });

  it('uses indexes for the queries of the application', async () => {
    await items.createIndexes([
      {
        key: { ruleId: 1, resourceType: 1, 'norm.userName': 1 },
        unique: true,
        partialFilterExpression: { 'norm.userName': { $exists: true } },
      },
      { key: { ruleId: 1, resourceType: 1, deletedAt: 1, _id: 1 } },
      { key: { targetId: 1, dueAt: 1 }, partialFilterExpression: { dueAt: { $exists: true } } },
      { key: { groupId: 1, generation: 1, _id: 1 } },
    ]);
    const plan = async (
      filter: mongo.Filter<mongo.Document>,
      sort: mongo.Sort = {},
    ): Promise<string> =>
      JSON.stringify((await items.find(filter).sort(sort).explain())['queryPlanner'].winningPlan);
    expect(await plan({ _id: 'x' as never, ruleId: 'r' })).toContain('"_id_"');
    expect(await plan({ _id: { $in: ['x', 'y'] as never[] } })).toContain('"_id_"');
    expect(await plan({ ruleId: 'r', resourceType: 'User', 'norm.userName': 'x' })).toContain(
      'norm.userName_1',
    );
    const page = await plan({ ruleId: 'r', resourceType: 'User', deletedAt: null }, { _id: 1 });
    expect(page).toContain('deletedAt_1__id_1');
    expect(page).toContain('"exact":true');
    expect(page).not.toContain('SORT');
    const lease = await plan(
      { targetId: 't', dueAt: { $lte: new Date() }, leaseUntil: { $lte: new Date() } },
      { dueAt: 1 },
    );
    expect(lease).toContain('targetId_1_dueAt_1');
    expect(lease).not.toContain('SORT');
    const members = await plan({ groupId: 'g', generation: { $gt: 5 } }, { generation: 1, _id: 1 });
    expect(members).toContain('groupId_1_generation_1__id_1');
    expect(members).not.toContain('SORT');
    expect(await plan({ $or: [{ _id: 'a' as never }, { groupId: 'g' }] })).toContain('"OR"');
    expect(await plan({ nothing: 1 })).toContain('COLLSCAN');
    expect(await errorCode(items.find({}, { hint: 'absent' }).toArray())).toBe(2);
  });

  it('lists and drops collections and databases', async () => {
    const other = running.client.db('other');
    await other.createCollection('one');
    await other.createCollection('one');
    await other.collection('two').insertOne({});
    expect((await other.listCollections().toArray()).map(({ name }) => name).sort()).toEqual([
      'one',
      'two',
    ]);
    expect(await other.listCollections({ name: 'two' }, { nameOnly: true }).toArray()).toEqual([
      { name: 'two', type: 'collection' },
    ]);
    expect(
      (await running.client.db().admin().listDatabases()).databases.map(({ name }) => name),
    ).toContain('other');
    await other.collection('two').drop();
    await other.dropDatabase();
    expect(await other.listCollections().toArray()).toEqual([]);
    expect(await other.collection('two').countDocuments()).toBe(0);
  });

  it.each<[string, number, mongo.Document]>([
    ['an unknown command', 59, { nonsense: 1 }],
    ['an unknown option', 40415, { find: 'a', nonsense: 1 }],
    ['a collation', 238, { find: 'a', collation: { locale: 'en' } }],
    [
      'a transaction number',
      20,
      { insert: 'a', documents: [{}], txnNumber: mongo.Long.fromNumber(1) },
    ],
    ['$where', 238, { find: 'a', filter: { $where: '1' } }],
    ['$expr', 238, { find: 'a', filter: { $expr: {} } }],
    ['$text', 238, { find: 'a', filter: { $text: {} } }],
    ['an unknown operator', 2, { find: 'a', filter: { a: { $nonsense: 1 } } }],
    ['a regular expression that could backtrack', 238, { find: 'a', filter: { a: /(a+)+$/ } }],
    ['a regular expression with classes', 238, { find: 'a', filter: { a: { $regex: '^\\d' } } }],
    ['a computed projection', 238, { find: 'a', projection: { a: { $slice: 1 } } }],
    ['an unknown stage', 238, { aggregate: 'a', pipeline: [{ $lookup: {} }], cursor: {} }],
    [
      'an unknown accumulator',
      238,
      { aggregate: 'a', pipeline: [{ $group: { _id: 1, a: { $avg: 1 } } }], cursor: {} },
    ],
    [
      'array filters',
      238,
      { update: 'a', updates: [{ q: {}, u: { $set: { a: 1 } }, arrayFilters: [{}] }] },
    ],
    ['a capped collection', 238, { create: 'c', capped: true }],
    ['snapshot reads', 238, { find: 'a', readConcern: { level: 'snapshot' } }],
    ['more than one node', 2, { insert: 'a', documents: [{}], writeConcern: { w: 2 } }],
    ['a bad collection name', 73, { find: 'a$b' }],
    ['a bulk write of many collections', 59, { bulkWrite: 1 }],
  ])('refuses %s', async (_name, code, command) => {
    const outcome = await db
      .command(command)
      .catch((error: unknown) => error as mongo.MongoServerError);
    // Errors of single statements are part of a successful reply.
    const found =
      outcome instanceof Error
        ? outcome.code
        : (outcome['writeErrors'] as { code: number }[])[0]?.code;
    expect(found).toBe(code);
  });

  it('refuses transactions', async () => {
    const session = running.client.startSession();
    session.startTransaction();
    await expect(items.insertOne({ a: 1 }, { session })).rejects.toBeInstanceOf(
      mongo.MongoServerError,
    );
    expect(await errorCode(items.find({}, { session }).toArray())).toBe(20);
    await session.endSession().catch(() => undefined);
    expect(await items.countDocuments()).toBe(0);
  });

  it('deletes expired documents', async () => {
    const server = await EmbeddedServer.start(`${running.dataDir}/ttl`);
    const client = await new mongo.MongoClient(server.uri).connect();
    const sessions = client.db('test').collection('sessions');
    await sessions.createIndex({ at: 1 }, { expireAfterSeconds: 10 });
    await sessions.insertMany([
      { at: new Date(Date.now() - 20_000) },
      { at: new Date() },
      { at: 'never' },
      {},
    ]);
    await sessions.insertMany(Array.from({ length: 1200 }, () => ({ at: new Date(0) })));
    await server.sweeper.sweep();
    expect(await sessions.countDocuments()).toBe(3);
    await client.close();
    await server.close();
  });

  it('serves mongoose models', async () => {
    const connection = await mongoose
      .createConnection(running.server.uri, { dbName: 'models' })
      .asPromise();
    const schema = new mongoose.Schema(
      {
        userName: { type: String, required: true, unique: true },
        emails: [{ value: String }],
        ext: mongoose.Schema.Types.Mixed,
      },
      { timestamps: true, optimisticConcurrency: true },
    );
    const Person = connection.model('Person', schema);
    await Person.init();
    await Person.syncIndexes();
    const ann = await Person.create({
      userName: 'ann',
      emails: [{ value: 'a@x' }],
      ext: { 'urn:x%2E0': { a: 1 } },
    });
    await expect(Person.create({ userName: 'ann' })).rejects.toMatchObject({ code: 11000 });
    const stale = await Person.findById(ann._id);
    ann.emails.push({ value: 'b@x' });
    await ann.save();
    if (stale) stale.userName = 'bob';
    await expect(stale?.save()).rejects.toThrow(/No matching document/);
    expect(await Person.findOne({ 'emails.value': 'b@x' }).lean()).toMatchObject({
      userName: 'ann',
    });
    await connection.close();
  });

  it('answers what it is', async () => {
    expect(await db.command({ hello: 1 })).toMatchObject({
      isWritablePrimary: true,
      maxWireVersion: 21,
    });
    expect(await db.command({ buildInfo: 1 })).toMatchObject({ ok: 1 });
    expect(await db.command({ connectionStatus: 1 })).toMatchObject({ ok: 1 });
    expect(await db.command({ hello: 1 })).not.toHaveProperty('topologyVersion');
  });
});
