/** Takes what came of deliveries to the audit trail, many at a time and off their way. */
import { type AuditOutbox } from '../../domain/audit-ports';
import { Background } from '../background';
import { type Clock, Wakeup } from '../clock';
import { type Log } from '../log';
import { type EngineTimes } from '../times';

export interface AuditDrainDeps {
  readonly outbox: Pick<AuditOutbox, 'recordDeliveries' | 'waitingBindings'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: Pick<EngineTimes, 'auditGatherMs' | 'pollMs' | 'pendingAgeMs'>;
}

const BATCH = 200;

export class AuditDrain {
  private readonly loop: Background;
  private readonly wakeup: Wakeup;
  private readonly hinted = new Set<string>();
  private nextPollAt = 0;
  private working = false;

  constructor(private readonly deps: AuditDrainDeps) {
    this.loop = new Background('Recording deliveries', deps);
    this.wakeup = new Wakeup(deps.clock);
  }

  start(): void {
    this.loop.start((signal) => this.step(signal));
  }

  /** What was hinted at until now is recorded; what cannot be is found by the next process. */
  async stop(): Promise<void> {
    await this.loop.stop();
    await this.answerHints().catch(() => undefined);
  }

  /** Something was noted in the binding. */
  hint(bindingId: string): void {
    this.hinted.add(bindingId);
    this.wakeup.wake();
  }

  async isIdle(): Promise<boolean> {
    if (this.hinted.size > 0 || this.working) return false;
    return (await this.deps.outbox.waitingBindings(this.deps.clock.now(), 1)).length === 0;
  }

  /** What comes soon after the first one shares its commands. */
  private async step(signal: AbortSignal): Promise<void> {
    const { clock, times } = this.deps;
    this.working = true;
    try {
      await this.answerHints();
      await this.poll();
    } finally {
      this.working = false;
    }
    const wait = this.nextPollAt - clock.monotonic();
    if (this.hinted.size === 0 && wait > 0) await this.wakeup.wait(wait, signal);
    if (this.hinted.size < BATCH) await clock.sleep(times.auditGatherMs, signal);
  }

  private async answerHints(): Promise<void> {
    while (this.hinted.size > 0) {
      const ids = [...this.hinted].slice(0, BATCH);
      // Forgotten first: what is noted while this batch is under way hints anew.
      for (const id of ids) this.hinted.delete(id);
      await this.deps.outbox.recordDeliveries(ids);
    }
  }

  /** What a process that died left behind. */
  private async poll(): Promise<void> {
    const { clock, outbox, times } = this.deps;
    const now = clock.monotonic();
    if (now < this.nextPollAt) return;
    const before = new Date(clock.now().getTime() - times.pendingAgeMs);
    const ids = await outbox.waitingBindings(before, BATCH);
    if (ids.length < BATCH) this.nextPollAt = now + times.pollMs;
    if (ids.length > 0) await outbox.recordDeliveries(ids);
  }
}
