/** What reconciling a target finds: differences between entries and their desired state that nobody is about to deliver. */

/**
 * - `MISSING`: a binding has an entry that the directory has not.
 * - `DIFFERENT`: the entry is not as the mapping, the user's state or the group's members say.
 * - `ORPHANED`: it carries the mark of this gateway, and no resource wants it.
 * - `DISPUTED`: it matches a resource that has no entry, and is not its own.
 */
export const DRIFT_OUTCOMES = ['MISSING', 'DIFFERENT', 'ORPHANED', 'DISPUTED'] as const;

export type DriftOutcome = (typeof DRIFT_OUTCOMES)[number];

/** An attribute that is not as it should be. Secrets are masked, long lists are cut. */
export interface AttributeDifference {
  readonly attribute: string;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

export interface MembersDifference {
  /** Some of them, by the names of their entries. */
  readonly missing: readonly string[];
  readonly missingCount: number;
  readonly extra: readonly string[];
  readonly extraCount: number;
}

/** What an item of a `RECONCILE` operation tells. */
export interface DriftDetail {
  readonly kind: 'user' | 'group';
  /** The entry's name and reference, as far as there is one. */
  readonly name?: string;
  readonly reference?: string;
  readonly differences: readonly AttributeDifference[];
  readonly members?: MembersDifference;
  readonly message?: string;
  /** It was made due, and is delivered by the usual way. Of an orphan: it was removed or disabled. */
  readonly isRepaired: boolean;
  /** Of an orphan that is being removed or disabled: the id of the event that tells so. */
  readonly disposal?: string;
}
