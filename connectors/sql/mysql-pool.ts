/** The few connections of one MySQL or MariaDB target: handed out in the order of the asking, closed when idle. */
import { timedOut } from './errors';
import type { MysqlConnection } from './mysql-connection';

/** Connections of one connector; more do not make one directory faster. */
export const MYSQL_CONNECTIONS = 4;

const IDLE_MS = 30_000;

interface Idle {
  readonly connection: MysqlConnection;
  readonly timer: NodeJS.Timeout;
}

/** Hands out connections; at most four are open at a time. */
export class MysqlPool {
  private readonly idle: Idle[] = [];
  private readonly turns: (() => void)[] = [];
  private taken = 0;
  private isClosed = false;

  constructor(private readonly dial: (signal: AbortSignal) => Promise<MysqlConnection>) {}

  /** A connection, for the caller alone until it is released. */
  async acquire(signal: AbortSignal): Promise<MysqlConnection> {
    await this.turn(signal);
    try {
      for (let found = this.idle.pop(); found; found = this.idle.pop()) {
        clearTimeout(found.timer);
        if (!found.connection.isLost) return found.connection;
      }
      return await this.dial(signal);
    } catch (error) {
      this.next();
      throw error;
    }
  }

  /** Gives a connection back; one that was lost is forgotten. */
  release(connection: MysqlConnection): void {
    if (this.isClosed) void connection.close();
    else if (!connection.isLost) {
      connection.uses += 1;
      const timer = setTimeout(() => this.expire(connection), IDLE_MS);
      timer.unref();
      this.idle.push({ connection, timer });
    }
    this.next();
  }

  /** Closes what is idle, and what is in use as soon as it is released. */
  async close(): Promise<void> {
    this.isClosed = true;
    const idle = this.idle.splice(0);
    for (const { timer } of idle) clearTimeout(timer);
    await Promise.all(idle.map(({ connection }) => connection.close()));
  }

  private expire(connection: MysqlConnection): void {
    const index = this.idle.findIndex((one) => one.connection === connection);
    if (index >= 0) this.idle.splice(index, 1);
    void connection.close();
  }

  private turn(signal: AbortSignal): Promise<void> {
    if (this.taken < MYSQL_CONNECTIONS) {
      this.taken += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.turns.splice(this.turns.indexOf(go), 1);
        reject(timedOut('none'));
      };
      this.turns.push(go);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** The turn passes to whoever waits longest. */
  private next(): void {
    const go = this.turns.shift();
    if (go) go();
    else this.taken -= 1;
  }
}
