/** One lane for each target, also for those that other processes make, change or remove. */
import { type Target } from '../../domain/target';
import { Background } from '../background';
import { CircuitBreaker } from './circuit-breaker';
import { Wakeup } from '../clock';
import { type ConnectorHost } from '../connectors/connector-host';
import { Lane, type LaneDeps } from './lane';
import { describeError } from '../log';
import { type DeliveryTargets } from '../../domain/delivery-ports';

export interface LanesDeps extends Omit<LaneDeps, 'breaker' | 'concurrency'> {
  readonly targets: Pick<DeliveryTargets, 'all' | 'markResumed'>;
  readonly host: ConnectorHost;
}

/**
 * Deliveries under way for each call the target serves at the same time. Most of a delivery is waiting for the store to
 * write to disk, and it writes many in one go.
 */
const DELIVERIES_PER_CALL = 4;

export class Lanes {
  private readonly lanes = new Map<string, Lane>();
  private readonly leaving = new Set<Promise<void>>();
  private readonly loop: Background;
  private readonly wakeup: Wakeup;
  /** Rules with work in targets that have no lane yet. */
  private readonly early = new Map<string, Set<string>>();
  /** Targets that are not delivered to: their work waits in the store and costs nothing. */
  private paused: ReadonlySet<string> = new Set();
  /** The last known version of each target. */
  private readonly versions = new Map<string, number>();

  constructor(private readonly deps: LanesDeps) {
    this.loop = new Background('Looking for targets', deps);
    this.wakeup = new Wakeup(deps.clock);
  }

  start(): void {
    this.loop.start(async (signal) => {
      await this.refresh();
      await this.wakeup.wait(this.deps.times.refreshMs, signal);
    });
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await Promise.all([...[...this.lanes.values()].map((lane) => lane.stop()), ...this.leaving]);
    this.lanes.clear();
  }

  /** There is work of that rule for that target. */
  wake(targetId: string, ruleId: string): void {
    const lane = this.lanes.get(targetId);
    if (lane) return lane.wake(ruleId);
    if (this.paused.has(targetId)) return;
    // A new target: its lane is made at once.
    this.early.set(targetId, (this.early.get(targetId) ?? new Set()).add(ruleId));
    this.wakeup.wake();
  }

  /** Some target was made, changed or removed. */
  hint(): void {
    this.wakeup.wake();
  }

  private async refresh(): Promise<void> {
    const early = new Map(this.early);
    this.early.clear();
    const all = await this.deps.targets.all();
    const isPaused = ({ pausedAt }: Target): boolean => pausedAt !== undefined;
    this.paused = new Set(all.filter(isPaused).map(({ id }) => id));
    const targets = all.filter((target) => !isPaused(target));
    const present = new Set(targets.map((target) => target.id));
    for (const target of targets) {
      this.open(target);
      for (const ruleId of early.get(target.id) ?? []) this.lanes.get(target.id)?.wake(ruleId);
    }
    for (const [targetId, lane] of this.lanes) {
      if (!present.has(targetId)) this.close(targetId, lane);
    }
    // Only now, lest it be delivered with the old settings.
    for (const target of all) await this.resumeParked(target);
    const ids = new Set(all.map(({ id }) => id));
    for (const id of this.versions.keys()) if (!ids.has(id)) this.versions.delete(id);
  }

  /**
   * New settings may be what the parked ones waited for, also while the target is paused. Every process resumes them when
   * it hears of it, for until then it may have parked some by the old settings; and the next start, when none did.
   */
  private async resumeParked({ id, version, resumedVersion }: Target): Promise<void> {
    const known = this.versions.get(id) ?? resumedVersion;
    if (known !== version) {
      await this.deps.queue.requeueParked(id, this.deps.clock.now());
      await this.deps.targets.markResumed(id, version);
    }
    this.versions.set(id, version);
  }

  private open(target: Target): void {
    const existing = this.lanes.get(target.id);
    if (existing) return existing.update(target);
    const { host, clock, times } = this.deps;
    const lane = new Lane(target, {
      ...this.deps,
      breaker: new CircuitBreaker(clock, times.breaker),
      concurrency: (current) => DELIVERIES_PER_CALL * host.concurrencyOf(current),
    });
    this.lanes.set(target.id, lane);
    lane.start();
  }

  private close(targetId: string, lane: Lane): void {
    this.lanes.delete(targetId);
    const leaving = lane
      .stop()
      .then(() => this.deps.host.forget(targetId))
      .catch((error: unknown) => {
        this.deps.log('error', 'A lane did not stop well', describeError(error));
      })
      .finally(() => this.leaving.delete(leaving));
    this.leaving.add(leaving);
  }
}
