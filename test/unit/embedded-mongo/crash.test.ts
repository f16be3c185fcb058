import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../../../src/embedded-mongo';
import { childScript, compileServer } from './compiled-server';

interface Row {
  _id: string;
  key: string;
  tags?: string[];
  n: number;
  due?: number;
  batch?: string;
}

const BATCH = 20;
const WRITERS = `
  const [dataDir, round] = process.argv.slice(2);
  const server = await startEmbeddedMongo({ dataDir });
  const client = await new mongo.MongoClient(server.uri, { maxPoolSize: 16 }).connect();
  const rows = client.db('crash').collection('rows');
  await rows.createIndexes([
    { key: { key: 1 }, unique: true },
    { key: { tags: 1, n: -1 } },
    { key: { due: 1 }, partialFilterExpression: { due: { $exists: true } } },
  ]);
  const row = (id, i) => ({ _id: id, key: 'k' + id, tags: ['t' + (i % 5), 'all'], n: i, due: i });
  say('started');
  const insert = async (w) => {
    for (let i = 0; ; i += 1) {
      const id = round + '-i' + w + '-' + i;
      await rows.insertOne(row(id, i));
      say('insert ' + id);
    }
  };
  const batch = async (w) => {
    for (let i = 0; ; i += 1) {
      const name = round + '-b' + w + '-' + i;
      const many = Array.from({ length: ${BATCH} }, (_, j) => ({ ...row(name + '-' + j, j), batch: name }));
      await rows.insertMany(many);
      say('batch ' + name);
    }
  };
  const count = async (w) => {
    const id = round + '-c' + w;
    for (let i = 1; ; i += 1) {
      await rows.updateOne({ _id: id }, { $inc: { n: 1 }, $set: { key: 'k' + id + i, due: i, tags: ['t' + (i % 5)] } }, { upsert: true });
      say('count ' + id + ' ' + i);
    }
  };
  const remove = async (w) => {
    for (let i = 0; ; i += 1) {
      const id = round + '-d' + w + '-' + i;
      await rows.insertOne(row(id, i));
      await rows.deleteOne({ _id: id });
      say('delete ' + id);
    }
  };
  for (let w = 0; w < 3; w += 1) [insert, batch, count, remove].forEach((run) => void run(w));
`;

/** What the child was told has been written, as it said itself. */
class Acknowledged {
  readonly inserted: string[] = [];
  readonly batches: string[] = [];
  readonly deleted: string[] = [];
  readonly counts = new Map<string, number>();

  add(line: string): void {
    const [kind, id = '', value] = line.split(' ');
    if (kind === 'insert') this.inserted.push(id);
    if (kind === 'batch') this.batches.push(id);
    if (kind === 'delete') this.deleted.push(id);
    if (kind === 'count') this.counts.set(id, Number(value));
  }
}

function lines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(onLine);
  });
}

async function runAndKill(
  script: string,
  args: string[],
  acknowledged: Acknowledged,
): Promise<void> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the child ended by itself with ${String(code)}`)),
    );
    lines(child, (line) => {
      if (line === 'started') resolve();
      acknowledged.add(line);
    });
  });
  await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 500));
  child.kill('SIGKILL');
  await closed;
}

async function check(rows: mongo.Collection<Row>, acknowledged: Acknowledged): Promise<void> {
  const all = await rows.find({}, { hint: { $natural: 1 } }).toArray();
  const byId = new Map(all.map((row) => [row._id, row]));
  expect(acknowledged.inserted.filter((id) => !byId.has(id))).toEqual([]);
  expect(acknowledged.deleted.filter((id) => byId.has(id))).toEqual([]);
  for (const [id, value] of acknowledged.counts)
    expect(byId.get(id)?.n).toBeGreaterThanOrEqual(value);
  const batches = new Map<string, number>();
  for (const { batch } of all) if (batch) batches.set(batch, (batches.get(batch) ?? 0) + 1);
  expect(acknowledged.batches.filter((name) => batches.get(name) !== BATCH)).toEqual([]);
  expect([...batches.values()].filter((size) => size !== BATCH)).toEqual([]);
  // Every index holds exactly the documents: same number, and each document found by its key.
  expect(await rows.estimatedDocumentCount()).toBe(all.length);
  expect(await rows.countDocuments({ key: { $gte: '' } })).toBe(all.length);
  expect(await rows.countDocuments({ _id: { $gte: '' } })).toBe(all.length);
  const due = all.filter((row) => row.due !== undefined).length;
  expect(await rows.countDocuments({ due: { $gte: 0 } })).toBe(due);
  const ids = async (filter: mongo.Filter<Row>, hint: mongo.Hint): Promise<string[]> =>
    (await rows.find(filter, { hint, projection: { _id: 1 } }).toArray())
      .map((row) => row._id)
      .sort();
  for (const tag of ['all', 't0', 't3']) {
    expect(await ids({ tags: tag }, 'tags_1_n_-1')).toEqual(
      await ids({ tags: tag }, { $natural: 1 }),
    );
  }
  for (const row of all)
    if (Math.random() < 0.05) expect((await rows.findOne({ key: row.key }))?._id).toBe(row._id);
}

describe('a killed server', () => {
  const server = compileServer();
  afterAll(() => rmSync(dirname(server), { recursive: true, force: true }));

  it('keeps every acknowledged write and takes the directory over', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-crash-'));
    const script = childScript(server, WRITERS);
    const acknowledged = new Acknowledged();
    for (let round = 0; round < 5; round += 1) {
      await runAndKill(script, [dataDir, String(round)], acknowledged);
      const restarted = await startEmbeddedMongo({ dataDir, thread: 'inline' });
      const client = await new mongo.MongoClient(restarted.uri).connect();
      await check(client.db('crash').collection<Row>('rows'), acknowledged);
      await client.close();
      await restarted.close();
    }
    expect(acknowledged.inserted.length).toBeGreaterThan(0);
    expect(readdirSync(dataDir).filter((name) => name.endsWith('.sock'))).toEqual([]);
    rmSync(dataDir, { recursive: true, force: true });
  }, 120_000);
});
