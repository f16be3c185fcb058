/**
 * Delivers without delivering: the same steps by the same code, on a target that is only read and a store that nothing is
 * written to. What would have been written is what would change.
 */
import { type HeldFor } from '../../domain/binding';
import { type BindingSweeps } from '../../domain/binding-sweep';
import {
  type EntryReferences,
  type MembershipDeltas,
  type WorkItem,
} from '../../domain/delivery-ports';
import { type GuardedAmounts } from '../../domain/guard';
import { type OperationQueue } from '../../domain/operation';
import { type PreviewFindingDetail, type PreviewOutcome } from '../../domain/preview-finding';
import { type Resource } from '../../domain/resource';
import { type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type Clock } from '../clock';
import { Delivery } from '../entries/delivery';
import { type DesiredEntries } from '../entries/desired-entries';
import { Fulfilment, type Fulfilled, type Subject } from '../entries/fulfilment';
import { GroupMembers } from '../entries/group-members';
import { Guard } from '../entries/guard';
import { entryKind, isLetGo } from '../entries/planner';
import { RetryPolicy } from '../entries/retry-policy';
import { DeliverySession, type EntryConnector } from '../entries/session';
import { type Lease } from '../lease';
import { type Deed, RehearsedConnector } from './rehearsed-connector';
import { LenientGuard, type RehearsedGuards } from './rehearsed-guard';
import { Foreseen, rehearsedQueue, toldBy } from './rehearsed-stores';

export interface RehearsalDeps {
  readonly sweeps: Pick<BindingSweeps, 'byReferences' | 'workOf'>;
  readonly deltas: Pick<
    MembershipDeltas,
    'changes' | 'entriesOf' | 'entriesNamed' | 'presentAmong'
  >;
  readonly references: Pick<EntryReferences, 'namesOf'>;
  readonly amounts: GuardedAmounts;
  readonly operations: Pick<OperationQueue, 'findItems' | 'claimants'>;
  readonly clock: Clock;
}

/** What is the same for all resources of a page. */
export interface Rehearsed {
  readonly itemsOf: string;
  /** As it would be: with the targets that are looked at. */
  readonly rule: SyncRule;
  readonly target: Target;
  readonly connector: EntryConnector;
  readonly lease: Pick<Lease, 'signal' | 'assertHeld'>;
  readonly guards: RehearsedGuards;
  readonly desired: DesiredEntries;
}

export interface Finding {
  readonly outcome: PreviewOutcome;
  readonly detail: PreviewFindingDetail;
  /** The name that the entry would get, where it gets a new one. */
  readonly claimed?: string;
}

/** What gives an entry a new name. */
const NAMING: ReadonlySet<PreviewOutcome> = new Set(['CREATE', 'RENAME']);

/** Members looked at in one round. */
const CHUNK = 500;

export class Rehearsal {
  readonly foreseen: Foreseen;
  private readonly guard: Guard;
  private readonly members: GroupMembers;
  private readonly fulfilment: Fulfilment;
  private readonly judge: RetryPolicy;

  constructor(
    private readonly deps: RehearsalDeps,
    private readonly rehearsed: Rehearsed,
  ) {
    const { itemsOf, target, guards, desired } = rehearsed;
    this.foreseen = new Foreseen(deps, itemsOf, target.id);
    this.members = new GroupMembers(this.foreseen.deltas, deps.amounts);
    this.guard = new Guard({
      guards,
      amounts: deps.amounts,
      queue: { markPassed: async () => true },
      desired,
      clock: deps.clock,
      log: () => undefined,
    });
    this.fulfilment = new Fulfilment({
      desired,
      references: this.foreseen.references,
      members: this.members,
      clock: deps.clock,
    });
    this.judge = new RetryPolicy(deps.clock);
  }

