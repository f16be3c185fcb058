/** What a sync rule would make of resources, without making it. `src/delivery` implements it. */
import { type PreviewedLine } from './mapping';
import { type Resource } from './resource';
import { type SyncAs, type SyncRule } from './sync-rule';
import { type Target } from './target';

/**
 * - `ENSURE`: the entry is made or kept as the mapping says. `DISABLE`: it stays and grants nothing.
 * - `REMOVE`: it is removed. `LEAVE`: nothing is touched.
 */
export type PreviewAction = 'ENSURE' | 'DISABLE' | 'REMOVE' | 'LEAVE';

/** `AMBIGUOUS`: several match. `UNKNOWN`: the directory did not say. */
export type PreviewedEntryState = 'FOUND' | 'ABSENT' | 'AMBIGUOUS' | 'UNKNOWN';

/** The entry that stands there now. */
export interface PreviewedEntry {
  readonly state: PreviewedEntryState;
  /** Its name in the directory. */
  readonly name?: string;
  readonly active?: boolean;
  /** Why nothing is known, or what matches. */
  readonly message?: string;
}

export interface PreviewedChange {
  readonly operation: string;
  readonly object: string;
  readonly detail: string;
}

export interface EntryPreview {
  /** Absent: not known, `problems` say why. */
  readonly isInScope?: boolean;
  readonly action?: PreviewAction;
  readonly lines: readonly PreviewedLine[];
  readonly entry: PreviewedEntry;
  /** Absent: they cannot be told, `problems` say why. */
  readonly changes?: readonly PreviewedChange[];
  readonly problems: readonly string[];
}

/** A resource, and its entry as far as it is known. */
export interface PreviewSample {
  readonly resource: Resource;
  readonly reference?: string;
  readonly name?: string;
}

export interface PreviewRequest {
  readonly rule: SyncRule;
  /** One of the rule's, or one that is not saved. */
  readonly syncAs: SyncAs;
  readonly target: Target;
  readonly samples: readonly PreviewSample[];
}

export interface EntryPreviews {
  /** One for each sample, in their order. Reads the directory and writes nothing anywhere; never rejects because of it. */
  of(request: PreviewRequest): Promise<readonly EntryPreview[]>;
}
