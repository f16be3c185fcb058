/** MySQL and MariaDB: a small pool, deadlines that end the connection and with it the transaction. */
import type { Kysely } from 'kysely';
import { type CallContext, ConnectorError, type TestStep } from '../spi';
import type { Database, DatabaseOptions, Work } from './database';
import { closed, isMissingTable, isTransient, timedOut, toConnectorError } from './errors';
import { notAtomic, testMysql } from './mysql-checks';
import { MysqlConnection } from './mysql-connection';
import { mysqlKysely } from './mysql-dialect';
import { MysqlPool } from './mysql-pool';
import type { MysqlSettings } from './settings';
import { createMissing } from './tables';
import type { Transaction } from './transaction';

const ATTEMPTS = 4;

const READ = [
  'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
  'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
];
const WRITE = ['START TRANSACTION'];

type OnConnection<Schema, Result> = (
  transaction: Transaction<Schema>,
  connection: MysqlConnection,
) => Promise<Result>;

interface Progress {
  /** COMMIT was sent: only from then on there is a doubt when no answer comes. */
  committing: boolean;
  aborted: boolean;
  /** The connection was lost while it lay idle; another one may well work. */
  stale: boolean;
}

/** A MySQL or MariaDB database with a connector's tables. */
export class MysqlDatabase<Schema> implements Database<Schema> {
  readonly dialect = 'mysql';
  private readonly handles = new WeakMap<MysqlConnection, Kysely<Schema>>();
  private readonly inFlight = new Set<Promise<unknown>>();
  private readonly pool: MysqlPool;
  private hasTables = false;
  private isAtomic = false;
  private isClosed = false;

  constructor(
    private readonly settings: MysqlSettings,
    private readonly options: DatabaseOptions,
  ) {
    const { databasePassword } = options.secrets;
    this.pool = new MysqlPool((signal) => MysqlConnection.open(settings, databasePassword, signal));
  }

  read<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result> {
    return this.run(call, READ, work);
  }

  write<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result> {
    return this.run(call, WRITE, work);
  }

  async describe(call: CallContext): Promise<string> {
    const version = await this.run(call, [], async (_transaction, connection) => {
      const { rows } = await connection.run('SELECT VERSION() AS version');
      return String(rows[0]?.['version']);
    });
    const { host, port, database } = this.settings;
    const product = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
    const place = host.startsWith('/') ? host : `${host}:${port}`;
    return `${database} on ${place}: ${product} ${version}`;
  }

  inspect(call: CallContext): Promise<readonly TestStep[]> {
    return this.run(call, [], ({ db }, connection) =>
      testMysql({ db, connection }, this.settings, this.options.tables),
    );
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled(this.inFlight);
    await this.pool.close();
  }

  private run<Result>(
    call: CallContext,
    begin: readonly string[],
    work: OnConnection<Schema, Result>,
  ): Promise<Result> {
    const running = this.attempts(call, begin, work);
    this.inFlight.add(running);
    const done = (): boolean => this.inFlight.delete(running);
    running.then(done, done);
    return running;
  }

  /** Runs the transaction again when the server has rolled it back for another one's sake. */
  private async attempts<Result>(
    call: CallContext,
    begin: readonly string[],
    work: OnConnection<Schema, Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      const progress: Progress = { committing: false, aborted: false, stale: false };
      if (this.isClosed) throw closed();
      if (call.signal.aborted) throw timedOut('none');
      try {
        return await this.onConnection(call, progress, async (connection) => {
          if (begin.length > 0) await this.prepare(connection, progress, begin === WRITE);
          return this.transaction(connection, begin, work, progress);
        });
      } catch (error) {
        const isCurable = progress.stale || isTransient(error);
        if (!isCurable || progress.aborted || attempt === ATTEMPTS)
          throw this.failed(error, progress);
      }
    }
  }

  private failed(error: unknown, { committing, aborted }: Progress): ConnectorError {
    const outcome = committing ? 'unknown' : 'none';
    if (aborted) return timedOut(outcome);
    if (isMissingTable(error)) this.hasTables = this.isAtomic = false;
    return toConnectorError(error, outcome);
  }

  private async onConnection<Result>(
    call: CallContext,
    progress: Progress,
    use: (connection: MysqlConnection) => Promise<Result>,
  ): Promise<Result> {
    let connection: MysqlConnection | undefined;
    // A deadline ends the connection: the server rolls back, and no late answer can reach a later transaction.
    const abort = (): void => {
      progress.aborted = true;
      connection?.destroy();
    };
    call.signal.addEventListener('abort', abort, { once: true });
    try {
      connection = await this.pool.acquire(call.signal);
      if (progress.aborted) throw timedOut('none');
      return await use(connection);
    } finally {
      call.signal.removeEventListener('abort', abort);
      if (connection) this.pool.release(connection);
    }
  }

  /** Makes what is missing. A write needs tables that take a transaction as a whole; a read does not care. */
  private async prepare(
    connection: MysqlConnection,
    progress: Progress,
    isWrite: boolean,
  ): Promise<void> {
    const { tables, createTables } = this.options;
    const transaction = { db: this.handle(connection), dialect: this.dialect } as const;
    if (createTables && !this.hasTables) {
      await this.first(connection, progress, () => createMissing(transaction, tables));
      this.hasTables = true;
    }
    if (isWrite && !this.isAtomic) {
      const wrong = await this.first(connection, progress, () => notAtomic(connection, tables));
      if (wrong.length > 0) {
        throw new ConnectorError(
          'unsupported',
          `${wrong.join(', ')}: the engine has no transactions; run ALTER TABLE ... ENGINE = InnoDB`,
        );
      }
      this.isAtomic = true;
    }
  }

  /** The first thing said on a connection: it shows whether the server is still there. */
  private async first<Result>(
    connection: MysqlConnection,
    progress: Progress,
    say: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await say();
    } catch (error) {
      progress.stale = connection.isLost && connection.uses > 0;
      throw error;
    }
  }

  private async transaction<Result>(
    connection: MysqlConnection,
    begin: readonly string[],
    work: OnConnection<Schema, Result>,
    progress: Progress,
  ): Promise<Result> {
    try {
      for (const statement of begin) {
        await this.first(connection, progress, () => connection.run(statement));
      }
      const result = await work({ db: this.handle(connection), dialect: this.dialect }, connection);
      progress.committing = begin === WRITE;
      await connection.run('COMMIT');
      return result;
    } catch (error) {
      if (!connection.isLost) await connection.run('ROLLBACK').catch(() => connection.destroy());
      throw error;
    }
  }

  private handle(connection: MysqlConnection): Kysely<Schema> {
    let handle = this.handles.get(connection);
    if (!handle) this.handles.set(connection, (handle = mysqlKysely<Schema>(connection)));
    return handle;
  }
}
