/** What a connector sees of its database: transactions that fail with a `ConnectorError` and with nothing else. */
import type { Kysely } from 'kysely';
import type { CallContext, ConnectorContext } from '../spi';
import { PostgresDatabase } from './postgres';
import type { DatabaseSecrets, DatabaseSettings } from './settings';
import { SqliteDatabase } from './sqlite';
import type { Table } from './tables';

/** The two databases a connector can stand on. */
export type Dialect = 'sqlite' | 'postgresql';

/** One open transaction: everything in it happens, or nothing. */
export interface Transaction<Schema> {
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
}

/** What is run inside a transaction. It may be run again from the start when another writer got in its way. */
export type Work<Schema, Result> = (transaction: Transaction<Schema>) => Promise<Result>;

/** A database with the connector's tables in it. It is opened by the first call and opened again when it was lost. */
export interface Database<Schema> {
  readonly dialect: Dialect;
  /** Reads one consistent state. */
  read<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result>;
  /** Writes; when the promise resolves the change is on the disk. */
  write<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result>;
  /** Connects and says to what, in words for an administrator. */
  describe(call: CallContext): Promise<string>;
  close(): Promise<void>;
}

/** How a database is opened. */
export interface DatabaseOptions {
  readonly settings: DatabaseSettings;
  readonly secrets: DatabaseSecrets;
  readonly context: ConnectorContext;
  readonly tables: readonly Table[];
  readonly createTables: boolean;
}

/** Prepares a database without touching it. */
export function openDatabase<Schema>(options: DatabaseOptions): Database<Schema> {
  const { settings } = options;
  return settings.kind === 'sqlite'
    ? new SqliteDatabase<Schema>(settings, options)
    : new PostgresDatabase<Schema>(settings, options);
}
