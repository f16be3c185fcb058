/**
 * A few connections, each with a window of operations under way. A slot connects at most once at a time, nothing is sent
 * on a connection that is not signed in, and a call settles when its signal says so, whatever the directory does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectorContext, ConnectorError } from '../spi';
import { type Cancellation } from './cancellation';
import { asConnectionLost, type Connection } from './connection';
import { ConnectionLost } from './failures';

/** How long an operation may stay unanswered after its caller gave up, before its connection is closed. */
const GRACE_MS = 1_000;
/** The pause after a failed connect, doubled up to the longest: no storm, and no delay worth mentioning. */
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 800;

export interface PoolOptions {
  readonly connections: number;
  readonly window: number;
}

class Slot {
  connection: Connection | undefined;
  connecting: Promise<Connection> | undefined;
  inFlight = 0;
}

interface Waiter {
  readonly take: (slot: Slot) => void;
  readonly fail: (error: unknown) => void;
}

/** Rejects when the call is aborted; `stop` detaches it. */
function abortion(
  call: Cancellation,
  sent: () => boolean,
): { promise: Promise<never>; stop: () => void } {
  let stop = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    stop = call.onAbort(() =>
      reject(new ConnectionLost('it took longer than allowed', sent(), 'aborted')),
    );
  });
  promise.catch(() => undefined);
  return { promise, stop };
}

export class ConnectionPool {
  private readonly slots: readonly Slot[];
  private readonly waiters = new Set<Waiter>();
  private readonly dedicated = new Set<Connection>();
  private failures = 0;
  private notBefore = 0;
  private closed = false;

  constructor(
    private readonly openConnection: () => Promise<Connection>,
    private readonly options: PoolOptions,
    private readonly log: ConnectorContext['log'],
  ) {
    this.slots = Array.from({ length: options.connections }, () => new Slot());
  }

  /** Runs one operation on some connection. Rejects with `ConnectionLost`, a `ConnectorError` or a result code. */
  async run<T>(call: Cancellation, operation: (connection: Connection) => Promise<T>): Promise<T> {
    let sent = false;
    const aborted = abortion(call, () => sent);
    try {
      const slot = await this.acquire(call, aborted.promise);
      const work = this.connected(slot).then(async (connection) => {
        // The caller may be gone by now: what was not sent must not be sent.
        if (call.aborted) throw new ConnectionLost('it was given up', false, 'aborted');
        sent = true;
        return this.perform(connection, operation, call);
      });
      const settled = work.finally(() => this.release(slot));
      settled.catch(() => undefined);
      return await Promise.race([settled, aborted.promise]);
    } finally {
      aborted.stop();
    }
  }

  /** A connection for one caller alone, who closes it. */
  async dedicate(call: Cancellation): Promise<Connection> {
    this.refuseWhenClosed();
    const aborted = abortion(call, () => false);
    const opening = this.open();
    try {
      const connection = await Promise.race([opening, aborted.promise]);
      this.dedicated.add(connection);
      return connection;
    } catch (error) {
      opening.then((late) => late.close()).catch(() => undefined);
      throw error;
    } finally {
      aborted.stop();
    }
  }

  /** Gives a dedicated connection back. */
  async dismiss(connection: Connection): Promise<void> {
    this.dedicated.delete(connection);
    await connection.close();
  }

  /** Refuses new operations and closes every connection; what is in flight rejects. */
  async close(): Promise<void> {
    this.closed = true;
    this.failWaiters(closedError());
    for (const connection of this.dedicated) connection.destroy();
    // A connection that is still opening closes itself when it is done.
    await Promise.all(this.slots.map(async (slot) => slot.connection?.close()));
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw closedError();
  }

  private async acquire(call: Cancellation, aborted: Promise<never>): Promise<Slot> {
    this.refuseWhenClosed();
    if (call.aborted) return aborted;
    const free = this.slots
      .filter((slot) => slot.inFlight < this.options.window)
      .reduce<Slot | undefined>(
        (best, slot) => (best === undefined || slot.inFlight < best.inFlight ? slot : best),
        undefined,
      );
    if (free) {
      free.inFlight += 1;
      return free;
    }
    let waiter: Waiter | undefined;
    const turn = new Promise<Slot>((take, fail) => {
      waiter = { take, fail };
      this.waiters.add(waiter);
    });
    try {
      return await Promise.race([turn, aborted]);
    } catch (error) {
      // A slot that was handed over in the same moment goes to the next.
      if (waiter && !this.waiters.delete(waiter)) {
        turn.then((slot) => this.release(slot)).catch(() => undefined);
      }
      throw error;
    }
  }

  private release(slot: Slot): void {
    const [next] = this.waiters;
    if (next) {
      this.waiters.delete(next);
      next.take(slot);
    } else {
      slot.inFlight -= 1;
    }
  }

  /** Single flight: the library hangs for ever when two operations find it without a connection (ldapts #256). */
  private connected(slot: Slot): Promise<Connection> {
    if (slot.connection?.usable) return Promise.resolve(slot.connection);
    slot.connecting ??= this.open()
      .then(
        (connection) => (slot.connection = connection),
        (error: unknown) => {
          // Whoever waits would only wait to hear the same.
          if (!this.slots.some((other) => other.connection?.usable)) this.failWaiters(error);
          throw error;
        },
      )
      .finally(() => (slot.connecting = undefined));
    return slot.connecting;
  }

  private async open(): Promise<Connection> {
    const pause = this.notBefore - Date.now();
    if (pause > 0) await sleep(pause);
    this.refuseWhenClosed();
    try {
      const connection = await this.openConnection();
      this.log(this.failures > 0 ? 'info' : 'debug', 'connected to the directory');
      this.failures = 0;
      this.notBefore = 0;
      if (!this.closed) return connection;
      await connection.close();
    } catch (error) {
      const longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.failures);
      if (this.failures === 0) this.log('warn', 'cannot connect to the directory');
      this.failures += 1;
      this.notBefore = Date.now() + longest * (0.5 + Math.random() / 2);
      throw error;
    }
    throw closedError();
  }

  private async perform<T>(
    connection: Connection,
    operation: (connection: Connection) => Promise<T>,
    call: Cancellation,
  ): Promise<T> {
    let grace: NodeJS.Timeout | undefined;
    const stop = call.onAbort(() => {
      grace = setTimeout(() => connection.destroy(), GRACE_MS);
    });
    try {
      return await operation(connection);
    } catch (error) {
      const failure = asConnectionLost(error);
      if (failure instanceof ConnectionLost) connection.destroy();
      throw failure;
    } finally {
      clearTimeout(grace);
      stop();
    }
  }

  private failWaiters(error: unknown): void {
    for (const waiter of this.waiters) waiter.fail(error);
    this.waiters.clear();
  }
}

function closedError(): ConnectorError {
  return new ConnectorError('unavailable', 'The connection to the directory is closed.');
}
