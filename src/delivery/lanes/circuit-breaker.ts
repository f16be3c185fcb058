/** Keeps a lane from hammering a target that does not answer: one probe at a time, ever more rarely, until one succeeds. */
import { type Clock } from '../clock';

export interface BreakerTimes {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const BREAKER_TIMES: BreakerTimes = { firstMs: 500, longestMs: 15_000 };

export class CircuitBreaker {
  private failures = 0;
  private openedAt = 0;
  private probeAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly times: BreakerTimes = BREAKER_TIMES,
  ) {}

  get isOpen(): boolean {
    return this.failures > 0;
  }

  /** How long to wait until the next probe. */
  pauseMs(): number {
    return this.isOpen ? Math.max(0, this.probeAt - this.clock.monotonic()) : 0;
  }

  /** The target answered, well or not. Answers how many times in a row it had not. */
  answered(): number {
    const failures = this.failures;
    this.failures = 0;
    return failures;
  }

  /** A delivery begun at that time, by the clock that never jumps, had no answer. */
  silent(startedAt: number): void {
    const now = this.clock.monotonic();
    // What was under way when the breaker opened says nothing new.
    if (this.isOpen && startedAt < this.openedAt) return;
    this.failures += 1;
    this.openedAt = now;
    const longest = Math.min(
      this.times.longestMs,
      this.times.firstMs * 2 ** Math.min(this.failures - 1, 30),
    );
    this.probeAt = now + longest * this.clock.random();
  }
}
