import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findHolder, forgetHolder, socketUri } from './storage/data-directory';
import { checkFormat } from './storage/format';
import { documentRange, indexRange } from './storage/keyspace';
import { type Snapshot, Store } from './storage/store';

/** Number of documents by "database.collection". */
export type StoreContents = Readonly<Record<string, number>>;

/** A running server that has a data directory open. */
export interface StoreHolder {
  readonly pid: number;
  /** A URI the official driver connects to. */
  readonly uri: string;
}

/** Whether the directory holds a database. */
export function hasStore(directory: string): boolean {
  return existsSync(join(directory, 'data.mdb'));
}

/** The server that has the directory open, in whatever process; undefined when none has. */
export async function findStoreHolder(directory: string): Promise<StoreHolder | undefined> {
  if (!hasStore(directory)) return undefined;
  const store = new Store(directory, { readOnly: true });
  try {
    const holder = await findHolder(store);
    return holder && { pid: holder.pid, uri: socketUri(holder.socket) };
  } finally {
    await store.close();
  }
}

/**
 * Copies a database into a directory that does not exist, also while a server writes to it: LMDB copies
 * what one read transaction sees, and no writer touches pages that a reader of any process can see. So the
 * copy is one committed state, with every write that was acknowledged before the call.
 */
export async function copyStore(from: string, to: string): Promise<StoreContents> {
  const source = new Store(from, { readOnly: true });
  try {
    checkFormat(source, from);
    mkdirSync(to, { recursive: true, mode: 0o700 });
    await source.database.backup(to, false);
  } finally {
    await source.close();
  }
  return detach(to);
}

/** Makes a copy independent of the server it was copied from, and counts what is in it. */
async function detach(directory: string): Promise<StoreContents> {
  const copy = new Store(directory);
  try {
    forgetHolder(copy);
    return copy.read(contentsOf);
  } finally {
    await copy.close();
    rmSync(join(directory, 'lock.mdb'), { force: true });
  }
}

/** Opens a database that nobody uses, checks its format, and counts what is in it. */
export async function checkStore(directory: string): Promise<StoreContents> {
  const store = new Store(directory, { readOnly: true });
  try {
    checkFormat(store, directory);
    return store.read(contentsOf);
  } finally {
    await store.close();
    rmSync(join(directory, 'lock.mdb'), { force: true });
  }
}

/** Counts documents three ways, which agree unless the file is damaged. */
function contentsOf(snapshot: Snapshot): StoreContents {
  const contents: Record<string, number> = {};
  for (const { id, database, name, indexes } of snapshot.catalog.all()) {
    const { documents } = snapshot.counters(id);
    const namespace = `${database}.${name}`;
    const found = snapshot.count(documentRange(id));
    const indexed = snapshot.count(indexRange(indexes[0]?.id ?? 0));
    if (found !== documents || indexed !== documents) {
      throw new Error(
        `the collection ${namespace} should have ${documents} documents, but ${found} are stored and ${indexed} are indexed`,
      );
    }
    contents[namespace] = documents;
  }
  return contents;
}
