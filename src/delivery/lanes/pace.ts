/** How fast deliveries to one target may begin: what its administrator allows, and what the target itself asks for. */
import { type Clock } from '../clock';

/** A target that asks for longer is asked again after this. */
const LONGEST_PAUSE_MS = 60_000;

/** So much of a second's deliveries may begin at once. */
const BURST_SHARE = 10;

export class Pace {
  private perSecond = Infinity;
  private saved = 0;
  private savedAt: number;
  private pausedUntil = -Infinity;

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {
    this.savedAt = clock.monotonic();
  }

  /** Undefined: as many as there are. */
  set(perSecond: number | undefined): void {
    if (perSecond === this.perSecond) return;
    this.perSecond = perSecond ?? Infinity;
    this.saved = Number.isFinite(this.perSecond) ? 1 : 0;
    this.savedAt = this.clock.monotonic();
  }

  /** The target wants to be left alone for so long. */
  pause(ms: number): void {
    const until = this.clock.monotonic() + Math.min(ms, LONGEST_PAUSE_MS);
    this.pausedUntil = Math.max(this.pausedUntil, until);
  }

  /** In how many milliseconds the next delivery may begin; 0: now. */
  waitMs(): number {
    const pause = this.pausedUntil - this.clock.monotonic();
    if (pause > 0) return Math.ceil(pause);
    const missing = 1 - this.available();
    if (missing <= 0) return 0;
    // What is missing only because of the way fractions add up is not waited for.
    return Math.ceil(Math.round((missing / this.perSecond) * 1e6) / 1e3);
  }

  /** How many deliveries may begin now; less than one: none yet. */
  available(): number {
    if (!Number.isFinite(this.perSecond)) return Infinity;
    const now = this.clock.monotonic();
    const earned = ((now - this.savedAt) / 1_000) * this.perSecond;
    this.saved = Math.min(Math.max(1, this.perSecond / BURST_SHARE), this.saved + earned);
    this.savedAt = now;
    return this.saved;
  }

  /** So many deliveries have begun. */
  spend(count: number): void {
    if (Number.isFinite(this.perSecond)) this.saved -= count;
  }
}
