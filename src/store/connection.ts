/** The one connection to MongoDB, or to the embedded server that speaks its protocol. */
import os from 'node:os';
import mongoose, { type Connection } from 'mongoose';

export interface ConnectionOptions {
  readonly uri: string;
  /** Absent: the database named in the URI. */
  readonly dbName?: string;
}

/** Connects, or rejects within ten seconds with the driver's reason. */
export async function connect({ uri, dbName }: ConnectionOptions): Promise<Connection> {
  const connection = mongoose.createConnection(uri, {
    ...(dbName === undefined ? {} : { dbName }),
    // Acknowledged means on disk (and on a majority of a replica set): design 2, guarantee 1.
    writeConcern: { w: 'majority', journal: true },
    // Whatever the URI says: a delivery decided on a stale read could undo a deprovisioning.
    readPreference: 'primary',
    serverSelectionTimeoutMS: 10_000,
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

/** Creates every collection's indexes; those that exist already cost nothing. */
export async function ensureIndexes(connection: Connection): Promise<void> {
  for (const model of Object.values(connection.models)) {
    await model.createIndexes();
  }
}

/** Whether the database answers. */
export async function isReachable(connection: Connection): Promise<boolean> {
  try {
    await connection.db?.command({ ping: 1, maxTimeMS: 2_000 });
    return connection.db !== undefined;
  } catch {
    return false;
  }
}
