import { open, type RootDatabase } from 'lmdb';
import { type Catalog, loadCatalog } from './catalog';
import { countersKey, recordOf, serverKey } from './keyspace';

/** Address space set aside for the file, and thereby its largest size. */
const MAP_BYTES = 64 * 1024 ** 3;

/** A stretch of keys, start inclusive, end exclusive. */
export interface Range {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly reverse?: boolean;
  readonly offset?: number;
  readonly limit?: number;
}

/** What is counted per collection. */
export interface Counters {
  documents: number;
  nextRecord: number;
}

/** LMDB's own options for a range; backwards scans start at the end. */
function rangeOptions(range: Range): object {
  const { start, end, reverse, offset, limit } = range;
  return reverse === true
    ? {
        start: end,
        end: start,
        reverse: true,
        exclusiveStart: true,
        inclusiveEnd: true,
        offset,
        limit,
      }
    : { start, end, offset, limit };
}

/** A consistent view of everything stored. Valid only until the current callback returns. */
export class Snapshot {
  protected knownCatalog: Catalog | undefined;

  constructor(protected readonly store: Store) {}

  /** The collections and indexes as of this snapshot. */
  get catalog(): Catalog {
    this.knownCatalog ??= this.store.catalogAt(this);
    return this.knownCatalog;
  }

  get(key: Buffer): Buffer | undefined {
    return this.store.database.getBinary(key);
  }

  /** The record an entry of a unique index names. */
  recordAt(key: Buffer): number | undefined {
    // Not copied: the bytes are valid until the next read, and only `length` tells how many they are.
    const value = this.store.database.getBinaryFast(key);
    return value && recordOf(value);
  }

  /** Keys only. */
  keys(range: Range): Iterable<Uint8Array> {
    return this.store.database.getKeys({ ...rangeOptions(range), snapshot: true });
  }

  entries(range: Range): Iterable<{ key: Uint8Array; value: Buffer }> {
    return this.store.database.getRange(rangeOptions(range));
  }

  /** The counters of a collection; a changed copy is stored by the transaction. */
  counters(collection: number): Counters {
    const bytes = this.get(countersKey(collection));
    if (bytes === undefined) return { documents: 0, nextRecord: 1 };
    return { documents: bytes.readUIntBE(0, 6), nextRecord: bytes.readUIntBE(6, 6) };
  }

  /** Number of keys, counted without reading values. */
  count(range: Range): number {
    return this.store.database.getKeysCount({ start: range.start, end: range.end });
  }
}

/** A snapshot that can also be changed. All changes of one transaction become durable together. */
export class Transaction extends Snapshot {
  private readonly changedCounters = new Map<number, Counters>();

  /** Counters may be changed in place; they are stored when the transaction ends. */
  override counters(collection: number): Counters {
    const known = this.changedCounters.get(collection) ?? super.counters(collection);
    this.changedCounters.set(collection, known);
    return known;
  }

  /** Has to be called after a change of the catalog. */
  forgetCatalog(): void {
    this.knownCatalog = undefined;
  }

  /** Forgets the counters of a dropped collection. */
  dropCounters(collection: number): void {
    this.changedCounters.delete(collection);
    this.remove(countersKey(collection));
  }

  /** Stores what was kept in memory during the transaction. */
  flush(): void {
    for (const [collection, { documents, nextRecord }] of this.changedCounters) {
      const bytes = Buffer.alloc(12);
      bytes.writeUIntBE(documents, 0, 6);
      bytes.writeUIntBE(nextRecord, 6, 6);
      this.put(countersKey(collection), bytes);
    }
  }

  put(key: Buffer, value: Buffer): void {
    this.store.database.putSync(key, value);
  }

  remove(key: Buffer): void {
    this.store.database.removeSync(key);
  }

  removeRange(range: Range): void {
    for (const key of [...this.keys(range)]) this.remove(Buffer.from(key));
  }

  /** Runs the action so that nothing of it stays when it throws. */
  atomically<T>(action: () => T): T {
    return this.store.database.transactionSync(action);
  }
}

/** The LMDB database. One process at a time may write to it, see the data directory lock; others may read. */
export class Store {
  readonly database: RootDatabase<Buffer, Uint8Array>;
  private readonly catalogs = new Map<string, Catalog>();
  private closed = false;

  constructor(path: string, { readOnly = false } = {}) {
    this.database = open<Buffer, Uint8Array>({
      path,
      readOnly,
      mapSize: MAP_BYTES,
      keyEncoding: 'binary',
      encoding: 'binary',
      // A commit returns only when its data is on disk.
      overlappingSync: false,
      noMemInit: false,
    });
  }

  /** Runs a read on the newest committed state. */
  read<T>(action: (snapshot: Snapshot) => T): T {
    this.assertOpen();
    this.database.resetReadTxn();
    return action(new Snapshot(this));
  }

  /** Runs a write; when this returns, the changes are on disk. When the action throws, none is made. */
  write<T>(action: (transaction: Transaction) => T): T {
    this.assertOpen();
    return this.database.transactionSync(() => {
      const transaction = new Transaction(this);
      const result = action(transaction);
      transaction.flush();
      return result;
    });
  }

  /** The catalog is cached under a token that changes with every change of the catalog. */
  catalogAt(snapshot: Snapshot): Catalog {
    const token = snapshot.get(serverKey('token'))?.toString('hex') ?? '';
    let catalog = this.catalogs.get(token);
    if (catalog === undefined) {
      catalog = loadCatalog(snapshot);
      if (this.catalogs.size > 3) this.catalogs.clear();
      this.catalogs.set(token, catalog);
    }
    return catalog;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.database.close();
  }

  private assertOpen(): void {
    if (this.closed) throw new Error('the embedded store is closed');
  }
}
