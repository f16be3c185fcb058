import { setTimeout as wait } from 'node:timers/promises';
import { type mongo } from 'mongoose';
import { errorCode, type RunningServer, startServer } from './running-server';
import { command, RawClient } from './wire-client';

const IDLE_MS = 300;
const CURSOR_NOT_FOUND = 43;
const MEGABYTE = 1024 * 1024;

describe('cursors', () => {
  let running: RunningServer;
  let items: mongo.Collection;
  beforeAll(async () => {
    running = await startServer({ cursorIdleMs: IDLE_MS });
    items = running.db.collection('items');
    await items.insertMany(Array.from({ length: 500 }, (_, n) => ({ n, tags: [n, n + 1] })));
  });
  afterAll(() => running.stop());

  async function open(options: mongo.Document = {}): Promise<mongo.Long> {
    const reply = await running.db.command({ find: 'items', batchSize: 1, ...options });
    return reply['cursor'].id as mongo.Long;
  }

  async function next(id: mongo.Long, collection = 'items'): Promise<number | string> {
    const getMore = { getMore: id, collection, batchSize: 1 };
    const reply = running.db.command(getMore);
    return reply.then(
      () => 'open',
      (error: unknown) => (error as mongo.MongoServerError).code as number,
    );
  }

  it('are closed when nobody reads from them for long, and not before', async () => {
    const [read, forgotten] = [await open(), await open()];
    for (let n = 0; n < 8; n += 1) {
      await wait(IDLE_MS / 2);
      expect(await next(read)).toBe('open');
    }
    expect(await next(forgotten)).toBe(CURSOR_NOT_FOUND);
  });

  it('are kept longer with noCursorTimeout', async () => {
    const kept = await open({ noCursorTimeout: true });
    const usual = await open();
    await wait(IDLE_MS * 2.2);
    expect(await next(usual)).toBe(CURSOR_NOT_FOUND);
    expect(await next(kept)).toBe('open');
  });

  it('can be killed, by name and once', async () => {
    const id = await open();
    const kill = { killCursors: 'items', cursors: [id] };
    expect(await running.db.command({ ...kill, killCursors: 'other' })).toMatchObject({
      cursorsKilled: [],
      cursorsNotFound: [id],
    });
    expect(await running.db.command(kill)).toMatchObject({ cursorsKilled: [id] });
    expect(await running.db.command(kill)).toMatchObject({ cursorsNotFound: [id] });
    expect(await next(id)).toBe(CURSOR_NOT_FOUND);
  });

  it('end with an error when their collection or index is dropped', async () => {
    const other = running.db.collection('other');
    await other.insertMany([{ a: 1 }, { a: 2 }, { a: 3 }]);
    await other.createIndex({ a: 1 });
    const overIndex = await open({ find: 'other', filter: { a: { $gt: 0 } } });
    await other.dropIndex('a_1');
    expect(await next(overIndex, 'other')).toBe(175);
    const overAll = await open({ find: 'other' });
    await other.drop();
    await other.insertMany([{ a: 1 }, { a: 2 }]);
    expect(await next(overAll, 'other')).toBe(175);
    expect(await next(overAll, 'other')).toBe(CURSOR_NOT_FOUND);
  });

  it('are closed with their session', async () => {
    const session = running.client.startSession();
    const reply = await running.db.command({ find: 'items', batchSize: 1 }, { session });
    const id = reply['cursor'].id as mongo.Long;
    await running.db.admin().command({ endSessions: [session.id] });
    expect(await next(id)).toBe(CURSOR_NOT_FOUND);
    await session.endSession();
  });

  it('without a session are closed with the connection that opened them', async () => {
    const client = new RawClient(running.socketPath);
    const reply = (await client.ask(command({ find: 'items', batchSize: 1 }))) as mongo.Document;
    const id = reply['cursor'].id as mongo.Long;
    expect(await next(id)).toBe('open');
    client.socket.destroy();
    await wait(50);
    expect(await next(id)).toBe(CURSOR_NOT_FOUND);
  });

  it('hold only so much together, and give it back', async () => {
    const patient = await startServer();
    const rows = Array.from({ length: 90 }, (_, n) => ({ n, text: 'x'.repeat(MEGABYTE) }));
    await patient.db.collection('big').insertMany(rows);
    const sorted = { find: 'big', sort: { n: -1 }, batchSize: 1 };
    const { cursor } = await patient.db.command(sorted);
    await patient.db.command(sorted);
    expect(await errorCode(patient.db.command(sorted))).toBe(292);
    await patient.db.command({ killCursors: 'big', cursors: [cursor.id] });
    await patient.db.command(sorted);
    await patient.stop();
  }, 60_000);

  it('are at most ten thousand', async () => {
    const many = await startServer();
    await many.db.collection('items').insertMany([{ n: 1 }, { n: 2 }]);
    const one = (): Promise<unknown> => many.db.command({ find: 'items', batchSize: 1 });
    for (let n = 0; n < 10_000; n += 100) await Promise.all(Array.from({ length: 100 }, one));
    expect(await errorCode(one())).toBe(292);
    expect(await many.db.collection('items').countDocuments({ n: 1 })).toBe(1);
    await many.stop();
  }, 60_000);
});

describe('memory of results', () => {
  const COUNT = 200_000;
  let running: RunningServer;
  let rows: mongo.Collection;
  beforeAll(async () => {
    running = await startServer();
    rows = running.db.collection('rows');
    for (let at = 0; at < COUNT; at += 20_000) {
      const text = 'x'.repeat(600);
      const batch = Array.from({ length: 20_000 }, (_, n) => ({ n: (at + n) * 7919, text }));
      await rows.insertMany(batch.map((row) => ({ ...row, n: row.n % COUNT })));
    }
  }, 120_000);
  afterAll(() => running.stop());

  it('bounds a sort', async () => {
    expect(await errorCode(rows.find().sort({ n: 1 }).toArray())).toBe(292);
    const late = [{ $match: {} }, { $project: { n: 1, text: 1 } }, { $sort: { n: 1 } }];
    expect(await errorCode(rows.aggregate(late).toArray())).toBe(292);
  }, 60_000);

  it('needs little for a sort with a limit', async () => {
    const before = process.memoryUsage().rss;
    const found = await rows.find().sort({ n: -1 }).limit(5).toArray();
    expect(found.map(({ n }) => n as number)).toEqual([1, 2, 3, 4, 5].map((n) => COUNT - n));
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MEGABYTE);
  }, 60_000);

  it('bounds groups, sets and distinct values', async () => {
    const key = { n: '$n', text: '$text' };
    expect(await errorCode(rows.aggregate([{ $group: { _id: key } }]).toArray())).toBe(292);
    const long = running.db.collection('long');
    const values = Array.from({ length: 20 }, (_, n) => ({ v: `${n}${'v'.repeat(MEGABYTE)}` }));
    await long.insertMany(values);
    expect(await errorCode(long.distinct('v'))).toBe(17217);
    const set = [{ $group: { _id: null, all: { $addToSet: '$v' } } }];
    expect(await errorCode(long.aggregate(set).toArray())).toBe(10334);
    expect(await errorCode(rows.aggregate([{ $skip: 0 }, { $skip: 1 }]).toArray())).toBe(292);
  }, 60_000);
});
