/**
 * What becomes of orphans when an administrator wants them gone: entries that carry the mark of a resource, and that nothing
 * wants. A mark is a value that anybody can write, another gateway too, and a store may have been restored or be empty; so
 * only those go of which the audit trail knows that this gateway removed them before, as after a directory came back from
 * a backup. They are counted before the first one goes, and too many are held.
 */
import { v7 as timeOrderedId } from 'uuid';
import { ConnectorError, type Entry } from '../../../connectors/spi';
import { type AuditEvent } from '../../domain/audit';
import { type AuditReader, type AuditRecorder } from '../../domain/audit-ports';
import { type BindingSweeps } from '../../domain/binding-sweep';
import { type DeliveryResources } from '../../domain/delivery-ports';
import { type DriftDetail } from '../../domain/drift';
import { GUARD_DEFAULTS } from '../../domain/guard';
import { type OperationItem, type OperationReader } from '../../domain/operation';
import { GROUP, USER } from '../../domain/resource';
import { type OrphanPolicy, type Target } from '../../domain/target';
import { type Clock } from '../clock';
import { type HostedConnector } from '../connectors/hosted-connector';
import { NativeChanges } from '../entries/native-changes';
import { isSettled, SETTLED } from './inspection';
import { originOf } from './operation-origin';
import { type OperationRun } from './operation-run';

export interface OrphansDeps {
  readonly operations: Pick<OperationReader, 'items' | 'list'>;
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly sweeps: Pick<BindingSweeps, 'byReferences' | 'ofResources' | 'redeliver'>;
  readonly reader: Pick<AuditReader, 'list'>;
  readonly trail: AuditRecorder;
  readonly wake: (targetId: string, ruleId: string) => void;
  readonly clock: Clock;
}

/** `COUNT`: so many of those up to `after` are to go. */
export type OrphansPosition =
  | { readonly phase: 'COUNT'; readonly after?: string; readonly due: number }
  | { readonly phase: 'DISPOSE'; readonly after?: string };

const PAGE = 50;
/** Operations of one target that are looked at to know how many orphans went of late. */
const MOST_OPERATIONS = 100;

/** An orphan as it stands in the directory, and what is known of it. */
interface Doomed {
  readonly entry: Entry;
  readonly proof: AuditEvent;
}

export class Orphans {
  private readonly policy: OrphanPolicy;

  constructor(
    private readonly deps: OrphansDeps,
    private readonly runs: OperationRun<'RECONCILE'>,
    private readonly target: Target,
    private readonly connector: HostedConnector,
  ) {
    this.policy = runs.operation.input.orphans ?? 'KEEP';
  }

  /** Answers what administrators have to know, where some are held. */
  async run(position: OrphansPosition): Promise<string | undefined> {
    if (this.policy === 'KEEP') return undefined;
    if (position.phase === 'COUNT') {
      const due = await this.count(position);
      const most = await this.most();
      if (due > most) {
        this.runs.set('HELD', due);
        return `${String(due)} orphaned entries would go, and ${String(most)} may. None was touched. Look at them, and whether the directory and the store of the gateway are what they should be; then start again with mostOrphans.`;
      }
      await this.runs.note({ position: { phase: 'DISPOSE' } satisfies OrphansPosition });
    }
    await this.dispose(position.phase === 'DISPOSE' ? position.after : undefined);
    return undefined;
  }

  private async count(from: Extract<OrphansPosition, { phase: 'COUNT' }>): Promise<number> {
    let { due } = from;
    for await (const { items, after } of this.pages(from.after)) {
      for (const item of items) if (await this.doomed(item)) due += 1;
      await this.runs.note({ position: { phase: 'COUNT', after, due } satisfies OrphansPosition });
    }
    return due;
  }

  private async dispose(from: string | undefined): Promise<void> {
    for await (const { items, after } of this.pages(from)) {
      for (const item of items) await this.disposeOf(item);
      await this.runs.note({ position: { phase: 'DISPOSE', after } satisfies OrphansPosition });
    }
  }

