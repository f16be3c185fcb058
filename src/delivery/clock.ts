/** Time and chance: nothing in this folder has them from anywhere else, so that whole processes can be simulated. */

export interface Clock {
  /** The time of day, as all processes that share the work have it; it may be set forward and back. */
  now(): Date;
  /** Milliseconds since some moment of this process. It never jumps: waiting times are measured with it. */
  monotonic(): number;
  /** Calls once after that time, unless what is answered is called before. */
  after(ms: number, run: () => void): () => void;
  /** Resolves after that time, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 up to but not 1. */
  random(): number;
}

/** Later than anything. */
export const ANY_TIME = new Date(8_640_000_000_000_000);

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener('abort', finish, { once: true });
    }),
};

/** Work with a signal that is aborted after that time. */
export async function withDeadline<Result>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const cancel = clock.after(ms, () => controller.abort());
  try {
    return await work(controller.signal);
  } finally {
    cancel();
  }
}

/** A nap that can be ended early. A call that comes before the nap ends it too: no hint is lost. */
export class Wakeup {
  private rung = false;
  private ring: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  wake(): void {
    this.rung = true;
    this.ring?.();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      const nap = new AbortController();
      const end = (): void => nap.abort();
      this.ring = end;
      signal.addEventListener('abort', end, { once: true });
      await this.clock.sleep(ms, nap.signal);
      signal.removeEventListener('abort', end);
      this.ring = undefined;
    }
    this.rung = false;
  }
}
