/** What a connector sees of its database: transactions that fail with a `ConnectorError` and with nothing else. */
import type { CallContext, ConnectorContext, TestStep } from '../spi';
import type { DatabaseSecrets, DatabaseSettings } from './settings';
import type { Table } from './tables';
import type { Dialect, Transaction } from './transaction';

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
  /** What the connection test has to look at in this kind of database only. */
  inspect?(call: CallContext): Promise<readonly TestStep[]>;
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
