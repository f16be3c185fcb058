/** Carries operations out: a few at a time, each by one process, and by another one when that dies. */
import { StoreUnavailable } from '../../domain/error';
import {
  type ClaimedOperation,
  type OperationEnd,
  type OperationKind,
  type OperationQueue,
} from '../../domain/operation';
import { Background } from '../background';
import { type Clock, Wakeup } from '../clock';
import { LeaseLost, OperationCancelled, OperationFailed } from '../errors';
import { Lease } from '../lease';
import { describeError, type Log } from '../log';
import { type OperationHandler, OperationRun } from './operation-run';
import { type EngineTimes } from '../times';

/** What is done for each kind. */
export type OperationHandlers = { readonly [Kind in OperationKind]?: OperationHandler<Kind> };

export interface OperationRunnerDeps {
  readonly operations: OperationQueue;
  readonly handlers: OperationHandlers;
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: Pick<
    EngineTimes,
    'leaseMs' | 'operationIdleMs' | 'operationAgeMs' | 'drainMs' | 'retry'
  >;
}

/** Operations at the same time in one process: they are patient, and deliveries go before. */
const MOST_AT_ONCE = 2;

/** A defect is given a few chances, since it may be the store's outage in disguise. */
const CHANCES = 8;

/** What has ended long ago is looked for this often. */
const ERASE_MS = 60_000;

export class OperationRunner {
  private readonly loop: Background;
  private readonly wakeup: Wakeup;
  private readonly active = new Map<Lease<ClaimedOperation>, Promise<void>>();
  private erasedAt = -Infinity;

  constructor(private readonly deps: OperationRunnerDeps) {
    this.loop = new Background('Looking for operations', deps);
    this.wakeup = new Wakeup(deps.clock);
  }

  start(): void {
    this.loop.start(async (signal) => {
      await this.claim();
      await this.erase(signal);
      await this.wakeup.wait(this.deps.times.operationIdleMs, signal);
    });
  }

  /** Gives every operation back where it stands; another process, or the next start, goes on from there. */
  async stop(): Promise<void> {
    for (const lease of this.active.keys()) lease.abort();
    await this.loop.stop();
    for (const lease of this.active.keys()) lease.abort();
    const { clock, times } = this.deps;
    const ended = Promise.all(this.active.values());
    // What does not come back is left to its lease.
    await Promise.race([ended, clock.sleep(times.drainMs, new AbortController().signal)]);
  }

  /** An operation was asked for, or is to end. */
  hint(): void {
    this.wakeup.wake();
  }

  private async claim(): Promise<void> {
    const { operations, clock, owner, times } = this.deps;
    while (this.active.size < MOST_AT_ONCE && !this.loop.signal.aborted) {
      const term = Lease.term(clock, times.leaseMs);
      const operation = await operations.claim(owner, clock.now(), term.until);
      if (!operation) return;
      const lease = new Lease<ClaimedOperation>(
        operation,
        { ...this.deps, queue: operations, leaseMs: times.leaseMs },
        term,
      );
      this.active.set(lease, this.work(lease));
    }
  }

  /** Never rejects. */
  private async work(lease: Lease<ClaimedOperation>): Promise<void> {
    const { item: operation } = lease;
    lease.start();
    try {
      await this.attempt(operation, lease);
    } catch (error) {
      // The store is out: the lease expires, and whoever comes then goes on.
      this.deps.log('error', 'An operation is left to its lease', {
        operationId: operation.id,
        ...describeError(error),
      });
    } finally {
      await lease.end();
      this.active.delete(lease);
      this.hint();
    }
  }

  private async attempt(operation: ClaimedOperation, lease: Lease<ClaimedOperation>) {
    const run = new OperationRun(operation, lease, this.deps.operations);
    try {
      if (operation.cancelledAt) throw new OperationCancelled();
      const outcome = await this.handle(run);
      if ('end' in outcome) await this.finish(run, outcome.end, outcome.message);
      else await this.deps.operations.release(operation, outcome.again, 0);
    } catch (error) {
      await this.failed(run, lease, error);
    }
  }

  private async handle(run: OperationRun): ReturnType<OperationHandler> {
    // The handler of a kind takes the operations of that kind.
    const handler = this.deps.handlers[run.operation.kind] as OperationHandler | undefined;
    if (handler) return handler(run);
    throw new OperationFailed('This version of the gateway cannot do it.');
  }

  private async failed(
    run: OperationRun,
    lease: Lease<ClaimedOperation>,
    error: unknown,
  ): Promise<void> {
    const { operations, clock, log, times } = this.deps;
    const { operation } = run;
    if (error instanceof OperationCancelled) return this.finish(run, 'CANCELLED', undefined);
    if (error instanceof OperationFailed) return this.finish(run, 'FAILED', error.message);
    // Where this one stopped, the next one goes on; refused when it is somebody else's already.
    if (error instanceof LeaseLost || lease.signal.aborted) {
      await operations.release(operation, clock.now(), operation.attempts);
      return;
    }
    if (error instanceof Error && error.name === 'ConnectorError') {
      return this.finish(run, 'FAILED', error.message);
    }
    log('error', 'An operation failed', { operationId: operation.id, ...describeError(error) });
    // An outage of the store is no chance that was missed.
    const attempts = operation.attempts + (error instanceof StoreUnavailable ? 0 : 1);
    if (attempts >= CHANCES || (error instanceof Error && error.name === 'ConnectorFault')) {
      const message =
        'An internal error, see the log of the gateway. Resume it when the cause has been removed.';
      return this.finish(run, 'FAILED', message);
    }
    const delay = Math.min(times.retry.longestMs, times.retry.firstMs * 2 ** attempts);
    await operations.release(operation, new Date(clock.now().getTime() + delay), attempts);
  }

  private async finish(
    { operation, counts }: OperationRun,
    end: OperationEnd,
    message: string | undefined,
  ): Promise<void> {
    const { operations, clock, log } = this.deps;
    const last = { counts, ...(message === undefined ? {} : { message }) };
    if (!(await operations.finish(operation, end, clock.now(), last))) return;
    log('info', 'An operation has ended', { operationId: operation.id, kind: operation.kind, end });
  }

  private async erase(signal: AbortSignal): Promise<void> {
    const { operations, clock, times } = this.deps;
    const passed = clock.monotonic() - this.erasedAt;
    if (passed < Math.min(ERASE_MS, times.operationAgeMs)) return;
    this.erasedAt = clock.monotonic();
    const before = new Date(clock.now().getTime() - times.operationAgeMs);
    while (!signal.aborted && (await operations.erase(before)));
  }
}
