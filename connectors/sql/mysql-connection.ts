/**
 * One connection to a MySQL or MariaDB server through mysql2: values travel in prepared statements only, the session is
 * strict, and whoever waits for an answer hears of it when the connection is given up.
 */
import net from 'node:net';
import mysql, { type Connection } from 'mysql2';
import { encrypted, type MysqlSettings } from './settings';

/** The server ends a statement itself after this long, should the gateway be gone. */
const STATEMENT_S = 30;
const CONNECT_MS = 10_000;

/** How long a statement waits for another writer's row before the transaction is run again, in seconds. */
const LOCK_WAIT_S = 5;

/** Prepared statements kept by each connection; the server has a limit for all of them together. */
const STATEMENTS = 100;

/** What a packet has besides the values, generously. */
const PACKET_ROOM = 4_096;

const SQL_MODE = [
  'STRICT_ALL_TABLES',
  'NO_ENGINE_SUBSTITUTION',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
].join();

/**
 * Without a strict mode values too long are cut off and invalid ones become something else. The comments hold what only
 * one of the two servers knows.
 */
const SESSION = [
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION sql_mode = '${SQL_MODE}', autocommit = 1, innodb_lock_wait_timeout = ${LOCK_WAIT_S},
    lock_wait_timeout = ${2 * LOCK_WAIT_S}
    /*M! , max_statement_time = ${STATEMENT_S}, idle_transaction_timeout = ${STATEMENT_S} */
    /*!80000 , max_execution_time = ${STATEMENT_S * 1_000} */`,
];

/** What a statement answers: rows, or how many it has touched. */
export interface MysqlResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly affected: number | undefined;
}

/** A failure in the shape of the server's own. */
function refused(errno: number, message: string): Error {
  return Object.assign(new Error(message), { errno });
}

function toResult(answer: unknown): MysqlResult {
  if (Array.isArray(answer))
    return { rows: answer as Record<string, unknown>[], affected: undefined };
  const { affectedRows } = (answer ?? {}) as { readonly affectedRows?: number };
  return { rows: [], affected: affectedRows };
}

function dialled({ host, port }: MysqlSettings): net.Socket {
  if (host.startsWith('/')) return net.connect(host);
  const socket = net.connect({ host, port, noDelay: true, keepAlive: true });
  // For an address mysql2 names no server to TLS, which would then check the certificate for `localhost`.
  if (net.isIP(host)) Object.assign(socket, { _host: host });
  return socket;
}

/** An open connection, used by one transaction at a time. */
export class MysqlConnection {
  private readonly waiting = new Set<(error: Error) => void>();
  private readonly socket: net.Socket;
  private readonly raw: Connection;
  private maxPacket = Number.POSITIVE_INFINITY;
  private lost: Error | undefined;

  /** How often it has been used; a fresh one cannot have been lost while it lay about. */
  uses = 0;

  private constructor(settings: MysqlSettings, password: string | undefined) {
    const { host, port, database, user, ca } = settings;
    this.socket = dialled(settings);
    this.raw = mysql.createConnection({
      stream: () => this.socket,
      host,
      port,
      // Says that clear text on this connection does not leave the machine.
      ...(host.startsWith('/') ? { socketPath: host } : {}),
      database,
      user,
      password,
      ...(encrypted(settings)
        ? { ssl: { rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2', ca } }
        : {}),
      connectTimeout: CONNECT_MS,
      charset: 'UTF8MB4_BIN',
      maxPreparedStatements: STATEMENTS,
      multipleStatements: false,
      // A hostile server may ask for any file of this machine, or send column names that are code.
      flags: ['-LOCAL_FILES'],
      disableEval: true,
      connectAttributes: { program_name: 'usher' },
      dateStrings: true,
      supportBigNumbers: true,
    });
    this.raw.on('error', (error: Error) => this.lose(error));
    this.socket.on('close', () => this.lose(new Error('the connection was closed')));
  }

  /** Connects, logs in and sets the session up. */
  static async open(
    settings: MysqlSettings,
    password: string | undefined,
    signal: AbortSignal,
  ): Promise<MysqlConnection> {
    const connection = new MysqlConnection(settings, password);
    const abort = (): void => connection.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await connection.answered((done) => connection.raw.connect((error) => done(error, [])));
      for (const statement of SESSION) await connection.run(statement);
      const { rows } = await connection.run('SELECT @@max_allowed_packet AS bytes');
      connection.maxPacket = Number(rows[0]?.['bytes']);
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Of no more use. */
  get isLost(): boolean {
    return this.lost !== undefined;
  }

  /** Whether what is said cannot be overheard. */
  get isEncrypted(): boolean {
    return Boolean(this.raw.config.ssl);
  }

  /** Runs a statement that has no values. */
  run(text: string): Promise<MysqlResult> {
    return this.answered((done) => void this.raw.query(text, done));
  }

  /** Runs a prepared statement with its values. */
  execute(text: string, values: readonly unknown[]): Promise<MysqlResult> {
    const bytes = values.reduce<number>(
      (sum, value) => sum + Buffer.byteLength(String(value)),
      PACKET_ROOM + Buffer.byteLength(text),
    );
    // The server would end the connection, and nobody could tell why.
    if (bytes > this.maxPacket) {
      return Promise.reject(
        refused(1153, `${bytes} bytes are more than max_allowed_packet of the server`),
      );
    }
    const typed = values.map((value) =>
      Number.isSafeInteger(value) ? mysql.TypedParameter.BIGINT(value as number) : value,
    );
    return this.answered((done) => void this.raw.execute(text, typed as never[], done));
  }

  /** Drops the connection; the server rolls back what was not committed. */
  destroy(): void {
    this.lose(new Error('the connection was given up'));
    this.socket.destroy();
    this.raw.destroy();
  }

  /** Says good-bye to the server. */
  async close(): Promise<void> {
    if (this.lost) return;
    await this.answered((done) => this.raw.end((error) => done(error, []))).catch(() => undefined);
    this.destroy();
  }

  private lose(error: Error): void {
    this.lost ??= error;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const reject of waiting) reject(this.lost);
  }

  /** mysql2 forgets whoever waits for an answer on a connection that is destroyed. */
  private answered(
    ask: (done: (error: Error | null, answer: unknown) => void) => void,
  ): Promise<MysqlResult> {
    return new Promise((resolve, reject) => {
      if (this.lost) {
        reject(this.lost);
        return;
      }
      this.waiting.add(reject);
      ask((error, answer) => {
        this.waiting.delete(reject);
        if (!error) {
          resolve(toResult(answer));
          return;
        }
        if ((error as { readonly fatal?: boolean }).fatal) this.lose(error);
        reject(error);
      });
    });
  }
}
