/** Brings one entry to where its rule wants it: decides, and carries out what was decided. What came of it others record. */
import { type Completion, type EntryReferences, type WorkItem } from '../../domain/delivery-ports';
import { type MappedAttributes } from '../../domain/mapping';
import { type Resource } from '../../domain/resource';
import { type DeletePolicy, type SyncAs, type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type Clock } from '../clock';
import { HeldBack } from '../errors';
import { type Delivery } from './delivery';
import { type DesiredEntries, type FindNames, type MappingContext } from './desired-entries';
import { disableEntry, ensureEntry, findEntry, removeEntry } from './entry-writer';
import { type GroupMembers, type MembersDelivered } from './group-members';
import { plan, type Plan } from './planner';
import { type EntryConnector } from './session';

/** What is delivered, under which rule. */
export interface Subject {
  readonly item: WorkItem;
  readonly resource: Resource;
  readonly rule: SyncRule | undefined;
  readonly syncAs: SyncAs | undefined;
  readonly leaving: DeletePolicy | undefined;
  readonly target: Target;
}

/** An entry that is disabled and waits for its deletion. */
type Condemned = Pick<Completion, 'state' | 'heldFor' | 'condemnedAt' | 'nextAttemptAt' | 'vacant'>;

type Today = Exclude<Plan, { readonly action: 'condemn' }>;

export interface Fulfilled {
  readonly carriedOut: Today;
  readonly state: Completion['state'];
  readonly members: MembersDelivered | undefined;
  /** The entry is the resource's no longer. */
  readonly letsGo: boolean;
  readonly waits: Condemned | undefined;
}

export interface FulfilmentDeps {
  readonly desired: Pick<DesiredEntries, 'evaluate' | 'inScope' | 'isActive'>;
  readonly references: Pick<EntryReferences, 'namesOf'>;
  readonly members: Pick<GroupMembers, 'deliver' | 'removeAll'>;
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_MS = 86_400_000;

export class Fulfilment {
  constructor(private readonly deps: FulfilmentDeps) {}

  async of(
    delivery: Delivery,
    subject: Subject,
    { capabilities }: Pick<EntryConnector, 'capabilities'>,
  ): Promise<Fulfilled> {
    const { resource, rule, syncAs, leaving, item } = subject;
    const planned = plan({
      resource,
      rule,
      syncAs,
      leaving,
      capabilities,
      hasEntry: item.reference !== undefined || item.creating !== undefined,
      isActive: () => rule !== undefined && this.deps.desired.isActive(resource, rule),
      inScope: () => !rule || !syncAs || this.deps.desired.inScope(resource, rule, syncAs),
    });
    const { condemned, carriedOut } = this.today(delivery, planned);
    const members = await this.carryOut(delivery, carriedOut, subject).catch(
      async (error: unknown) => {
        // What was written before the guard held back the rest takes effect.
        if (error instanceof HeldBack) await delivery.session.flush();
        throw error;
      },
    );
    await delivery.session.flush();
    const state = carriedOut.action === 'ensure' ? 'SYNCED' : carriedOut.state;
    const waits = condemned && delivery.ref ? condemned : undefined;
    const letsGo = !waits && (state === 'REMOVED' || carriedOut.action === 'remove');
    if (letsGo) await delivery.forget();
    await delivery.markOutside(state === 'OUT_OF_SCOPE');
    return { carriedOut, state, members, letsGo, waits };
  }

  /** What a plan asks for now: who is condemned is disabled, and removed when the delay is over. */
  private today(
    delivery: Delivery,
    planned: Plan,
  ): { readonly condemned?: Condemned; readonly carriedOut: Today } {
    if (planned.action !== 'condemn') return { carriedOut: planned };
    const { state } = planned;
    const condemned = this.condemned(delivery, planned.days);
    if (!condemned) return { carriedOut: { action: 'remove', state } };
    return { condemned, carriedOut: { action: 'disable', state } };
  }

  /** Nothing: the delay is over, and the entry is to be removed. By absolute dates, whatever clocks do meanwhile. */
  private condemned({ item, resource }: Delivery, days: number): Condemned | undefined {
    const now = this.deps.clock.now();
    const condemnedAt = item.condemnedAt ?? resource.deletedAt ?? now;
    const nextAttemptAt = new Date(condemnedAt.getTime() + days * DAY_MS);
    if (nextAttemptAt <= now) return undefined;
    const vacant = resource.deletedAt !== undefined;
    return { state: 'HELD', heldFor: 'DELETION_DELAY', condemnedAt, nextAttemptAt, vacant };
  }

  private async carryOut(
    delivery: Delivery,
    planned: Today,
    { rule, syncAs, target }: Subject,
  ): Promise<MembersDelivered | undefined> {
    const { session } = delivery;
    switch (planned.action) {
      case 'leave':
        // Whoever leaves the scope leaves the groups too, also with an entry that stays as it is.
        if (planned.state === 'OUT_OF_SCOPE' && delivery.memberRef) {
          await session.guard.permit('DISABLE');
        }
        return undefined;
      case 'remove':
        await removeEntry(delivery);
        return undefined;
      case 'disable':
        await this.disable(delivery);
        return undefined;
      case 'ensure': {
        if (!rule || !syncAs) return undefined;
        const context = { rule, syncAs, target, connector: session.connector };
        const entry = await ensureEntry(delivery, {
          active: planned.active,
          correlation: syncAs.correlation,
          desired: () => this.desired(delivery, context),
        });
        return session.kind === 'group' ? this.deps.members.deliver(delivery, entry) : undefined;
      }
    }
  }

  /** Whose entries it names is noted before they are looked up: what changes from then on asks for another delivery. */
  private async desired(delivery: Delivery, context: MappingContext): Promise<MappedAttributes> {
    const { session, resource } = delivery;
    const { ruleId, targetId } = delivery.item;
    let named: readonly string[] = [];
    const find: FindNames = async (ids) => {
      named = ids;
      await delivery.noteReferences(ids);
      return this.deps.references.namesOf(ruleId, targetId, ids);
    };
    const attributes = await this.deps.desired.evaluate(session.kind, resource, context, find);
    await delivery.noteReferences(named);
    return attributes;
  }

  /** Groups know no disabled state: one without members grants nothing. */
  private async disable(delivery: Delivery): Promise<void> {
    if (delivery.session.kind === 'user') return disableEntry(delivery);
    const group = await findEntry(delivery, []);
    if (group) await this.deps.members.removeAll(delivery, group);
  }
}
