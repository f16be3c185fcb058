/**
 * Figures of the embedded store with the official driver: one client process, the server in a worker
 * thread as in Usher itself, 100,000 documents. How to read them: README.md. Run: npm run bench:store
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../src/embedded-mongo';
import { flushLatency, loopSpeed } from './store-calibration';
import { Bench } from './store-measure';
import { serverAlone } from './store-process';
import { type Figure, table } from './store-table';

const DOCUMENTS = 100_000;
const SINGLE_INSERTS = 2000;
const CONCURRENT_INSERTS = 18_000;

interface User {
  _id: string;
  ruleId: string;
  resourceType: string;
  norm: { userName: string };
  externalId: string;
  generation: number;
  dueAt?: Date;
  body: Record<string, unknown>;
}

type Users = mongo.Collection<User>;

/** About 550 bytes of BSON. */
function user(n: number): User {
  return {
    _id: `user-${n}`,
    ruleId: 'rule-1',
    resourceType: 'User',
    norm: { userName: `name${n}` },
    externalId: `external-${n}`,
    generation: 0,
    ...(n % 10 === 0 && { dueAt: new Date(n) }),
    body: {
      active: true,
      name: { givenName: `Given${n}`, familyName: `Family${n}` },
      emails: [{ value: `name${n}@example.org`, type: 'work', primary: true }],
      note: 'x'.repeat(200),
    },
  };
}

const pick = (n: number): number => (n * 7919) % DOCUMENTS;
const byName = (n: number): mongo.Filter<User> => ({
  ruleId: 'rule-1',
  resourceType: 'User',
  'norm.userName': `name${n}`,
});
const CHANGE = (n: number): mongo.UpdateFilter<User> => ({
  $set: { 'body.note': `n${n}` },
  $inc: { generation: 1 },
});

function calibrate(bench: Bench, directory: string, when: string): void {
  bench.add({ name: `loop ${when}, million turns`, value: loopSpeed(), unit: '/s' });
  bench.add({ name: `flush of one page ${when}`, value: flushLatency(directory), unit: 'ms' });
}

async function load(bench: Bench, users: Users): Promise<void> {
  await bench.rate({
    name: 'insertOne',
    concurrency: 1,
    total: SINGLE_INSERTS,
    reference: [700, 2000],
    commits: true,
    run: (n) => users.insertOne(user(n)),
  });
  await bench.rate({
    name: 'insertOne',
    concurrency: 32,
    total: CONCURRENT_INSERTS,
    reference: [7700, 13_900],
    run: (n) => users.insertOne(user(n + SINGLE_INSERTS)),
  });
  const first = SINGLE_INSERTS + CONCURRENT_INSERTS;
  await bench.documents(
    {
      name: 'insertMany of 1000',
      concurrency: 1,
      total: (DOCUMENTS - first) / 1000,
      reference: [30_000, 40_000],
      run: (n) =>
        users.insertMany(Array.from({ length: 1000 }, (_, at) => user(first + n * 1000 + at))),
    },
    1000,
  );
}

async function lookUp(bench: Bench, users: Users, concurrency: 1 | 32): Promise<void> {
  await bench.rate({
    name: 'findOne by unique key',
    concurrency,
    total: 10_000,
    reference: concurrency === 1 ? [3300, 6400] : [6100, 11_600],
    run: (n) => users.findOne(byName(pick(n))),
  });
  await bench.rate({
    name: 'findOne by _id',
    concurrency,
    total: 10_000,
    run: (n) => users.findOne({ _id: `user-${pick(n)}` }),
  });
}

async function change(bench: Bench, users: Users, concurrency: 1 | 32): Promise<void> {
  const total = concurrency === 1 ? 3000 : 10_000;
  await bench.rate({
    name: 'updateOne',
    concurrency,
    total,
    reference: concurrency === 1 ? [1500, 3000] : [5000, 10_000],
    commits: concurrency === 1,
    run: (n) => users.updateOne({ _id: `user-${pick(n)}` }, CHANGE(n)),
  });
  await bench.rate({
    name: 'findOneAndUpdate, earliest due',
    concurrency,
    total,
    ...(concurrency === 32 && { reference: [4800, 9400] as const }),
    run: (n) =>
      users.findOneAndUpdate(
        { dueAt: { $lte: new Date(1e12) } },
        { $set: { dueAt: new Date(1e12 - n) }, $inc: { generation: 1 } },
        { sort: { dueAt: 1 }, returnDocument: 'after' },
      ),
  });
  await bench.rate({
    name: 'mixed, one write in five',
    concurrency,
    total,
    ...(concurrency === 32 && { reference: [5400, 11_400] as const }),
    run: (n) =>
      n % 5 === 0
        ? users.updateOne({ _id: `user-${pick(n)}` }, CHANGE(n))
        : users.findOne(byName(pick(n))),
  });
}

