/** `auditEventAdded`: the end of the audit trail, whichever process writes it. */
import { type AuditEvent } from '../../domain/audit';
import { type AuditPosition, type AuditReader } from '../../domain/audit-ports';
import { DomainError } from '../../domain/error';
import { type ErrorLog } from '../error';
import { abortable } from './abortable';
import { Pulse } from './pulse';

const EVERY_MS = 500;
/** So many events are read with each look; what is more is read with the next ones. */
const MOST_AT_ONCE = 100;
/** So many of the last events are kept for those who take their time. */
const MOST_KEPT = 1_000;

/**
 * The trail is read once for all who watch. Every event counts, so none is passed over: who falls behind what is kept is told
 * so, and reads on by a query.
 */
export class AuditFeed {
  private readonly pulse: Pulse<void>;
  private readonly kept: AuditEvent[] = [];
  /** Events read since the process began. */
  private read = 0;
  private position: Promise<AuditPosition> | undefined;
  private watchers = 0;

  constructor(
    private readonly trail: Pick<AuditReader, 'tail'>,
    log: ErrorLog,
  ) {
    const look = (): Promise<void> => this.look();
    this.pulse = new Pulse({ what: 'The audit trail', look, everyMs: EVERY_MS, log });
  }

  /** Events of a chain, or of all, from now on. */
  added(chain: string | undefined): AsyncGenerator<AuditEvent, void, undefined> {
    return abortable((signal) => this.follow(chain, signal));
  }

  private async *follow(
    chain: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<AuditEvent, void, undefined> {
    this.watchers += 1;
    try {
      // From the end of the trail, where nobody has been watching.
      this.position ??= this.end();
      await this.position;
      let next = this.read;
      const looks = this.pulse.watch(signal);
      while ((await looks.next()).done !== true) {
        for (; next < this.read; next += 1) {
          const event = this.kept[next - (this.read - this.kept.length)];
          if (event === undefined) throw leftBehind();
          if (chain !== undefined && event.chain !== chain) continue;
          yield event;
          if (signal.aborted) return;
        }
      }
    } finally {
      this.watchers -= 1;
      if (this.watchers === 0) this.forget();
    }
  }

  private async end(): Promise<AuditPosition> {
    try {
      return (await this.trail.tail(undefined, MOST_AT_ONCE)).position;
    } catch (error) {
      // The next one who watches asks again.
      this.position = undefined;
      throw error;
    }
  }

  private async look(): Promise<void> {
    const { position } = this;
    if (position === undefined) return;
    const { events, position: reached } = await this.trail.tail(await position, MOST_AT_ONCE);
    if (this.position !== position) return;
    this.position = Promise.resolve(reached);
    this.kept.push(...events);
    this.kept.splice(0, this.kept.length - MOST_KEPT);
    this.read += events.length;
  }

  private forget(): void {
    this.position = undefined;
    this.kept.length = 0;
  }
}

function leftBehind(): DomainError {
  return new DomainError(
    'unavailable',
    'Events come faster than they are taken. Read what was missed with `auditEvents`, and subscribe anew.',
  );
}
