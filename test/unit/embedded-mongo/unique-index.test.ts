import { type mongo } from 'mongoose';
import { errorCode, Random, type RunningServer, startServer } from './running-server';

interface Item {
  _id: number;
  key?: string | string[];
}

/** Longer than a key of an index can be, and different only at the end. */
const long = (end: string): string => 'x'.repeat(2500) + end;
const SHORT = ['a', 'aa', 'b', 'b\0', 'ü', 'c'.repeat(1880), 'c'.repeat(1900)];
const VALUES = [...SHORT, long('1'), long('2'), long('3')];

let running: RunningServer;
let items: mongo.Collection<Item>;

beforeEach(async () => {
  running = await startServer();
  items = running.db.collection<Item>('items');
  await items.createIndex({ key: 1 }, { unique: true, sparse: true });
});

afterEach(async () => {
  await running.stop();
});

async function insertAll(): Promise<void> {
  await items.insertMany(VALUES.map((key, _id) => ({ _id, key })));
}

describe('unique index', () => {
  it('finds every key, whether it was cut or not', async () => {
    await insertAll();
    for (const [_id, key] of VALUES.entries()) {
      expect(await items.find({ key }).toArray()).toEqual([{ _id, key }]);
      expect(await errorCode(items.insertOne({ _id: 100, key }))).toBe(11000);
    }
    expect(await items.countDocuments({ key: { $gte: '' } })).toBe(VALUES.length);
    expect(await items.countDocuments({ key: 'absent' })).toBe(0);
  });

  it('hands out looked up documents once, however small the batches are', async () => {
    await insertAll();
    const some = VALUES.filter((_, at) => at % 2 === 0);
    for (const sort of [{ key: 1 }, { key: -1 }] as const) {
      for (const batchSize of [1, 2, 100]) {
        const found = await items
          .find({ key: { $in: [...some, 'absent'] } }, { batchSize })
          .sort(sort)
          .toArray();
        const order = [...some].sort((a, b) => (a < b ? -1 : 1));
        if (sort.key === -1) order.reverse();
        expect(found.map(({ key }) => key)).toEqual(order);
      }
    }
    const skipped = items.find({ _id: { $in: [0, 1, 2, 3] } }, { batchSize: 1 }).sort({ _id: 1 });
    expect((await skipped.skip(1).limit(2).toArray()).map(({ _id }) => _id)).toEqual([1, 2]);
  });

  it('gives a key free when its document is deleted or gets another key', async () => {
    for (const [at, key] of VALUES.entries()) {
      await items.insertOne({ _id: at, key });
      await items.updateOne({ _id: at }, { $set: { key: `moved-${at}` } });
      await items.insertOne({ _id: at + 100, key });
      expect(await errorCode(items.updateOne({ _id: at }, { $set: { key } }))).toBe(11000);
      await items.deleteOne({ key });
      await items.updateOne({ _id: at }, { $set: { key } });
      expect(await items.findOne({ key })).toEqual({ _id: at, key });
      expect(await items.countDocuments({ key: `moved-${at}` })).toBe(0);
    }
  });

  it('builds on documents that are there, and refuses when two have the same key', async () => {
    await items.dropIndexes();
    await insertAll();
    await items.createIndex({ key: -1 }, { unique: true });
    for (const [_id, key] of VALUES.entries()) {
      expect(await items.findOne({ key }, { hint: 'key_-1' })).toEqual({ _id, key });
    }
    await items.dropIndexes();
    await items.insertOne({ _id: 100, key: long('1') });
    expect(await errorCode(items.createIndex({ key: 1 }, { unique: true }))).toBe(11000);
  });

  it('allows exactly what a list of the keys in use allows', async () => {
    const random = new Random(20_261_122);
    const model = new Map<number, readonly string[]>();
    const some = (): string[] => VALUES.filter(() => random.chance(0.2));
    for (let round = 0; round < 300; round += 1) {
      const _id = random.below(12);
      const wanted = some();
      const others = [...model].filter(([id]) => id !== _id).flatMap(([, keys]) => keys);
      if (random.chance(0.2)) {
        await items.deleteOne({ _id });
        model.delete(_id);
      } else if (wanted.some((key) => others.includes(key))) {
        const write = items.replaceOne({ _id }, { key: wanted }, { upsert: true });
        expect(await errorCode(write)).toBe(11000);
      } else if (wanted.length > 0) {
        await items.replaceOne({ _id }, { key: wanted }, { upsert: true });
        model.set(_id, wanted);
      }
    }
    expect(model.size).toBeGreaterThan(0);
    for (const key of VALUES) {
      const holders = [...model].filter(([, keys]) => keys.includes(key)).map(([id]) => id);
      const found = await items.find({ key }, { hint: 'key_1' }).toArray();
      expect(found.map(({ _id }) => _id)).toEqual(holders);
    }
    const all = await items.find({ key: { $exists: true } }, { hint: 'key_1' }).toArray();
    expect(all.map(({ _id }) => _id).sort()).toEqual([...model.keys()].sort());
  });
});
