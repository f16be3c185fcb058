/** PostgreSQL through node-postgres: a small pool, deadlines that end the connection and with it the transaction. */
import {
  CompiledQuery,
  Kysely,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  type PostgresPoolClient,
  PostgresQueryCompiler,
} from 'kysely';
import pg from 'pg';
import type { CallContext, ConnectorError } from '../spi';
import type { Database, DatabaseOptions, Work } from './database';
import { closed, isMissingTable, isTransient, timedOut, toConnectorError } from './errors';
import { encrypted, type PostgresSettings } from './settings';
import { createMissing } from './tables';

/** Connections of one connector; more do not make one directory faster. */
export const POSTGRES_CONNECTIONS = 4;

/** The server ends a statement itself after this long, should the gateway be gone. */
const STATEMENT_MS = 30_000;
const CONNECT_MS = 10_000;
const ATTEMPTS = 4;

interface Progress {
  /** Something that changes rows may have been sent. */
  sent: boolean;
  aborted: boolean;
}

function poolOf(settings: PostgresSettings, options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: options.secrets.databasePassword,
    ssl: encrypted(settings) ? { rejectUnauthorized: true, ca: settings.ca } : false,
    options: `-c search_path=${settings.schema}`,
    application_name: 'usher',
    max: POSTGRES_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    keepAlive: true,
  });
  // Without a listener a server that restarts would end the process.
  pool.on('error', () => options.context.log('warn', 'an idle database connection was lost'));
  // The pool listens to idle connections only; one in use reports its end through its query as well.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Kysely on one connection; transactions are begun and ended by hand, so that the moment of COMMIT is known. */
function kysely<Schema>(client: pg.PoolClient): Kysely<Schema> {
  const own = { query: client.query.bind(client), release: () => undefined };
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () =>
        new PostgresDriver({
          pool: {
            connect: () => Promise.resolve(own as PostgresPoolClient),
            end: () => Promise.resolve(),
          },
        }),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

/** A PostgreSQL database with a connector's tables. */
export class PostgresDatabase<Schema> implements Database<Schema> {
  readonly dialect = 'postgresql';
  private readonly handles = new WeakMap<pg.PoolClient, Kysely<Schema>>();
  private readonly inFlight = new Set<Promise<unknown>>();
  private pool: pg.Pool | undefined;
  private hasTables = false;
  private isClosed = false;

  constructor(
    private readonly settings: PostgresSettings,
    private readonly options: DatabaseOptions,
  ) {}

  read<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result> {
    return this.run(call, 'begin isolation level repeatable read read only', work);
  }

  write<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result> {
    return this.run(call, 'begin', work);
  }

  async describe(call: CallContext): Promise<string> {
    const { rows } = await this.run(call, 'begin read only', ({ db }) =>
      db.executeQuery<{ server_version: string }>(CompiledQuery.raw('show server_version')),
    );
    const { host, port, database } = this.settings;
    return `${database} on ${host}:${port}: PostgreSQL ${rows[0]?.server_version ?? ''}`;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled(this.inFlight);
    const { pool } = this;
    this.pool = undefined;
    await pool?.end();
  }

  private run<Result>(
    call: CallContext,
    begin: string,
    work: Work<Schema, Result>,
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
    begin: string,
    work: Work<Schema, Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      const progress: Progress = { sent: false, aborted: false };
      if (this.isClosed) throw closed();
      if (call.signal.aborted) throw timedOut('none');
      try {
        if (this.options.createTables && !this.hasTables) await this.createTables(call);
        return await this.transaction(call, begin, work, progress);
      } catch (error) {
        if (!isTransient(error) || attempt === ATTEMPTS) throw this.failed(error, progress);
      }
    }
  }

  private failed(error: unknown, { sent, aborted }: Progress): ConnectorError {
    if (aborted) return timedOut(sent ? 'unknown' : 'none');
    if (isMissingTable(error)) this.hasTables = false;
    return toConnectorError(error, sent ? 'unknown' : 'none');
  }

  private async createTables(call: CallContext): Promise<void> {
    const progress: Progress = { sent: false, aborted: false };
    try {
      await this.transaction(
        call,
        'begin',
        (transaction) => createMissing(transaction, this.options.tables),
        progress,
      );
      this.hasTables = true;
    } catch (error) {
      throw progress.aborted ? timedOut('none') : error;
    }
  }

  private async transaction<Result>(
    call: CallContext,
    begin: string,
    work: Work<Schema, Result>,
    progress: Progress,
  ): Promise<Result> {
    const client = await this.connect(call, progress);
    let broken = false;
    // A deadline ends the connection: the server rolls back, and no late answer can reach a later transaction.
    const abort = (): void => {
      progress.aborted = true;
      broken = true;
      client.release(true);
    };
    call.signal.addEventListener('abort', abort, { once: true });
    try {
      const db = this.handle(client);
      progress.sent = !begin.endsWith('read only');
      await client.query(begin);
      const result = await work({ db, dialect: this.dialect });
      await client.query('commit');
      return result;
    } catch (error) {
      if (!broken) await client.query('rollback').catch(() => (broken = true));
      if (broken && !progress.aborted) client.release(true);
      throw error;
    } finally {
      call.signal.removeEventListener('abort', abort);
      if (!broken) client.release();
    }
  }

  private handle(client: pg.PoolClient): Kysely<Schema> {
    let handle = this.handles.get(client);
    if (!handle) this.handles.set(client, (handle = kysely<Schema>(client)));
    return handle;
  }

  /** A connection of the pool; one that comes after the deadline goes back unused. */
  private connect(call: CallContext, progress: Progress): Promise<pg.PoolClient> {
    this.pool ??= poolOf(this.settings, this.options);
    const connecting = this.pool.connect();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        progress.aborted = true;
        connecting.then(
          (client) => client.release(),
          () => undefined,
        );
        reject(timedOut('none'));
      };
      if (call.signal.aborted) {
        abort();
        return;
      }
      call.signal.addEventListener('abort', abort, { once: true });
      connecting
        .then(
          (client) => {
            if (!progress.aborted) resolve(client);
          },
          (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
        )
        .finally(() => call.signal.removeEventListener('abort', abort));
    });
  }
}
