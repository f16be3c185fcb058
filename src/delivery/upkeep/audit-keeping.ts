/** Now and then: records commands whose process died, and forgets events that are older than they are kept. */
import { type AuditIntents, type AuditRetention } from '../../domain/audit-ports';
import { type Clock } from '../clock';
import { type Log } from '../log';

export interface AuditKeepingDeps {
  readonly intents: Pick<AuditIntents, 'settle'>;
  readonly retention: AuditRetention;
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

const DAY_MS = 86_400_000;
const PURGE_EVERY_MS = 3_600_000;
/** No command takes as long. */
const COMMAND_MS = 300_000;
const BATCH = 500;

export class AuditKeeping {
  private nextPurgeAt = -Infinity;

  constructor(private readonly deps: AuditKeepingDeps) {}

  /** One round; a stop ends it early. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intents, log } = this.deps;
    const now = clock.now().getTime();
    const unknown = await intents.settle(new Date(now - COMMAND_MS), BATCH);
    if (unknown > 0) log('warn', 'The outcome of commands is unknown', { commands: unknown });
    if (clock.monotonic() < this.nextPurgeAt) return;
    await this.purge(new Date(now - this.deps.retentionDays * DAY_MS), signal);
    this.nextPurgeAt = clock.monotonic() + PURGE_EVERY_MS;
  }

  private async purge(before: Date, signal: AbortSignal): Promise<void> {
    const { retention } = this.deps;
    let after: string | undefined;
    do {
      const chains = await retention.chains(after, BATCH);
      for (const chain of chains) {
        while (!signal.aborted && (await retention.purge(chain, before, BATCH)) === BATCH);
      }
      after = chains.length < BATCH ? undefined : chains.at(-1);
    } while (after !== undefined && !signal.aborted);
  }
}
