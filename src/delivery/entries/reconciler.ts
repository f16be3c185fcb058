/** One delivery: looks at what is desired now, brings the entry there, and records what came of it. */
import { type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type Clock } from '../clock';
import { type Announcements } from './announcements';
import { type ConnectorHost } from '../connectors/connector-host';
import { Delivery } from './delivery';
import { type DesiredEntries } from './desired-entries';
import { Disputed, EntryTaken, HeldBack, LeaseLost, RuleChanged } from '../errors';
import { Fulfilment, type Subject } from './fulfilment';
import { type GroupMembers } from './group-members';
import { type DeliveryGuard, type Guard } from './guard';
import { type Holding } from './holding';
import { type HostedConnector } from '../connectors/hosted-connector';
import { type Lease } from '../lease';
import { describeError, type Log } from '../log';
import { entryKind, isHeld, isLetGo, onRemoved, type Plan } from './planner';
import {
  type Completion,
  type DeliveryResources,
  type EntryReferences,
  type Failure,
  type WorkItem,
  type WorkQueue,
} from '../../domain/delivery-ports';
import { type Delivered, failureOf, releaseOf, successOf } from './outcomes';
import { type RetryPolicy, type Verdict } from './retry-policy';
import { type RuleCache } from '../rule-cache';
import { type SecondLook } from './second-look';
import { DeliverySession } from './session';

export interface ReconcilerDeps {
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly rules: RuleCache;
  readonly queue: WorkQueue;
  readonly announcements: Announcements;
  readonly references: Pick<EntryReferences, 'namesOf'>;
  readonly members: GroupMembers;
  readonly desired: DesiredEntries;
  readonly host: ConnectorHost;
  readonly retryPolicy: RetryPolicy;
  readonly secondLook: SecondLook;
  readonly guard: Pick<Guard, 'of'>;
  readonly holding: Pick<Holding, 'ofDisabled' | 'ofGuard'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Told that something was noted in a binding for the audit trail. */
  readonly noted: (bindingId: string) => void;
}

/**
 * What the lane learns: whether the target answered, or answered that it wants to be left alone for a while. `none`: nobody
 * asked it anything.
 */
export type Contact = 'answered' | 'silent' | 'none' | { readonly throttledMs: number };

type Done = Omit<Completion, 'at'>;

export class Reconciler {
  private readonly fulfilment: Fulfilment;

  constructor(private readonly deps: ReconcilerDeps) {
    this.fulfilment = new Fulfilment(deps);
  }

  /** Rejects only when the store does. */
  async deliver(lease: Lease, target: Target): Promise<Contact> {
    const { item } = lease;
    const [[resource], recent] = await Promise.all([
      this.deps.resources.findAll([item.resourceId]),
      this.deps.rules.get(item.ruleId),
    ]);
    if (!resource) return this.orphan(item);
    // What is deleted is destroyed or let go of under the rule as it is now. For everything else the guard sees to that.
    const rule = resource.deletedAt ? await this.deps.rules.fresh(item.ruleId) : recent;
    const delivered = { item, resource, target, at: this.deps.clock.now() };
    if (isHeld(rule)) return this.hold(delivered, rule);
    const syncAs = rule?.syncAs.find((candidate) => candidate.targetId === target.id);
    const leaving = syncAs ? undefined : onRemoved(rule, target.id);
    const subject = { item, resource, rule, syncAs, leaving, target };
    if (isLetGo(subject)) return this.letGo(subject, delivered);
    return this.attempt(subject, lease);
  }

  private async attempt(subject: Subject, lease: Lease): Promise<Contact> {
    const { item, target } = subject;
    // What a failed attempt leaves behind is known only to the delivery itself.
    const attempt: { delivery?: Delivery } = {};
    try {
      const done = await this.deps.host.withConnector(target, (connector) => {
        const session = new DeliverySession(
          connector,
          entryKind(item.resourceType) ?? 'user',
          lease,
          this.guardOf(subject),
        );
        attempt.delivery = new Delivery(item, subject.resource, session, this.deps.queue);
        return this.reconcile(attempt.delivery, subject, connector);
      });
      const completion = { ...done, at: this.deps.clock.now() };
      if (!(await this.complete(item, completion))) {
        await this.deps.secondLook.after(attempt.delivery);
      }
      return attempt.delivery?.session.called ? 'answered' : 'none';
    } catch (error) {
      if (error instanceof HeldBack) {
        const { rule, resource } = subject;
        const delivered = { item, resource, target, at: this.deps.clock.now() };
        await this.deps.holding.ofGuard({ ...delivered, delivery: attempt.delivery }, rule, error);
        return attempt.delivery?.session.called ? 'answered' : 'none';
      }
      if (isOver(error) || lease.signal.aborted) {
        return this.giveUp(item, error, attempt.delivery);
      }
      return this.failed(subject, error, attempt.delivery);
    } finally {
      this.reportWarnings(item, attempt.delivery?.session.warnings ?? 0);
    }
  }

  private guardOf(subject: Subject): DeliveryGuard {
    const guarded = { ...subject, commanded: isCommanded(subject) };
    // Of what is deleted the rule has just been read.
    if (subject.resource.deletedAt) return this.deps.guard.of(guarded);
    const fresh = () => this.deps.rules.fresh(subject.item.ruleId);
    return this.deps.guard.of({ ...guarded, fresh });
  }

  /** Only how many: their words name people. */
  private reportWarnings({ id, targetId }: WorkItem, warnings: number): void {
    if (warnings === 0) return;
    this.deps.log('warn', 'A target took a change with warnings', {
      bindingId: id,
      targetId,
      warnings,
    });
  }