  private async *pages(from: string | undefined) {
    const { itemsOf } = this.runs.operation;
    for (let after = from; ;) {
      const { items, hasMore } = await this.deps.operations.items({
        itemsOf,
        outcomes: ['ORPHANED'],
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      const last = items.at(-1);
      if (!last) return;
      after = last.key;
      yield { items, after };
      if (!hasMore) return;
    }
  }

  /** What an administrator allowed; else so many in an hour, whatever the number of operations. */
  private async most(): Promise<number> {
    const { id, input } = this.runs.operation;
    if (input.mostOrphans !== undefined) return input.mostOrphans;
    const { minCount, windowMinutes } = GUARD_DEFAULTS;
    const since = this.deps.clock.now().getTime() - windowMinutes * 60_000;
    const { items } = await this.deps.operations.list({
      kinds: ['RECONCILE'],
      targetId: this.target.id,
      limit: MOST_OPERATIONS,
    });
    const gone = items
      .filter((one) => one.id !== id && (one.finishedAt?.getTime() ?? Infinity) > since)
      .map(({ progress: { counts } }) => (counts['REMOVED'] ?? 0) + (counts['DISABLED'] ?? 0));
    return Math.max(0, minCount - gone.reduce((sum, count) => sum + count, 0));
  }

  private async disposeOf(item: OperationItem): Promise<void> {
    const detail = detailOf(item);
    const { runs } = this;
    if (!detail.isRepaired) {
      const doomed = await this.doomed(item);
      if (doomed) await this.act(item, doomed);
      else if (detail.disposal === undefined || !(await this.isDone(item))) return;
    }
    await this.ifWantedMeanwhile(item);
    runs.count(this.policy === 'DELETE' ? 'REMOVED' : 'DISABLED');
  }

  /** An attempt that nobody heard of has done it. */
  private async isDone(item: OperationItem): Promise<boolean> {
    const entry = await this.entryOf(item);
    if (this.policy === 'DELETE' ? entry !== undefined : entry?.active !== false) return false;
    const proof = await this.proofOf(item);
    if (proof) await this.record(item, proof);
    await this.note(item, { isRepaired: true });
    return true;
  }

  private async act(item: OperationItem, { entry, proof }: Doomed): Promise<void> {
    const { connector, runs } = this;
    const { kind } = detailOf(item);
    // Before: a process that dies now leaves word that it may have been done.
    const begun = await this.note(item, { disposal: detailOf(item).disposal ?? timeOrderedId() });
    const call = { signal: runs.signal, begin: () => runs.assertHeld() };
    const native = new NativeChanges(connector, kind);
    try {
      if (this.policy === 'DELETE') {
        const removing = connector.remove(kind, entry, call);
        await native.remove(removing, entry);
        await removing;
      } else {
        const disabling = connector.setActive(kind, entry, false, call);
        await native.setActive(disabling, entry, false);
        await disabling;
      }
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.kind !== 'notFound') throw error;
    }
    await connector.flush();
    await this.record(begun, proof, native);
    await this.note(begun, { isRepaired: true });
  }

  /** Undefined: it is not to go, as everything stands now. */
  private async doomed(item: OperationItem): Promise<Doomed | undefined> {
    const { kind } = detailOf(item);
    if (this.policy === 'DISABLE' && kind !== 'user') return undefined;
    const proof = await this.proofOf(item);
    if (!proof || !(await this.isUnwanted(item))) return undefined;
    // Last: it is touched right after.
    const entry = await this.entryOf(item);
    if (!entry || entry.owner !== item.resourceId) return undefined;
    return this.policy === 'DISABLE' && entry.active === false ? undefined : { entry, proof };
  }

  private async entryOf(item: OperationItem): Promise<Entry | undefined> {
    const { kind, reference = '', name = '' } = detailOf(item);
    const { signal } = this.runs;
    return this.connector.read(kind, { reference, name }, [], { signal });
  }

  /** The last word on that resource in this target is that its entry was removed: nobody let go of it or keeps it. */
  private async proofOf({ resourceId }: OperationItem): Promise<AuditEvent | undefined> {
    if (resourceId === undefined) return undefined;
    const { items } = await this.deps.reader.list({
      resourceId,
      targetId: this.target.id,
      category: 'DELIVERY',
      limit: 1,
    });
    return items[0]?.outcome === 'REMOVED' ? items[0] : undefined;
  }

  /** No binding has it, and no resource is to have an entry here, or is about to. */
  private async isUnwanted(item: OperationItem): Promise<boolean> {
    const { resourceId = '' } = item;
    if ((await this.holdersOf(item)).length > 0) return false;
    const [[binding], [resource]] = await Promise.all([
      this.deps.sweeps.ofResources(this.target.id, [resourceId]),
      this.deps.resources.findAll([resourceId]),
    ]);
    if (!binding) return !resource || resource.deletedAt !== undefined;
    const isKnown = !resource || resource.generation <= binding.generation;
    return isSettled(binding) && binding.reference === undefined && isKnown;
  }

  private holdersOf(item: OperationItem) {
    const { kind, reference = '' } = detailOf(item);
    const resourceType = kind === 'user' ? USER : GROUP;
    return this.deps.sweeps.byReferences(this.target.id, resourceType, [reference]);
  }

  /** Somebody took the entry over at the very moment: it is delivered again at once, and so made anew. */
  private async ifWantedMeanwhile(item: OperationItem): Promise<void> {
    const { sweeps, clock, wake } = this.deps;
    for (const { id, targetId, ruleId } of await this.holdersOf(item)) {
      await sweeps.redeliver([id], SETTLED, clock.now());
      wake(targetId, ruleId);
    }
  }

  private async record(
    item: OperationItem,
    { chain, resource }: AuditEvent,
    native?: NativeChanges,
  ): Promise<void> {
    const { disposal = timeOrderedId() } = detailOf(item);
    const { actor, requestId } = originOf(this.runs.operation.requestedBy);
    const { id, name } = this.target;
    await this.deps.trail.record([
      {
        id: disposal,
        at: this.deps.clock.now(),
        chain,
        category: 'SYSTEM',
        action: this.policy === 'DELETE' ? 'orphan.removed' : 'orphan.disabled',
        outcome: 'DONE',
        actor,
        ...(requestId === undefined ? {} : { requestId }),
        ...(resource === undefined ? {} : { resource }),
        target: { id, name },
        ...(native?.sample ? { native: native.sample } : { cutShort: true }),
      },
    ]);
  }

  private async note(item: OperationItem, more: Partial<DriftDetail>): Promise<OperationItem> {
    const noted = { ...item, detail: { ...item.detail, ...more } };
    await this.runs.put([noted]);
    return noted;
  }
}

function detailOf(item: OperationItem): DriftDetail {
  // Written by this kind of operation.
  return item.detail as unknown as DriftDetail;
}
