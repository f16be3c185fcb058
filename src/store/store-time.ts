/** The time of day as the database has it: processes that share one agree on it, whatever their own clocks say. */
import { type Connection } from 'mongoose';

/** What the driver hears when it asks a server whether it is there. */
interface HelloReply {
  readonly localTime?: unknown;
  readonly isWritablePrimary?: unknown;
}

/** Clocks of one process differ by more than this only when it slept, or its own was set. */
const SLEPT_MS = 1_000;

export class StoreTime {
  private storeMs = Date.now();
  private processMs = Date.now();
  private monotonicMs = performance.now();

  private constructor() {}

  /** Asks once, and learns from the driver's heartbeats from then on. */
  static async open(connection: Connection): Promise<StoreTime> {
    const time = new StoreTime();
    const asked = performance.now();
    const reply = await connection.db?.command({ hello: 1 });
    time.learn(reply ?? {}, (performance.now() - asked) / 2);
    connection.getClient().on('serverHeartbeatSucceeded', (beat) => {
      // An awaited answer comes as soon as it is given, any other one was given half way.
      time.learn(beat.reply, beat.awaited ? 0 : beat.duration / 2);
    });
    return time;
  }

  readonly now = (): Date => {
    const passed = performance.now() - this.monotonicMs;
    const own = Date.now() - this.processMs;
    // While a machine sleeps only its own clock goes on. Who was asleep must not believe in its leases.
    return new Date(this.storeMs + (own > passed + SLEPT_MS ? own : passed));
  };

  private learn({ localTime, isWritablePrimary }: HelloReply, agoMs: number): void {
    if (!(localTime instanceof Date) || isWritablePrimary !== true) return;
    this.storeMs = localTime.getTime() + agoMs;
    this.processMs = Date.now();
    this.monotonicMs = performance.now();
  }
}
