/** Work without end that nobody waits for. It is owned here: an error is logged, and the work goes on. */
import { StoreUnavailable } from '../domain/error';
import { type Clock } from './clock';
import { describeError, type Log } from './log';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export class Background {
  private readonly controller = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly deps: { readonly clock: Clock; readonly log: Log },
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Repeats a step until stopped. A step that fails (the store may be out) is repeated after a growing pause. */
  start(step: (signal: AbortSignal) => Promise<void>): void {
    this.running = this.repeat(step);
  }

  /** Resolves when the step at hand has ended. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.running;
  }

  private async repeat(step: (signal: AbortSignal) => Promise<void>): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.signal.aborted) {
      try {
        await step(this.signal);
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        // Of an outage of the store one line is enough, however long it lasts.
        if (pause === FIRST_PAUSE_MS || !(error instanceof StoreUnavailable)) {
          this.deps.log('error', `${this.name} failed and goes on`, describeError(error));
        }
        await this.deps.clock.sleep(pause, this.signal);
        pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
      }
    }
  }
}
