/** The audit trail: what happened, who wanted it, and what came of it. */

/** The chain of what belongs to no sync rule. The chain of a rule has the rule's id. */
export const GATEWAY_CHAIN = 'gateway';

/**
 * - `CHANGE`: a user, a group or a resource of a custom type became another one.
 * - `DELIVERY`: what came of bringing one to a target.
 * - `COMMAND`: an administrator did something.
 * - `SYSTEM`: the gateway did something by itself.
 */
export type AuditCategory = 'CHANGE' | 'DELIVERY' | 'COMMAND' | 'SYSTEM';

/**
 * - `DONE`: a change or a command took effect. `UNKNOWN`: of a command, the process ended or failed in the middle of it.
 * - `DELIVERED`: the target is as desired. `ADOPTED`: too, by an entry that was there before. `REMOVED`: the entry is gone.
 *   `RELEASED`: the entry stays as it is, and is no longer looked after.
 * - `RETRYING`: failed, and tried again by itself. `PARKED`: failed, waits for a person. `HELD`: waits for a person's leave.
 */
export type AuditOutcome =
  | 'DONE'
  | 'UNKNOWN'
  | 'DELIVERED'
  | 'ADOPTED'
  | 'REMOVED'
  | 'RELEASED'
  | 'RETRYING'
  | 'PARKED'
  | 'HELD';

/** What an event about a delivery is called, by its outcome. */
export const DELIVERY_ACTIONS: Readonly<Partial<Record<AuditOutcome, string>>> = {
  DELIVERED: 'entry.delivered',
  ADOPTED: 'entry.adopted',
  REMOVED: 'entry.removed',
  RELEASED: 'entry.released',
  RETRYING: 'entry.retrying',
  PARKED: 'entry.parked',
  HELD: 'entry.held',
};

/** Who wanted it, in words that stay true when the credential is gone. */
export interface AuditActor {
  readonly type: 'SYNC_RULE' | 'API_KEY' | 'SYSTEM';
  /** Of the rule's credential, or of the API key. */
  readonly id?: string;
  readonly name: string;
  /** What the identity provider calls itself. */
  readonly userAgent?: string;
}

export const SYSTEM_ACTOR: AuditActor = { type: 'SYSTEM', name: 'Usher' };

/** Where a change comes from. */
export interface ChangeOrigin {
  readonly actor: AuditActor;
  /** The request's id, by which logs and events are read together. */
  readonly requestId?: string;
}

/** One attribute or field: its value before and after, as JSON, cut where it is long. Absent: there was none. */
export interface AuditChange {
  readonly attribute: string;
  readonly before?: string;
  readonly after?: string;
}

/** Some of many. */
export interface AuditSample<Item = string> {
  readonly count: number;
  /** So many of them as fit. */
  readonly first: readonly Item[];
}

/** Members by id. */
export interface AuditMembers {
  readonly added: AuditSample;
  readonly removed: AuditSample;
}

/** One thing that was done in a directory, in the directory's own words; secrets are masked. */
export interface AuditNativeChange {
  readonly operation: string;
  readonly object: string;
  readonly detail: string;
}

/** One thing that happened. Everything in it is of bounded size. */
export interface AuditFact {
  /** Made where it happened, and ordered by time: noting a fact twice changes nothing. */
  readonly id: string;
  readonly at: Date;
  /** {@link GATEWAY_CHAIN}, or the id of the rule. */
  readonly chain: string;
  readonly category: AuditCategory;
  /** `user.changed`, `entry.delivered`, or the name of the mutation. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly actor: AuditActor;
  readonly requestId?: string;
  readonly resource?: { readonly type: string; readonly id: string; readonly name?: string };
  readonly target?: { readonly id: string; readonly name?: string };
  /** Of the resource: made by a change, or brought to the target by a delivery. */
  readonly generation?: number;
  /** What a delivery began with: it carried out the changes after this one up to `generation`. */
  readonly fromGeneration?: number;
  readonly changes?: readonly AuditChange[];
  readonly members?: AuditMembers;
  readonly native?: AuditSample<AuditNativeChange>;
  /** An earlier attempt was cut short: what it did is not among the native changes. */
  readonly cutShort?: boolean;
  readonly error?: { readonly kind: string; readonly message: string };
  /** Of a command, as JSON; secrets are masked. */
  readonly input?: string;
}

/** A fact in its place of a chain. */
export interface AuditEvent extends AuditFact {
  /** From 1, without gaps. */
  readonly seq: number;
  /** Of the event before; empty for the first one. */
  readonly previousHash: string;
  /** SHA-256 of everything else, see `audit-chain.ts`. */
  readonly hash: string;
  /** Grows with the order in which events were put into chains, over all chains. */
  readonly recorded: string;
}

/**
 * A change of a resource, noted in the very write that makes it and taken to the trail from there. What it says of the
 * resource is what it was at that moment.
 */
export interface NotedChange {
  readonly id: string;
  readonly at: Date;
  readonly action: 'created' | 'changed' | 'deleted';
  readonly origin: ChangeOrigin;
  /** Absent: the write could not know; it follows from the place in the list. */
  readonly generation?: number;
  readonly name?: string;
  readonly changes?: readonly AuditChange[];
  readonly members?: AuditMembers & {
    /** Exactly who came and who went. False: what was asked for; who really did is seen at the memberships. */
    readonly exact: boolean;
  };
  /** Of a deletion: attributes whose values are nobody's business. */
  readonly secret?: readonly string[];
}

/** What came of a delivery, noted in the write that ends it. Rule, resource and target are those of the binding. */
export interface NotedDelivery extends Pick<
  AuditFact,
  'id' | 'at' | 'outcome' | 'generation' | 'fromGeneration' | 'native' | 'cutShort' | 'error'
> {
  /** The resource's name, and the target's. */
  readonly name?: string;
  readonly targetName?: string;
}
