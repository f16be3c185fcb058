/** Time and chance, so that tests can have their own. */

export interface Clock {
  /** The time of day, as all processes that share the work have it; it may be set forward and back. */
  now(): Date;
  /** Milliseconds since some moment of this process. It never jumps: waiting times are measured with it. */
  monotonic(): number;
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
