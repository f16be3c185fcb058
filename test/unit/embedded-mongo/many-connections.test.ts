import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { childScript, compileServer } from './compiled-server';
import { socketPathOf, startServer } from './running-server';
import { command, RawClient } from './wire-client';

/** Sockets of one process need files; two client processes and the server have some each. */
const WANTED = 10_000;
const CLIENT_PROCESSES = 2;
const SPARE_FILES = 200;
const MOST_BYTES_PER_CONNECTION = 32 * 1024;

/** Serves, and tells about itself whenever it is asked to. */
const SERVER = `
  const { readdirSync } = require('node:fs');
  const limits = JSON.parse(process.argv[3]);
  const server = await startEmbeddedMongo({ dataDir: process.argv[2], thread: 'inline', limits });
  say(server.uri);
  process.stdin.on('data', (data) => {
    if (String(data).startsWith('close')) {
      void server.close().then(() => { say('closed'); process.exit(0); });
      return;
    }
    for (let n = 0; n < 3; n += 1) global.gc();
    say(JSON.stringify({ rss: process.memoryUsage().rss, files: readdirSync('/proc/self/fd').length }));
  });
`;

/** Opens many connections, says hello on each, and counts those that are still open. */
const CLIENTS = `
  const { connect } = require('node:net');
  const [path, count, hello] = process.argv.slice(2);
  const bytes = Buffer.from(hello, 'base64');
  let open = 0;
  const one = () => new Promise((resolve) => {
    const attempt = () => {
      const socket = connect(path);
      let answered = false;
      socket.once('connect', () => socket.write(bytes));
      socket.once('data', () => { answered = true; open += 1; resolve(); });
      // The queue of those that wait to be accepted may be full for a moment.
      let full = false;
      socket.once('error', (error) => (full = error.code === 'EAGAIN'));
      socket.once('close', () => {
        if (answered) open -= 1;
        else if (full) setTimeout(attempt, 20);
        else resolve();
      });
    };
    attempt();
  });
  for (let begun = 0; begun < Number(count); begun += 100) {
    await Promise.all(Array.from({ length: Math.min(100, Number(count) - begun) }, one));
  }
  say(String(open));
  process.stdin.on('data', () => say(String(open)));
`;

interface Child {
  readonly process: ChildProcess;
  ask(line: string): Promise<string>;
  line(): Promise<string>;
}

function start(commandLine: readonly string[]): Child {
  const [program, ...rest] = commandLine as [string, ...string[]];
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  return {
    process: child,
    line,
    ask(text) {
      child.stdin.write(text);
      return line();
    },
  };
}

const HELLO = command({ hello: 1 });

