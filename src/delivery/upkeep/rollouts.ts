/**
 * Brings changes of rules and targets to the resources that were there before: page by page, and no faster than the target
 * takes it, so that what changes meanwhile never waits behind a whole rule.
 */
import { bindingId } from '../../domain/binding';
import {
  type MembershipJournal,
  type Redelivered,
  type RolloutPage,
  type RolloutProgress,
  type RolloutStore,
} from '../../domain/delivery-ports';
import { Background } from '../background';
import { type Clock, Wakeup } from '../clock';
import { type Log } from '../log';
import { type EngineTimes } from '../times';

export interface RolloutsDeps {
  readonly rollouts: RolloutStore;
  readonly journal: MembershipJournal;
  readonly wake: (targetId: string, ruleId: string) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: Pick<
    EngineTimes,
    'leaseMs' | 'rolloutIdleMs' | 'rolloutStepMs' | 'rolloutSettleMs' | 'rolloutRoundMs'
  >;
}

/** Resources that are looked at in one step. A fresh change waits behind the deliveries of two steps at most. */
const PAGE = 100;

export class Rollouts {
  private readonly loop: Background;
  private readonly wakeup: Wakeup;

  constructor(private readonly deps: RolloutsDeps) {
    this.loop = new Background('Rolling out changes of rules', deps);
    this.wakeup = new Wakeup(deps.clock);
  }

  start(): void {
    this.loop.start(async (signal) => {
      const { rolloutIdleMs, rolloutStepMs } = this.deps.times;
      const active = await this.run(signal);
      await this.wakeup.wait(active ? rolloutStepMs : rolloutIdleMs, signal);
    });
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Some rule or target changed. */
  hint(): void {
    this.wakeup.wake();
  }

  /** A step of each rollout. True: some of them will soon have another one. */
  private async run(signal: AbortSignal): Promise<boolean> {
    await this.deps.rollouts.spread();
    const open = await this.deps.rollouts.open();
    let active = false;
    for (const rollout of open) {
      if (signal.aborted) return false;
      if (await this.step(rollout)) active = true;
    }
    return active;
  }

  private async step(rollout: RolloutProgress): Promise<boolean> {
    const { rollouts, clock, times } = this.deps;
    const now = clock.now();
    // By then every process delivers by the rule and the target as they are now.
    if (isSettling(rollout, now, times.rolloutSettleMs)) return true;
    if (isObsolete(rollout)) {
      await rollouts.finish(rollout);
      return false;
    }
    // A disabled rule delivers nothing; forgetting delivers nothing either.
    if (!rollout.ruleEnabled && !rollout.ruleDeleted && rollout.onRemoved !== 'KEEP') return false;
    if (rollout.onRemoved !== 'KEEP' && (await this.isBehind(rollout, now))) return true;
    const until = new Date(now.getTime() + times.leaseMs);
    if (!(await rollouts.claim(rollout, now, until))) return false;
    const page = await rollouts.page(rollout.ruleId, rollout.after, PAGE);
    const leftOver = await this.carryOut(rollout, page, now);
    await this.proceed(rollout, page, leftOver);
    return true;
  }

  /** The target has not yet taken what earlier steps asked of it. */
  private async isBehind(rollout: RolloutProgress, now: Date): Promise<boolean> {
    return (await this.deps.rollouts.countDue(rollout, now, PAGE)) >= PAGE / 2;
  }

  /** True: something of the page has to be looked at again. */
  private async carryOut(
    rollout: RolloutProgress,
    { resources }: RolloutPage,
    now: Date,
  ): Promise<boolean> {
    if (resources.length === 0) return false;
    const { rollouts, wake } = this.deps;
    const { targetId, ruleId, onRemoved, rounds } = rollout;
    if (onRemoved === undefined) {
      await rollouts.redeliver(targetId, await this.completed(resources), now);
      wake(targetId, ruleId);
      return false;
    }
    const bindings = resources.map(({ id }) => bindingId(targetId, id));
    if (onRemoved === 'KEEP') return (await rollouts.forget(bindings, now)) > 0;
    // What was parked before may be parked for a reason that no longer holds; what is parked since needs a person.
    const left = await rollouts.takeBack(bindings, now, rounds === 0);
    if (left > 0) wake(targetId, ruleId);
    return left > 0;
  }

  /** Groups with their memberships as they were changed last, whatever became of who changed them. */
  private async completed(resources: RolloutPage['resources']): Promise<readonly Redelivered[]> {
    const completed: Redelivered[] = [];
    for (const { hasJournal, ...resource } of resources) {
      const generation =
        hasJournal && !resource.deleted
          ? await this.deps.journal.applyJournal(resource.id)
          : resource.generation;
      if (generation !== undefined) completed.push({ ...resource, generation });
    }
    return completed;
  }

  private async proceed(
    rollout: RolloutProgress,
    page: RolloutPage,
    leftOver: boolean,
  ): Promise<void> {
    const { rollouts, clock, log, times } = this.deps;
    if (page.next !== undefined) return rollouts.advance(rollout, page.next, leftOver);
    const { targetId, ruleId, onRemoved } = rollout;
    if (rollout.leftOver || leftOver) {
      return rollouts.repeat(rollout, new Date(clock.now().getTime() + times.rolloutRoundMs));
    }
    // Everything is taken back. Only now, for groups have to know their members until they are taken back themselves.
    if (onRemoved !== undefined && onRemoved !== 'KEEP') {
      return rollouts.repeat(rollout, clock.now(), 'KEEP');
    }
    await rollouts.finish(rollout);
    log('info', 'A change of a sync rule has been rolled out', { ruleId, targetId });
  }
}

/** A time that is far ahead was written by a clock that was wrong, and nobody waits for it. */
function isSettling({ startedAt }: RolloutProgress, now: Date, settleMs: number): boolean {
  return Math.abs(now.getTime() - startedAt.getTime()) < settleMs;
}

/** A rule under deletion takes everything back anyway, where it still delivers to. */
function isObsolete({ ruleDeleted, onRemoved }: RolloutProgress): boolean {
  return ruleDeleted && onRemoved === undefined;
}
