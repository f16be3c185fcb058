import { type mongo } from 'mongoose';
import { type UpdateStatistics } from '../../torture/update-rounds';
import { errorCode, type RunningServer, startServer } from './running-server';
import { torture } from './torture-process';

const UPDATES = 12_000;
const given = process.env['EMBEDDED_FUZZ_SEED'];
const base = Number(given ?? 30_000);
const random = given === undefined ? Math.floor(Math.random() * 2 ** 31) : base + 1;

/** The long form is: npm run torture -- updates. */
describe('updates against an oracle written from the manual', () => {
  beforeAll(() => {
    process.stderr.write(
      `updates: seeds ${base} and ${random}; EMBEDDED_FUZZ_SEED=<seed> starts with another one\n`,
    );
  });

  it(`changes ${UPDATES} documents alike on fixed seeds`, async () => {
    const statistics = (await torture('updates', UPDATES, base)) as Omit<
      UpdateStatistics,
      'refused'
    > & { refused: Record<number, number> };
    const { updates, modified, unchanged, upserts, refused } = statistics;
    expect(updates).toBeGreaterThanOrEqual(10_000);
    expect(modified).toBeGreaterThan(2000);
    expect(unchanged).toBeGreaterThan(300);
    expect(upserts).toBeGreaterThan(800);
    const codes = [2, 9, 14, 28, 40, 52, 54, 56, 66];
    expect(codes.filter((code) => (refused[code] ?? 0) < 10)).toEqual([]);
  }, 300_000);

  it('changes documents alike on a random seed', async () => {
    await torture('updates', 2000, random);
  }, 120_000);
});

describe('what the oracle has found', () => {
  let running: RunningServer;
  let rows: mongo.Collection<{ _id: number; [field: string]: unknown }>;
  beforeAll(async () => {
    running = await startServer();
    rows = running.db.collection('rows');
    await rows.insertOne({ _id: 1, scalar: 5, list: [1, 2] });
  });
  afterAll(() => running.stop());

  const apply = (update: mongo.Document): Promise<mongo.UpdateResult> =>
    rows.updateOne({ _id: 1 }, update);
  const refusal = (update: mongo.Document): Promise<unknown> => errorCode(apply(update));

  it('refuses $pull and $pullAll on a path through a scalar or a name in an array', async () => {
    expect(await refusal({ $pull: { 'scalar.x': 1 } })).toBe(28);
    expect(await refusal({ $pullAll: { 'list.x': [1] } })).toBe(28);
    const missing = await apply({ $pull: { 'none.x': 1, 'list.7': 1 } });
    expect(missing).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
  });

  it('names the wrong $each of $addToSet a wrong type', async () => {
    expect(await refusal({ $addToSet: { list: { $each: 1 } } })).toBe(14);
    expect(await refusal({ $push: { list: { $each: 1 } } })).toBe(2);
  });

  it('takes any boolean and nothing but a $type for $currentDate', async () => {
    await apply({ $currentDate: { seen: false } });
    expect((await rows.findOne({ _id: 1 }))?.['seen']).toBeInstanceOf(Date);
    expect(await refusal({ $currentDate: { seen: 'date' } })).toBe(2);
    expect(await refusal({ $currentDate: { seen: { $type: 'date', more: 1 } } })).toBe(2);
  });

  it('refuses an upsert whose query names a path and one inside it', async () => {
    const upsert = (query: mongo.Filter<mongo.Document>): Promise<unknown> =>
      errorCode(
        running.db.collection('rows').updateOne(query, { $set: { x: 1 } }, { upsert: true }),
      );
    expect(await upsert({ a: { b: 1 }, 'a.b': 1, x: 2 })).toBe(54);
    expect(await upsert({ 'a.b': 1, a: { b: 1 }, x: 2 })).toBe(54);
  });
});