  private async reconcile(
    delivery: Delivery,
    subject: Subject,
    connector: HostedConnector,
  ): Promise<Done> {
    const { item } = subject;
    const { carriedOut, state, members, letsGo, waits } = await this.fulfilment.of(
      delivery,
      subject,
      connector,
    );
    const action = letsGo && carriedOut.action !== 'remove' ? 'release' : carriedOut.action;
    const noted = successOf({ ...subject, at: this.deps.clock.now() }, delivery, action);
    return {
      state,
      ...(noted ? { noted } : {}),
      observedGeneration: item.generation,
      ...(item.resourceType === 'Group' ? { membersObserved: item.generation } : {}),
      ...members,
      ...(isInactive(carriedOut) ? { inactive: true } : {}),
      ...(await this.deps.announcements.ofEntry(delivery)),
      ...waits,
    };
  }

  /** False: the lease was lost. */
  private async complete(item: WorkItem, completion: Completion): Promise<boolean> {
    const written = await this.deps.queue.complete(item, completion);
    if (written && completion.noted) this.deps.noted(item.id);
    return written;
  }

  private async hold(delivered: Delivered, rule: SyncRule | undefined): Promise<Contact> {
    await this.deps.holding.ofDisabled(delivered, rule);
    return 'none';
  }

  /** The entry stays as it is, and leaves the groups: the guard is asked about that as about any other loss of rights. */
  private async letGo(subject: Subject, delivered: Delivered): Promise<Contact> {
    const { queue, clock } = this.deps;
    const { item, rule } = subject;
    if (item.reference !== undefined) {
      try {
        if (!isCommanded(subject)) await this.guardOf(subject).permit('DISABLE');
      } catch (error) {
        if (isOver(error)) return this.giveUp(item, error, undefined);
        if (!(error instanceof HeldBack)) throw error;
        await this.deps.holding.ofGuard({ ...delivered, delivery: undefined }, rule, error);
        return 'none';
      }
      await queue.forgetEntry(item, item.reference);
      await this.deps.announcements.ofRelease(item);
    }
    const observedGeneration = item.generation;
    const noted = releaseOf(delivered);
    await this.complete(item, {
      state: 'REMOVED',
      at: clock.now(),
      observedGeneration,
      ...(noted ? { noted } : {}),
    });
    return 'none';
  }

  /** The resource was erased while somebody still asked for it. */
  private async orphan(item: WorkItem): Promise<Contact> {
    this.deps.log('warn', 'A binding without a resource is discarded', { bindingId: item.id });
    await this.deps.queue.discard(item);
    return 'none';
  }

  private async giveUp(
    item: WorkItem,
    error: unknown,
    delivery: Delivery | undefined,
  ): Promise<Contact> {
    this.deps.log('info', 'A delivery was given up', {
      bindingId: item.id,
      ...describeError(error),
    });
    if (!(await this.deps.queue.release(item))) await this.deps.secondLook.after(delivery);
    return 'none';
  }

  /** The entry went, and none came in its place: whoever gets its name must not be taken for the member of a group. */
  private async lost(delivery: Delivery | undefined): Promise<Failure['lost']> {
    if (!delivery || delivery.ref) return undefined;
    return (await this.deps.announcements.ofEntry(delivery)).announced;
  }

  private async failed(
    subject: Subject,
    error: unknown,
    delivery: Delivery | undefined,
  ): Promise<Contact> {
    const { item } = subject;
    const verdict = this.deps.retryPolicy.judge(error, item.attempts);
    this.deps.log(verdict.error.kind === 'internal' ? 'error' : 'info', 'A delivery failed', {
      bindingId: item.id,
      kind: verdict.error.kind,
      parked: verdict.retryAt === undefined,
      ...(verdict.error.kind === 'internal' ? describeError(error) : {}),
    });
    const isParked = verdict.retryAt === undefined;
    const delivered = { ...subject, at: verdict.error.at };
    const noted = failureOf(delivered, verdict.error, isParked, delivery);
    const lost = await this.lost(delivery);
    const written = await this.deps.queue.fail(item, {
      error: { ...verdict.error, generation: item.generation },
      nothingCreated: delivery?.nothingCreated ?? false,
      ...(lost ? { lost } : {}),
      ...(verdict.retryAt === undefined ? {} : { retryAt: verdict.retryAt }),
      ...(error instanceof Disputed ? { candidates: error.candidates } : {}),
      ...(error instanceof EntryTaken ? { blockedBy: error.entry } : {}),
      ...(noted ? { noted } : {}),
    });
    if (written && noted) this.deps.noted(item.id);
    if (!written) await this.deps.secondLook.after(delivery);
    return contactOf(verdict, delivery);
  }
}

function contactOf({ silent, throttledMs }: Verdict, delivery: Delivery | undefined): Contact {
  if (silent) return 'silent';
  if (throttledMs !== undefined) return { throttledMs };
  return delivery?.session.called ? 'answered' : 'none';
}

/** This delivery must not go on, and another one begins. */
function isOver(error: unknown): boolean {
  return error instanceof LeaseLost || error instanceof RuleChanged;
}

/** What an administrator wants undone needs no second approval, nor what was disabled with one days ago. */
function isCommanded({ item, rule, leaving }: Subject): boolean {
  return rule?.deletion !== undefined || leaving !== undefined || item.condemnedAt !== undefined;
}

/** The entry is still there, and grants nothing. */
function isInactive(planned: Plan): boolean {
  return planned.action === 'disable' || (planned.action === 'ensure' && !planned.active);
}
