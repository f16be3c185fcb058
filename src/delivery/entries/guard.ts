/**
 * The guard of rules: asked before anything is destroyed. It counts what passes, and holds back what is protected or would
 * be too much.
 */
import {
  type Admission,
  type GuardedAct,
  type GuardedAmounts,
  type GuardSettings,
  type GuardStore,
  type GuardSubject,
  type Passed,
  type Turnover,
} from '../../domain/guard';
import { type WorkItem, type WorkQueue } from '../../domain/delivery-ports';
import { GROUP, type Resource } from '../../domain/resource';
import { type SyncRule } from '../../domain/sync-rule';
import { type Clock } from '../clock';
import { type DesiredEntries } from './desired-entries';
import { HeldBack, LeaseLost, RuleChanged } from '../errors';
import { type Log } from '../log';

export interface GuardDeps {
  readonly guards: Pick<GuardStore, 'admit' | 'trip'>;
  readonly amounts: GuardedAmounts;
  readonly queue: Pick<WorkQueue, 'markPassed'>;
  readonly desired: Pick<DesiredEntries, 'matchesFilter'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is delivered, and by whose will. */
export interface Guarded {
  readonly item: WorkItem;
  readonly resource: Resource;
  readonly rule: SyncRule | undefined;
  /** An administrator deletes the rule, or took the target out of it: that needs no second approval. */
  readonly commanded: boolean;
  /** The rule as it is now. Absent: it is asked about as it might be. */
  readonly fresh?: () => Promise<SyncRule | undefined>;
}

/** How long it is remembered how much a target has. */
const FRESH_MS = 10_000;
/** Counted at least, so that what grows slowly is not counted again and again. */
const LEAST_COUNTED = 1_000;
const MOST_REMEMBERED = 10_000;
/** How often somebody may decide while a delivery asks. */
const MOST_ATTEMPTS = 20;

interface Remembered {
  readonly amount: number;
  /** There is no more than this. */
  readonly isAll: boolean;
  readonly until: number;
}

export class Guard {
  private readonly remembered = new Map<string, Remembered>();

  constructor(readonly deps: GuardDeps) {}

  of(guarded: Guarded): DeliveryGuard {
    return new DeliveryGuard(this, guarded);
  }

  /** Counts so many more; throws {@link HeldBack} where that is too much. */
  async admit(
    settings: GuardSettings,
    what: Pick<Admission, 'ruleId' | 'targetId' | 'subject' | 'amount'>,
    act: GuardedAct,
  ): Promise<void> {
    const { guards, clock, log } = this.deps;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const admission = { ...what, now: clock.now(), windowMs: settings.windowMinutes * 60_000 };
      const counted = await guards.admit(admission);
      if ('trip' in counted) throw new HeldBack('GUARD_THRESHOLD', act, counted.trip.number);
      const limit = await this.limit(settings, admission, counted.count);
      if (counted.count <= limit) return;
      const tripped = await guards.trip(admission, { ...counted, limit });
      if (!tripped) continue;
      if (tripped.isNew) {
        const { ruleId, targetId, subject } = admission;
        log('warn', 'The guard of a sync rule has tripped: what destroys waits for an approval', {
          ruleId,
          targetId,
          subject,
          count: counted.count,
          limit,
        });
      }
      throw new HeldBack('GUARD_THRESHOLD', act, tripped.trip.number);
    }
    throw new Error('The guard is decided about over and over');
  }

  /** How many may pass in a window. What stands in the target is counted only where it matters. */
  private async limit(
    { minCount, maxCount = Infinity, maxPercent }: GuardSettings,
    admission: Admission,
    count: number,
  ): Promise<number> {
    const least = Math.min(minCount, maxCount);
    if (count <= least) return least;
    if (count > maxCount) return maxCount;
    const there = await this.amountBefore(admission, count, Math.ceil((count * 100) / maxPercent));
    return Math.min(maxCount, Math.max(minCount, Math.floor((there * maxPercent) / 100)));
  }

  /** What was there before the window's deliveries; no more than what is needed is counted. */
  private async amountBefore(what: Admission, count: number, needed: number): Promise<number> {
    const { ruleId, targetId, subject } = what;
    const key = `${ruleId} ${targetId} ${subject}`;
    const now = what.now.getTime();
    const known = this.remembered.get(key);
    if (known && known.until > now && (known.isAll || known.amount >= needed)) return known.amount;
    const most = Math.max(LEAST_COUNTED, Math.min(2 * needed, Number.MAX_SAFE_INTEGER));
    const left = await this.amountOf(what, most);
    if (this.remembered.size >= MOST_REMEMBERED) this.remembered.clear();
    const amount = left + count;
    this.remembered.set(key, { amount, isAll: left < most, until: now + FRESH_MS });
    return amount;
  }

  private amountOf({ ruleId, targetId, subject }: Admission, most: number): Promise<number> {
    const { amounts } = this.deps;
    if (subject === 'MEMBERSHIPS') return amounts.memberships(ruleId, most);
    const resourceType = subject === 'GROUPS' ? GROUP : 'User';
    return amounts.entries({ ruleId, targetId, resourceType }, most);
  }
}

