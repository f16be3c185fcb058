/** A target's own workers: whatever happens to the target delays nothing else. Rules that share it take turns. */
import { type Target } from '../../domain/target';
import { Background } from '../background';
import { type CircuitBreaker } from './circuit-breaker';
import { ANY_TIME, type Clock, Wakeup } from '../clock';
import { Lease } from '../lease';
import { describeError, type Log } from '../log';
import { type WorkItem, type WorkQueue } from '../../domain/delivery-ports';
import { Pace } from './pace';
import { type Contact } from '../entries/reconciler';
import { type EngineTimes } from '../times';

export interface LaneDeps {
  readonly queue: WorkQueue;
  readonly deliver: (lease: Lease, target: Target) => Promise<Contact>;
  readonly breaker: CircuitBreaker;
  /** How many deliveries may be under way at the same time. */
  readonly concurrency: (target: Target) => number;
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: EngineTimes;
}

/** So many probes in vain are an outage; then what failed by it need not wait out its own delay. */
const OUTAGE = 3;

const MOST_CLAIMS = 64;

/** While there is more to claim, it is claimed when this share of the places is free: a claim of many costs little more than one. */
const CLAIMED_SHARE = 4;

export class Lane {
  private readonly loop: Background;
  private readonly wakeup: Wakeup;
  private readonly active = new Map<Lease, Promise<void>>();
  /** Rules that may have work, the next one first. */
  private turns: string[] = [];
  /** Rules that were said to have work since the claims at hand began. */
  private readonly hinted = new Set<string>();
  /** Deliveries under way whose rule was said to have work since they began. */
  private readonly askedFor = new Set<Lease>();
  private surveyedAt = -Infinity;
  private correctedAt = -Infinity;
  private readonly pace: Pace;
  private places = 1;
  /** Bindings claimed in one go: more while there is more to claim. */
  private burst = 1;

  constructor(
    private target: Target,
    private readonly deps: LaneDeps,
  ) {
    this.loop = new Background('A lane', deps);
    this.wakeup = new Wakeup(deps.clock);
    this.pace = new Pace(deps.clock);
    this.update(target);
  }

  start(): void {
    this.loop.start((signal) => this.step(signal));
  }

  /** There is work of that rule. */
  wake(ruleId: string): void {
    this.hinted.add(ruleId);
    for (const lease of this.active.keys()) {
      if (lease.item.ruleId === ruleId) this.askedFor.add(lease);
    }
    this.addTurn(ruleId);
    this.wakeup.wake();
  }

  /** The target as it is now. */
  update(target: Target): void {
    this.target = target;
    this.pace.set(target.deliveryLimits?.maxPerSecond);
    this.places = this.deps.concurrency(target);
  }

  /** Lets deliveries under way finish for a while, then gives them up. */
  async stop(): Promise<void> {
    await this.loop.stop();
    const { clock, times } = this.deps;
    const drained = new AbortController();
    const ended = Promise.all(this.active.values()).finally(() => drained.abort());
    await Promise.race([ended, clock.sleep(times.drainMs, drained.signal)]);
    for (const lease of this.active.keys()) lease.abort();
    await ended;
  }

  private async step(signal: AbortSignal): Promise<void> {
    const { breaker, clock, times } = this.deps;
    const pause = breaker.pauseMs();
    if (pause > 0) return clock.sleep(pause, signal);
    // One delivery finds out whether a target that was down is back, however slowly it is to be delivered to.
    const paced = breaker.isOpen ? 0 : this.pace.waitMs();
    // Hints are kept meanwhile.
    if (paced > 0) return clock.sleep(paced, signal);
    const limit = this.limit();
    const free = limit - this.active.size;
    const wanted = Math.max(1, Math.min(this.burst, Math.floor(limit / CLAIMED_SHARE)));
    if (free < wanted) return this.wakeup.wait(times.idleMs, signal);
    // What is known is claimed first: it was hinted at a moment ago.
    if (this.turns.length > 0) {
      const allowed = Math.max(1, Math.floor(this.pace.available()));
      const leases = await this.claim(Math.min(free, this.burst, allowed));
      this.pace.spend(leases.length);
      for (const lease of leases) this.work(lease);
    }
    const rest = await this.survey();
    if (this.turns.length === 0) await this.wakeup.wait(rest, signal);
  }

  private work(lease: Lease): void {
    const delivery = this.deliver(lease).finally(() => {
      this.active.delete(lease);
      // It may be this very binding that is due again, and could not be claimed as long as it was held.
      if (this.askedFor.delete(lease)) this.addTurn(lease.item.ruleId);
      this.wakeup.wake();
    });
    this.active.set(lease, delivery);
  }

