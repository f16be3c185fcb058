/** A worker's exclusive right to a binding, or an operation, for a while; renewed as long as the work takes. */
import { Background } from './background';
import { type Clock } from './clock';
import { LeaseLost } from './errors';
import { type Log } from './log';
import { type WorkItem } from '../domain/delivery-ports';

/** How long a lease is held: by the clock that others read, and by the one that never jumps. */
interface Term {
  readonly until: Date;
  readonly monotonicUntil: number;
}

export class Lease<Item = WorkItem> {
  private readonly controller = new AbortController();
  private readonly renewal: Background;

  constructor(
    readonly item: Item,
    private readonly deps: {
      readonly queue: { renew(item: Item, until: Date): Promise<boolean> };
      readonly clock: Clock;
      readonly log: Log;
      readonly leaseMs: number;
    },
    private term: Term,
  ) {
    this.renewal = new Background('Renewing a lease', deps);
  }

  static term(clock: Clock, leaseMs: number): Term {
    const until = new Date(clock.now().getTime() + leaseMs);
    return { until, monotonicUntil: clock.monotonic() + leaseMs };
  }

  /** Aborted when the lease is lost or the engine stops: calls in flight are given up. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  start(): void {
    this.renewal.start(async (signal) => {
      await this.deps.clock.sleep(this.deps.leaseMs / 3, signal);
      if (!signal.aborted) await this.renew();
    });
  }

  async end(): Promise<void> {
    await this.renewal.stop();
  }

  /** Gives up the delivery. */
  abort(): void {
    this.controller.abort();
  }

  /** To be called before anything is changed outside: a worker that was asleep too long must not act. */
  assertHeld(): void {
    const { clock } = this.deps;
    const { until, monotonicUntil } = this.term;
    const isOver = clock.now() >= until || clock.monotonic() >= monotonicUntil;
    if (this.signal.aborted || isOver) throw new LeaseLost();
  }

  private async renew(): Promise<void> {
    const term = Lease.term(this.deps.clock, this.deps.leaseMs);
    if (await this.deps.queue.renew(this.item, term.until)) {
      this.term = term;
    } else {
      this.abort();
    }
  }
}
