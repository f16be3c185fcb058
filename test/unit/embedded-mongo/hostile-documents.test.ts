import { mongo } from 'mongoose';
import { errorCode, type RunningServer, startServer } from './running-server';
import { command, message, RawClient, rawMessage, sequence } from './wire-client';

const { BSON } = mongo;
const MEGABYTE = 1024 * 1024;

function nested(levels: number): mongo.Document {
  let document: mongo.Document = { end: 1 };
  for (let level = 1; level < levels; level += 1) document = { a: document };
  return document;
}

describe('hostile documents and queries', () => {
  let running: RunningServer;
  let items: mongo.Collection;
  let counter = 0;
  beforeAll(async () => {
    running = await startServer();
  });
  afterAll(() => running.stop());
  beforeEach(() => {
    counter += 1;
    items = running.db.collection(`items${counter}`);
  });

  async function ask(bytes: Buffer): Promise<mongo.Document | 'closed'> {
    const client = new RawClient(running.socketPath);
    const reply = await client.ask(bytes);
    client.socket.destroy();
    return reply;
  }

  it('may be nested deeply, but not without end, on every way in', async () => {
    const inserted = await items.insertOne(nested(179));
    expect(await items.findOne({ _id: inserted.insertedId })).toMatchObject({ a: {} });
    for (const levels of [190, 250, 5_000]) {
      const documents = sequence('documents', [BSON.serialize(nested(levels))]);
      const body = BSON.serialize({ insert: items.collectionName, $db: 'test' });
      const whole = rawMessage(Buffer.concat([Buffer.from([0]), body, documents]));
      expect(await ask(whole)).toMatchObject({ ok: 0, code: 15 });
    }
    expect(await ask(command({ find: 'items', filter: nested(300) }))).toMatchObject({ code: 15 });
    for (const levels of [200, 2_000, 200_000]) {
      const update = { $set: { [Array.from({ length: levels }, () => 'b').join('.')]: 1 } };
      await expect(items.updateOne({}, update)).rejects.toThrow(mongo.MongoServerError);
    }
    expect(await errorCode(items.updateOne({}, { $push: { list: nested(180) } } as never))).toBe(
      15,
    );
    expect(await items.countDocuments({ b: { $exists: false } })).toBe(1);
    expect(await items.find().toArray()).toHaveLength(1);
  });

  it('may be 16 megabytes and not more', async () => {
    const room = 16 * MEGABYTE - 60;
    await items.insertOne({ _id: 1 as never, text: 'x'.repeat(room - 100) });
    expect(((await items.findOne()) as mongo.Document)['text']).toHaveLength(room - 100);
    expect(await errorCode(items.updateOne({}, { $set: { more: 'x'.repeat(200) } }))).toBe(10334);
    const large = command({
      insert: items.collectionName,
      documents: [{ t: 'x'.repeat(room + 90) }],
    });
    expect(await ask(large)).toMatchObject({ writeErrors: [{ code: 10334 }] });
    expect(await items.countDocuments()).toBe(1);
  });

  it('may have very many fields, but none twice', async () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`f${n}`, n]));
    await items.insertOne({ ...wide });
    expect(Object.keys((await items.findOne()) as mongo.Document)).toHaveLength(100_001);
    // { a: null, a: null }
    const twice = Buffer.from([11, 0, 0, 0, 10, 97, 0, 10, 97, 0, 0]);
    const body = BSON.serialize({ insert: items.collectionName, $db: 'test' });
    const whole = rawMessage(
      Buffer.concat([Buffer.from([0]), body, sequence('documents', [twice])]),
    );
    expect(await ask(whole)).toMatchObject({ ok: 0, code: 2 });
  });

  it('keep every field name as it came, and change nothing in the server', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'a.b', 'a..', '', 'toString', 'ä☃💥'];
    for (const name of [...names, 'hasOwnProperty', '$dollar']) {
      const document = new Map<string, unknown>([
        ['_id', name],
        [name === '_id' ? 'x' : name, { polluted: true, [name]: 1 }],
      ]);
      const bytes = BSON.serialize(document);
      const head = BSON.serialize({ insert: items.collectionName, $db: 'test' });
      const sections = Buffer.concat([Buffer.from([0]), head, sequence('documents', [bytes])]);
      expect(await ask(rawMessage(sections))).toMatchObject({ n: 1, ok: 1 });
      const [found] = await items.find({ _id: name as never }, { raw: true }).toArray();
      expect(Buffer.from(found as unknown as Uint8Array).equals(Buffer.from(bytes))).toBe(true);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    await items.updateMany({}, { $set: { 'constructor.prototype.polluted': true } });
    await items.updateMany({}, { $set: { ['__proto__.polluted']: true } });
    await items.aggregate([{ $group: { _id: '$__proto__.polluted' } }]).toArray();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    await items.createIndex({ ['__proto__']: 1, constructor: 1 });
    expect(await items.countDocuments({ 'constructor.prototype.polluted': true })).toBeGreaterThan(
      0,
    );
  });

  it('must be text where they say text', async () => {
    const invalid = Buffer.from([15, 0, 0, 0, 2, 97, 0, 3, 0, 0, 0, 0xc3, 0x28, 0, 0]);
    const body = BSON.serialize({ insert: items.collectionName, $db: 'test' });
    const sections = Buffer.concat([Buffer.from([0]), body, sequence('documents', [invalid])]);
    expect(await ask(rawMessage(sections))).toMatchObject({ ok: 0, code: 22 });
    // Nobody waits for an answer to this one: the next reply belongs to the next command.
    const client = new RawClient(running.socketPath);
    client.socket.write(message(invalid, 2));
    expect(await client.ask(command({ ping: 1 }))).toEqual({ ok: 1 });
    client.socket.destroy();
    expect(await items.countDocuments()).toBe(0);
  });

  it('cannot fill the memory with empty statements', async () => {
    const empty = Buffer.alloc(5 * 2_000_000);
    for (let at = 0; at < empty.length; at += 5) empty[at] = 5;
    const body = BSON.serialize({ insert: items.collectionName, $db: 'test' });
    const begun = Date.now();
    const sections = Buffer.concat([Buffer.from([0]), body, sequence('documents', [empty])]);
    expect(await ask(rawMessage(sections))).toMatchObject({ ok: 0, code: 72 });
    expect(Date.now() - begun).toBeLessThan(5_000);
  });

  it.each([
    '(a+)+$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a|aa)+$',
    '(?=(a+))a*b\\1',
    '.*.*.*.*.*x',
    `${'('.repeat(8_000)}a${')'.repeat(8_000)}`,
    `a{1,${'9'.repeat(1000)}}`,
  ])('cannot hang it with the pattern %p', async (pattern) => {
    await items.insertOne({ text: 'a'.repeat(100_000) });
    const begun = Date.now();
    const $regex = new mongo.BSONRegExp(pattern, '');
    expect(await errorCode(items.find({ text: { $regex } }).toArray())).toBe(238);
    expect(Date.now() - begun).toBeLessThan(1_000);
  });

  it('takes a long literal pattern in its stride, and refuses one without end', async () => {
    await items.insertOne({ text: 'a'.repeat(MEGABYTE) });
    const begun = Date.now();
    const matching = (length: number): Promise<number> =>
      items.countDocuments({ text: { $regex: `${'a'.repeat(length)}b`, $options: 'i' } });
    expect(await matching(1_000)).toBe(0);
    expect(await errorCode(matching(MEGABYTE / 2))).toBe(51091);
    expect(Date.now() - begun).toBeLessThan(5_000);
  });
});