  private addTurn(ruleId: string): void {
    if (!this.turns.includes(ruleId)) this.turns.push(ruleId);
  }

  private limit(): number {
    return this.deps.breaker.isOpen ? 1 : this.places;
  }

  /** Leases several pieces of work, from one rule as many as from another. */
  private async claim(count: number): Promise<readonly Lease[]> {
    this.hinted.clear();
    const shares = new Map<string, number>();
    for (let turn = 0; turn < count; turn += 1) {
      const ruleId = this.nextTurn();
      shares.set(ruleId, (shares.get(ruleId) ?? 0) + 1);
    }
    const asked = [...shares];
    const claims = await Promise.allSettled(
      asked.map(([ruleId, most]) => this.claimOf(ruleId, most)),
    );
    const leases = claims.flatMap((claim) => (claim.status === 'fulfilled' ? claim.value : []));
    const failed = claims.find((claim) => claim.status === 'rejected');
    if (failed && leases.length === 0) throw failed.reason;
    const done = new Set(
      asked.flatMap(([ruleId, most], index) => {
        const claim = claims[index];
        return claim?.status === 'fulfilled' && claim.value.length < most ? [ruleId] : [];
      }),
    );
    this.turns = this.turns.filter((ruleId) => !done.has(ruleId) || this.hinted.has(ruleId));
    this.burst = leases.length === count ? Math.min(MOST_CLAIMS, this.burst * 2) : 1;
    return leases;
  }

  private nextTurn(): string {
    const [ruleId = '', ...others] = this.turns;
    this.turns = [...others, ruleId];
    return ruleId;
  }

  private async claimOf(ruleId: string, most: number): Promise<readonly Lease[]> {
    const { queue, clock, log, times, owner } = this.deps;
    // Before the claim: a worker must not believe in a lease for longer than others do.
    const term = Lease.term(clock, times.leaseMs);
    const now = clock.now();
    const items = await queue.claim({
      targetId: this.target.id,
      ruleId,
      owner,
      now,
      dueBefore: this.dueBefore(),
      leaseUntil: term.until,
      most,
    });
    const deps = { queue, clock, log, leaseMs: times.leaseMs };
    return items.map((item) => new Lease<WorkItem>(item, deps, term));
  }

  private dueBefore(): Date {
    return this.deps.breaker.isOpen ? ANY_TIME : this.deps.clock.now();
  }

  /** Now and then all rules with work are asked for. Answers in how many milliseconds that is due again. */
  private async survey(): Promise<number> {
    const { clock, queue, times } = this.deps;
    const rest = this.surveyedAt + times.idleMs - clock.monotonic();
    if (rest > 0) return rest;
    this.surveyedAt = clock.monotonic();
    const dueBefore = this.dueBefore();
    for (const ruleId of await queue.rulesWithWork(this.target.id, dueBefore)) this.addTurn(ruleId);
    await this.correctDates();
    return times.idleMs;
  }

  private async correctDates(): Promise<void> {
    const { clock, queue, times } = this.deps;
    if (clock.monotonic() - this.correctedAt < times.correctMs) return;
    this.correctedAt = clock.monotonic();
    const now = clock.now();
    const ruleIds = await queue.rulesWithWork(this.target.id, ANY_TIME);
    for (const ruleId of ruleIds) await queue.correctDates(this.target.id, ruleId, now);
    await queue.correctLeases(this.target.id, new Date(now.getTime() + times.leaseMs));
  }

  /** Never rejects. */
  private async deliver(lease: Lease): Promise<void> {
    const { breaker, clock, queue } = this.deps;
    const startedAt = clock.monotonic();
    lease.start();
    try {
      const contact = await this.deps.deliver(lease, this.target);
      if (contact === 'silent') breaker.silent(startedAt);
      if (typeof contact === 'object') this.pace.pause(contact.throttledMs);
      if ((contact === 'answered' || typeof contact === 'object') && breaker.answered() >= OUTAGE) {
        await queue.hasten(this.target.id, clock.now());
      }
    } catch (error) {
      this.deps.log('error', 'A delivery failed in the gateway', {
        bindingId: lease.item.id,
        ...describeError(error),
      });
      await this.giveBack(lease);
    } finally {
      await lease.end();
    }
  }

  /** The store was out; as soon as it is back the work should not have to wait for the lease to run out. */
  private async giveBack({ item }: Lease): Promise<void> {
    const { clock, queue, times } = this.deps;
    const until = clock.monotonic() + times.leaseMs;
    while (!this.loop.signal.aborted && clock.monotonic() < until) {
      await clock.sleep(times.retry.firstMs, this.loop.signal);
      try {
        await queue.release(item);
        return;
      } catch {
        // Still out.
      }
    }
  }
}
