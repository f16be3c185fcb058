/** Which database: the one that MONGODB_URI names, or the embedded one in DATA_DIR. */
import path from 'node:path';
import { type Config } from './config';
import { DataDirectoryLockedError, type EmbeddedMongo, startEmbeddedMongo } from './embedded-mongo';
import { encryptionKeyIn } from './encryption-key';
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
  const encryptionKey = config.ENCRYPTION_KEY ?? encryptionKeyIn(config.DATA_DIR);
  if (config.MONGODB_URI !== undefined) {
    return {
      uri: config.MONGODB_URI,
      // The driver would write to "test" where the URI names no database.
      ...(new URL(config.MONGODB_URI).pathname.length > 1 ? {} : { dbName: 'usher' }),
      encryptionKey,
      isEmbedded: false,
      failed: new Promise(() => undefined),
      close: async () => undefined,
    };
  }
  const embedded = await startEmbedded(path.resolve(config.DATA_DIR, 'store'));
  return {
    uri: embedded.uri,
    dbName: 'usher',
    encryptionKey,
    isEmbedded: true,
    failed: embedded.failed,
    close: () => embedded.close(),
  };
}

async function startEmbedded(dataDir: string): Promise<EmbeddedMongo> {
  try {
    return await startEmbeddedMongo({ dataDir });
  } catch (error) {
    if (error instanceof DataDirectoryLockedError) throw new StartError(error.message);
    throw error;
  }
}
