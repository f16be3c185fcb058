/**
 * Compares all of a target with what it should have. Its entries are listed and joined with their bindings by the page, so
 * that memory does not grow; which bindings were seen is noted in them. Those that were not seen are read one by one, since
 * a listing that ends early, or lies, must not make anybody missing.
 */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import { type Entry, type EntryKind } from '../../../connectors/spi';
import { type BindingSweeps, type SweptBinding } from '../../domain/binding-sweep';
import {
  type DeliveryResources,
  type DeliveryRules,
  type EntryReferences,
} from '../../domain/delivery-ports';
import { DRIFT_OUTCOMES, type DriftDetail } from '../../domain/drift';
import { itemKey, type OperationItem } from '../../domain/operation';
import { type BindingReader, type TargetStore } from '../../domain/ports';
import { GROUP, type Resource, USER } from '../../domain/resource';
import { type Target } from '../../domain/target';
import { type Clock } from '../clock';
import { type ConnectorHost } from '../connectors/connector-host';
import { type DesiredEntries, mappingOf } from '../entries/desired-entries';
import { OperationFailed } from '../errors';
import { type HostedConnector } from '../connectors/hosted-connector';
import { Inspection, isSettled, SETTLED, type Verdict } from './inspection';
import { type MemberDrifts } from './member-drift';
import { type OperationHandler, type OperationOutcome, type OperationRun } from './operation-run';
import { Orphans, type OrphansDeps, type OrphansPosition } from './orphans';
import { type RuleCache } from '../rule-cache';

export interface ReconcileOperationDeps extends OrphansDeps {
  readonly targets: Pick<TargetStore, 'find'>;
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly rules: Pick<DeliveryRules, 'list'>;
  readonly ruleCache: RuleCache;
  readonly bindings: Pick<BindingReader, 'count'>;
  readonly sweeps: BindingSweeps;
  readonly desired: DesiredEntries;
  readonly references: Pick<EntryReferences, 'namesOf'>;
  readonly memberDrifts: MemberDrifts;
  readonly host: Pick<ConnectorHost, 'withConnector'>;
  readonly wake: (targetId: string, ruleId: string) => void;
  readonly clock: Clock;
}

/** Bindings looked at in one step. */
const PAGE = 200;
/** Entries that are compared before others have their turn. */
const AT_A_TIME = 10;
const RULES_AT_ONCE = 200;

/** A listing begins anew when it breaks off: what was seen is known by its bindings. */
type Position =
  | { readonly phase: 'LIST'; readonly kind: EntryKind; readonly foreign: number }
  | { readonly phase: 'SWEEP'; readonly after?: string }
  | OrphansPosition;

const FIRST: Position = { phase: 'LIST', kind: 'user', foreign: 0 };

const OWN_MARK = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function reconcileOperation(deps: ReconcileOperationDeps): OperationHandler<'RECONCILE'> {
  return async (run) => {
    const { targetId = '' } = run.operation;
    const target = await deps.targets.find(targetId);
    if (!target) throw new OperationFailed('The target is gone.');
    return deps.host.withConnector(target, (connector) =>
      new Reconciliation(deps, run, target, connector).run(),
    );
  };
}

class Reconciliation {
  private readonly inspection: Inspection;

  constructor(
    private readonly deps: ReconcileOperationDeps,
    private readonly runs: OperationRun<'RECONCILE'>,
    private readonly target: Target,
    private readonly connector: HostedConnector,
  ) {
    const { signal } = runs;
    this.inspection = new Inspection(
      { ...deps, rules: deps.ruleCache, members: deps.memberDrifts },
      { target, connector, signal },
    );
  }

  async run(): Promise<OperationOutcome> {
    const { runs } = this;
    const targetId = this.target.id;
    const kinds = this.connector.capabilities.kinds;
    await runs.note({ total: await this.deps.bindings.count({ targetId }) });
    let position = (runs.operation.position ?? FIRST) as Position;
    if (position.phase === 'LIST') {
      // What is repeated is counted anew.
      runs.set('FOREIGN', position.foreign);
      for (const kind of ['user', 'group'] as const) {
        if (!kinds.includes(kind) || (kind === 'user' && position.kind === 'group')) continue;
        const foreign = runs.counts['FOREIGN'] ?? 0;
        await runs.note({ position: { phase: 'LIST', kind, foreign } satisfies Position });
        await this.list(kind);
      }
      await runs.note({ position: { phase: 'SWEEP' } satisfies Position });
    }
    if (position.phase === 'LIST' || position.phase === 'SWEEP') {
      await this.sweep(position.phase === 'SWEEP' ? position.after : undefined);
      position = { phase: 'COUNT', due: 0 };
      await runs.note({ position });
    }
    const held = await new Orphans(this.deps, runs, this.target, this.connector).run(position);
    await this.sumUp();
    if (held === undefined) return { end: 'SUCCEEDED' };
    return { end: 'PARTIALLY_SUCCEEDED', message: held };
  }