  /** Undefined: nothing would change. Throws what a delivery would be tried again for. */
  async of(item: WorkItem, resource: Resource): Promise<Finding | undefined> {
    const { rule, target } = this.rehearsed;
    const syncAs = rule.syncAs.find(({ targetId }) => targetId === target.id);
    const subject: Subject = { item, resource, rule, syncAs, leaving: undefined, target };
    const kind = entryKind(resource.resourceType);
    if (!kind) return undefined;
    const connector = new RehearsedConnector(this.rehearsed.connector);
    const commanded = item.condemnedAt !== undefined;
    const guard = new LenientGuard(this.guard.of({ ...subject, commanded }));
    if (isLetGo(subject)) {
      if (!commanded && item.reference !== undefined) await guard.permit('DISABLE');
      return released(item, kind, guard.heldFor);
    }
    const session = new DeliverySession(connector, kind, this.rehearsed.lease, guard);
    const queue = rehearsedQueue(item, this.deps.sweeps);
    const delivery = new Delivery(item, resource, session, queue);
    const shown = { kind, ...(item.name === undefined ? {} : { name: item.name }) };
    try {
      const fulfilled = await this.fulfilment.of(delivery, subject, connector);
      await this.tellGroup(delivery, fulfilled);
      const outcome = outcomeOf(connector.deeds, delivery, fulfilled);
      if (guard.heldFor !== undefined) {
        return {
          outcome: 'HELD',
          detail: { ...detailOf(delivery, kind), heldFor: guard.heldFor },
        };
      }
      if (!outcome) return undefined;
      const claimed = NAMING.has(outcome) ? delivery.ref?.name : undefined;
      const detail = detailOf(delivery, kind, toldBy(delivery));
      return { outcome, detail, ...(claimed === undefined ? {} : { claimed }) };
    } catch (error) {
      return this.refused(error, { ...shown, changes: [], changeCount: 0 });
    }
  }

  /** Parks where a delivery would. Everything else is not the resource's fault. */
  private refused(error: unknown, shown: PreviewFindingDetail): Finding {
    const { error: failure, retryAt } = this.judge.judge(error, 0);
    if (retryAt !== undefined && failure.kind !== 'notFound') throw error;
    const { kind, message } = failure;
    const detail = { ...shown, errorKind: kind, message };
    if (kind === 'notFound') return { outcome: 'UNKNOWN', detail };
    return { outcome: kind === 'disputed' ? 'DISPUTED' : 'PARKED', detail };
  }

  /** A group hears of members whose entries come, go or are renamed; one that is made has just been told of all. */
  private async tellGroup(delivery: Delivery, { carriedOut }: Fulfilled): Promise<void> {
    const { ref, membersObserved, item, session } = delivery;
    if (session.kind !== 'group' || carriedOut.action !== 'ensure' || !ref) return;
    if (membersObserved === 0) return;
    const query = { groupId: item.resourceId, after: 0, upTo: membersObserved, limit: CHUNK };
    let last: Awaited<ReturnType<MembershipDeltas['changes']>>[number] | undefined;
    do {
      const page = await this.deps.deltas.changes({ ...query, ...(last ? { last } : {}) });
      const ids = page.filter(({ present }) => present).map(({ memberId }) => memberId);
      const resends = [...(await this.foreseen.told(ids))].map(([memberId, { before, after }]) => ({
        memberId,
        mark: '',
        ...(before && after && before.name !== after.name ? { formerName: before.name } : {}),
      }));
      if (resends.length > 0) await this.members.deliverAgain(delivery, ref, resends, false);
      last = page.length < CHUNK ? undefined : page.at(-1);
    } while (last);
  }
}

function released(
  { reference, name }: WorkItem,
  kind: 'user' | 'group',
  heldFor: HeldFor | undefined,
): Finding | undefined {
  if (reference === undefined || name === undefined) return undefined;
  const detail = { kind, name, changes: [], changeCount: 0 };
  return heldFor === undefined
    ? { outcome: 'RELEASE', detail: { ...detail, told: { before: { reference, name } } } }
    : { outcome: 'HELD', detail: { ...detail, heldFor } };
}

function outcomeOf(
  deeds: ReadonlySet<Deed>,
  delivery: Delivery,
  { letsGo }: Fulfilled,
): PreviewOutcome | undefined {
  if (deeds.has('create')) return 'CREATE';
  if (deeds.has('remove')) return 'REMOVE';
  if (delivery.adopted) return 'ADOPT';
  if (deeds.has('rename')) return 'RENAME';
  if (deeds.has('disable')) return 'DISABLE';
  if (deeds.size > 0) return 'UPDATE';
  if (letsGo && delivery.item.reference !== undefined) return 'RELEASE';
  return toldBy(delivery) ? 'GROUPS' : undefined;
}

function detailOf(
  delivery: Delivery,
  kind: 'user' | 'group',
  told?: PreviewFindingDetail['told'],
): PreviewFindingDetail {
  const { item, name, session } = delivery;
  const shown = item.name ?? name;
  const sample = session.native.sample;
  return {
    kind,
    ...(shown === undefined ? {} : { name: shown }),
    changes: sample?.first ?? [],
    changeCount: sample?.count ?? 0,
    ...(told ? { told } : {}),
  };
}
