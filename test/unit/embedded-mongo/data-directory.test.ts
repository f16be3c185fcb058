import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mongo } from 'mongoose';
import { DataDirectoryLockedError, startEmbeddedMongo } from '../../../src/embedded-mongo';
import { childScript, compileServer } from './compiled-server';

const HOLD = `
  const server = await startEmbeddedMongo({ dataDir: process.argv[2] });
  say('uri ' + server.uri);
  process.stdin.on('data', () => void server.close().then(() => { say('closed'); process.exit(0); }));
  setInterval(() => undefined, 1000);
`;
const TRY = `
  try {
    const server = await startEmbeddedMongo({ dataDir: process.argv[2] });
    say('got it');
    process.stdin.on('data', () => void server.close().then(() => process.exit(0)));
  } catch (error) {
    say(error instanceof DataDirectoryLockedError ? 'locked ' + error.message : 'failed ' + error.stack);
  }
`;

describe('data directory', () => {
  const compiled = compileServer();
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-dir-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));
  afterAll(() => rmSync(dirname(compiled), { recursive: true, force: true }));

  function run(script: string): { child: ReturnType<typeof spawn>; line: Promise<string> } {
    const child = spawn(process.execPath, [script, dataDir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const line = new Promise<string>((resolve) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    });
    return { child, line };
  }

  it('belongs to one process at a time', async () => {
    const { child, line } = run(childScript(compiled, HOLD));
    expect(await line).toMatch(/^uri /);
    const attempt = startEmbeddedMongo({ dataDir, thread: 'inline' });
    await expect(attempt).rejects.toBeInstanceOf(DataDirectoryLockedError);
    await expect(startEmbeddedMongo({ dataDir, thread: 'inline' })).rejects.toThrow(
      new RegExp(`${dataDir}.*process ${String(child.pid)}.*Stop that process`),
    );
    child.stdin?.write('stop');
    await new Promise((resolve) => child.once('close', resolve));
    const next = await startEmbeddedMongo({ dataDir, thread: 'inline' });
    await next.close();
  });

  it('is taken over from a killed process', async () => {
    const { child, line } = run(childScript(compiled, HOLD));
    await line;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const next = await startEmbeddedMongo({ dataDir, thread: 'inline' });
    await next.close();
  });

  it.each([1, 2, 3])('goes to exactly one of several that start after a crash, %i', async () => {
    const { child, line } = run(childScript(compiled, HOLD));
    await line;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const script = childScript(compiled, TRY);
    const racers = [1, 2, 3, 4].map(() => run(script));
    const answers = await Promise.all(racers.map((racer) => racer.line));
    // The winner holds on until it is told to stop, so there can be no second one.
    expect(answers.filter((answer) => answer === 'got it')).toHaveLength(1);
    const refused = answers.filter((answer) => answer !== 'got it');
    const winner = racers[answers.indexOf('got it')];
    const inUse = `in use by process ${String(winner?.child.pid)}. Stop that process first, or give`;
    expect(refused.filter((answer) => !answer.includes(inUse))).toEqual([]);
    const ended = new Promise((resolve) => winner?.child.once('close', resolve));
    winner?.child.stdin?.write('stop');
    await ended;
  });

  it('cannot be opened twice in one process', async () => {
    const first = await startEmbeddedMongo({ dataDir, thread: 'inline' });
    await expect(startEmbeddedMongo({ dataDir, thread: 'inline' })).rejects.toBeInstanceOf(
      DataDirectoryLockedError,
    );
    const client = await new mongo.MongoClient(first.uri).connect();
    await client.db('test').collection('a').insertOne({ still: 'working' });
    await client.close();
    await first.close();
  });

  it('says so when it cannot be written', async () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    await expect(
      startEmbeddedMongo({ dataDir: join(file, 'data'), thread: 'inline' }),
    ).rejects.toThrow(new RegExp(`${file}/data cannot be written .ENOTDIR.`));
  });

  it('is private, and so is the socket, also when the path is too long for one', async () => {
    const long = join(dataDir, 'x'.repeat(120));
    const server = await startEmbeddedMongo({ dataDir: long, thread: 'inline' });
    const socket = decodeURIComponent(/^mongodb:\/\/([^/]+)\//.exec(server.uri)?.[1] ?? '');
    expect(socket.startsWith(long)).toBe(false);
    expect(statSync(long).mode & 0o777).toBe(0o700);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const client = await new mongo.MongoClient(server.uri).connect();
    await client.db('test').command({ ping: 1 });
    await client.close();
    await server.close();
    expect(existsSync(dirname(socket))).toBe(false);
  });

  it('keeps data and indexes over a restart', async () => {
    const first = await startEmbeddedMongo({ dataDir, thread: 'inline' });
    const client = await new mongo.MongoClient(first.uri).connect();
    const people = client.db('test').collection('people');
    await people.createIndex(
      { name: 1 },
      { unique: true, partialFilterExpression: { name: { $exists: true } } },
    );
    await people.insertMany([{ name: 'a' }, { name: 'b' }]);
    await client.close();
    await first.close();
    const second = await startEmbeddedMongo({ dataDir, thread: 'inline' });
    const again = await new mongo.MongoClient(second.uri).connect();
    const kept = again.db('test').collection('people');
    expect(await kept.countDocuments()).toBe(2);
    await expect(kept.insertOne({ name: 'a' })).rejects.toMatchObject({ code: 11000 });
    expect((await kept.indexes())[1]).toMatchObject({
      partialFilterExpression: { name: { $exists: true } },
    });
    await again.close();
    await second.close();
  });
});
