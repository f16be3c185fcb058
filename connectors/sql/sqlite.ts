/** SQLite through libsql: one connection, WAL, writers that wait without blocking the process. */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Kysely,
  SqliteAdapter,
  type SqliteDatabase as Driver,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type SqliteStatement,
} from 'kysely';
import Libsql from 'libsql';
import { type CallContext, ConnectorError } from '../spi';
import type { Database, DatabaseOptions, Work } from './database';
import {
  closed,
  isMissingTable,
  isTransient,
  type Outcome,
  timedOut,
  toConnectorError,
} from './errors';
import { type Queue, queueOf } from './queue';
import type { SqliteSettings } from './settings';
import { createMissing } from './tables';

/** How long a call waits for another process to finish writing. */
const BUSY_MS = 5_000;

/** Above this many different statements the prepared ones are forgotten. */
const STATEMENTS = 200;

interface Connection<Schema> {
  readonly raw: Libsql.Database;
  readonly db: Kysely<Schema>;
  /** Runs a statement that answers nothing. */
  readonly run: (text: string) => void;
  /** Which file it is, so that one put in its place is noticed. */
  readonly identity: string;
}

/** Kysely's driver with prepared statements kept. */
function prepared(raw: Libsql.Database): Driver {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare: (text) => {
      let statement = statements.get(text);
      if (!statement) {
        if (statements.size >= STATEMENTS) statements.clear();
        statements.set(text, (statement = raw.prepare(text) as unknown as SqliteStatement));
      }
      return statement;
    },
    close: () => statements.clear(),
  };
}

function kysely<Schema>(database: Driver): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new SqliteDriver({ database }),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

/** One value of a PRAGMA, which the library answers in more than one shape. */
function pragma(raw: Libsql.Database, text: string): string {
  const row = raw.prepare(`PRAGMA ${text}`).all() as Record<string, unknown>[];
  return String(Object.values(row[0] ?? {})[0]);
}

function identity(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** An SQLite file with a connector's tables. */
export class SqliteDatabase<Schema> implements Database<Schema> {
  readonly dialect = 'sqlite';
  private readonly file: string;
  private readonly queue: Queue;
  private connection: Connection<Schema> | undefined;
  private isClosed = false;

  constructor(
    private readonly settings: SqliteSettings,
    private readonly options: DatabaseOptions,
  ) {
    this.file = path.resolve(options.context.dataDir, settings.file);
    this.queue = queueOf(this.file);
  }

  read<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result> {
    return this.run(call, 'begin', work);
  }

  write<Result>(call: CallContext, work: Work<Schema, Result>): Promise<Result> {
    return this.run(call, 'begin immediate', work);
  }

  describe(call: CallContext): Promise<string> {
    return this.guarded(call, async () => {
      const { raw } = await this.open(call);
      const [mode, version] = [
        pragma(raw, 'journal_mode'),
        raw.prepare('SELECT sqlite_version() AS v').all(),
      ];
      return `${this.file}: SQLite ${(version[0] as { v: string }).v}, journal mode ${mode}, synchronous ${this.settings.synchronous}`;
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.queue.run(async () => this.drop());
  }

  private async run<Result>(
    call: CallContext,
    begin: string,
    work: Work<Schema, Result>,
  ): Promise<Result> {
    return this.guarded(call, async () => {
      return this.transaction(call, await this.open(call), begin, work);
    });
  }

  private async transaction<Result>(
    call: CallContext,
    { db, run }: Connection<Schema>,
    begin: string,
    work: Work<Schema, Result>,
  ): Promise<Result> {
    let outcome: Outcome = 'none';
    run(begin);
    try {
      const result = await work({ db, dialect: this.dialect });
      if (call.signal.aborted) throw timedOut('none');
      outcome = 'unknown';
      run('commit');
      return result;
    } catch (error) {
      this.rollback(run);
      throw isTransient(error) ? error : toConnectorError(error, outcome);
    }
  }

  /** Takes a turn, tries again while another process writes, and lets only `ConnectorError` out. */
  private guarded<Result>(call: CallContext, task: () => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + BUSY_MS;
    return this.queue.run(async () => {
      for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
        if (this.isClosed) throw closed();
        if (call.signal.aborted) throw timedOut('none');
        try {
          return await task();
        } catch (error) {
          if (!isTransient(error) || performance.now() > deadline) throw this.failed(error);
        }
        await sleep(wait + Math.random() * wait, undefined, { signal: call.signal }).catch(
          () => undefined,
        );
      }
    });
  }

  private rollback(run: (text: string) => void): void {
    try {
      run('rollback');
    } catch {
      // SQLite has rolled back by itself, or the connection is of no more use.
      this.drop();
    }
  }

  private failed(error: unknown): ConnectorError {
    const failure = toConnectorError(error);
    if (failure.kind === 'unavailable' || isMissingTable(failure.cause)) this.drop();
    return failure;
  }

  private drop(): void {
    const { connection } = this;
    this.connection = undefined;
    if (!connection) return;
    try {
      // Leaves one complete file behind for whoever copies it.
      pragma(connection.raw, 'wal_checkpoint(TRUNCATE)');
    } catch {
      // A reader is still there, or the file has gone: the WAL holds what is missing.
    }
    void connection.db.destroy();
    connection.raw.close();
  }

  private async open(call: CallContext): Promise<Connection<Schema>> {
    // Writing on into a file that was deleted or replaced would lose every change without an error.
    if (this.connection && this.connection.identity !== identity(this.file)) this.drop();
    return (this.connection ??= await this.connect(call));
  }

  private async connect(call: CallContext): Promise<Connection<Schema>> {
    this.makeFile();
    accessSync(this.file, constants.R_OK | constants.W_OK);
    const found = identity(this.file);
    const raw = new Libsql(this.file, { timeout: 10 });
    try {
      this.configure(raw);
      const statements = prepared(raw);
      const run = (text: string): void => void statements.prepare(text).run([]);
      const connection = { raw, run, db: kysely<Schema>(statements), identity: found ?? '' };
      if (this.options.createTables) {
        const create: Work<Schema, void> = (own) => createMissing(own, this.options.tables);
        await this.transaction(call, connection, 'begin immediate', create);
      }
      return connection;
    } catch (error) {
      raw.close();
      throw error;
    }
  }

  /** Made here and not by the library, for its rights: SQLite gives the files beside it the same ones. */
  private makeFile(): void {
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
    let descriptor: number;
    try {
      descriptor = openSync(this.file, 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
      throw error;
    }
    fchmodSync(descriptor, Number.parseInt(this.settings.fileMode, 8));
    closeSync(descriptor);
  }

  private configure(raw: Libsql.Database): void {
    if (pragma(raw, 'journal_mode') !== 'wal' && pragma(raw, 'journal_mode = WAL') !== 'wal') {
      throw new ConnectorError(
        'unsupported',
        'the database cannot be set to WAL, and without it a reader is locked out while a change is written; ' +
          'stop whatever has the file open, or move it to a local disk',
      );
    }
    pragma(raw, `synchronous = ${this.settings.synchronous}`);
    pragma(raw, 'foreign_keys = ON');
  }
}
