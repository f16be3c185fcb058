/** Kills a server under load and compares what it kept with what it had acknowledged. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../../src/embedded-mongo';

interface Row {
  _id: string;
  key: string;
  tags?: string[];
  n: number;
  due?: number;
  batch?: string;
}

const BATCH = 20;

/** The body of a child process that writes without end and says what was acknowledged. */
export const WRITERS = `
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
  const watch = async (w) => {
    const id = round + '-c' + w;
    for (;;) {
      const seen = await rows.findOne({ _id: id });
      if (seen) say('count ' + id + ' ' + seen.n);
    }
  };
  for (let w = 0; w < 3; w += 1) [insert, batch, count, remove, watch].forEach((run) => void run(w));
`;

/** What the child was told: what has been written, and what a read has shown. */
export class Acknowledged {
  readonly inserted: string[] = [];
  readonly batches: string[] = [];
  readonly deleted: string[] = [];
  readonly counts = new Map<string, number>();

  add(line: string): void {
    const [kind, id = '', value] = line.split(' ');
    if (kind === 'insert') this.inserted.push(id);
    if (kind === 'batch') this.batches.push(id);
    if (kind === 'delete') this.deleted.push(id);
    if (kind === 'count') {
      this.counts.set(id, Math.max(Number(value), this.counts.get(id) ?? 0));
    }
  }

  get size(): number {
    return this.inserted.length + this.batches.length + this.deleted.length;
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

function assertKept(all: readonly Row[], acknowledged: Acknowledged): void {
  const byId = new Map(all.map((row) => [row._id, row]));
  assert.deepEqual(
    acknowledged.inserted.filter((id) => !byId.has(id)),
    [],
    'lost inserts',
  );
  assert.deepEqual(
    acknowledged.deleted.filter((id) => byId.has(id)),
    [],
    'lost deletes',
  );
  for (const [id, value] of acknowledged.counts) {
    assert.ok((byId.get(id)?.n ?? 0) >= value, `lost updates of ${id}`);
  }
  const batches = new Map<string, number>();
  for (const { batch } of all) if (batch) batches.set(batch, (batches.get(batch) ?? 0) + 1);
  assert.deepEqual(
    acknowledged.batches.filter((name) => batches.get(name) !== BATCH),
    [],
    'lost batches',
  );
  assert.deepEqual(
    [...batches.values()].filter((size) => size !== BATCH),
    [],
    'half batches',
  );
}

/** Every index must hold exactly the documents: same number, and each document found by its key. */
async function assertIndexes(rows: mongo.Collection<Row>, all: readonly Row[]): Promise<void> {
  assert.equal(await rows.estimatedDocumentCount(), all.length);
  assert.equal(await rows.countDocuments({ key: { $gte: '' } }), all.length);
  assert.equal(await rows.countDocuments({ _id: { $gte: '' } }), all.length);
  const due = all.filter((row) => row.due !== undefined).length;
  assert.equal(await rows.countDocuments({ due: { $gte: 0 } }), due);
  const ids = async (filter: mongo.Filter<Row>, hint: mongo.Hint): Promise<string[]> =>
    (await rows.find(filter, { hint, projection: { _id: 1 } }).toArray())
      .map((row) => row._id)
      .sort();
  for (const tag of ['all', 't0', 't3']) {
    const expected = await ids({ tags: tag }, { $natural: 1 });
    assert.deepEqual(await ids({ tags: tag }, 'tags_1_n_-1'), expected);
  }
  for (const row of all) {
    if (Math.random() < 0.05) assert.equal((await rows.findOne({ key: row.key }))?._id, row._id);
  }
}

/** One round: writes, the kill, a restart and the comparison. Throws when anything is wrong. */
export async function killRound(
  script: string,
  dataDir: string,
  round: number,
  acknowledged: Acknowledged,
): Promise<{ documents: number }> {
  await runAndKill(script, [dataDir, String(round)], acknowledged);
  const restarted = await startEmbeddedMongo({ dataDir, thread: 'inline' });
  const client = await new mongo.MongoClient(restarted.uri).connect();
  try {
    const rows = client.db('crash').collection<Row>('rows');
    const all = await rows.find({}, { hint: { $natural: 1 } }).toArray();
    assertKept(all, acknowledged);
    await assertIndexes(rows, all);
    return { documents: all.length };
  } finally {
    await client.close();
    await restarted.close();
  }
}
