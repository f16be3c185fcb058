import { CommandError } from '../errors';
import { type Store, type Transaction } from './store';

/** One write command; it may run again when another one in its batch failed. */
type Job<T> = (transaction: Transaction) => T;

interface Entry {
  readonly job: Job<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: CommandError };

const BATCH_LIMIT = 1000;

/**
 * Runs write commands one after the other and commits many of them at once: every command that
 * arrived while the previous commit was on its way to the disk shares the next commit. A command
 * is answered only after its commit is on disk.
 *
 * The commit is synchronous on purpose. lmdb can commit on another thread, but each write then takes
 * three changes of thread more, which cost a tenth of the rate of serial writers, and a commit that
 * fails there rejects a promise nobody can get hold of, which ends the process on a full disk.
 */
export class WriteQueue {
  private waiting: Entry[] = [];
  private scheduled = false;
  private idle: (() => void)[] = [];

  constructor(private readonly store: Store) {}

  submit<T>(job: Job<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ job, resolve: resolve as (value: unknown) => void, reject });
      this.schedule();
    });
  }

  /** Resolves once every submitted command was answered. */
  async drained(): Promise<void> {
    if (this.waiting.length === 0) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // One turn later all sockets that have data were read, so their writes are in the batch.
    setImmediate(() => {
      this.scheduled = false;
      this.runBatch(this.waiting.splice(0, BATCH_LIMIT));
      if (this.waiting.length > 0) this.schedule();
      else for (const resolve of this.idle.splice(0)) resolve();
    });
  }

  private runBatch(batch: readonly Entry[]): void {
    let current: Entry | undefined;
    let outcomes: Outcome[];
    try {
      outcomes = this.store.write((transaction) =>
        batch.map((entry) => {
          current = entry;
          const outcome = runJob(entry, transaction);
          current = undefined;
          return outcome;
        }),
      );
    } catch (error) {
      this.failBatch(batch, current, error);
      return;
    }
    batch.forEach((entry, at) => {
      const outcome = outcomes[at] as Outcome;
      if ('error' in outcome) entry.reject(outcome.error);
      else entry.resolve(outcome.value);
    });
  }

  /** Nothing of the batch was kept. The command at fault gets the error, the others run again. */
  private failBatch(batch: readonly Entry[], culprit: Entry | undefined, error: unknown): void {
    const failed = culprit === undefined ? batch : [culprit];
    for (const entry of failed) entry.reject(error);
    if (culprit === undefined) return;
    this.waiting = [...batch.filter((entry) => entry !== culprit), ...this.waiting];
  }
}

/** A refused command keeps what it did before the refusal, as MongoDB's multi-document writes do. */
function runJob(entry: Entry, transaction: Transaction): Outcome {
  try {
    return { value: entry.job(transaction) };
  } catch (error) {
    if (error instanceof CommandError) return { error };
    throw error;
  }
}
