/**
 * Figures of the embedded store with the official driver, one client process, server in a worker.
 * Run the build first, then: node dist/bench/embedded-mongo.js
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../src/embedded-mongo';

const DOCUMENTS = 20_000;

interface User {
  _id: string;
  ruleId: string;
  resourceType: string;
  norm: { userName: string };
  unique?: string[];
  generation: number;
  dueAt?: Date;
  body: Record<string, unknown>;
}

function user(n: number): User {
  return {
    _id: `user-${n}`,
    ruleId: 'rule-1',
    resourceType: 'User',
    norm: { userName: `name${n}` },
    unique: [`unique-name${n}`, `external-${n}`],
    generation: 0,
    ...(n % 10 === 0 && { dueAt: new Date(n) }),
    body: {
      active: true,
      emails: [{ value: `name${n}@example.org`, primary: true }],
      note: 'x'.repeat(250),
    },
  };
}

async function measure(
  name: string,
  concurrency: number,
  total: number,
  run: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const times: number[] = [];
  const begin = performance.now();
  const lane = async (): Promise<void> => {
    while (next < total) {
      const n = next;
      next += 1;
      const started = performance.now();
      await run(n);
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const seconds = (performance.now() - begin) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  const rate = Math.round(total / seconds);
  console.log(`${name} c=${concurrency}: ${rate}/s p50 ${at(0.5)} ms p99 ${at(0.99)} ms`);
}

/** What Usher does for one change: look up, read, write with a guard, look for work. */
async function mixed(users: mongo.Collection<User>, n: number, id: string): Promise<void> {
  const norm = id.replace('user-', 'name');
  switch (n % 4) {
    case 0:
      await users.updateOne({ _id: id }, { $set: { body: user(n).body }, $inc: { generation: 1 } });
      break;
    case 1:
      await users.findOne({ ruleId: 'rule-1', resourceType: 'User', 'norm.userName': norm });
      break;
    case 2:
      await users.findOne({ unique: `unique-${norm}` });
      break;
    default:
      await users.findOne({ _id: id });
  }
}

/** Reads while writers never stop: how long a read waits for the disk. */
async function readsBesideWriters(users: mongo.Collection<User>): Promise<void> {
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
  await measure('findOne by _id beside 4 writers', 4, 8000, (n) =>
    users.findOne({ _id: `user-${(n * 7919) % DOCUMENTS}` }),
  );
  stopped = true;
  await Promise.all(writers);
  console.log(
    `  writes meanwhile: ${Math.round((written * 1000) / (performance.now() - begin))}/s`,
  );
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-bench-'));
  const server = await startEmbeddedMongo({ dataDir });
  const client = await new mongo.MongoClient(server.uri, { maxPoolSize: 64 }).connect();
  const users = client.db('bench').collection<User>('users');
  await users.createIndexes([
    { key: { ruleId: 1, resourceType: 1, 'norm.userName': 1 }, unique: true },
    { key: { unique: 1 }, unique: true, sparse: true },
    { key: { dueAt: 1 }, partialFilterExpression: { dueAt: { $exists: true } } },
  ]);
  const pick = (n: number): number => (n * 7919) % DOCUMENTS;
  await measure('insertOne', 1, 2000, (n) => users.insertOne(user(n)));
  await measure('insertOne', 32, DOCUMENTS - 2000, (n) => users.insertOne(user(n + 2000)));
  const bulk = Array.from({ length: 10_000 }, (_, n) => user(n + 1_000_000));
  await measure('insertMany x1000', 1, 10, (n) =>
    users.insertMany(bulk.slice(n * 1000, n * 1000 + 1000)),
  );
  for (const concurrency of [1, 32]) {
    await measure('findOne by unique key', concurrency, 10_000, (n) =>
      users.findOne({ ruleId: 'rule-1', resourceType: 'User', 'norm.userName': `name${pick(n)}` }),
    );
    await measure('findOne by _id', concurrency, 10_000, (n) =>
      users.findOne({ _id: `user-${pick(n)}` }),
    );
    await measure('updateOne', concurrency, 5000, (n) =>
      users.updateOne(
        { _id: `user-${pick(n)}` },
        { $set: { 'body.note': `n${n}` }, $inc: { generation: 1 } },
      ),
    );
    await measure('mixed, one write in four', concurrency, 8000, (n) =>
      mixed(users, n, `user-${pick(n)}`),
    );
    await measure('findOneAndUpdate', concurrency, 5000, (n) =>
      users.findOneAndUpdate(
        { dueAt: { $lte: new Date(1e12) } },
        { $set: { dueAt: new Date(1e12 - n) }, $inc: { generation: 1 } },
        { sort: { dueAt: 1 }, returnDocument: 'after' },
      ),
    );
  }
  await readsBesideWriters(users);
  await measure('bulk upsert x500', 1, 10, (n) =>
    users.bulkWrite(
      Array.from({ length: 500 }, (_, i) => ({
        updateOne: {
          filter: { _id: `bulk-${n}-${i}` },
          update: {
            $set: { ruleId: 'rule-2', resourceType: 'User', 'norm.userName': `b${n}-${i}` },
          },
          upsert: true,
        },
      })),
      { ordered: false },
    ),
  );
  const page = { ruleId: 'rule-1', resourceType: 'User' };
  await measure('page of 100 with skip', 8, 400, (n) =>
    users
      .find(page)
      .sort({ 'norm.userName': 1 })
      .skip((n * 37) % 10_000)
      .limit(100)
      .toArray(),
  );
  await measure('countDocuments of 30k', 1, 50, () => users.countDocuments(page));
  await client.close();
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
}

void main();
