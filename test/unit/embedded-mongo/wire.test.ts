import { connect, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { EmbeddedServer } from '../../../src/embedded-mongo/server';
import { Random } from './running-server';

const { BSON } = mongo;
const SILENCE_MS = 300;

function header(length: number, code: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(length, 0);
  bytes.writeInt32LE(7, 4);
  bytes.writeInt32LE(code, 12);
  return bytes;
}

function message(body: Uint8Array, flags = 0): Buffer {
  const flagBytes = Buffer.alloc(4);
  flagBytes.writeUInt32LE(flags >>> 0);
  const payload = Buffer.concat([flagBytes, Buffer.from([0]), body]);
  return Buffer.concat([header(16 + payload.length, 2013), payload]);
}

const PING = BSON.serialize({ ping: 1, $db: 'admin' });

describe('wire protocol', () => {
  let dataDir: string;
  let server: EmbeddedServer;
  let client: mongo.MongoClient;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-wire-'));
    server = await EmbeddedServer.start(dataDir, { silenceMs: SILENCE_MS });
    client = await new mongo.MongoClient(server.uri).connect();
    await client.db('test').collection('data').insertOne({ intact: true });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  afterEach(async () => {
    expect(
      await client.db('test').collection('data').find({ intact: true }).toArray(),
    ).toHaveLength(1);
  });

  /** Sends bytes and resolves with what came back once the server closed, or answered. */
  function exchange(bytes: Buffer, end = false): Promise<Buffer | 'closed'> {
    return new Promise((resolve) => {
      const socket: Socket = connect(server.socketPath, () =>
        end ? socket.end(bytes) : socket.write(bytes),
      );
      socket.once('data', (data: Buffer) => {
        resolve(data);
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.once('close', () => resolve('closed'));
    });
  }

  it('answers a ping', async () => {
    const answer = await exchange(message(PING));
    expect(BSON.deserialize((answer as Buffer).subarray(21))).toMatchObject({ ok: 1 });
  });

  it.each([
    ['a negative length', header(-5, 2013)],
    ['a length below the header', header(3, 2013)],
    ['a length above the limit', header(48_000_001, 2013)],
    ['an unknown operation', Buffer.concat([header(40, 1234), Buffer.alloc(24)])],
    ['a compressed message', Buffer.concat([header(40, 2012), Buffer.alloc(24)])],
    ['an old insert', Buffer.concat([header(40, 2002), Buffer.alloc(24)])],
    ['unknown required flags', message(PING, 0x8000)],
    ['a checksum', message(PING, 1)],
    ['no sections', Buffer.concat([header(21, 2013), Buffer.alloc(4), Buffer.from([9])])],
    ['a body longer than the message', message(Buffer.from([200, 0, 0, 0, 0]))],
    ['a body with a negative length', message(Buffer.from([255, 255, 255, 255, 0]))],
    ['two bodies', message(Buffer.concat([PING, Buffer.from([0]), PING]))],
    [
      'a section that is too long',
      message(Buffer.concat([PING, Buffer.from([1, 99, 0, 0, 0, 65, 0])])),
    ],
    [
      'a section without a name end',
      message(Buffer.concat([PING, Buffer.from([1, 6, 0, 0, 0, 65, 65])])),
    ],
    [
      'an old query on a collection',
      Buffer.concat([header(40, 2004), Buffer.from('0000a.b\0'), Buffer.alloc(16)]),
    ],
  ])('closes the connection on %s', async (_name, bytes) => {
    expect(await exchange(bytes)).toBe('closed');
  });

  it.each([
    ['an unknown type', Buffer.from([10, 0, 0, 0, 0x55, 97, 0, 0, 0, 0])],
    ['a string without end', Buffer.from([14, 0, 0, 0, 2, 97, 0, 200, 0, 0, 0, 65, 0, 0])],
    ['a missing terminator', Buffer.from([8, 0, 0, 0, 10, 97, 0, 1])],
    ['invalid UTF-8', Buffer.from([15, 0, 0, 0, 2, 97, 0, 3, 0, 0, 0, 0xc3, 0x28, 0, 0])],
    ['a bad boolean', Buffer.from([9, 0, 0, 0, 8, 97, 0, 7, 0])],
  ])('answers BSON with %s with an error', async (_name, body) => {
    const answer = await exchange(message(body));
    expect(BSON.deserialize((answer as Buffer).subarray(21))).toMatchObject({ ok: 0, code: 22 });
  });

  it('refuses nesting without end', async () => {
    let nested: Record<string, unknown> = {};
    for (let depth = 0; depth < 300; depth += 1) nested = { a: nested };
    const answer = await exchange(
      message(BSON.serialize({ insert: 'data', documents: [nested], $db: 'test' })),
    );
    expect(BSON.deserialize((answer as Buffer).subarray(21))).toMatchObject({ ok: 0, code: 15 });
  });

  it('survives every truncation and random damage of a message', async () => {
    const random = new Random(4711);
    const whole = message(BSON.serialize({ find: 'data', filter: { a: { $gt: 1 } }, $db: 'test' }));
    for (let length = 1; length < whole.length; length += 1) {
      expect(await exchange(whole.subarray(0, length), true)).toBe('closed');
    }
    for (let round = 0; round < 200; round += 1) {
      const damaged = Buffer.from(whole);
      for (let hit = 0; hit < 3; hit += 1)
        damaged[random.below(damaged.length)] = random.below(256);
      await exchange(damaged, true);
    }
  });

  it('cuts off silent clients and half messages, but not idle ones', async () => {
    const begun = Date.now();
    expect(await exchange(Buffer.alloc(0))).toBe('closed');
    expect(await exchange(message(PING).subarray(0, 20))).toBe('closed');
    expect(Date.now() - begun).toBeLessThan(SILENCE_MS * 20);
    const idle = connect(server.socketPath);
    let closed = false;
    idle.on('close', () => (closed = true));
    idle.write(message(PING));
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS * 3));
    expect(closed).toBe(false);
    idle.destroy();
  });

  it('accepts a message in single bytes and several messages in one piece', async () => {
    const socket = connect(server.socketPath);
    let received = 0;
    socket.on('data', (data: Buffer) => (received += data.length));
    for (const byte of message(PING)) socket.write(Buffer.from([byte]));
    socket.write(Buffer.concat([message(PING), message(PING)]));
    const one = (await exchange(message(PING))).length;
    for (let waited = 0; waited < 100 && received < 3 * one; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(received).toBe(3 * one);
    socket.destroy();
  });

  it('applies unacknowledged writes without an answer', async () => {
    const data = client.db('test').collection('quiet');
    await data.insertOne({ quiet: 1 }, { writeConcern: { w: 0 } });
    for (let waited = 0; waited < 100 && (await data.countDocuments()) === 0; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await data.countDocuments()).toBe(1);
  });
});