  /** By what is durable: whatever was repeated on the way. */
  private async sumUp(): Promise<void> {
    const { runs } = this;
    await runs.recount(DRIFT_OUTCOMES);
    const total = await this.deps.bindings.count({ targetId: this.target.id });
    const found = ['MISSING', 'DIFFERENT', 'DISPUTED', 'UNDER_WAY'].map(
      (outcome) => runs.counts[outcome] ?? 0,
    );
    runs.set('IN_STEP', Math.max(0, total - found.reduce((sum, count) => sum + count, 0)));
    runs.advance(total - runs.done);
    await runs.note({ total });
  }

  private async list(kind: EntryKind): Promise<void> {
    const attributes = await this.attributesOf(kind);
    const { signal } = this.runs;
    for await (const entries of this.connector.list(kind, attributes, { signal })) {
      this.runs.assertHeld();
      await this.listed(kind, entries);
      await this.runs.note();
    }
  }

  /** All that any rule writes to entries of the kind. */
  private async attributesOf(kind: EntryKind): Promise<readonly string[]> {
    const attributes = new Set([this.connector.namingAttribute(kind)]);
    let after: string | undefined;
    do {
      const page = await this.deps.rules.list({
        limit: RULES_AT_ONCE,
        ...(after === undefined ? {} : { after }),
      });
      for (const syncAs of page.items.flatMap((rule) => rule.syncAs)) {
        if (syncAs.targetId !== this.target.id) continue;
        for (const line of mappingOf(kind, syncAs, this.connector)) attributes.add(line.attribute);
      }
      after = page.hasMore ? page.items.at(-1)?.id : undefined;
    } while (after !== undefined);
    return [...attributes];
  }

  private async listed(kind: EntryKind, entries: readonly Entry[]): Promise<void> {
    const { sweeps } = this.deps;
    const resourceType = kind === 'user' ? USER : GROUP;
    const bindings = await sweeps.byReferences(
      this.target.id,
      resourceType,
      entries.map(({ reference }) => reference),
    );
    const byReference = new Map(bindings.map((binding) => [binding.reference, binding]));
    const resources = await this.resourcesOf(bindings.filter((one) => !this.isSeen(one)));
    const seen: string[] = [];
    for (const [index, entry] of entries.entries()) {
      if (index % AT_A_TIME === 0) await breathe();
      const binding = byReference.get(entry.reference);
      if (!binding || this.isSeen(binding)) continue;
      const resource = resources.get(binding.resourceId);
      const verdict = await this.inspection.listed(binding, entry, resource);
      // What is under way now may be settled when all bindings are gone through.
      if (verdict.outcome === 'UNDER_WAY') continue;
      await this.conclude(binding, verdict);
      seen.push(binding.id);
    }
    await this.strangers(
      kind,
      entries.filter(({ reference }) => !byReference.has(reference)),
    );
    // Last: what a crash leaves unmarked is looked at again.
    await sweeps.markSeen(seen, this.mark);
    this.runs.advance(seen.length);
  }

  /** Entries that no binding has. */
  private async strangers(kind: EntryKind, entries: readonly Entry[]): Promise<void> {
    const marked = entries.filter(({ owner }) => owner !== undefined && OWN_MARK.test(owner));
    this.runs.count('FOREIGN', entries.length - marked.length);
    if (marked.length === 0) return;
    const owners = marked.map(({ owner }) => owner ?? '');
    const bindings = await this.deps.sweeps.ofResources(this.target.id, owners);
    const byOwner = new Map(bindings.map((binding) => [binding.resourceId, binding]));
    for (const entry of marked) {
      const binding = byOwner.get(entry.owner ?? '');
      if (binding && !isSettled(binding)) continue;
      if (await this.isOrphan(kind, entry)) {
        await this.note({
          key: `~${kind}:${digest(entry.reference)}`,
          outcome: 'ORPHANED',
          ...(entry.owner === undefined ? {} : { resourceId: entry.owner }),
          ...(binding === undefined ? {} : { ruleId: binding.ruleId }),
          detail: about(kind, entry),
        });
      }
    }
  }

