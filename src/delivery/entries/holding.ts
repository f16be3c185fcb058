/** Deliveries that wait for an administrator: nothing that is held is ever forgotten, whoever decides meanwhile. */
import {
  type GuardCommand,
  type GuardDecision,
  type GuardState,
  type GuardStore,
  type Held,
  type HeldBindings,
  type HeldSelection,
} from '../../domain/guard';
import { type HeldFor } from '../../domain/binding';
import { type Completion, type WorkItem, type WorkQueue } from '../../domain/delivery-ports';
import { type SyncRule } from '../../domain/sync-rule';
import { type Clock } from '../clock';
import { type Delivery } from './delivery';
import { type HeldBack } from '../errors';
import { type Log } from '../log';
import { type Delivered, holdOf } from './outcomes';
import { isHeld } from './planner';
import { type RuleCache } from '../rule-cache';
import { type SecondLook } from './second-look';

export interface HoldingDeps {
  readonly queue: Pick<WorkQueue, 'complete' | 'requeueHeld'>;
  readonly guards: GuardStore;
  readonly held: HeldBindings;
  readonly rules: Pick<RuleCache, 'fresh'>;
  readonly secondLook: Pick<SecondLook, 'after'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly wake: (targetId: string, ruleId: string) => void;
  /** Told that a binding has something for the audit trail. */
  readonly noted: (bindingId: string) => void;
}

/** What an administrator decides about as a whole without a trip. What is protected is decided about one by one. */
const BY_NUMBER_OF_MEMBERS = ['GUARD_MEMBERS'] as const;

export class Holding {
  constructor(private readonly deps: HoldingDeps) {}

  /** Holds a delivery of a disabled rule. */
  async ofDisabled(delivered: Delivered, rule: SyncRule | undefined): Promise<void> {
    const { queue, rules, clock, wake } = this.deps;
    const { item, at } = delivered;
    const heldFor = 'RULE_DISABLED';
    const known = heldAs(item, heldFor, rule, at);
    await this.complete(item, { heldFor, at, ...known, noted: holdOf(delivered) });
    // Whoever enabled the rule meanwhile looked for what was held before this was.
    if (isHeld(await rules.fresh(item.ruleId))) return;
    await queue.requeueHeld(item.ruleId, heldFor, clock.now());
    wake(item.targetId, item.ruleId);
  }

  /** Holds what the guard holds back. */
  async ofGuard(
    { delivery, ...delivered }: Delivered & { readonly delivery: Delivery | undefined },
    rule: SyncRule | undefined,
    { reason, act, trip, resent }: HeldBack,
  ): Promise<void> {
    const { guards, log, wake } = this.deps;
    const { item, at } = delivered;
    const known = heldAs(item, reason, rule, at, { act, ...(trip === undefined ? {} : { trip }) });
    // What waits already and is judged anew has been told.
    const isKnown = item.held?.generation === item.generation && !delivery?.session.native.sample;
    const noted = isKnown ? {} : { noted: holdOf(delivered, delivery) };
    if (!(await this.complete(item, { heldFor: reason, at, ...known, ...noted, resent }))) {
      return this.deps.secondLook.after(delivery);
    }
    if (trip === undefined) {
      if (!(await guards.notice(item.ruleId, reason, at))) return;
      const where = { ruleId: item.ruleId, bindingId: item.id, reason };
      log('warn', 'The guard of a sync rule holds deliveries until they are approved', where);
      return;
    }
    // Whoever decided meanwhile looked for what was held before this was.
    const state = await guards.find(item.ruleId);
    if (state?.trip?.number === trip) return;
    if (state) await this.settle(state);
    wake(item.targetId, item.ruleId);
  }

  /** Carries out a decision. Answers how many bindings it was about. */
  async decide({ bindingIds, ruleId, ...command }: GuardCommand): Promise<number> {
    const { guards, held, clock } = this.deps;
    const decision = { ...command, at: clock.now() };
    if (bindingIds !== undefined) {
      return this.carryOut(decision, { ruleId, bindingIds });
    }
    const settled = await this.settle(await guards.decide(ruleId, decision));
    if (decision.verdict === 'LIFTED') {
      return settled + (await held.release({ ruleId }, decision.at));
    }
    const rest = { ruleId, reasons: BY_NUMBER_OF_MEMBERS };
    return settled + (await this.carryOut(decision, rest));
  }

  /** Carries out the last decision for what was held when it came, and for what came too late to know of it. */
  async settle({ ruleId, decision }: GuardState): Promise<number> {
    if (!decision) return 0;
    return this.carryOut(decision, { ruleId, upTo: decision.upTo });
  }

  /** False: the lease was lost. */
  private async complete(item: WorkItem, completion: Omit<Completion, 'state'>): Promise<boolean> {
    const written = await this.deps.queue.complete(item, { ...completion, state: 'HELD' });
    if (written && completion.noted) this.deps.noted(item.id);
    return written;
  }

  private carryOut(
    { verdict, by, at }: Omit<GuardDecision, 'upTo'>,
    selection: HeldSelection,
  ): Promise<number> {
    const { held, clock } = this.deps;
    const now = clock.now();
    switch (verdict) {
      case 'APPROVED':
        return held.grant(selection, now);
      case 'REJECTED':
        return held.park(selection, rejection(at, by), now);
      case 'LIFTED':
        return held.release(selection, now);
    }
  }
}

/** What waits for its deletion meanwhile goes on waiting. */
function heldAs(
  { held, heldFor, generation, condemnedAt }: WorkItem,
  reason: HeldFor,
  rule: SyncRule | undefined,
  at: Date,
  guarded: Pick<Held, 'act' | 'trip'> = {},
): Pick<Completion, 'held' | 'condemnedAt'> {
  const since = held !== undefined && heldFor === reason ? held.since : at;
  const version = rule?.version ?? 0;
  return {
    held: { since, version, generation, ...guarded },
    ...(condemnedAt === undefined ? {} : { condemnedAt }),
  };
}

function rejection(at: Date, by = 'An administrator'): string {
  return `Rejected by ${by} on ${at.toISOString()}: the guard held what this delivery would have destroyed, and the entry stays as it is. Mend the user or group where it comes from, or retry the binding to be asked again.`;
}
