/** One operation at work, for the part that knows its kind: nothing is written without the lease. */
import {
  type ClaimedOperation,
  type OperationEnd,
  type OperationItem,
  type OperationKind,
  type OperationQueue,
  type OperationStep,
} from '../../domain/operation';
import { targetOutcome } from '../../domain/preview-finding';
import { LeaseLost, OperationCancelled } from '../errors';
import { type Lease } from '../lease';

/** How an attempt at an operation ended. `again`: it waits for others, and looks once more at that time. */
export type OperationOutcome =
  { readonly end: OperationEnd; readonly message?: string } | { readonly again: Date };

/** What one kind of operation does. It begins at `run.operation.position`, and does nothing twice that would matter. */
export type OperationHandler<Kind extends OperationKind = OperationKind> = (
  run: OperationRun<Kind>,
) => Promise<OperationOutcome>;

export class OperationRun<Kind extends OperationKind = OperationKind> {
  private counted: Record<string, number>;
  private finished: number;

  constructor(
    readonly operation: ClaimedOperation<Kind>,
    private readonly lease: Lease<ClaimedOperation>,
    private readonly queue: Pick<
      OperationQueue,
      'note' | 'putItems' | 'dropItems' | 'countOutcomes'
    >,
  ) {
    this.counted = { ...operation.progress.counts };
    this.finished = operation.progress.done;
  }

  /** Aborted when the lease is lost or the engine stops. */
  get signal(): AbortSignal {
    return this.lease.signal;
  }

  get done(): number {
    return this.finished;
  }

  get counts(): Readonly<Record<string, number>> {
    return this.counted;
  }

  /** To be called before anything is changed outside: a worker that was asleep too long must not act. */
  assertHeld(): void {
    this.lease.assertHeld();
  }

  /** Counts for the next note. */
  count(outcome: string, many = 1): void {
    if (many > 0) this.counted[outcome] = (this.counted[outcome] ?? 0) + many;
  }

  /** Where counts say how many there are now. */
  set(outcome: string, many: number): void {
    delete this.counted[outcome];
    this.count(outcome, many);
  }

  advance(many: number): void {
    this.finished += many;
  }

  /** Makes progress durable, and ends the attempt when it must. */
  async note(step: Pick<OperationStep, 'position' | 'total' | 'message'> = {}): Promise<void> {
    this.assertHeld();
    const { finished: done, counted: counts } = this;
    const noted = await this.queue.note(this.operation, { ...step, done, counts });
    if (noted === 'lost') throw new LeaseLost();
    if (noted === 'cancelled') throw new OperationCancelled();
  }

  /** Notes what was found or done, and counts what is new. */
  async put(items: readonly OperationItem[]): Promise<void> {
    if (items.length === 0) return;
    this.assertHeld();
    await this.queue.putItems(this.operation.itemsOf, items);
  }

  /** Notes what was found, and forgets what was found before and is no more. */
  async replace(items: readonly OperationItem[], gone: readonly string[]): Promise<void> {
    await this.put(items);
    if (gone.length === 0) return;
    this.assertHeld();
    await this.queue.dropItems(this.operation.itemsOf, gone);
  }

  /** Counts these outcomes, in all or in one target, by what is noted: whatever crashed and was repeated on the way, they are right then. */
  async recount(outcomes: readonly string[], targetId?: string): Promise<void> {
    const { itemsOf } = this.operation;
    const counts = await this.queue.countOutcomes(itemsOf, outcomes, targetId);
    for (const outcome of outcomes) {
      const word = targetId === undefined ? outcome : targetOutcome(outcome, targetId);
      this.set(word, counts[outcome] ?? 0);
    }
  }
}
