import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { startEmbeddedMongo } from '../../../src/embedded-mongo';
import { indexRange, recordOf, serverKey } from '../../../src/embedded-mongo/storage/keyspace';
import { Store } from '../../../src/embedded-mongo/storage/store';
import { assertStoredIndexes } from '../../torture/stored-indexes';

interface Row {
  name: string;
  tags?: unknown[];
}

const PREFIX_BYTES = 5;

describe('the file format', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-format-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  async function withRows(action: (rows: mongo.Collection<Row>) => Promise<void>): Promise<void> {
    const server = await startEmbeddedMongo({ dataDir, thread: 'inline' });
    const client = await new mongo.MongoClient(server.uri).connect();
    try {
      await action(client.db('test').collection<Row>('rows'));
    } finally {
      await client.close();
      await server.close();
    }
  }

  async function withStore(action: (store: Store) => void): Promise<void> {
    const store = new Store(dataDir);
    try {
      action(store);
    } finally {
      await store.close();
    }
  }

  function setFormat(format: string): Promise<void> {
    return withStore((store) =>
      store.write((transaction) => transaction.put(serverKey('format'), Buffer.from(format))),
    );
  }

  /** Version 1 had every entry's record at the end of its key, and no values. */
  function writeLikeVersion1(store: Store): void {
    store.write((transaction) => {
      const indexes = transaction.catalog.all().flatMap((collection) => collection.indexes);
      for (const { id } of indexes) {
        const entries = [...transaction.entries(indexRange(id))].map(({ key, value }) => ({
          key: Buffer.from(key),
          value: Buffer.from(value),
        }));
        for (const { key, value } of entries.filter((entry) => entry.value.length > 0)) {
          expect(key.length).toBeGreaterThan(PREFIX_BYTES);
          expect(recordOf(value)).toBeGreaterThan(0);
          transaction.remove(key);
          transaction.put(Buffer.concat([key, value]), Buffer.alloc(0));
        }
      }
    });
  }

  it('is brought up to date from version 1, once', async () => {
    const names = ['a', 'b', 'b'.repeat(3000), 'c'];
    await withRows(async (rows) => {
      await rows.createIndexes([{ key: { name: 1 }, unique: true }, { key: { tags: 1 } }]);
      await rows.insertMany(names.map((name, n) => ({ name, tags: [n, 'all'] })));
    });
    await withStore(writeLikeVersion1);
    await setFormat('usher-embedded-mongo 1');
    for (const start of ['first', 'second']) {
      await withRows(async (rows) => {
        for (const name of names) expect(await rows.countDocuments({ name })).toBe(1);
        expect(await rows.countDocuments({ tags: 'all' })).toBe(names.length);
        await expect(rows.insertOne({ name: 'b' })).rejects.toMatchObject({ code: 11000 });
        await rows.insertOne({ name: start });
        await rows.deleteOne({ name: start });
      });
      await withStore(assertStoredIndexes);
    }
  });

  it.each(['usher-embedded-mongo 99', 'something-else 1'])('%s is refused', async (format) => {
    await setFormat(format);
    await expect(startEmbeddedMongo({ dataDir, thread: 'inline' })).rejects.toThrow(
      new RegExp(`${dataDir} holds the format '${format}'.*Use the version that wrote it`),
    );
  });
});
