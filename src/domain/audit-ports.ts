/** What the audit trail is to the rest of Usher; `src/store` implements it. */
import { type AuditCategory, type AuditEvent, type AuditFact, type AuditOutcome } from './audit';
import { type PendingResource } from './delivery-ports';
import { type Page } from './ports';

/** Everything that is given has to fit. */
export interface AuditFilter {
  /** A rule's id, or {@link GATEWAY_CHAIN}. */
  readonly chain?: string;
  readonly resourceId?: string;
  readonly targetId?: string;
  readonly actorId?: string;
  readonly category?: AuditCategory;
  readonly actions?: readonly string[];
  readonly outcomes?: readonly AuditOutcome[];
  readonly requestId?: string;
  /** The change that made this generation of a resource, and the deliveries that carried it out. */
  readonly generation?: number;
  /** From this time on... */
  readonly since?: Date;
  /** ... up to but without this time. */
  readonly until?: Date;
}

/** Reads the trail. */
export interface AuditReader {
  /** The newest first, by the time they happened; `after` is the id of the last event of the page before. */
  list(
    query: AuditFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<AuditEvent>>;
  findAll(ids: readonly string[]): Promise<readonly AuditEvent[]>;
  /**
   * Events in the order in which they were put into chains, by whichever process: the next ones after a position, or none
   * where there is no position yet. To be called again and again, each time with the position the call before answered. No
   * event is answered twice, and none is left out whose process was not slower, and whose clock was not further behind, than
   * five seconds.
   */
  tail(
    after: AuditPosition | undefined,
    limit: number,
  ): Promise<{ readonly events: readonly AuditEvent[]; readonly position: AuditPosition }>;
}

/** How far a tail has got; only the store knows what it means. */
export interface AuditPosition {
  readonly recorded: string;
  /** Ids of events that are so young that others may still come before them. */
  readonly seen: ReadonlySet<string>;
}

/** Writes the trail. */
export interface AuditRecorder {
  /** Puts facts at the end of their chains, durably. A fact that is there already is left as it is. */
  record(facts: readonly AuditFact[]): Promise<void>;
}

/** What was noted where it happened and waits to be taken to the trail. Repeating any step is harmless. */
export interface AuditOutbox {
  /** Takes the changes noted in resources that wait to be fanned out. They are forgotten with `clearPending`. */
  recordChanges(resources: readonly PendingResource[]): Promise<void>;
  /** Takes what was noted in these bindings, and forgets it there. */
  recordDeliveries(bindingIds: readonly string[]): Promise<void>;
  /** Bindings in which something waits since before that time. */
  waitingBindings(before: Date, limit: number): Promise<readonly string[]>;
}

/** A command is noted before it is carried out, so that none is lost with its process. */
export interface AuditIntents {
  /** `fact` says what is about to be done. */
  begin(fact: AuditFact): Promise<void>;
  /** Nothing was done. */
  abandon(id: string): Promise<void>;
  /** Records what was done. */
  finish(fact: AuditFact): Promise<void>;
  /** Records commands that began before that time and never ended, with the outcome `UNKNOWN`. Answers how many. */
  settle(before: Date, limit: number): Promise<number>;
}

/** Forgets what is old. */
export interface AuditRetention {
  /** Chains that have events, by ascending name, after the given one. */
  chains(after: string | undefined, limit: number): Promise<readonly string[]>;
  /**
   * Forgets a chain's events from before that time, from its beginning up to the first younger one; where they ended is kept,
   * so that the rest can be verified, and a fact says so. Answers how many, at most `limit`.
   */
  purge(chain: string, before: Date, limit: number): Promise<number>;
}
