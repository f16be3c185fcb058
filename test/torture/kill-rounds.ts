/** Kills a server under load and compares what it kept with what it had acknowledged. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import { Store } from '../../src/embedded-mongo/storage/store';
import { childScript, compileServer } from '../unit/embedded-mongo/compiled-server';
import { assertStoredIndexes } from './stored-indexes';

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
const WRITERS = `
  const [dataDir, round] = process.argv.slice(2);
  say('starting');
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
class Acknowledged {
  readonly inserted: string[] = [];
  readonly batches: string[] = [];
  readonly deleted: string[] = [];
  readonly counts = new Map<string, number>();
  size = 0;

  add(line: string): void {
    const [kind, id = '', value] = line.split(' ');
    if (kind !== 'starting' && kind !== 'started') this.size += 1;
    if (kind === 'insert') this.inserted.push(id);
    if (kind === 'batch') this.batches.push(id);
    if (kind === 'delete') this.deleted.push(id);
    if (kind === 'count') {
      this.counts.set(id, Math.max(Number(value), this.counts.get(id) ?? 0));
    }
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

/** A child has begun to write when it has acknowledged so much, however slow the machine is. */
const WRITING = 10;

interface Kill {
  /** What the child says before the clock of its death starts. */
  readonly after: 'starting' | 'writing';
  readonly delayMs: number;
}

/** Returns how long the start took; undefined when the child did not live to see its end. */
async function runAndKill(
  script: string,
  args: string[],
  kill: Kill,
  acknowledged: Acknowledged,
): Promise<number | undefined> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let starting = 0;
  let startMs: number | undefined;
  let written = 0;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the child ended by itself with ${String(code)}`)),
    );
    lines(child, (line) => {
      if (line === 'starting') starting = performance.now();
      if (line === 'started') startMs = performance.now() - starting;
      else if (startMs !== undefined) written += 1;
      if (kill.after === 'starting' || written >= WRITING) resolve();
      acknowledged.add(line);
    });
  });
  await new Promise((resolve) => setTimeout(resolve, kill.delayMs));
  child.kill('SIGKILL');
  await closed;
  return startMs;
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

/** Reads what a killed server left, as the server that takes the directory over shows it. */
async function check(dataDir: string, acknowledged: Acknowledged): Promise<number> {
  const restarted = await startEmbeddedMongo({ dataDir, thread: 'inline' });
  const client = await new mongo.MongoClient(restarted.uri).connect();
  try {
    const rows = client.db('crash').collection<Row>('rows');
    const all = await rows.find({}, { hint: { $natural: 1 } }).toArray();
    assertKept(all, acknowledged);
    await assertIndexes(rows, all);
    return all.length;
  } finally {
    await client.close();
    await restarted.close();
    const store = new Store(dataDir, { readOnly: true });
    try {
      assertStoredIndexes(store);
    } finally {
      await store.close();
    }
  }
}

/** What a series of rounds is to do. */
export interface KillPlan {
  readonly rounds: number;
  /** A directory that only grows makes every check slower, so now and then a new one is begun. */
  readonly roundsPerDirectory: number;
  /** After the first writes were acknowledged. */
  readonly delayMs: readonly [number, number];
  readonly onRound?: (done: KillResult) => void;
}

/** What a series of rounds has done. */
export interface KillResult {
  rounds: number;
  /** Servers that were killed before their start was over, on a directory of a killed server. */
  interruptedStarts: number;
  acknowledged: number;
  documents: number;
  /** The largest number of milliseconds a start took. */
  slowestStartMs: number;
}

/** Every third round kills the server that takes the directory over, too, up to three times. */
const STARTS_TO_KILL = [0, 1, 0, 0, 2, 0, 0, 3, 0] as const;

class KillSeries {
  readonly result: KillResult = {
    rounds: 0,
    interruptedStarts: 0,
    acknowledged: 0,
    documents: 0,
    slowestStartMs: 0,
  };
  private startMs = 50;

  constructor(
    private readonly script: string,
    private readonly plan: KillPlan,
  ) {}

  async directory(dataDir: string, rounds: number): Promise<void> {
    const acknowledged = new Acknowledged();
    const before = this.result.acknowledged;
    for (let at = 0; at < rounds; at += 1) {
      await this.round(dataDir, acknowledged);
      this.result.acknowledged = before + acknowledged.size;
      this.plan.onRound?.(this.result);
    }
  }

  private async round(dataDir: string, acknowledged: Acknowledged): Promise<void> {
    const name = String(this.result.rounds);
    const [least, most] = this.plan.delayMs;
    const delayMs = least + Math.random() * (most - least);
    const startMs = await runAndKill(
      this.script,
      [dataDir, name],
      { after: 'writing', delayMs },
      acknowledged,
    );
    this.startMs = startMs ?? this.startMs;
    this.result.slowestStartMs = Math.max(this.result.slowestStartMs, this.startMs);
    const starts = STARTS_TO_KILL[this.result.rounds % STARTS_TO_KILL.length] ?? 0;
    for (let at = 0; at < starts; at += 1) {
      const kill = { after: 'starting', delayMs: Math.random() * this.startMs } as const;
      const over = await runAndKill(this.script, [dataDir, `${name}s${at}`], kill, acknowledged);
      if (over === undefined) this.result.interruptedStarts += 1;
    }
    this.result.documents = await check(dataDir, acknowledged);
    this.result.rounds += 1;
  }
}

/** Runs the rounds; throws at the first one that went wrong and leaves its directory behind. */
export async function killRounds(plan: KillPlan): Promise<KillResult> {
  const server = compileServer();
  const series = new KillSeries(childScript(server, WRITERS), plan);
  while (series.result.rounds < plan.rounds) {
    const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-torture-'));
    const rounds = Math.min(plan.roundsPerDirectory, plan.rounds - series.result.rounds);
    await series.directory(dataDir, rounds).catch((error: unknown) => {
      console.error(`\nround ${series.result.rounds + 1} failed, its data is in ${dataDir}`);
      throw error;
    });
    const sockets = readdirSync(dataDir).filter((name) => name.endsWith('.sock'));
    assert.equal(sockets.join(), '', 'sockets of killed servers');
    rmSync(dataDir, { recursive: true, force: true });
  }
  rmSync(dirname(server), { recursive: true, force: true });
  return series.result;
}
