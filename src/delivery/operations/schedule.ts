/** Begins to reconcile targets when their time has come. Any process may: only one at a time is under way for a target. */
import { type OperationReader, type OperationStore } from '../../domain/operation';
import { type DeliveryTargets } from '../../domain/delivery-ports';
import { type Target } from '../../domain/target';
import { Background } from '../background';
import { type Clock } from '../clock';
import { type Log } from '../log';
import { type EngineTimes } from '../times';

export interface ScheduleDeps {
  readonly targets: DeliveryTargets;
  readonly operations: Pick<OperationReader, 'list'> & Pick<OperationStore, 'start'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: Pick<EngineTimes, 'scheduleMs'>;
}

const HOUR_MS = 3_600_000;

export class Schedule {
  private readonly loop: Background;

  constructor(private readonly deps: ScheduleDeps) {
    this.loop = new Background('Looking at schedules', deps);
  }

  start(): void {
    this.loop.start(async (signal) => {
      for (const target of await this.deps.targets.all()) {
        if (!signal.aborted) await this.look(target);
      }
      await this.deps.clock.sleep(this.deps.times.scheduleMs, signal);
    });
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look({ id, reconcile, pausedAt, deletedAt }: Target): Promise<void> {
    if (!reconcile || pausedAt || deletedAt) return;
    const { operations, clock } = this.deps;
    const { mode, orphans } = reconcile;
    const now = clock.now();
    const { items } = await operations.list({ kinds: ['RECONCILE'], targetId: id, limit: 1 });
    const last = items[0]?.createdAt.getTime() ?? -Infinity;
    if (now.getTime() < last + reconcile.everyHours * HOUR_MS) return;
    await operations.start(
      {
        kind: 'RECONCILE',
        input: { mode, ...(orphans === undefined ? {} : { orphans }) },
        targetId: id,
        requestedBy: { type: 'SCHEDULE', name: 'Schedule' },
        exclusive: `reconcile ${id}`,
      },
      now,
    );
  }
}
