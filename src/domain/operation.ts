/** Operations: work that takes its time, that administrators watch, cancel and resume. */
import { type BindingState } from './binding';
import { type IdentifierConversion } from './identifiers';
import { type Page } from './ports';
import { type PreviewInput } from './preview-finding';
import { type DeletePolicy } from './sync-rule';
import { type OrphanPolicy, type ReconcileMode } from './target';

export const OPERATION_KINDS = [
  'RECONCILE',
  'PREVIEW',
  'RETRY',
  'IDENTIFIERS',
  'RULE_DELETION',
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** `SUCCEEDED` and those after it are for ever. `PARTIALLY_SUCCEEDED`: done, and some of it could not be done. */
export type OperationState =
  'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'PARTIALLY_SUCCEEDED' | 'FAILED' | 'CANCELLED';

/** What each kind is asked to do. */
export interface OperationInputs {
  readonly RECONCILE: {
    readonly mode: ReconcileMode;
    /** Absent: they are kept. */
    readonly orphans?: OrphanPolicy;
    /** So many may go. Absent: as many as a guard lets pass in an hour. */
    readonly mostOrphans?: number;
  };
  readonly PREVIEW: PreviewInput;
  readonly RETRY: {
    readonly states: readonly BindingState[];
    /** Failure kinds as bindings name them; empty: whatever the failure. */
    readonly errorKinds: readonly string[];
  };
  readonly IDENTIFIERS: IdentifierConversion;
  readonly RULE_DELETION: { readonly onProvisioned: DeletePolicy };
}

/** Who asked for an operation. */
export interface OperationRequester {
  /** `SCHEDULE`: nobody, its time had come. */
  readonly type: 'API_KEY' | 'SCHEDULE';
  /** The name the API key had. */
  readonly name: string;
  readonly apiKeyId?: string;
  /** Of the request, by which the audit trail joins what it changes. */
  readonly requestId?: string;
}

export interface OperationProgress {
  readonly done: number;
  /** Absent: nobody knows how much there is. */
  readonly total?: number;
  /** How often what came of it; each kind has words of its own. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface Operation<Kind extends OperationKind = OperationKind> {
  readonly id: string;
  readonly kind: Kind;
  readonly state: OperationState;
  readonly input: OperationInputs[Kind];
  readonly ruleId?: string;
  readonly targetId?: string;
  readonly requestedBy: OperationRequester;
  readonly progress: OperationProgress;
  /** For people: why it failed, or what they should know of what came of it. */
  readonly message?: string;
  /** The operation that ended early and that this one continues. */
  readonly resumes?: string;
  /** Whose items are its items: its own id, or that of the first one it continues. */
  readonly itemsOf: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  /** Somebody asked for its end. */
  readonly cancelledAt?: Date;
  /** Counts everything that is seen from outside: who watches it looks at no more than this. */
  readonly version: number;
}

export interface OperationDraft<Kind extends OperationKind = OperationKind> {
  readonly kind: Kind;
  readonly input: OperationInputs[Kind];
  readonly ruleId?: string;
  readonly targetId?: string;
  readonly requestedBy: OperationRequester;
  /** Of operations with the same word only one is under way at a time. */
  readonly exclusive?: string;
}

/** Something that an operation found or did; the fields that tell what depend on the operation's kind. */
export interface OperationItem {
  /**
   * Unique in its operation: what is found once more replaces what was found before. It begins with the id of the target
   * and a colon where the item is about one.
   */
  readonly key: string;
  /** One of the words its operation counts by. */
  readonly outcome: string;
  readonly ruleId?: string;
  readonly targetId?: string;
  readonly resourceId?: string;
  /** Something that only one of an operation's items may have, by which others find that one. */
  readonly claim?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Begins the keys of items that are about a target, so that they stand together. */
export function itemKey(targetId: string, key: string): string {
  return `${targetId}:${key}`;
}

export interface OperationFilter {
  readonly kinds?: readonly OperationKind[];
  readonly states?: readonly OperationState[];
  readonly ruleId?: string;
  readonly targetId?: string;
}

export interface OperationItemFilter {
  /** As {@link Operation.itemsOf} says. */
  readonly itemsOf: string;
  readonly outcomes?: readonly string[];
  readonly targetId?: string;
}

/** Operations, for administrators. */
export interface OperationReader {
  findAll(ids: readonly string[]): Promise<readonly Operation[]>;
  /** The newest first: by descending id, after the given one. */
  list(
    query: OperationFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Operation>>;
  count(filter: OperationFilter): Promise<number>;
  /** By ascending key, after the given one. */
  items(
    query: OperationItemFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<OperationItem>>;
  countItems(filter: OperationItemFilter): Promise<number>;
  /** What there is to know for who watches one; undefined: no such operation. */
  version(id: string): Promise<number | undefined>;
}

/** What administrators do to operations. */
export interface OperationStore extends OperationReader {
  /** Answers the one under way instead, where there may be only one: `isNew` is false then. */
  start(
    draft: OperationDraft,
    now: Date,
  ): Promise<{ readonly operation: Operation; readonly isNew: boolean }>;
  /** Ends it, now or at the next step. Undefined: no such operation; one that has ended stays as it is. */
  cancel(id: string, now: Date): Promise<Operation | undefined>;
  /** A new operation that goes on where this one ended; the one under way instead, where there is one. */
  resume(
    ended: Operation,
    requestedBy: OperationRequester,
    now: Date,
  ): Promise<{ readonly operation: Operation; readonly isNew: boolean }>;
}

/** An operation that a process has leased. Only the holder of the current `fence` may write it. */
export interface ClaimedOperation<
  Kind extends OperationKind = OperationKind,
> extends Operation<Kind> {
  readonly fence: number;
  /** As its own kind left it; absent: at the beginning. */
  readonly position?: unknown;
  /** Failed attempts at the place where it is. */
  readonly attempts: number;
}

export type OperationClaim = Pick<ClaimedOperation, 'id' | 'fence'>;

/** What changed since it was last told; what is absent stays. */
export interface OperationStep {
  readonly position?: unknown;
  readonly done?: number;
  readonly total?: number;
  readonly counts?: Readonly<Record<string, number>>;
  readonly message?: string;
}

export type OperationEnd = Exclude<OperationState, 'QUEUED' | 'RUNNING'>;

/** Operations as work for several processes. Writes under a claim answer false when the lease was lost. */
export interface OperationQueue {
  /** Leases what has been due for longest. */
  claim(owner: string, now: Date, leaseUntil: Date): Promise<ClaimedOperation | undefined>;
  renew(claim: OperationClaim, leaseUntil: Date): Promise<boolean>;
  /** `lost`: the lease was. `cancelled`: noted, and somebody asked for the end. */
  note(claim: OperationClaim, step: OperationStep): Promise<'noted' | 'cancelled' | 'lost'>;
  /** Gives the lease back; the operation goes on at that time, here or elsewhere. */
  release(claim: OperationClaim, dueAt: Date, attempts: number): Promise<boolean>;
  finish(
    claim: OperationClaim,
    end: OperationEnd,
    at: Date,
    last: Pick<OperationStep, 'counts' | 'message'>,
  ): Promise<boolean>;
  /** Repeating it changes nothing. Answers how many were new. */
  putItems(itemsOf: string, items: readonly OperationItem[]): Promise<number>;
  /** Forgets what turned out not to be. */
  dropItems(itemsOf: string, keys: readonly string[]): Promise<void>;
  /** Those that are there, in no order. */
  findItems(itemsOf: string, keys: readonly string[]): Promise<readonly OperationItem[]>;
  /** The items that have one of these claims, in no order. */
  claimants(itemsOf: string, claims: readonly string[]): Promise<readonly OperationItem[]>;
  /** How many items there are of each of the outcomes, in all or in one target. */
  countOutcomes(
    itemsOf: string,
    outcomes: readonly string[],
    targetId?: string,
  ): Promise<Readonly<Record<string, number>>>;
  /** Forgets some operations that ended before that time, with their items. False: there are no more. */
  erase(before: Date): Promise<boolean>;
}
