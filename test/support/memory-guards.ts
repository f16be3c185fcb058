/** The guards of rules in memory, with the semantics the port promises. */
import { type HeldFor } from '../../src/domain/binding';
import {
  type Admission,
  type Counted,
  type GuardDecision,
  type GuardState,
  type GuardStore,
  type GuardSubject,
  type GuardTrip,
} from '../../src/domain/guard';

interface Passed {
  readonly at: number;
  readonly key: string;
  readonly amount: number;
}

interface Guard {
  trips: number;
  epoch: number;
  trip?: GuardTrip | undefined;
  decision?: GuardDecision;
  passed: Passed[];
  readonly notices: Set<HeldFor>;
}

export class MemoryGuards implements GuardStore {
  private readonly guards = new Map<string, Guard>();

  async find(ruleId: string): Promise<GuardState | undefined> {
    return (await this.findAll([ruleId]))[0];
  }

  async findAll(ruleIds: readonly string[]): Promise<readonly GuardState[]> {
    return ruleIds.filter((id) => this.guards.has(id)).map((id) => this.state(id));
  }

  async admit(admission: Admission): Promise<Counted | { readonly trip: GuardTrip }> {
    const guard = this.guard(admission.ruleId);
    if (guard.trip) return { trip: guard.trip };
    const at = admission.now.getTime();
    guard.passed.push({ at, key: keyOf(admission), amount: admission.amount });
    const count = guard.passed
      .filter((one) => one.key === keyOf(admission) && one.at > at - admission.windowMs)
      .reduce((sum, { amount }) => sum + amount, 0);
    return { count, epoch: guard.epoch };
  }

  async passed({
    ruleId,
    targetId,
    now,
    windowMs,
  }: Omit<Admission, 'subject' | 'amount'>): Promise<Partial<Record<GuardSubject, number>>> {
    const counts: Partial<Record<GuardSubject, number>> = {};
    for (const { key, at, amount } of this.guards.get(ruleId)?.passed ?? []) {
      const [target, subject] = key.split(' ') as [string, GuardSubject];
      if (target !== targetId || at <= now.getTime() - windowMs) continue;
      counts[subject] = (counts[subject] ?? 0) + amount;
    }
    return counts;
  }

  async trip(
    admission: Admission,
    { epoch, count, limit }: Counted & Pick<GuardTrip, 'limit'>,
  ): Promise<{ readonly trip: GuardTrip; readonly isNew: boolean } | undefined> {
    const guard = this.guard(admission.ruleId);
    if (guard.epoch !== epoch) return undefined;
    const { targetId, subject, amount, now } = admission;
    guard.passed.push({ at: now.getTime(), key: keyOf(admission), amount: -amount });
    if (guard.trip) return { trip: guard.trip, isNew: false };
    guard.trips += 1;
    guard.trip = { number: guard.trips, at: now, targetId, subject, count, limit };
    return { trip: guard.trip, isNew: true };
  }

  async decide(ruleId: string, decision: Omit<GuardDecision, 'upTo'>): Promise<GuardState> {
    const guard = this.guard(ruleId);
    guard.decision = { ...decision, upTo: guard.trips };
    guard.trip = undefined;
    guard.notices.clear();
    if (decision.verdict === 'APPROVED') {
      guard.epoch += 1;
      guard.passed = [];
    }
    return this.state(ruleId);
  }

  async notice(ruleId: string, reason: HeldFor): Promise<boolean> {
    const { notices } = this.guard(ruleId);
    if (notices.has(reason)) return false;
    notices.add(reason);
    return true;
  }

  private guard(ruleId: string): Guard {
    const known = this.guards.get(ruleId);
    if (known) return known;
    const guard: Guard = { trips: 0, epoch: 0, passed: [], notices: new Set() };
    this.guards.set(ruleId, guard);
    return guard;
  }

  private state(ruleId: string): GuardState {
    const { trip, decision } = this.guard(ruleId);
    return { ruleId, ...(trip ? { trip } : {}), ...(decision ? { decision } : {}) };
  }
}

function keyOf({ targetId, subject }: Admission): string {
  return `${targetId} ${subject}`;
}
