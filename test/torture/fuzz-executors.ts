import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type mongo } from 'mongoose';
import { decodeStored } from '../../src/embedded-mongo/bson/decode';
import { type Encodable, type RawDocument } from '../../src/embedded-mongo/bson/encode';
import { type BsonDocument, type BsonValue } from '../../src/embedded-mongo/bson/types';
import { CursorRegistry } from '../../src/embedded-mongo/commands/cursor-registry';
import { runCommand } from '../../src/embedded-mongo/commands/dispatch';
import { Store } from '../../src/embedded-mongo/storage/store';
import { WriteQueue } from '../../src/embedded-mongo/storage/write-queue';
import { assertStoredIndexes } from './stored-indexes';

/** What a command answered: the fields of its reply, and the documents of its cursor. */
export interface Answer {
  readonly fields: ReadonlyMap<string, unknown>;
  readonly documents: readonly BsonDocument[];
  /** Of the command, or of its first statement that was refused. */
  readonly errorCode: number | undefined;
}

/** Runs commands on an embedded server and reads their cursors to the end. */
export interface Executor {
  run(command: BsonDocument): Promise<Answer>;
  /** Compares the index entries on disk with the documents, where they can be read. */
  assertIndexes(): void;
}

type Fields = ReadonlyMap<string, unknown>;

function errorCode(fields: Fields): number | undefined {
  if (fields.has('code')) return fields.get('code') as number;
  const [refused] = (fields.get('writeErrors') ?? []) as Fields[];
  return refused?.get('code') as number | undefined;
}

/** Nothing of a fuzz must last, so it does not wait for a disk where there is one in memory. */
const DIRECTORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The commands of the server without its socket, on a store of its own. */
export class InProcess implements Executor {
  private readonly dataDir = mkdtempSync(join(DIRECTORY, 'embedded-mongo-fuzz-'));
  private readonly store = new Store(this.dataDir);
  private readonly context = {
    store: this.store,
    writes: new WriteQueue(this.store),
    cursors: new CursorRegistry(600_000),
  };

  private async send(command: BsonDocument): Promise<Map<string, Encodable>> {
    const body: BsonDocument = new Map([...command, ['$db', 'fuzz']]);
    return runCommand(this.context, { body, sequences: new Map(), connectionId: 1 });
  }

  async run(command: BsonDocument): Promise<Answer> {
    const fields = await this.send(command);
    const documents: BsonDocument[] = [];
    let cursor = fields.get('cursor') as Map<string, Encodable> | undefined;
    const collection = command.values().next().value as BsonValue;
    while (cursor !== undefined) {
      const batch = cursor.get('firstBatch') ?? cursor.get('nextBatch');
      for (const row of batch as RawDocument[]) documents.push(decodeStored(row.bytes));
      const id = cursor.get('id') as bigint;
      if (id === 0n) break;
      const next = await this.send(
        new Map<string, BsonValue>([
          ['getMore', id],
          ['collection', collection],
          ['batchSize', 50],
        ]),
      );
      assert.equal(errorCode(next), undefined, 'getMore failed');
      cursor = next.get('cursor') as Map<string, Encodable>;
    }
    return { fields, documents, errorCode: errorCode(fields) };
  }

  assertIndexes(): void {
    assertStoredIndexes(this.store);
  }

  async close(): Promise<void> {
    await this.context.writes.drained();
    await this.store.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** The same over a socket, with the official driver. */
export class OverTheWire implements Executor {
  constructor(
    private readonly driver: typeof mongo,
    private readonly db: mongo.Db,
  ) {}

  async run(command: BsonDocument): Promise<Answer> {
    try {
      if (command.has('find')) return await this.find(command);
      const reply = await this.db.command(Object.fromEntries(command), { promoteValues: true });
      const fields = this.asMap(reply) as Fields;
      return { fields, documents: [], errorCode: errorCode(fields) };
    } catch (error) {
      if (!(error instanceof this.driver.MongoServerError)) throw error;
      return { fields: new Map(), documents: [], errorCode: Number(error.code) };
    }
  }

  private async find(command: BsonDocument): Promise<Answer> {
    const plain = (name: string): object =>
      Object.fromEntries((command.get(name) ?? []) as BsonDocument);
    const { find, ...options } = Object.fromEntries(command);
    const hint = command.has('hint') ? { hint: plain('hint') as mongo.Hint } : {};
    const rows = this.db
      .collection(find as string)
      .find(plain('filter'), { ...options, ...hint, raw: true } as mongo.FindOptions);
    const documents: BsonDocument[] = [];
    for await (const row of rows) documents.push(decodeStored(row as unknown as Buffer));
    return { fields: new Map(), documents, errorCode: undefined };
  }

  private asMap(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.asMap(item));
    if (typeof value !== 'object' || value === null || '_bsontype' in value) return value;
    return new Map(Object.entries(value).map(([name, field]) => [name, this.asMap(field)]));
  }

  assertIndexes(): void {
    // The process that holds the files checks them in the rounds without a socket.
  }
}
