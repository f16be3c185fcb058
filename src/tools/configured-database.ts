/** The database that Usher would use with this configuration, for tools that run beside it. */
import path from 'node:path';
import { type Config } from '../config';
import { openDatabase } from '../database';
import { findStoreHolder, hasStore } from '../embedded-mongo/backup';
import { type ConnectionOptions } from '../store/connection';
import { RawCollections } from '../store/raw-collections';
import { ToolError } from './run-tool';

export interface ConfiguredDatabase {
  readonly connection: ConnectionOptions & { readonly encryptionKey: Buffer };
  readonly collections: RawCollections;
  /** For messages. */
  readonly name: string;
  /** The process that has the embedded store open. */
  readonly usedBy?: number;
  close(): Promise<void>;
}

/** Opens an existing database; an embedded store that Usher has open is read through Usher. */
export async function openForReading(config: Config): Promise<ConfiguredDatabase> {
  if (config.MONGODB_URI !== undefined) return openConfigured(config);
  const store = storeOf(config);
  if (!hasStore(store)) {
    throw new ToolError(
      `${store} holds no store. Set DATA_DIR to the folder that Usher uses, or MONGODB_URI.`,
    );
  }
  const holder = await findStoreHolder(store);
  return openConfigured(config, holder);
}

/** Opens a database, made when missing, that no Usher has open. */
export async function openForWriting(config: Config): Promise<ConfiguredDatabase> {
  const store = storeOf(config);
  const holder = config.MONGODB_URI === undefined ? await findStoreHolder(store) : undefined;
  if (holder !== undefined) {
    throw new ToolError(
      `${store} is in use by process ${holder.pid}. Set DATA_DIR to a new folder, or MONGODB_URI to an empty database.`,
    );
  }
  return openConfigured(config);
}

async function openConfigured(
  config: Config,
  holder?: { readonly pid: number; readonly uri: string },
): Promise<ConfiguredDatabase> {
  // A URI in the place of the embedded store: only the running Usher may open its files.
  const opened = await openDatabase(holder ? { ...config, MONGODB_URI: holder.uri } : config);
  const isMongodb = config.MONGODB_URI !== undefined;
  const name = isMongodb ? 'the database that MONGODB_URI names' : storeOf(config);
  try {
    const collections = await RawCollections.open(opened);
    return {
      connection: opened,
      collections,
      name,
      ...(holder && { usedBy: holder.pid }),
      close: async () => {
        await collections.close();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw new ToolError(`${name} cannot be used: ${(error as Error).message}`);
  }
}

function storeOf(config: Config): string {
  return path.resolve(config.DATA_DIR, 'store');
}