/** Reads while writers never stop: how long a read waits for the disk. */
async function readsBesideWriters(bench: Bench, users: Users): Promise<void> {
  let stopped = false;
  let written = 0;
  const writer = async (lane: number): Promise<void> => {
    while (!stopped) {
      await users.updateOne({ _id: `user-${lane}` }, { $inc: { generation: 1 } });
      written += 1;
    }
  };
  const begin = performance.now();
  const writers = [0, 1, 2, 3].map(writer);
  await bench.rate({
    name: 'findOne by _id beside 4 writers',
    concurrency: 4,
    total: 8000,
    run: (n) => users.findOne({ _id: `user-${pick(n)}` }),
  });
  stopped = true;
  await Promise.all(writers);
  const rate = (written * 1000) / (performance.now() - begin);
  bench.add({ name: 'the 4 writers meanwhile', value: rate, unit: '/s' });
}

async function manyDocuments(bench: Bench, users: Users): Promise<void> {
  const own = { ruleId: 'rule-1', resourceType: 'User' };
  await bench.rate({
    name: 'page of 100 from an index',
    concurrency: 8,
    total: 800,
    reference: [400, 930],
    run: (n) =>
      users
        .find({ ...own, 'norm.userName': { $gt: `name${pick(n)}` } })
        .sort({ 'norm.userName': 1 })
        .limit(100)
        .toArray(),
  });
  await bench.rate({
    name: 'page of 100 with skip',
    concurrency: 8,
    total: 400,
    run: (n) =>
      users
        .find(own)
        .sort({ 'norm.userName': 1 })
        .skip(n * 25)
        .limit(100)
        .toArray(),
  });
  await bench.duration({
    name: 'scan and match of 100,000 documents',
    concurrency: 1,
    total: 9,
    reference: [380, 380],
    run: () => users.countDocuments({ 'body.active': false }),
  });
  await bench.duration({
    name: 'countDocuments of an index range of 10,000',
    concurrency: 1,
    total: 50,
    reference: [50, 50],
    run: () => users.countDocuments({ dueAt: { $lt: new Date(1e13) } }),
  });
  await bench.rate({
    name: 'bulk upsert of 500',
    concurrency: 1,
    total: 10,
    run: (n) => users.bulkWrite(upserts(n), { ordered: false }),
  });
}

function upserts(n: number): mongo.AnyBulkWriteOperation<User>[] {
  return Array.from({ length: 500 }, (_, at) => {
    const { _id, ...rest } = user(DOCUMENTS + n * 500 + at);
    return { updateOne: { filter: { _id }, update: { $set: rest }, upsert: true } };
  });
}

async function run(dataDir: string): Promise<readonly Figure[]> {
  const empty = await serverAlone(dataDir);
  const server = await startEmbeddedMongo({ dataDir });
  const client = await new mongo.MongoClient(server.uri, { maxPoolSize: 64 }).connect();
  const database = client.db('bench');
  const bench = new Bench(database, dataDir);
  const users = database.collection<User>('users');
  await users.createIndexes([
    { key: { ruleId: 1, resourceType: 1, 'norm.userName': 1 }, unique: true },
    { key: { externalId: 1 }, unique: true },
    { key: { dueAt: 1 }, partialFilterExpression: { dueAt: { $exists: true } } },
  ]);
  // The first commands pay for the compilation of the driver and of the server.
  for (let n = 0; n < 2000; n += 1) await database.command({ ping: 1 });
  calibrate(bench, dataDir, 'before');
  await load(bench, users);
  for (const concurrency of [1, 32] as const) {
    await lookUp(bench, users, concurrency);
    await change(bench, users, concurrency);
  }
  await readsBesideWriters(bench, users);
  await manyDocuments(bench, users);
  const rss = process.memoryUsage.rss() / 1e6;
  calibrate(bench, dataDir, 'after');
  await client.close();
  await server.close();
  const full = await serverAlone(dataDir);
  const ms = { unit: 'ms', reference: [5, 5] } as const;
  const mb = { unit: 'MB' } as const;
  bench.add({ name: 'start until listening, empty', value: empty.startMs, ...ms });
  bench.add({ name: 'start until listening, 100,000 documents', value: full.startMs, ...ms });
  bench.add({ name: 'server alone, empty: RSS', value: empty.rssMb, ...mb, reference: [71, 71] });
  bench.add({
    name: 'server alone, 100,000 documents: RSS',
    value: full.rssMb,
    ...mb,
    reference: [74, 74],
  });
  bench.add({
    name: 'client and server after the run: RSS',
    value: rss,
    ...mb,
    reference: [370, 400],
  });
  const file = statSync(join(dataDir, 'data.mdb')).size / 1e6;
  bench.add({ name: 'data.mdb', value: file, ...mb, reference: [101, 101] });
  return bench.figures;
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'store-bench-'));
  try {
    console.log(table(await run(dataDir)));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

void main();
