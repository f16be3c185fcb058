/** A binding: one resource in one target, and how far the target has got. */

/**
 * - `PENDING`: there is something to deliver. `DELIVERING`: a worker holds the lease. `SYNCED`: nothing to do.
 * - `RETRYING`: failed, tried again by itself. `PARKED`: failed, waits for a person or a new change.
 * - `HELD`: waits for what {@link HeldFor} says.
 * - `OUT_OF_SCOPE`: the target's scope filter does not match. `REMOVED`: the entry is gone, as desired.
 */
export type BindingState =
  'PENDING' | 'DELIVERING' | 'SYNCED' | 'RETRYING' | 'PARKED' | 'HELD' | 'OUT_OF_SCOPE' | 'REMOVED';

/**
 * What a held binding waits for.
 *
 * - `RULE_DISABLED`: the rule to be enabled.
 * - `DELETION_DELAY`: its entry is disabled, and deleted when the delay is over.
 * - An administrator's decision. `GUARD_THRESHOLD`: the rule would destroy more than its guard lets pass. `GUARD_MEMBERS`: a
 *   group would lose too many of its members at once. `GUARD_PROTECTED`: the user or group is protected.
 */
export type HeldFor =
  'RULE_DISABLED' | 'DELETION_DELAY' | 'GUARD_THRESHOLD' | 'GUARD_MEMBERS' | 'GUARD_PROTECTED';

/** Why the last delivery failed, for a person to act on. */
export interface DeliveryError {
  /**
   * A failure kind of the connector interface, or `mapping`, `disputed`, `internal`, or `guard`: an administrator
   * rejected it.
   */
  readonly kind: string;
  readonly message: string;
  readonly attribute?: string;
  readonly at: Date;
  /** What was to be delivered. */
  readonly generation?: number;
}

/** An entry that a resource may have, if an administrator says so. */
export interface Candidate {
  readonly reference: string;
  readonly name: string;
}

/** So many candidates are kept of those that there are. */
export const MOST_CANDIDATES = 10;

export interface Binding {
  readonly id: string;
  readonly ruleId: string;
  readonly targetId: string;
  readonly resourceId: string;
  readonly resourceType: string;
  readonly state: BindingState;
  /** Only while it is `HELD`. */
  readonly heldFor?: HeldFor;
  /** Since when it waits for an administrator. */
  readonly heldSince?: Date;
  /** The resource's generation this target should have. */
  readonly generation: number;
  /** The generation the target has; 0: none yet. */
  readonly observedGeneration: number;
  /** The entry's immutable reference, once there is an entry. */
  readonly reference?: string;
  /** The entry's native name when last seen. */
  readonly name?: string;
  /** Failed attempts since the last success. */
  readonly attempts: number;
  readonly nextAttemptAt?: Date;
  readonly lastError?: DeliveryError;
  readonly lastSyncedAt?: Date;
  /** Only while it is parked as `disputed`. */
  readonly candidates?: readonly Candidate[];
}

/** The binding of a resource in a target; one each. */
export function bindingId(targetId: string, resourceId: string): string {
  return `${targetId}:${resourceId}`;
}
