/** What a `PREVIEW` operation finds: what a rule, as it is or as it might be, would change in its targets. */
import { type HeldFor } from './binding';
import { type PreviewedChange } from './preview';
import { type SyncAs } from './sync-rule';

/**
 * What would become of a resource in a target.
 *
 * - `CREATE`: an entry is made. `ADOPT`: one that is there is taken over. `RENAME`, `UPDATE`: it changes.
 * - `DISABLE`: it stays and grants nothing. `REMOVE`: it is removed. `RELEASE`: it stays and is the resource's no longer.
 * - `GROUPS`: the entry stays as it is, and comes into the entries of its groups, or out of them.
 * - `HELD`: the guard waits for an administrator before anything is destroyed.
 * - `PARKED`: it cannot be delivered. `DISPUTED`: entries stand in the way.
 * - `UNKNOWN`: the target did not say.
 */
export const PREVIEW_OUTCOMES = [
  'CREATE',
  'ADOPT',
  'RENAME',
  'UPDATE',
  'DISABLE',
  'REMOVE',
  'RELEASE',
  'GROUPS',
  'HELD',
  'PARKED',
  'DISPUTED',
  'UNKNOWN',
] as const;

export type PreviewOutcome = (typeof PREVIEW_OUTCOMES)[number];

/** What would stay as it is is counted, and no item. */
export const UNCHANGED = 'UNCHANGED';

/** What a `PREVIEW` operation is asked. */
export interface PreviewInput {
  /** The targets, as the rule had them or as they might be. */
  readonly syncAs: readonly SyncAs[];
  readonly isDraft: boolean;
  /** Of the rule when it was asked for. */
  readonly ruleVersion: number;
}

/** How other entries name one: groups their members, an entry that of its manager. */
export interface NamedEntry {
  readonly reference: string;
  readonly name: string;
}

/** What an item of a `PREVIEW` operation tells. */
export interface PreviewFindingDetail {
  /** Absent: it is about the target, and not about a resource. */
  readonly kind?: 'user' | 'group';
  /** The entry's name; of one that is yet to be made what it would be called, as far as that can be told. */
  readonly name?: string;
  readonly changes: readonly PreviewedChange[];
  /** All of them, also those that are not shown. */
  readonly changeCount: number;
  readonly heldFor?: HeldFor;
  /** The kind of failure, as bindings name it. */
  readonly errorKind?: string;
  /** For people: why it cannot be delivered, or is not known. */
  readonly message?: string;
  /** Other entries would name this one otherwise. Not shown. */
  readonly told?: { readonly before?: NamedEntry; readonly after?: NamedEntry };
}

/** The word under which an operation counts an outcome in one of several targets. */
export function targetOutcome(outcome: string, targetId: string): string {
  return `${outcome} ${targetId}`;
}

/** The outcome and, where it is about one, the target that a count is of. */
export function countedOutcome(word: string): {
  readonly outcome: string;
  readonly targetId?: string;
} {
  const [outcome = '', targetId] = word.split(' ');
  return { outcome, ...(targetId === undefined ? {} : { targetId }) };
}
