import { mongo } from 'mongoose';
import { parseFrame } from '../../../src/embedded-mongo/wire/frames';
import { Inbox } from '../../../src/embedded-mongo/wire/inbox';
import { Random, type RunningServer, startServer } from './running-server';
import { command, header, message, RawClient, rawMessage, sequence } from './wire-client';

const { BSON, Binary } = mongo;

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const PARSED_FRAMES = 20_000;
const SENT_FRAMES = 20_000;
const AT_ONCE = 50;

const HELLO_QUERY = ((): Buffer => {
  const body = BSON.serialize({ ismaster: 1, helloOk: true });
  const head = Buffer.concat([Buffer.alloc(4), Buffer.from('admin.$cmd\0'), Buffer.alloc(8)]);
  return Buffer.concat([header(16 + head.length + body.length, 2004), head, body]);
})();

/** Frames of every kind the driver sends; writes go to a database of their own. */
const VALID: readonly Buffer[] = [
  command({ ping: 1, lsid: { id: new Binary(Buffer.alloc(16), 4) } }),
  command({ hello: 1, client: { driver: { name: 'fuzz' } }, compression: ['none'] }),
  command({ find: 'data', filter: { a: { $gt: 1, $in: [1, 'x', null] } }, sort: { a: 1 } }),
  command({ find: 'data', filter: { $or: [{ a: /^x/i }, { b: new Date(0) }] }, batchSize: 1 }),
  command({ aggregate: 'data', pipeline: [{ $match: { a: 1 } }, { $count: 'n' }], cursor: {} }),
  command({ getMore: mongo.Long.fromNumber(12345), collection: 'data' }),
  message(BSON.serialize({ insert: 'junk', documents: [{ a: 1, b: { c: [1, 2] } }], $db: 'fuzz' })),
  rawMessage(
    Buffer.concat([
      Buffer.from([0]),
      BSON.serialize({ insert: 'junk', ordered: false, $db: 'fuzz' }),
      sequence('documents', [BSON.serialize({ x: 'y' }), BSON.serialize({ n: 1.5 })]),
    ]),
  ),
  HELLO_QUERY,
];

const INTERESTING = [0, 1, 4, 5, 16, 127, 128, 255];
const LENGTHS = [-1, 0, 1, 4, 15, 16, 20, 21, 47_999_999, 48_000_001, 2 ** 31 - 1, -(2 ** 31)];

function mutate(random: Random): Buffer {
  let frame = Buffer.from(random.pick(VALID));
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round += 1) {
    const at = random.below(frame.length);
    switch (random.below(7)) {
      case 0:
        frame[at] = random.below(256);
        break;
      case 1:
        frame[at] = random.pick(INTERESTING);
        break;
      case 2:
        frame.writeInt32LE(random.pick(LENGTHS), Math.min(at, frame.length - 4));
        break;
      case 3:
        frame = frame.subarray(0, Math.max(at, 4));
        break;
      case 4:
        frame = Buffer.concat([frame.subarray(0, at), random.pick(VALID).subarray(at)]);
        break;
      case 5:
        frame = Buffer.concat([frame.subarray(0, at), frame.subarray(random.below(at + 1))]);
        break;
      default:
        frame[at] = (frame[at] as number) ^ (1 << random.below(8));
    }
    if (frame.length < 4) frame = Buffer.concat([frame, Buffer.alloc(4)]);
  }
  // Mostly the length in the header is right, or nothing behind it would ever be looked at.
  if (random.chance(0.7)) frame.writeInt32LE(frame.length, 0);
  return frame;
}

/** Whether the parser refused, and that it did so in one of the ways it may. */
function parses(pieces: Iterable<Buffer>): string {
  const inbox = new Inbox();
  let count = 0;
  try {
    for (const piece of pieces) {
      inbox.add(piece);
      for (let taken = inbox.take(); taken !== undefined; taken = inbox.take()) {
        parseFrame(taken);
        count += 1;
      }
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const defined = ['ProtocolError', 'MalformedBsonError', 'CommandError'];
    if (!defined.includes(error.constructor.name)) throw error;
    return error.message;
  }
  return `${count} frames`;
}

function* cut(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const length = size();
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

describe(`frames damaged at random (FUZZ_SEED=${SEED})`, () => {
  it('are refused in a defined way, however they are cut into pieces', () => {
    const random = new Random(SEED);
    let refused = 0;
    for (let n = 0; n < PARSED_FRAMES; n += 1) {
      const frame = mutate(random);
      const whole = parses([frame]);
      const byteByByte = parses(cut(frame, () => 1));
      const inPieces = parses(cut(frame, () => 1 + random.below(40)));
      if (byteByByte !== whole || inPieces !== whole) {
        expect([n, byteByByte, inPieces]).toEqual([n, whole, whole]);
      }
      if (!whole.endsWith(' frames')) refused += 1;
    }
    // Both ways must have been taken often.
    expect(refused).toBeGreaterThan(PARSED_FRAMES / 10);
    expect(refused).toBeLessThan(PARSED_FRAMES * 0.95);
  });

  describe('sent to a server', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer();
      await running.db.collection('data').insertMany([{ a: 1 }, { a: 2 }]);
      await running.db.collection('data').createIndex({ a: 1 }, { unique: true });
    });
    afterAll(() => running.stop());

    async function deliver(frame: Buffer, random: Random): Promise<void> {
      const client = new RawClient(running.socketPath);
      if (random.chance(0.95)) {
        client.socket.end(frame);
      } else {
        for (const piece of cut(frame, () => 1 + random.below(30))) {
          client.socket.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        client.socket.end();
      }
      // Whatever it was, the server ends the connection after the client did.
      await client.closed;
    }

    it('leave it and its data intact', async () => {
      const random = new Random(SEED + 1);
      for (let sent = 0; sent < SENT_FRAMES; sent += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => deliver(mutate(random), random)));
      }
      const data = running.db.collection('data');
      expect(await data.find().sort({ a: 1 }).toArray()).toMatchObject([{ a: 1 }, { a: 2 }]);
      await expect(data.insertOne({ a: 1 })).rejects.toMatchObject({ code: 11000 });
      expect((await data.indexes()).map(({ name }) => name)).toEqual(['_id_', 'a_1']);
      // Frames whose damage did no harm were really executed.
      expect(await running.client.db('fuzz').collection('junk').countDocuments()).toBeGreaterThan(
        10,
      );
    }, 120_000);
  });
});