  /** Still there, and still nobody's: it may have been removed or taken since it was listed. */
  private async isOrphan(kind: EntryKind, entry: Entry): Promise<boolean> {
    const { signal } = this.runs;
    if (!(await this.connector.read(kind, entry, [], { signal }))) return false;
    const resourceType = kind === 'user' ? USER : GROUP;
    const { reference } = entry;
    const taken = await this.deps.sweeps.byReferences(this.target.id, resourceType, [reference]);
    return taken.length === 0;
  }

  private async sweep(from: string | undefined): Promise<void> {
    for (let after = from; ;) {
      this.runs.assertHeld();
      const page = await this.deps.sweeps.ofTarget(this.target.id, after, PAGE);
      const unseen = page.filter((binding) => !this.isSeen(binding));
      const resources = await this.resourcesOf(unseen.filter((one) => one.reference !== undefined));
      for (const [index, binding] of unseen.entries()) {
        if (index % AT_A_TIME === 0) await breathe();
        if (binding.reference === undefined) await this.withoutEntry(binding);
        else {
          const resource = resources.get(binding.resourceId);
          await this.conclude(binding, await this.inspection.unseen(binding, resource));
        }
      }
      this.runs.advance(unseen.length);
      after = page.at(-1)?.id;
      if (after === undefined) return;
      await this.runs.note({ position: { phase: 'SWEEP', after } satisfies Position });
    }
  }

  /** Nothing to compare: in step where none is wanted, disputed where somebody else's is in the way. */
  private async withoutEntry(binding: SweptBinding): Promise<void> {
    const { lastError, resourceType } = binding;
    if (binding.state !== 'PARKED' || lastError?.kind !== 'disputed') {
      this.runs.count(isSettled(binding) ? 'IN_STEP' : 'UNDER_WAY');
      return;
    }
    const kind = resourceType === GROUP ? 'group' : 'user';
    const detail: DriftDetail = {
      kind,
      differences: [],
      message: lastError.message,
      isRepaired: false,
    };
    await this.note(this.itemOf(binding, 'DISPUTED', detail));
  }

  private async conclude(binding: SweptBinding, verdict: Verdict): Promise<void> {
    if (!('detail' in verdict)) return this.runs.count(verdict.outcome);
    const isRepaired = await this.repair(binding, verdict);
    const detail = { ...verdict.detail, isRepaired };
    await this.note(this.itemOf(binding, verdict.outcome, detail));
  }

  /** Nothing is written here: the binding is made due, and its delivery writes what differs, by all the usual rules. */
  private async repair(
    binding: SweptBinding,
    { repairs, detail }: Extract<Verdict, { readonly detail: unknown }>,
  ): Promise<boolean> {
    if (this.runs.operation.input.mode !== 'REPAIR') return false;
    // Members that are nobody's here are told, and left to a person.
    const { differences, members } = detail;
    if (members && differences.length + repairs.length === 0) return false;
    const { sweeps, clock, wake } = this.deps;
    this.runs.assertHeld();
    const done =
      repairs.length > 0
        ? await sweeps.repairMembers(binding.id, repairs, clock.now())
        : (await sweeps.redeliver([binding.id], [...SETTLED, 'HELD'], clock.now())) > 0;
    if (done) {
      this.runs.count('REPAIRED');
      wake(binding.targetId, binding.ruleId);
    }
    return done;
  }

  private async note(item: OperationItem): Promise<void> {
    const targetId = this.target.id;
    await this.runs.put([{ targetId, ...item, key: itemKey(targetId, item.key) }]);
    this.runs.count(item.outcome);
  }

  private itemOf(binding: SweptBinding, outcome: string, detail: DriftDetail): OperationItem {
    const { resourceId, ruleId } = binding;
    return { key: resourceId, outcome, resourceId, ruleId, detail: { ...detail } };
  }

  private async resourcesOf(
    bindings: readonly SweptBinding[],
  ): Promise<ReadonlyMap<string, Resource>> {
    if (bindings.length === 0) return new Map();
    const found = await this.deps.resources.findAll(bindings.map(({ resourceId }) => resourceId));
    return new Map(found.map((resource) => [resource.id, resource]));
  }

  /** The same for an operation and those that continue it. */
  private get mark(): string {
    return this.runs.operation.itemsOf;
  }

  private isSeen({ seenBy }: SweptBinding): boolean {
    return seenBy === this.mark;
  }
}

function about(kind: EntryKind, { reference, name }: Entry): OperationItem['detail'] {
  return { kind, name, reference, differences: [], isRepaired: false } satisfies DriftDetail;
}

function digest(reference: string): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 32);
}
