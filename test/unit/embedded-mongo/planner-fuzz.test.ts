import { mongo } from 'mongoose';
import { OverTheWire } from '../../torture/fuzz-executors';
import { fuzzRound, type FuzzStatistics, noStatistics } from '../../torture/fuzz-rounds';
import { startServer } from './running-server';
import { torture } from './torture-process';

const ROUNDS = 50;
const QUERIES = 400;
const OVER_THE_WIRE = 100;
const given = process.env['EMBEDDED_FUZZ_SEED'];
const base = Number(given ?? 20_000);
const random = given === undefined ? Math.floor(Math.random() * 2 ** 31) : base + ROUNDS;

/** A fuzz whose queries find nothing, or never use an index, proves nothing. */
function assertMeaningful(statistics: FuzzStatistics): void {
  const { queries, explained, indexed, sorted, sortedByIndex, nonEmpty } = statistics;
  expect(explained).toBeGreaterThan(queries / 5);
  expect(indexed / explained).toBeGreaterThan(0.3);
  expect(sortedByIndex / sorted).toBeGreaterThan(0.05);
  expect(nonEmpty / queries).toBeGreaterThan(0.3);
  expect(statistics.manyWrites).toBeGreaterThan(queries / 100);
}

/** The long form is: npm run torture -- fuzz. */
describe('planner against full scan', () => {
  beforeAll(() => {
    process.stderr.write(
      `planner fuzz: seeds ${base} to ${base + ROUNDS - 1} and ${random}; ` +
        'EMBEDDED_FUZZ_SEED=<seed> starts with another one\n',
    );
  });

  it(`answers ${ROUNDS * QUERIES} queries the same on fixed seeds`, async () => {
    const total = (await torture('fuzz', ROUNDS * QUERIES, base)) as FuzzStatistics;
    expect(total.queries).toBeGreaterThanOrEqual(20_000);
    expect(total.refusedAsDuplicates).toBeGreaterThan(50);
    assertMeaningful(total);
  }, 300_000);

  it('answers the same on a random seed', async () => {
    await torture('fuzz', QUERIES, random);
  }, 300_000);

  it('answers the same over the wire, with the official driver', async () => {
    const running = await startServer();
    const statistics = noStatistics();
    const server = new OverTheWire(mongo, running.db);
    await fuzzRound(server, base + ROUNDS + 1, OVER_THE_WIRE, statistics);
    await running.stop();
    expect(statistics.queries).toBe(OVER_THE_WIRE);
    expect(statistics.indexed).toBeGreaterThan(10);
  }, 300_000);
});

describe('what the planner fuzz has found', () => {
  it('finds documents whose conditions hold for different elements of one array', async () => {
    const running = await startServer();
    const rows = running.db.collection('elements');
    await rows.createIndexes([{ key: { 'a.b': 1, 'a.c': 1 } }, { key: { l: 1, 'l.b': 1 } }]);
    await rows.insertMany([
      { n: 1, a: [{ b: 1 }, { c: 2 }], l: ['x', { b: 1 }] },
      { n: 2, a: [{ b: 1, c: 2 }], l: ['y'] },
    ]);
    const found = async (filter: object): Promise<unknown[]> =>
      (await rows.find(filter).sort({ n: 1 }).toArray()).map((row) => row['n']);
    expect(await found({ 'a.b': 1, 'a.c': 2 })).toEqual([1, 2]);
    expect(await found({ a: { $elemMatch: { b: 1, c: 2 } } })).toEqual([2]);
    expect(await found({ l: 'x', 'l.b': { $lt: 3 } })).toEqual([1]);
    await running.stop();
  });
});
