/**
 * A few connections, each with a window of operations under way. A slot connects at most once at a time, nothing is sent
 * on a connection that is not signed in, and a call settles when its signal says so, whatever the directory does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectorContext, ConnectorError, type FailureKind } from '../spi';
import { type Cancellation } from './cancellation';
import { asConnectionLost, type Connection } from './connection';
import { ConnectionLost, isReadOnly, SignInRefused } from './failures';
import { type Server, type Servers } from './servers';

/** How long an operation may stay unanswered after its caller gave up, before its connection is closed. */
const GRACE_MS = 1_000;

export interface PoolOptions {
  readonly connections: number;
  readonly window: number;
}

/** A connection, and the server at its other end. */
export interface Opened {
  readonly server: Server;
  readonly connection: Connection;
}

class Slot {
  opened: Opened | undefined;
  connecting: Promise<Opened> | undefined;
  inFlight = 0;
}

/** What is done with a connection; who writes tells the server so. */
export type Operation<T> = (connection: Connection, server: Server) => Promise<T>;

/** Failures to connect that another server may not have. A wrong password is not tried everywhere. */
const ELSEWHERE: ReadonlySet<FailureKind> = new Set(['unavailable', 'timeout', 'throttled']);

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
  private failing = false;
  private probing = false;
  private closed = false;

  constructor(
    private readonly openConnection: (server: Server) => Promise<Connection>,
    private readonly servers: Servers,
    private readonly options: PoolOptions,
    private readonly log: ConnectorContext['log'],
  ) {
    this.slots = Array.from({ length: options.connections }, () => new Slot());
  }

  /** Runs one operation on some connection. Rejects with `ConnectionLost`, a `ConnectorError` or a result code. */
  async run<T>(call: Cancellation, operation: Operation<T>): Promise<T> {
    let sent = false;
    const aborted = abortion(call, () => sent);
    try {
      const slot = await this.acquire(call, aborted.promise);
      const work = this.connected(slot).then(async (opened) => {
        // The caller may be gone by now: what was not sent must not be sent.
        if (call.aborted) throw new ConnectionLost('it was given up', false, 'aborted');
        sent = true;
        return this.perform(opened, operation, call);
      });
      const settled = work.finally(() => this.release(slot));
      settled.catch(() => undefined);
      return await Promise.race([settled, aborted.promise]);
    } finally {
      aborted.stop();
    }
  }

  /** Runs an operation that writes. A server that takes no writes is given up for one that may. */
  write<T>(call: Cancellation, operation: Operation<T>): Promise<T> {
    return this.run(call, async (connection, server) => {
      this.servers.wrote(server);
      try {
        const answer = await operation(connection, server);
        this.servers.wrote(server);
        return answer;
      } catch (error) {
        if (!isReadOnly(error, this.servers.several)) {
          if (asConnectionLost(error) instanceof ConnectionLost) this.servers.wrote(server);
          throw error;
        }
        this.servers.failed(server);
        throw new ConnectorError('unavailable', `${server.url} takes no writes at the moment.`, {
          cause: error,
        });
      }
    });
  }

  /** A connection for one caller alone, who closes it. */
  async dedicate(call: Cancellation): Promise<Connection> {
    this.refuseWhenClosed();
    const aborted = abortion(call, () => false);
    const opening = this.open();
    try {
      const { connection } = await Promise.race([opening, aborted.promise]);
      this.dedicated.add(connection);
      return connection;
    } catch (error) {
      opening.then((late) => late.connection.close()).catch(() => undefined);
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
    await Promise.all(this.slots.map(async (slot) => slot.opened?.connection.close()));
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
  private connected(slot: Slot): Promise<Opened> {
    this.lookForPreferred();
    if (slot.opened && this.isUsable(slot.opened)) return Promise.resolve(slot.opened);
    // What is under way on a connection to a server that is no longer used may end.
    slot.opened?.connection.retire();
    slot.opened = undefined;
    slot.connecting ??= this.open()
      .then(
        (opened) => (slot.opened = opened),
        (error: unknown) => {
          // Whoever waits would only wait to hear the same.
          const alive = this.slots.some((other) => other.opened && this.isUsable(other.opened));
          if (!alive) this.failWaiters(error);
          throw error;
        },
      )
      .finally(() => (slot.connecting = undefined));
    return slot.connecting;
  }

  private isUsable({ connection, server }: Opened): boolean {
    return connection.usable && server === this.servers.current;
  }

  /** Connects to the server in use or, when it cannot be had, to the next one that can. */
  private async open(): Promise<Opened> {
    const failures: ConnectorError[] = [];
    for (const server of this.servers.inOrder()) {
      try {
        const opened = { server, connection: await this.openAt(server) };
        this.log(this.failing ? 'info' : 'debug', 'connected to the directory');
        this.failing = false;
        return opened;
      } catch (error) {
        if (!(error instanceof ConnectorError) || this.closed) throw error;
        failures.push(error);
        if (error instanceof SignInRefused || !ELSEWHERE.has(error.kind)) break;
      }
    }
    if (!this.failing) this.log('warn', 'cannot connect to the directory');
    this.failing = true;
    throw summary(failures);
  }

  private async openAt(server: Server): Promise<Connection> {
    for (;;) {
      this.refuseWhenClosed();
      const pause = this.servers.pauseMs(server);
      if (pause <= 0) break;
      await sleep(pause);
    }
    let connection: Connection;
    try {
      connection = await this.openConnection(server);
    } catch (error) {
      this.servers.failed(server);
      throw error;
    }
    if (this.closed) {
      await connection.close();
      throw closedError();
    }
    this.servers.connected(server);
    return connection;
  }

  /** Goes back to the preferred server when it answers again; nobody waits for that. */
  private lookForPreferred(): void {
    const preferred = this.probing ? undefined : this.servers.toProbe();
    if (!preferred) return;
    this.probing = true;
    this.openConnection(preferred)
      .then(async (connection) => {
        this.servers.switchBack();
        this.log('info', 'back at the preferred server of the directory');
        await connection.close();
      })
      .catch(() => undefined)
      .finally(() => (this.probing = false));
  }

  private async perform<T>(
    { connection, server }: Opened,
    operation: Operation<T>,
    call: Cancellation,
  ): Promise<T> {
    let grace: NodeJS.Timeout | undefined;
    const stop = call.onAbort(() => {
      grace = setTimeout(() => connection.destroy(), GRACE_MS);
    });
    try {
      const answer = await connection.perform(() => operation(connection, server));
      this.servers.answered(server);
      return answer;
    } catch (error) {
      const failure = asConnectionLost(error);
      if (failure instanceof ConnectionLost) {
        connection.destroy();
        if (failure.reason === 'timeout') this.servers.silent(server);
      } else {
        this.servers.answered(server);
      }
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

/** One failure for all the servers that were tried. */
function summary(failures: readonly ConnectorError[]): ConnectorError {
  const last = failures.at(-1) ?? closedError();
  if (failures.length < 2) return last;
  const message = failures.map((failure) => failure.message).join(' ');
  return new ConnectorError(last.kind, message, { cause: last });
}
