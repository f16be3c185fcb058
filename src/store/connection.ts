/** The one connection to MongoDB, or to the embedded server that speaks its protocol. */
import os from 'node:os';
import mongoose, { type Connection, type Model, type mongo } from 'mongoose';

export interface ConnectionOptions {
  readonly uri: string;
  /** Absent: the database named in the URI. */
  readonly dbName?: string;
  /** In this process: it is never away while the process is there, and a long command makes it no less alive. */
  readonly isEmbedded?: boolean;
}

/**
 * A server that hangs is asked every two seconds and has eight to answer. Then what waits for it fails, and what comes has
 * to wait for ten seconds at most.
 */
const NOTICING = { heartbeatFrequencyMS: 2_000, connectTimeoutMS: 8_000 };
const PING_MS = 2_000;

/** Connects, or rejects within ten seconds with the driver's reason. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { uri, dbName, isEmbedded = false } = options;
  const connection = mongoose.createConnection(uri, {
    ...(dbName === undefined ? {} : { dbName }),
    // Acknowledged means on disk (and on a majority of a replica set): design 2, guarantee 1.
    writeConcern: { w: 'majority', journal: true },
    // Whatever the URI says: a delivery decided on a stale read could undo a deprovisioning.
    readPreference: 'primary',
    serverSelectionTimeoutMS: 10_000,
    ...(isEmbedded ? {} : NOTICING),
    // mongoose would keep commands back while the connection is lost, and answer promises where cursors are expected.
    bufferCommands: false,
    maxPoolSize: 50,
    // The driver would load it by a dynamic import, which fails where modules cannot be imported dynamically (jest).
    runtimeAdapters: { os },
  });
  try {
    return await connection.asPromise();
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
}

/** Creates every collection's indexes, all at the same time; those that exist already cost nothing. */
export async function ensureIndexes(connection: Connection): Promise<void> {
  await Promise.all(Object.values(connection.models).map(createIndexesOf));
}

/** In one command: mongoose has one for each, and each of them waits for the disk. */
async function createIndexesOf({ schema, collection }: Model<unknown>): Promise<void> {
  const indexes = schema.indexes().map(([key, options]) => ({ ...options, key }));
  if (indexes.length > 0) await collection.createIndexes(indexes as mongo.IndexDescription[]);
}

/** Asks whether the database answers, and soon. Who asks while another one waits for the answer shares it. */
export function reachability({ db }: Connection): () => Promise<boolean> {
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      await db?.command({ ping: 1 });
      return db !== undefined;
    } catch {
      return false;
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    let giveUp: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      giveUp = setTimeout(() => resolve(false), PING_MS);
    });
    asking ??= ask();
    return Promise.race([asking, late]).finally(() => clearTimeout(giveUp));
  };
}
