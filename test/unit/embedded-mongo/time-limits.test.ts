import { type mongo } from 'mongoose';
import { errorCode, type RunningServer, startServer } from './running-server';

const DOCUMENTS = 60_000;
const EXPIRED = 50;

describe('maxTimeMS', () => {
  let running: RunningServer;
  let slow: mongo.Collection;
  beforeAll(async () => {
    running = await startServer();
    slow = running.db.collection('slow');
    const rows = Array.from({ length: DOCUMENTS }, (_, n) => ({ n, a: { b: [n, `x${n}`] } }));
    await slow.insertMany(rows);
  });
  afterAll(() => running.stop());

  const NOWHERE = { 'a.b': 'nowhere' };
  /** Every match is followed by a long search. */
  const RARE = { n: { $in: Array.from({ length: 200 }, (_, at) => at * 300) } };
  const limit = { maxTimeMS: 2 };

  it.each<[string, (items: mongo.Collection) => Promise<unknown>]>([
    ['find', (items) => items.find(NOWHERE, limit).toArray()],
    ['a sorted find', (items) => items.find({}, { ...limit, sort: { 'a.b': -1 } }).toArray()],
    ['an exhaustive findOne', (items) => items.findOne(NOWHERE, limit)],
    ['aggregate', (items) => items.aggregate([{ $group: { _id: '$n' } }], limit).toArray()],
    ['count', () => running.db.command({ count: 'slow', query: NOWHERE, ...limit })],
    ['countDocuments', (items) => items.countDocuments(NOWHERE, limit)],
    ['distinct', (items) => items.distinct('n', {}, limit)],
    ['update', (items) => items.updateMany({}, { $set: { touched: 1 } }, limit)],
    ['update that finds nothing', (items) => items.updateMany(NOWHERE, { $set: { t: 1 } }, limit)],
    ['delete', (items) => items.deleteMany(NOWHERE, limit)],
    ['findAndModify', (items) => items.findOneAndUpdate(NOWHERE, { $set: { t: 1 } }, limit)],
    ['createIndexes', (items) => items.createIndex({ 'a.b': 1, n: 1 }, limit)],
  ])('interrupts %s', async (_name, act) => {
    const begun = Date.now();
    expect(await errorCode(act(slow))).toBe(EXPIRED);
    expect(Date.now() - begun).toBeLessThan(1_000);
    expect((await slow.indexes()).map(({ name }) => name)).toEqual(['_id_']);
    expect(await slow.countDocuments({})).toBe(DOCUMENTS);
  });

  it('interrupts many small statements of one command', async () => {
    const deletes = Array.from({ length: 50_000 }, (_, n) => ({ q: { _id: -n }, limit: 1 }));
    const command = { delete: 'slow', deletes, ...limit };
    expect(await errorCode(running.db.command(command))).toBe(EXPIRED);
    const documents = Array.from({ length: 50_000 }, (_, _id) => ({ _id }));
    expect(await errorCode(running.db.command({ insert: 'other', documents, ...limit }))).toBe(
      EXPIRED,
    );
    // As in MongoDB, what was written before stays.
    const kept = await running.db.collection('other').find().toArray();
    expect(kept.map(({ _id }) => _id)).toEqual(kept.map((_document, n) => n));
    expect(kept.length).toBeLessThan(50_000);
  });

  it('holds for a cursor as a whole, however many batches it takes', async () => {
    const cursor = slow.find(RARE, { maxTimeMS: 60, batchSize: 2 });
    let batches = 0;
    const reading = (async () => {
      for await (const row of cursor) batches += row['n'] as number;
    })();
    expect(await errorCode(reading)).toBe(EXPIRED);
    expect(batches).toBeGreaterThan(0);
  });

  it('is refused on getMore, where only cursors that wait for data have it', async () => {
    const { cursor } = await running.db.command({ find: 'slow', batchSize: 1 });
    const getMore = { getMore: cursor.id as mongo.Long, collection: 'slow', maxTimeMS: 5 };
    expect(await errorCode(running.db.command(getMore))).toBe(2);
    await running.db.command({ killCursors: 'slow', cursors: [cursor.id] });
  });

  it('does not hinder what is quick', async () => {
    expect(await slow.findOne({}, { maxTimeMS: 1_000 })).not.toBeNull();
  });
});
