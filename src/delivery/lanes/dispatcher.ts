/** Fan-out: every change of a resource becomes work for each target of its rule, whatever becomes of hints and processes. */
import { type AuditOutbox } from '../../domain/audit-ports';
import { USER } from '../../domain/resource';
import { Background } from '../background';
import { ANY_TIME, type Clock, Wakeup } from '../clock';
import { type FanOut } from './fan-out';
import { describeError, type Log } from '../log';
import { type OtpChoices } from '../upkeep/otp-choices';
import {
  type DeliveryRequest,
  type DeliveryResources,
  type FanOutStore,
  type MembershipJournal,
  type PendingResource,
  type WorkQueue,
} from '../../domain/delivery-ports';
import { type EngineTimes } from '../times';

export interface DispatcherDeps {
  readonly fanOut: Pick<FanOutStore, 'pendingAmong' | 'pendingBefore' | 'clearPending'>;
  readonly resources: Pick<DeliveryResources, 'leaveGroups'>;
  readonly journal: MembershipJournal;
  readonly otpChoices: Pick<OtpChoices, 'settlePending'>;
  readonly requests: Pick<FanOut, 'requestsFor'>;
  readonly queue: Pick<WorkQueue, 'enqueue'>;
  readonly outbox: Pick<AuditOutbox, 'recordChanges'>;
  readonly wake: (targetId: string, ruleId: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: Pick<EngineTimes, 'pollMs' | 'pollAllMs' | 'pendingAgeMs' | 'gatherMs'>;
}

const BATCH = 200;
const AT_ONCE = 8;

/** So many hints during a step are a stream of changes. */
const FEW = 2;

export class Dispatcher {
  private readonly loop: Background;
  private readonly wakeup: Wakeup;
  private readonly hinted = new Set<string>();
  private nextPollAt = 0;
  /** The next poll looks at the youngest changes too, and at those that a clock that was wrong dated ahead. */
  private pollAll = false;
  private polledAllAt = -Infinity;
  private polled: PendingResource | undefined;
  private working = false;

  constructor(private readonly deps: DispatcherDeps) {
    this.loop = new Background('The dispatcher', deps);
    this.wakeup = new Wakeup(deps.clock);
  }

  start(): void {
    this.loop.start((signal) => this.step(signal));
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Hints that came together are answered together. */
  get isIdle(): boolean {
    return this.hinted.size === 0 && !this.working;
  }

  hint(resourceId: string): void {
    this.hinted.add(resourceId);
    this.wakeup.wake();
  }

  /** Many resources changed at once, without a hint for each. */
  hintMany(): void {
    this.pollAll = true;
    this.nextPollAt = 0;
    this.wakeup.wake();
  }

  /**
   * A batch of hints, then a batch of what was left behind: neither waits for the end of the other. Where several were
   * hinted at meanwhile more is coming: it may gather, for a batch costs little more than a single change. One alone has
   * nothing to wait for.
   */
  private async step(signal: AbortSignal): Promise<void> {
    this.working = true;
    try {
      await this.answerHints();
      await this.poll();
    } finally {
      this.working = false;
    }
    if (this.hinted.size >= BATCH) return;
    if (this.hinted.size >= FEW) return this.deps.clock.sleep(this.deps.times.gatherMs, signal);
    if (this.hinted.size > 0) return;
    const wait = this.nextPollAt - this.deps.clock.monotonic();
    if (wait > 0) await this.wakeup.wait(wait, signal);
  }

  private async answerHints(): Promise<void> {
    const ids = [...this.hinted].slice(0, BATCH);
    if (ids.length === 0) return;
    // Forgotten first: a change that comes while this batch is under way hints anew.
    for (const id of ids) this.hinted.delete(id);
    await this.dispatch(await this.deps.fanOut.pendingAmong(ids));
  }

  private async poll(): Promise<void> {
    const { clock, fanOut, times } = this.deps;
    const now = clock.monotonic();
    if (now < this.nextPollAt) return;
    if (now - this.polledAllAt >= times.pollAllMs) this.pollAll = true;
    const before = this.pollAll ? ANY_TIME : new Date(clock.now().getTime() - times.pendingAgeMs);
    const page = await fanOut.pendingBefore(before, this.polled, BATCH);
    this.polled = page.length < BATCH ? undefined : page.at(-1);
    if (!this.polled) {
      if (this.pollAll) this.polledAllAt = now;
      this.pollAll = false;
      this.nextPollAt = now + times.pollMs;
    }
    await this.dispatch(page);
  }

  private async dispatch(pending: readonly PendingResource[]): Promise<void> {
    const prepared = await this.prepareAll(pending);
    if (prepared.length === 0) return;
    const ready = await this.deps.otpChoices.settlePending(prepared);
    if (ready.length === 0) return;
    const requests = await this.deps.requests.requestsFor(ready);
    const [work] = await Promise.all([
      this.deps.queue.enqueue(requests, this.deps.clock.now()),
      this.deps.outbox.recordChanges(ready),
    ]);
    // What is enqueued is durable: workers need not wait for what follows.
    this.wakeAll(work);
    // Last: a crash before this repeats everything above, harmlessly.
    await this.deps.fanOut.clearPending(ready);
    // Their groups lost a member, which nobody hinted at.
    if (ready.some(({ deleted, resourceType }) => deleted && resourceType === USER)) {
      this.hintMany();
    }
  }

  private wakeAll(work: readonly DeliveryRequest[]): void {
    const woken = new Set<string>();
    for (const { targetId, ruleId } of work) {
      const key = `${targetId} ${ruleId}`;
      if (!woken.has(key)) this.deps.wake(targetId, ruleId);
      woken.add(key);
    }
  }

  private async prepareAll(
    pending: readonly PendingResource[],
  ): Promise<readonly PendingResource[]> {
    const ready: PendingResource[] = [];
    for (let start = 0; start < pending.length; start += AT_ONCE) {
      const some = pending.slice(start, start + AT_ONCE);
      const prepared = await Promise.all(some.map((resource) => this.prepare(resource)));
      ready.push(...some.filter((_, index) => prepared[index]));
    }
    return ready;
  }

  /** Completes the write where a crash cut it short. False: not now; one that fails holds up no other. */
  private async prepare({ id, ruleId, deleted, hasJournal }: PendingResource): Promise<boolean> {
    try {
      if (deleted) await this.deps.resources.leaveGroups(ruleId, id);
      else if (hasJournal) await this.deps.journal.applyJournal(id);
      return true;
    } catch (error) {
      this.deps.log('error', 'A change could not be prepared for delivery', {
        resourceId: id,
        ...describeError(error),
      });
      return false;
    }
  }
}
