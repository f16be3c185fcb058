/** Which database: the one that MONGODB_URI names, or the embedded one in DATA_DIR. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import ConnectionString from 'mongodb-connection-string-url';
import { type Config } from './config';
import { DataDirectoryLockedError, type EmbeddedMongo, startEmbeddedMongo } from './embedded-mongo';
import { encryptionKeyIn, existingKeyIn } from './encryption-key';
import { StartError } from './start-error';

export interface Database {
  readonly uri: string;
  /** Absent: the database named in the URI. */
  readonly dbName?: string;
  readonly encryptionKey: Buffer;
  /** Nobody but this process uses it. */
  readonly isEmbedded: boolean;
  /** Resolves when the embedded server died. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

export async function openDatabase(config: Config): Promise<Database> {
  const storeDir = path.resolve(config.DATA_DIR, 'store');
  const encryptionKey = config.ENCRYPTION_KEY ?? generatedKey(config.DATA_DIR, storeDir);
  if (config.MONGODB_URI !== undefined) {
    return {
      uri: config.MONGODB_URI,
      // The driver would write to "test" where the URI names no database.
      ...(new ConnectionString(config.MONGODB_URI).pathname.length > 1 ? {} : { dbName: 'usher' }),
      encryptionKey,
      isEmbedded: false,
      failed: new Promise(() => undefined),
      close: async () => undefined,
    };
  }
  const embedded = await startEmbedded(storeDir);
  return {
    uri: embedded.uri,
    dbName: 'usher',
    encryptionKey,
    isEmbedded: true,
    failed: embedded.failed,
    close: () => embedded.close(),
  };
}

/** A key that got lost must not be replaced silently: it is what opens the secrets in the store. */
function generatedKey(dataDir: string, storeDir: string): Buffer {
  const existing = existingKeyIn(dataDir);
  if (existing) return existing;
  if (!existsSync(storeDir)) return encryptionKeyIn(dataDir);
  throw new StartError(
    `${dataDir} holds a store but no encryption.key, without which the secrets of targets cannot be read. Restore the file from a backup, or set ENCRYPTION_KEY.`,
  );
}

async function startEmbedded(dataDir: string): Promise<EmbeddedMongo> {
  try {
    return await startEmbeddedMongo({ dataDir });
  } catch (error) {
    if (error instanceof DataDirectoryLockedError) throw new StartError(error.message);
    throw error;
  }
}
