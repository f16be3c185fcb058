/**
 * Time and order of everything that happens in a history. Time stands still while anybody can go on, and who goes on is
 * chosen by chance; there are no real timers. What a process that is paused would do next waits for it; what one that has
 * died would do next never happens.
 */
import { AsyncResource } from 'node:async_hooks';
import timers from 'node:timers/promises';
import { type Clock } from '../../src/delivery/clock';
import { type Random } from './random';

/** What happens of itself, outside of all processes, has no owner. */
export interface Owner {
  dead: boolean;
  paused: boolean;
  /** How far its time of day is from the true one, in milliseconds. */
  skew: number;
}

interface Task {
  readonly owner: Owner | undefined;
  readonly run: () => void;
}

interface Timer extends Task {
  readonly at: number;
  readonly serial: number;
  cancelled: boolean;
}

/** Many times what the longest history takes. */
const MOST_STEPS = 50_000;

/** Somebody keeps everybody busy, and time stands still over it. */
export class Endless extends Error {
  constructor() {
    super(`It is not over after ${String(MOST_STEPS)} steps`);
  }
}

const BEGINNING = Date.UTC(2030, 0, 1);
const RealDate = Date;

export class Scheduler {
  /** The true time, in milliseconds. */
  now = BEGINNING;
  steps = 0;
  private current: Owner | undefined;
  private readonly ready: Task[] = [];
  private readonly stalled: Task[] = [];
  private timers: Timer[] = [];
  private serial = 0;

  constructor(private readonly random: Random) {}

  /** Goes on as soon as chance has it. */
  soon(owner: Owner | undefined, run: () => void): void {
    this.ready.push({ owner, run });
  }

  later(ms: number, owner: Owner | undefined, run: () => void): () => void {
    if (ms <= 0) {
      const task = { owner, run };
      this.ready.push(task);
      return () => {
        const at = this.ready.indexOf(task);
        if (at >= 0) this.ready.splice(at, 1);
      };
    }
    const timer = { owner, run, at: this.now + ms, serial: (this.serial += 1), cancelled: false };
    let place = this.timers.length;
    while (place > 0 && (this.timers[place - 1]?.at ?? 0) > timer.at) place -= 1;
    this.timers.splice(place, 0, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** What a process waits for while it is paused is due when it is resumed. */
  resume(owner: Owner): void {
    owner.paused = false;
    this.ready.push(...this.stalled.splice(0));
  }

  /** Until something holds, for so long at most. False: it never did. Throws {@link Endless}. */
  async run(holds: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms;
    while (!holds()) {
      const task = this.take();
      if (!task) {
        if (!this.advance(end)) return false;
        continue;
      }
      this.steps += 1;
      if (this.steps > MOST_STEPS) throw new Endless();
      this.current = task.owner;
      task.run();
      // Whatever follows from it at once has happened when the next tick comes: ticks come after microtasks.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      this.current = undefined;
    }
    return true;
  }

  clockOf(owner: Owner): Clock {
    return {
      now: () => new RealDate(this.now),
      monotonic: () => this.now,
      random: () => this.random.next(),
      after: (ms, run) => this.later(ms, owner, run),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          const cancel = this.later(ms, owner, () => {
            signal.removeEventListener('abort', finish);
            resolve();
          });
          const finish = (): void => {
            cancel();
            resolve();
          };
          signal.addEventListener('abort', finish, { once: true });
        }),
    };
  }

  /** What is asked for without a clock: the time of day of whoever is at work, the turn of its event loop, a pause, chance. */
  async ruling<Result>(run: () => Promise<Result>): Promise<Result> {
    // Ticks come after microtasks only for who is in a microtask already.
    await Promise.resolve();
    const timeOfDay = (): number => this.now + (this.current?.skew ?? 0);
    const real = { Date: globalThis.Date, setImmediate: globalThis.setImmediate };
    const { setTimeout: realPause } = timers;
    const { random: realRandom } = Math;
    globalThis.Date = dateOf(timeOfDay);
    globalThis.setImmediate = ((turn: () => void) => {
      const context = new AsyncResource('turn');
      this.soon(this.current, () => context.runInAsyncScope(turn));
    }) as unknown as typeof setImmediate;
    timers.setTimeout = ((ms: number) =>
      new Promise<void>((resolve) => {
        this.later(ms, this.current, resolve);
      })) as typeof realPause;
    Math.random = () => this.random.next();
    try {
      return await run();
    } finally {
      Object.assign(globalThis, real);
      timers.setTimeout = realPause;
      Math.random = realRandom;
    }
  }

  private take(): Task | undefined {
    while (this.ready.length > 0) {
      const at = this.random.below(this.ready.length);
      const task = this.ready[at];
      const last = this.ready.pop();
      if (last && at < this.ready.length) this.ready[at] = last;
      if (!task || task.owner?.dead) continue;
      if (!task.owner?.paused) return task;
      this.stalled.push(task);
    }
    return undefined;
  }

  /** To the next timer, and with it all that are due at the same moment. */
  private advance(end: number): boolean {
    const [next] = this.timers;
    if (!next || next.at > end) {
      this.now = end;
      return false;
    }
    this.now = next.at;
    while (this.timers[0]?.at === next.at) {
      const timer = this.timers.shift();
      if (timer && !timer.cancelled) this.ready.push(timer);
    }
    return true;
  }
}

/** The dates of another time of day. A function and no proxy: whether something is a date is asked millions of times. */
function dateOf(timeOfDay: () => number): DateConstructor {
  function dateAt(...args: readonly unknown[]): Date {
    if (args.length === 0) return new RealDate(timeOfDay());
    return Reflect.construct(RealDate, args) as Date;
  }
  return Object.defineProperties(dateAt as unknown as DateConstructor, {
    ...Object.getOwnPropertyDescriptors(RealDate),
    now: { value: timeOfDay },
  });
}
