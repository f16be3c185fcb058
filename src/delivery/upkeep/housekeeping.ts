/** Now and then: forgets what is finished, and looks after what a crash left half done. */
import { type AuditKeeping } from './audit-keeping';
import { Background } from '../background';
import { Wakeup, type Clock } from '../clock';
import { type GuardStore, type HeldBindings } from '../../domain/guard';
import { type Holding } from '../entries/holding';
import { type Log } from '../log';
import { type OtpChoices } from './otp-choices';
import {
  type DeletedResource,
  type DeliveryRules,
  type FanOutStore,
  type MembershipDeltas,
  type RuleReviews,
  type WorkQueue,
} from '../../domain/delivery-ports';
import { type SyncRule } from '../../domain/sync-rule';
import { type EngineTimes } from '../times';

export interface HousekeepingDeps {
  readonly fanOut: Pick<FanOutStore, 'deletedAfter' | 'finished' | 'erase'>;
  readonly deltas: Pick<MembershipDeltas, 'purge'>;
  readonly rules: Pick<DeliveryRules, 'list' | 'underDeletion' | 'finishDeletions'>;
  readonly queue: Pick<WorkQueue, 'requeueHeld' | 'requeueUnblocked'>;
  readonly guards: Pick<GuardStore, 'findAll'>;
  readonly held: Pick<HeldBindings, 'releaseOlder'>;
  readonly holding: Pick<Holding, 'settle'>;
  readonly reviews: RuleReviews;
  readonly otpChoices: Pick<OtpChoices, 'tidy'>;
  readonly auditKeeping: Pick<AuditKeeping, 'run'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: Pick<EngineTimes, 'housekeepingMs' | 'reviewAgeMs' | 'tombstoneAgeMs'>;
}

const BATCH = 200;

export class Housekeeping {
  private readonly loop: Background;
  private readonly wakeup: Wakeup;

  constructor(private readonly deps: HousekeepingDeps) {
    this.loop = new Background('Housekeeping', deps);
    this.wakeup = new Wakeup(deps.clock);
  }

  start(): void {
    this.loop.start(async (signal) => {
      await this.run(signal);
      await this.wakeup.wait(this.deps.times.housekeepingMs, signal);
    });
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** One round; a stop ends it early. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, deltas, log, otpChoices, rules, times } = this.deps;
    await this.resumeHeld(signal);
    await this.resumeBlocked(signal);
    await this.eraseFinished(signal);
    await this.reviewUsers(signal);
    await otpChoices.tidy(signal);
    if (signal.aborted) return;
    await this.resumeDeletions();
    const erased = await rules.finishDeletions();
    for (const ruleId of erased) log('info', 'A sync rule is deleted', { ruleId });
    await deltas.purge(new Date(clock.now().getTime() - times.tombstoneAgeMs));
    await this.deps.auditKeeping.run(signal);
  }

  /** Bindings whose wait is over: whoever ended it died before it could say so. */
  private async resumeHeld(signal: AbortSignal): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.deps.rules.list({
        enabled: true,
        limit: BATCH,
        ...(after === undefined ? {} : { after }),
      });
      for (const rule of page.items) await this.resumeHeldOf(rule);
      for (const guard of await this.deps.guards.findAll(page.items.map(({ id }) => id))) {
        await this.deps.holding.settle(guard);
      }
      after = page.hasMore ? page.items.at(-1)?.id : undefined;
    } while (after !== undefined && !signal.aborted);
  }

  private async resumeHeldOf({ id, version }: Pick<SyncRule, 'id' | 'version'>): Promise<void> {
    const { queue, held, clock } = this.deps;
    await queue.requeueHeld(id, 'RULE_DISABLED', clock.now());
    // Its guard may be another one by now.
    await held.releaseOlder(id, version, clock.now());
  }

  /** What was parked because of somebody else's entry, which is now free or has another name. */
  private async resumeBlocked(signal: AbortSignal): Promise<void> {
    const { clock, queue } = this.deps;
    let after: string | undefined;
    do {
      after = await queue.requeueUnblocked(after, BATCH, clock.now());
    } while (after !== undefined && !signal.aborted);
  }

  /** A rule under deletion waits for nothing; what was held before it came to that is not asked for by anything else. */
  private async resumeDeletions(): Promise<void> {
    const { clock, held, queue, rules } = this.deps;
    for (const { id, version } of await rules.underDeletion()) {
      await queue.requeueHeld(id, 'RULE_DISABLED', clock.now());
      await queue.requeueHeld(id, 'DELETION_DELAY', clock.now());
      // What is protected is held again, by the version of the rule that is being deleted.
      await held.releaseOlder(id, version, clock.now());
    }
  }

  /** By then every process knows the rule as it is now. */
  private async reviewUsers(signal: AbortSignal): Promise<void> {
    const { clock, reviews, times } = this.deps;
    const before = new Date(clock.now().getTime() - times.reviewAgeMs);
    while (!signal.aborted && (await reviews.step(before, BATCH)));
  }

  private async eraseFinished(signal: AbortSignal): Promise<void> {
    const { fanOut } = this.deps;
    let last: DeletedResource | undefined;
    do {
      const page = await fanOut.deletedAfter(last, BATCH);
      if (page.length > 0) await fanOut.erase(await fanOut.finished(page.map(({ id }) => id)));
      last = page.length < BATCH ? undefined : page.at(-1);
    } while (last && !signal.aborted);
  }
}