describe('many connections', () => {
  const compiled = compileServer();
  const children: Child[] = [];
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-many-'));
  });
  afterEach(() => {
    for (const { process: child } of children.splice(0)) child.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });
  afterAll(() => rmSync(dirname(compiled), { recursive: true, force: true }));

  function startChild(script: string, args: readonly string[], openFiles = '$(ulimit -Hn)'): Child {
    const path = childScript(compiled, script);
    const shell = `ulimit -n ${openFiles} && exec "$0" --expose-gc "$@"`;
    const child = start(['/bin/sh', '-c', shell, process.execPath, path, ...args]);
    children.push(child);
    return child;
  }

  async function openFilesAllowed(): Promise<number> {
    const answer = await start(['/bin/sh', '-c', 'ulimit -Hn']).line();
    return answer === 'unlimited' ? Infinity : Number(answer);
  }

  const status = async (server: Child): Promise<{ rss: number; files: number }> =>
    JSON.parse(await server.ask('status')) as { rss: number; files: number };

  it('are held at little cost, refused beyond the limit, and given back', async () => {
    const count = Math.min(WANTED, (await openFilesAllowed()) - SPARE_FILES);
    const server = startChild(SERVER, [dataDir, JSON.stringify({ maxConnections: count + 10 })]);
    const uri = await server.line();
    const client = await new mongo.MongoClient(uri, { maxPoolSize: 2 }).connect();
    const data = client.db('test').collection('data');
    await data.insertOne({ n: 1 });
    const before = await status(server);

    const perProcess = Math.floor(count / CLIENT_PROCESSES);
    const args = [socketPathOf(uri), String(perProcess), HELLO.toString('base64')];
    const crowd = Array.from({ length: CLIENT_PROCESSES }, () => startChild(CLIENTS, args));
    const open = await Promise.all(crowd.map((child) => child.line()));
    expect(open).toEqual(crowd.map(() => String(perProcess)));
    const during = await status(server);
    const bytesEach = (during.rss - before.rss) / (perProcess * CLIENT_PROCESSES);
    process.stdout.write(
      `${perProcess * CLIENT_PROCESSES} idle connections: ${Math.round(bytesEach)} bytes each\n`,
    );
    expect(bytesEach).toBeLessThan(MOST_BYTES_PER_CONNECTION);

    // Nobody else comes in, and those who are in are served.
    const more = startChild(CLIENTS, [socketPathOf(uri), '100', HELLO.toString('base64')]);
    expect(Number(await more.line())).toBeLessThanOrEqual(10);
    for (let n = 2; n < 50; n += 1) await data.insertOne({ n });
    expect(await data.countDocuments({ n: { $gte: 1 } })).toBe(49);
    expect(await Promise.all(crowd.map((child) => child.ask('?')))).toEqual(open);

    for (const { process: child } of [...crowd, more]) child.kill('SIGKILL');
    for (let tries = 0; tries < 100; tries += 1) {
      if ((await status(server)).files <= before.files) break;
      await wait(50);
    }
    expect((await status(server)).files).toBeLessThanOrEqual(before.files);
    await client.close();
    expect(await server.ask('close')).toBe('closed');
  }, 180_000);

  it('never take the files that everything else needs', async () => {
    const server = startChild(SERVER, [dataDir, '{}'], '400');
    const uri = await server.line();
    const client = await new mongo.MongoClient(uri, { maxPoolSize: 1 }).connect();
    const crowd = startChild(CLIENTS, [socketPathOf(uri), '800', HELLO.toString('base64')]);
    const open = Number(await crowd.line());
    expect(open).toBeGreaterThan(80);
    expect(open).toBeLessThanOrEqual(100);
    expect((await status(server)).files).toBeLessThan(200);
    await client.db('test').collection('data').insertOne({ n: 1 });
    await client.close();
    expect(await server.ask('close')).toBe('closed');
  }, 60_000);

  it('do not end the server when it has no file left to accept one', async () => {
    const server = startChild(SERVER, [dataDir, JSON.stringify({ maxConnections: 5000 })], '60');
    const uri = await server.line();
    const client = await new mongo.MongoClient(uri, { maxPoolSize: 1 }).connect();
    const data = client.db('test').collection('data');
    await data.insertOne({ n: 1 });
    const crowd = Array.from({ length: 100 }, () => new RawClient(socketPathOf(uri)));
    for (const one of crowd) one.socket.write(HELLO);
    await wait(500);
    await data.insertOne({ n: 2 });
    expect(await data.countDocuments({ n: { $gt: 0 } })).toBe(2);
    for (const one of crowd) one.socket.destroy();
    await wait(200);
    const again = new RawClient(socketPathOf(uri));
    expect(await again.ask(HELLO)).toMatchObject({ ok: 1 });
    again.socket.destroy();
    await client.close();
    expect(await server.ask('close')).toBe('closed');
  }, 60_000);

  it('beyond the limit are closed at once, and let in again when others leave', async () => {
    const running = await startServer({ maxConnections: 20 });
    const crowd = Array.from({ length: 30 }, () => new RawClient(running.socketPath));
    const answers = await Promise.all(crowd.map((one) => one.ask(HELLO)));
    const refused = answers.filter((answer) => answer === 'closed').length;
    // The driver has some connections too.
    expect(refused).toBeGreaterThanOrEqual(10);
    expect(refused).toBeLessThan(15);
    expect(await running.db.command({ ping: 1 })).toMatchObject({ ok: 1 });
    for (const one of crowd) one.socket.destroy();
    await wait(100);
    const next = new RawClient(running.socketPath);
    expect(await next.ask(HELLO)).toMatchObject({ ok: 1 });
    next.socket.destroy();
    await running.stop();
  });
});
