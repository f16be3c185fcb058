/** Looks at a source again and again, once for all who watch it, and not at all while nobody does. */
import { type ErrorLog } from '../error';

export interface PulseOptions<State> {
  /** For the log: "Changes of bindings". */
  readonly what: string;
  readonly look: () => Promise<State>;
  readonly everyMs: number;
  readonly log: ErrorLog;
}

export class Pulse<State> {
  private readonly waiting = new Set<() => void>();
  private watchers = 0;
  private timer: NodeJS.Timeout | undefined;
  private beat = 0;
  private state: State | undefined;
  private failing = false;

  constructor(private readonly options: PulseOptions<State>) {}

  /** What was found with every look, from now on. Who is slow gets the last one. A look that fails is left out. */
  async *watch(signal: AbortSignal): AsyncGenerator<State, void, undefined> {
    this.watchers += 1;
    if (this.watchers === 1) this.schedule();
    try {
      for (let seen = this.beat; ;) {
        if (this.beat === seen) await this.next(signal);
        if (signal.aborted) return;
        seen = this.beat;
        yield this.state as State;
      }
    } finally {
      this.watchers -= 1;
      if (this.watchers === 0) clearTimeout(this.timer);
    }
  }

  private next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', done);
      this.waiting.add(done);
    });
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), this.options.everyMs);
  }

  private async look(): Promise<void> {
    const { look, log, what } = this.options;
    try {
      this.state = await look();
      this.beat += 1;
      this.failing = false;
      for (const wake of [...this.waiting]) wake();
    } catch (error) {
      // Once for an outage: what was missed is found when it is over.
      if (!this.failing) log.warn({ err: error }, `${what} cannot be watched at present`);
      this.failing = true;
    }
    if (this.watchers > 0) this.schedule();
  }
}