/** The guard of one delivery. */
export class DeliveryGuard {
  private permitted = false;
  private isRuleFresh = false;

  constructor(
    private readonly guard: Guard,
    private readonly guarded: Guarded,
  ) {}

  /**
   * Before an entry is removed or disabled, or a group emptied. Throws {@link HeldBack}, and {@link RuleChanged} where another
   * policy may have been chosen since the rule was read.
   */
  async permit(act: 'REMOVE' | 'DISABLE'): Promise<void> {
    const { item, commanded } = this.guarded;
    await this.checkRule();
    const settings = this.settings();
    if (!settings || this.permitted || this.isGranted(act)) return;
    if (this.isProtected(settings)) throw new HeldBack('GUARD_PROTECTED', act);
    if (!commanded && this.passedAs(act, settings) === undefined) {
      await this.admit(settings, item.resourceType === GROUP ? 'GROUPS' : 'USERS', 1, act);
      await this.mark({ act, at: this.guard.deps.clock.now() });
    }
    this.permitted = true;
  }

  private async checkRule(): Promise<void> {
    const { rule, fresh } = this.guarded;
    if (!rule || !fresh || this.isRuleFresh) return;
    if ((await fresh())?.version !== rule.version) throw new RuleChanged();
    this.isRuleFresh = true;
  }

  /** Before members who left since a generation are taken out of a group. Throws {@link HeldBack}. */
  async permitLeaving(turnover: Turnover, from: number): Promise<void> {
    const amount = turnover.leaving;
    const settings = this.settings();
    if (!settings || this.isGranted('MEMBERS')) return;
    if (this.isProtected(settings) && (await this.membersLeft(1)) === 0) {
      throw new HeldBack('GUARD_PROTECTED', 'MEMBERS');
    }
    if (this.guarded.commanded) return;
    const passed = this.passedAs('MEMBERS', settings);
    const before = passed?.from === from ? (passed.amount ?? 0) : 0;
    if (amount <= before) return;
    await this.checkShare(settings, turnover);
    await this.admit(settings, 'MEMBERSHIPS', amount - before, 'MEMBERS');
    await this.mark({ act: 'MEMBERS', at: this.guard.deps.clock.now(), from, amount });
  }

  /** Of one group no more than a share leaves at once. */
  private async checkShare(
    { minCount, maxMemberPercent }: GuardSettings,
    { leaving, coming }: Turnover,
  ): Promise<void> {
    if (leaving <= minCount) return;
    // So many of those who were there have to stay. There is no need to count any further.
    const staying = Math.ceil((leaving * (100 - maxMemberPercent)) / maxMemberPercent);
    const members = await this.membersLeft(Math.max(1, staying + coming));
    if (members - coming < staying) throw new HeldBack('GUARD_MEMBERS', 'MEMBERS');
  }

  private membersLeft(most: number): Promise<number> {
    return this.guard.deps.amounts.membersOf(this.guarded.item.resourceId, most);
  }

  /** Undefined: nothing is guarded. */
  private settings(): GuardSettings | undefined {
    const settings = this.guarded.rule?.guard;
    return settings?.enabled ? settings : undefined;
  }

  /**
   * An approval is for what the administrator saw: who was to be disabled is not removed with it, and a group may have lost
   * more members since.
   */
  private isGranted(act: GuardedAct): boolean {
    const { granted, held, generation, resourceType } = this.guarded.item;
    if (granted !== true || !held) return false;
    const isCovered = held.act === act || (held.act === 'REMOVE' && act === 'DISABLE');
    return isCovered && (resourceType !== GROUP || held.generation === generation);
  }

  private isProtected({ protectedUsers, protectedGroups }: GuardSettings): boolean {
    const { resource, rule } = this.guarded;
    const filter = resource.resourceType === GROUP ? protectedGroups : protectedUsers;
    if (filter === undefined || !rule) return false;
    return this.guard.deps.desired.matchesFilter(resource, rule, filter);
  }

  /** It passed in this window, and a retry or a second change is not counted again. */
  private passedAs(act: Passed['act'], { windowMinutes }: GuardSettings): Passed | undefined {
    const { passed } = this.guarded.item;
    const since = this.guard.deps.clock.now().getTime() - windowMinutes * 60_000;
    return passed?.act === act && passed.at.getTime() > since ? passed : undefined;
  }

  private admit(
    settings: GuardSettings,
    subject: GuardSubject,
    amount: number,
    act: GuardedAct,
  ): Promise<void> {
    const { ruleId, targetId } = this.guarded.item;
    return this.guard.admit(settings, { ruleId, targetId, subject, amount }, act);
  }

  private async mark(passed: Passed): Promise<void> {
    if (!(await this.guard.deps.queue.markPassed(this.guarded.item, passed))) throw new LeaseLost();
  }
}
