/** What the server does on a disk that is full, and on one that cannot be written. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../../src/embedded-mongo';

interface Row {
  n: number;
  pad?: string;
}

/** Mounts a small file system of its own for the action; only root may do that. */
async function onSmallDisk(action: (mountPoint: string) => Promise<void>): Promise<void> {
  const mountPoint = mkdtempSync(join(tmpdir(), 'embedded-mongo-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mountPoint]);
  try {
    await action(mountPoint);
  } finally {
    execFileSync('umount', [mountPoint]);
    rmSync(mountPoint, { recursive: true, force: true });
  }
}

async function withRows<T>(
  dataDir: string,
  action: (rows: mongo.Collection<Row>) => Promise<T>,
): Promise<T> {
  const server = await startEmbeddedMongo({ dataDir, thread: 'inline' });
  const client = await new mongo.MongoClient(server.uri).connect();
  try {
    return await action(client.db('full').collection<Row>('rows'));
  } finally {
    await client.close();
    await server.close();
  }
}

/** Writes until the disk is full, from several clients, and some more; returns what was acknowledged. */
async function fill(rows: mongo.Collection<Row>): Promise<Set<number>> {
  const acknowledged = new Set<number>();
  let errors = 0;
  const lane = async (first: number): Promise<void> => {
    for (let n = first; errors < 40 && n < 100_000; n += 8) {
      const done = rows.insertOne({ n, pad: 'x'.repeat(20_000) });
      await done.then(
        () => acknowledged.add(n),
        () => (errors += 1),
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, first) => lane(first)));
  assert.ok(errors >= 40, 'the disk never became full');
  return acknowledged;
}

async function assertHolds(
  rows: mongo.Collection<Row>,
  acknowledged: ReadonlySet<number>,
): Promise<void> {
  const all = await rows.find({}, { hint: { $natural: 1 } }).toArray();
  const found = all.map(({ n }) => n).sort((a, b) => a - b);
  assert.deepEqual(
    found,
    [...acknowledged].sort((a, b) => a - b),
  );
  assert.equal(await rows.countDocuments({ n: { $gte: 0 } }), found.length);
  assert.equal(await rows.estimatedDocumentCount(), found.length);
}

async function fullDisk(): Promise<void> {
  await onSmallDisk(async (dataDir) => {
    const acknowledged = await withRows(dataDir, async (rows) => {
      await rows.createIndex({ n: 1 }, { unique: true });
      const written = await fill(rows);
      await assertHolds(rows, written);
      return written;
    });
    await withRows(dataDir, (rows) => assertHolds(rows, acknowledged));
    // More room, as after an administrator has cleaned up: it must go on where it stopped.
    execFileSync('mount', ['-o', 'remount,size=64m', dataDir]);
    await withRows(dataDir, async (rows) => {
      await rows.insertOne({ n: 1_000_000 });
      await assertHolds(rows, new Set([...acknowledged, 1_000_000]));
    });
    process.stdout.write(`disk: full disk, ${acknowledged.size} acknowledged, all kept\n`);
  });
}

async function readOnlyDisk(): Promise<void> {
  await onSmallDisk(async (dataDir) => {
    await withRows(dataDir, (rows) => rows.insertOne({ n: 1 }));
    execFileSync('mount', ['-o', 'remount,ro', dataDir]);
    await assert.rejects(startEmbeddedMongo({ dataDir, thread: 'inline' }), (error: Error) => {
      assert.match(error.message, new RegExp(`${dataDir} cannot be written`));
      return true;
    });
    process.stdout.write('disk: a read-only disk is refused with a clear error\n');
  });
}

/** Runs both cases; as an ordinary user it says that they did not run. */
export async function disk(): Promise<void> {
  if (process.getuid?.() !== 0) {
    process.stdout.write('disk: NOT RUN, mounting a file system takes root\n');
    return;
  }
  await fullDisk();
  await readOnlyDisk();
}
