import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../../../src/embedded-mongo';
import { childScript, compileServer } from './compiled-server';

const FILL = `
  process.on('SIGXFSZ', () => undefined);
  const server = await startEmbeddedMongo({ dataDir: process.argv[2] });
  const client = await new mongo.MongoClient(server.uri).connect();
  const rows = client.db('full').collection('rows');
  await rows.createIndex({ n: 1 }, { unique: true });
  const pad = 'x'.repeat(20000);
  let acknowledged = 0;
  let failure;
  for (let n = 0; n < 2000 && failure === undefined; n += 1) {
    const many = Array.from({ length: 10 }, (_, i) => ({ n: n * 10 + i, pad }));
    await rows.insertMany(many).then(() => (acknowledged += 10), (error) => (failure = error));
  }
  const counted = await rows.countDocuments({ n: { $gte: 0 } });
  await client.close();
  await server.close();
  say(JSON.stringify({ acknowledged, counted, code: failure && failure.code }));
`;

it('answers with an error when the disk is full and keeps what it acknowledged', async () => {
  const server = compileServer();
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-full-'));
  const script = childScript(server, FILL);
  // The limit on file sizes makes the writes of the child fail like those on a full disk.
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    'ulimit -f 20000 && exec "$0" "$1" "$2"',
    process.execPath,
    script,
    dataDir,
  ]);
  const told = JSON.parse(stdout) as { acknowledged: number; counted: number; code: number };
  expect(told.code).toBe(1);
  expect(told.acknowledged).toBeGreaterThan(0);
  expect(told.counted).toBe(told.acknowledged);
  const again = await startEmbeddedMongo({ dataDir, thread: 'inline' });
  const client = await new mongo.MongoClient(again.uri).connect();
  const rows = client.db('full').collection('rows');
  expect(await rows.find({}, { hint: { $natural: 1 } }).toArray()).toHaveLength(told.acknowledged);
  await rows.insertOne({ n: -1 });
  expect(await rows.countDocuments()).toBe(told.acknowledged + 1);
  await client.close();
  await again.close();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(dirname(server), { recursive: true, force: true });
}, 60_000);
