import { type mongo } from 'mongoose';
import { type RunningServer, startServer } from './running-server';

interface Item {
  _id: string;
  generation: number;
  winner?: number;
  key?: string;
  count?: number;
}

describe('concurrent writers', () => {
  let running: RunningServer;
  let items: mongo.Collection<Item>;
  beforeAll(async () => {
    running = await startServer();
    items = running.db.collection<Item>('items');
    await items.createIndex({ key: 1 }, { unique: true, sparse: true });
  });
  afterAll(() => running.stop());

  it('lets exactly one of fifty racers win a generation', async () => {
    await items.insertOne({ _id: 'race', generation: 5 });
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, winner) =>
        items.updateOne(
          { _id: 'race', generation: 5 },
          { $set: { winner }, $inc: { generation: 1 } },
        ),
      ),
    );
    expect(results.filter((result) => result.modifiedCount === 1)).toHaveLength(1);
    expect(await items.findOne({ _id: 'race' })).toMatchObject({ generation: 6 });
  });

  it('makes one document of thirty racing upserts on a unique key', async () => {
    await Promise.all(
      Array.from({ length: 30 }, () =>
        items.updateOne({ key: 'same' }, { $inc: { count: 1 } }, { upsert: true }),
      ),
    );
    expect(await items.find({ key: 'same' }).toArray()).toMatchObject([{ count: 30 }]);
  });

  it('inserts a unique key once', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) =>
        items.insertOne({ _id: `u${n}`, generation: 0, key: 'once' }),
      ),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await items.countDocuments({ key: 'once' })).toBe(1);
  });

  it('hands every lease out once', async () => {
    const jobs = running.db.collection<{
      _id: number;
      dueAt: Date;
      leaseUntil: Date;
      runs: number;
    }>('jobs');
    await jobs.createIndex({ dueAt: 1 }, { partialFilterExpression: { dueAt: { $exists: true } } });
    await jobs.insertMany(
      Array.from({ length: 40 }, (_, _id) => ({
        _id,
        dueAt: new Date(_id),
        leaseUntil: new Date(0),
        runs: 0,
      })),
    );
    const now = new Date(1000);
    const taken = await Promise.all(
      Array.from({ length: 60 }, () =>
        jobs.findOneAndUpdate(
          { dueAt: { $lte: now }, leaseUntil: { $lte: now } },
          { $set: { leaseUntil: new Date(2000) }, $inc: { runs: 1 } },
          { sort: { dueAt: 1 }, returnDocument: 'after' },
        ),
      ),
    );
    const ids = taken.filter((job) => job !== null).map((job) => job._id);
    expect(new Set(ids).size).toBe(40);
    expect(ids).toHaveLength(40);
  });

  it('reads while it writes without losing a row', async () => {
    const rows = running.db.collection<{ _id: number; n: number }>('rows');
    await rows.insertMany(Array.from({ length: 500 }, (_, _id) => ({ _id, n: 0 })));
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 1) {
        await rows.updateOne({ _id: n % 500 }, { $inc: { n: 1 } });
        await rows.insertOne({ _id: 10_000 + n, n });
      }
    })();
    for (let round = 0; round < 20; round += 1) {
      const found = await rows.find({ _id: { $lt: 500 } }, { batchSize: 50 }).toArray();
      expect(found.map((row) => row._id)).toEqual(Array.from({ length: 500 }, (_, n) => n));
    }
    writing = false;
    await writer;
  });
});
