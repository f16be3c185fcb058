import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import {
  type EmbeddedMongo,
  type EmbeddedMongoOptions,
  startEmbeddedMongo,
} from '../../../src/embedded-mongo';

/** An embedded server in a directory of its own, with a connected driver. */
export interface RunningServer {
  readonly server: EmbeddedMongo;
  readonly client: mongo.MongoClient;
  readonly db: mongo.Db;
  readonly dataDir: string;
  readonly socketPath: string;
  stop(): Promise<void>;
}

/** The path of the socket a URI names. */
export function socketPathOf(uri: string): string {
  return decodeURIComponent(/^mongodb:\/\/([^/]+)\//.exec(uri)?.[1] ?? '');
}

export async function startServer(
  limits: NonNullable<EmbeddedMongoOptions['limits']> = {},
): Promise<RunningServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-test-'));
  const server = await startEmbeddedMongo({ dataDir, thread: 'inline', limits });
  const client = await new mongo.MongoClient(server.uri).connect();
  return {
    server,
    client,
    db: client.db('test'),
    dataDir,
    socketPath: socketPathOf(server.uri),
    async stop() {
      await client.close();
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The server error a promise rejects with. */
export async function serverError(promise: Promise<unknown>): Promise<mongo.MongoServerError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof mongo.MongoServerError) return error;
    throw error;
  }
  throw new Error('expected a server error, but the command succeeded');
}

/** The code of the server error a promise rejects with. */
export async function errorCode(promise: Promise<unknown>): Promise<unknown> {
  return (await serverError(promise)).code;
}

/** A reproducible source of randomness (mulberry32). */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
