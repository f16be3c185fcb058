import { setTimeout as wait } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { mongo } from 'mongoose';
import { type RunningServer, startServer } from './running-server';
import { command, RawClient } from './wire-client';

const { BSON } = mongo;
// When garbage goes by itself depends on what else the machine has to do.
v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;
const SILENCE_MS = 400;
const MEGABYTE = 1024 * 1024;
const HELD_BYTES = 40 * MEGABYTE;
/** Nothing is cut off before its time, nor long after it. */
const LATEST_MS = SILENCE_MS * 6;

describe('clients that keep the server waiting', () => {
  let running: RunningServer;
  beforeEach(async () => {
    running = await startServer({ silenceMs: SILENCE_MS, heldBytes: HELD_BYTES });
    const docs = Array.from({ length: 12 }, (_, n) => ({ n, text: 'x'.repeat(MEGABYTE) }));
    await running.db.collection('big').insertMany(docs);
  });
  afterEach(() => running.stop());

  const PING = command({ ping: 1 });
  /** Its reply is of eight megabytes. */
  const BIG_FIND = command({ find: 'big' });

  function connectRaw(): RawClient {
    return new RawClient(running.socketPath);
  }

  async function lifetime(client: RawClient): Promise<number> {
    const begun = Date.now();
    await Promise.race([client.closed, wait(LATEST_MS)]);
    return Date.now() - begun;
  }

  it.each<[string, (client: RawClient) => void]>([
    ['never says a word', () => undefined],
    ['stops within the header', (client) => void client.socket.write(PING.subarray(0, 7))],
    ['stops within a message', (client) => void client.socket.write(PING.subarray(0, 30))],
    [
      'stops within its second message',
      (client) => void client.socket.write(Buffer.concat([PING, PING.subarray(0, 30)])),
    ],
    [
      'sends a byte now and then',
      (client) => {
        let sent = 0;
        const timer = setInterval(() => {
          if (client.isClosed || sent >= PING.length - 1) clearInterval(timer);
          else client.socket.write(PING.subarray(sent, (sent += 1)));
        }, SILENCE_MS / 20);
      },
    ],
    [
      'does not take its reply',
      (client) => {
        client.socket.pause();
        client.socket.write(BIG_FIND);
      },
    ],
    [
      'takes its reply by the drop',
      (client) => {
        client.socket.pause();
        client.socket.write(BIG_FIND);
        const timer = setInterval(() => {
          if (client.isClosed) clearInterval(timer);
          else client.socket.read(10);
        }, 20);
      },
    ],
  ])('cuts off one that %s, and serves the others', async (_name, act) => {
    const client = connectRaw();
    act(client);
    // A paused socket does not notice its end before it reads.
    const resumed = wait(SILENCE_MS * 3).then(() => client.socket.resume());
    const gone = lifetime(client);
    for (let n = 0; n < 5; n += 1) {
      const begun = Date.now();
      expect(await running.db.collection('big').countDocuments({ n: { $gte: 0 } })).toBe(12);
      expect(Date.now() - begun).toBeLessThan(SILENCE_MS);
      await wait(SILENCE_MS / 5);
    }
    expect(await gone).toBeGreaterThan(SILENCE_MS / 2);
    expect(await gone).toBeLessThan(LATEST_MS);
    await resumed;
  });

  it('leaves a connection alone that is idle between commands', async () => {
    const raw = connectRaw();
    expect(await raw.ask(PING)).toMatchObject({ ok: 1 });
    const pooled = await new mongo.MongoClient(running.server.uri, {
      minPoolSize: 5,
      heartbeatFrequencyMS: 500,
    }).connect();
    const closedByServer: string[] = [];
    pooled.on('connectionClosed', ({ reason }) => closedByServer.push(reason));
    pooled.on('serverHeartbeatFailed', () => closedByServer.push('heartbeat'));
    await Promise.all(
      Array.from({ length: 5 }, () => pooled.db('test').collection('big').findOne({ n: 1 })),
    );
    await wait(SILENCE_MS * 4);
    expect(closedByServer).toEqual([]);
    expect(await raw.ask(PING)).toMatchObject({ ok: 1 });
    await pooled.close();
    raw.socket.destroy();
  });

  it('does not blame clients for a command that keeps the server itself busy', async () => {
    const half = connectRaw();
    half.socket.write(PING.subarray(0, 10));
    await wait(50);
    const busyUntil = Date.now() + SILENCE_MS * 3;
    while (Date.now() < busyUntil) Math.sqrt(busyUntil);
    expect(await half.ask(PING.subarray(10))).toMatchObject({ ok: 1 });
    half.socket.destroy();
  });

  it('takes a large message that comes in small pieces', async () => {
    const insert = command({ insert: 'pieces', documents: [{ text: 'x'.repeat(4 * MEGABYTE) }] });
    const client = connectRaw();
    for (let at = 0; at < insert.length; at += 50_000) {
      client.socket.write(insert.subarray(at, at + 50_000));
      if (at % 500_000 === 0) await wait(1);
    }
    expect(await client.reply()).toMatchObject({ n: 1, ok: 1 });
    client.socket.destroy();
  });

  it('bounds what is held for slow readers together, and cuts those that wait longest', async () => {
    const slow = Array.from({ length: 12 }, connectRaw);
    collectGarbage();
    const base = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (const client of slow) {
      client.socket.pause();
      client.socket.write(BIG_FIND);
      await wait(15);
      collectGarbage();
      most = Math.max(most, process.memoryUsage().arrayBuffers - base);
    }
    expect(await running.db.collection('big').countDocuments({ n: 3 })).toBe(1);
    // Within the limit, besides the replies that are being made and sent.
    expect(most).toBeLessThan(HELD_BYTES * 3);
    for (const client of slow.slice(0, 4)) client.socket.resume();
    await Promise.all(slow.slice(0, 4).map(({ closed }) => closed));
    // The last one came when there was room: it gets its reply.
    const last = slow.at(-1) as RawClient;
    last.socket.resume();
    expect(await last.reply()).toMatchObject({ ok: 1 });
    for (const { socket } of slow) socket.destroy();
  });

  it('bounds what is held of unfinished messages together', async () => {
    const body = Buffer.alloc(30 * MEGABYTE);
    const clients = Array.from({ length: 3 }, connectRaw);
    for (const client of clients) {
      const start = command({ ping: 1 });
      start.writeInt32LE(40_000_000, 0);
      await new Promise((resolve) => client.socket.write(Buffer.concat([start, body]), resolve));
    }
    const first = clients[0] as RawClient;
    await first.closed;
    expect((await running.db.command({ ping: 1 }))['ok']).toBe(1);
    for (const { socket } of clients) socket.destroy();
  });

  it('closes although a client does not take its reply', async () => {
    const client = connectRaw();
    client.socket.pause();
    client.socket.write(BIG_FIND);
    await wait(100);
    const begun = Date.now();
    await running.client.close();
    await running.server.close();
    expect(Date.now() - begun).toBeLessThan(10_000);
    client.socket.resume();
    await client.closed;
    running = await startServer();
  });

  it('stops working for a client that is gone', async () => {
    const client = connectRaw();
    client.socket.write(Buffer.concat(Array.from({ length: 500 }, () => BIG_FIND)));
    await wait(50);
    client.socket.destroy();
    const begun = Date.now();
    expect(BSON.serialize(await running.db.command({ ping: 1 }))).toBeDefined();
    expect(Date.now() - begun).toBeLessThan(2_000);
  });
});
