/** What the delivery engine needs from the outside; `src/store` implements the stores, `src/app.ts` wires them. */
import { type NotedChange, type NotedDelivery } from './audit';
import { type Binding, type Candidate, type HeldFor } from './binding';
import { type Held, type Passed } from './guard';
import { type ResourceStore, type SyncRuleStore, type TargetStore } from './ports';
import { type DeletePolicy, type Rollout } from './sync-rule';

/** A member a group's entry has to hear of again, whatever the group's generation says. */
export interface Resend {
  /** Absent: everybody, whoever left too, under all names that they had. */
  readonly memberId?: string;
  /** The name under which the group may still know the member. */
  readonly formerName?: string;
  /** Tells this request from a later one about the same member. */
  readonly mark: string;
}

/** A binding that a worker has leased. Only the holder of the current `fence` may write it. */
export interface WorkItem extends Binding {
  /** Counts leases. */
  readonly fence: number;
  /** Counts requests to deliver; when it moves during a delivery, there is more to do. */
  readonly revision: number;
  /** Membership changes up to this generation of the group have been delivered. */
  readonly membersObserved: number;
  readonly resend: readonly Resend[];
  /** Reference and name as the groups of this resource know them. */
  readonly announcedReference?: string;
  readonly announcedName?: string;
  /** Names that the entry has had since its groups were told last: some of them may know it by any of these. */
  readonly untoldNames: readonly string[];
  /** Names that the groups were told to forget, the latest last. */
  readonly formerNames: readonly string[];
  /** The reference of an entry that is gone. */
  readonly lastReference?: string;
  /** An attempt to create an entry of this name has begun and its outcome is not known. */
  readonly creating?: string;
  /** The entry of a deleted resource that this one is about to take over. */
  readonly inherits?: string;
  /** Resources whose entries this one's entry names. */
  readonly references: readonly string[];
  /** The entry that an administrator chose. */
  readonly chosen?: KnownEntry;
  /** Since when the entry has been waiting for its deletion. */
  readonly condemnedAt?: Date;
  /** The resource is out of scope, and its entry in no group. */
  readonly outside?: boolean;
  /** The last lease that was ended by its holder. Those since, before this one, were cut short. */
  readonly endedFence?: number;
  readonly held?: Held;
  /** An administrator let pass what was held. */
  readonly granted?: boolean;
  readonly passed?: Passed;
}

/** Which lease a write is made under. */
export type Claim = Pick<WorkItem, 'id' | 'fence' | 'revision'>;

export interface DeliveryRequest {
  readonly ruleId: string;
  readonly targetId: string;
  readonly resourceId: string;
  readonly resourceType: string;
  readonly generation: number;
  /** The scope filter does not let this generation in: where there is no entry, nothing has to be delivered. */
  readonly outOfScope?: boolean;
}

/**
 * Whether an entry belongs to another resource. `released`: it did, to one that is deleted, and was waiting for its own
 * deletion; it is nobody's now.
 */
export type Possession = 'free' | 'taken' | 'released';

export interface ClaimRequest {
  readonly targetId: string;
  readonly ruleId: string;
  readonly owner: string;
  readonly now: Date;
  /** What is due until then; later than `now` when a target that was down is probed. */
  readonly dueBefore: Date;
  readonly leaseUntil: Date;
  /** Answers so many at most, and fewer only when there are no more or others claim at the same time. */
  readonly most: number;
}

export type KnownEntry = Candidate;

/** What a resource's groups know of its entry. Without a reference: that there is none. */
export interface Announced {
  readonly reference?: string;
  readonly name?: string;
  /** All that are to be kept. Absent: the same as before. */
  readonly formerNames?: readonly string[];
}

/** What a successful delivery leaves behind. */
export interface Completion {
  readonly state: Extract<Binding['state'], 'SYNCED' | 'OUT_OF_SCOPE' | 'REMOVED' | 'HELD'>;
  readonly at: Date;
  /** What a binding that is `HELD` waits for. */
  readonly heldFor?: HeldFor;
  /** When it is looked at again by itself. Absent: when somebody asks. */
  readonly nextAttemptAt?: Date;
  readonly condemnedAt?: Date;
  /** Until then another resource may take the entry over: its own is deleted. */
  readonly vacant?: boolean;
  /** The generation the target has now. Absent: unchanged, nothing was delivered. */
  readonly observedGeneration?: number;
  readonly membersObserved?: number;
  /** Marks of the resends that were delivered. */
  readonly resent?: readonly string[];
  /** What the resource's groups have been told of. */
  readonly announced?: Announced;
  /** For the audit trail. Absent: nothing happened. */
  readonly noted?: NotedDelivery;
  /** What is known of a delivery that is `HELD`. */
  readonly held?: Held;
  /** The entry is there and grants nothing, as desired. */
  readonly inactive?: boolean;
}

/** What a failed delivery leaves behind. */
export interface Failure {
  readonly error: NonNullable<Binding['lastError']>;
  /** When to try again; absent: the binding is parked. */
  readonly retryAt?: Date;
  /** Entries among which an administrator can choose. */
  readonly candidates?: readonly KnownEntry[];
  /** An entry of another resource that stands in the way. */
  readonly blockedBy?: KnownEntry;
  /** Whether it is certain that no entry came into being without an answer. */
  readonly nothingCreated: boolean;
  /** Whether the resource's groups have been told that its entry is no more. */
  readonly lost?: Pick<Announced, 'formerNames'>;
  /** For the audit trail. Absent: nothing that it does not know. */
  readonly noted?: NotedDelivery;
}

/**
 * Bindings as a work queue. Writes under a claim answer false when the lease was lost: the caller must stop, somebody
 * else is at work.
 */
export interface WorkQueue {
  /**
   * Notes that targets should have a generation. Repeating it, or coming late with an old one, changes nothing. Answers
   * the requests that somebody has to look at.
   */
  enqueue(requests: readonly DeliveryRequest[], now: Date): Promise<readonly DeliveryRequest[]>;
  /** Rules with work in the target that is due until then. */
  rulesWithWork(targetId: string, dueBefore: Date): Promise<readonly string[]>;
  /** Leases what has been due for longest. */
  claim(request: ClaimRequest): Promise<readonly WorkItem[]>;
  renew(claim: Claim, leaseUntil: Date): Promise<boolean>;

  /** Remembers, before `create`, that an entry of that name may come into being. */
  markCreating(claim: Claim, name: string): Promise<boolean>;
  /** Remembers an entry that is new to the binding; `taken` when it already belongs to another resource. */
  bindEntry(claim: Claim, entry: KnownEntry): Promise<boolean | 'taken'>;
  /** Whose an entry is that this binding is about to take. One that only waits for its deletion is let go of. */
  possession(claim: WorkItem, reference: string): Promise<Possession>;
  /** Whether another resource has that entry. */
  isTaken(claim: WorkItem, reference: string): Promise<boolean>;
  /** Remembers, before their names are looked up, whose entries this one's names. */
  noteReferences(claim: Claim, resourceIds: readonly string[]): Promise<boolean>;
  /** Remembers, before the groups of the resource are told, whether it is out of scope. */
  markOutside(claim: Claim, outside: boolean): Promise<boolean>;
  /** Remembers the bound entry's new name. */
  renameEntry(claim: Claim, name: string): Promise<boolean>;
  /** The entry is gone, or no longer ours: its reference stays known as the last one. */
  forgetEntry(claim: Claim, reference: string): Promise<boolean>;
  /** Remembers what the guard let pass. */
  markPassed(claim: Claim, passed: Passed): Promise<boolean>;
  /** Ends a delivery and the lease. The binding stays due when more was requested meanwhile. */
  complete(claim: Claim, completion: Completion): Promise<boolean>;
  /** Ends a failed delivery and the lease. A binding is not parked when more was requested meanwhile. */
  fail(claim: Claim, failure: Failure): Promise<boolean>;
  /** Removes a binding whose resource no longer exists. */
  discard(claim: Claim): Promise<boolean>;

  retry(bindingId: string, now: Date): Promise<Binding | undefined>;
  /** Ends the delay of a deletion. Undefined: the binding waits for none. */
  deleteNow(bindingId: string, now: Date): Promise<Binding | undefined>;
  /** Delivers again what is held for that reason. */
  requeueHeld(ruleId: string, heldFor: HeldFor, now: Date): Promise<number>;
  requeueParked(targetId: string, now: Date): Promise<number>;
  /**
   * Delivers again what is parked because of another resource's entry that has another name now, or is that resource's no
   * longer. Looks at some bindings after the given one; answers where to go on, or nothing at the end.
   */
  requeueUnblocked(
    after: string | undefined,
    limit: number,
    now: Date,
  ): Promise<string | undefined>;
  /** Notes which entry a disputed binding is to have. Undefined: it is not disputed. */
  choose(bindingId: string, entry: KnownEntry, now: Date): Promise<Binding | 'taken' | undefined>;
  /** Bindings that failed only because the target was down need not wait any longer. */
  hasten(targetId: string, now: Date): Promise<number>;
  /** Gives a lease back unused. */
  release(claim: Claim): Promise<boolean>;
  /** Makes due what a clock that was wrong dated ahead, later than anything is. Answers how many. */
  correctDates(targetId: string, ruleId: string, now: Date): Promise<number>;
  /** Ends leases then that would last for longer than any that is made now. Who holds one renews it. */
  correctLeases(targetId: string, leaseUntil: Date): Promise<number>;
  /** How many bindings there is something to do for, now or after a failure. */
  countWork(): Promise<number>;
}

/** A resource that changed and is not yet fanned out. */
export interface PendingResource {
  readonly id: string;
  readonly ruleId: string;
  readonly resourceType: string;
  readonly generation: number;
  readonly pending: Date;
  readonly deleted: boolean;
  /** Membership changes wait to be carried over to the membership documents. */
  readonly hasJournal: boolean;
  /** Changes that wait to be taken to the audit trail, in their order. */
  readonly noted: readonly NotedChange[];
}

export interface DeletedResource {
  readonly id: string;
  readonly deletedAt: Date;
}

/** The beginning and the end of a resource's way to its targets. */
export interface FanOutStore {
  pendingAmong(ids: readonly string[]): Promise<readonly PendingResource[]>;
  /** By ascending time and id, after the given one. */
  pendingBefore(
    before: Date,
    after: PendingResource | undefined,
    limit: number,
  ): Promise<readonly PendingResource[]>;
  /** Only those that are still at that generation. What was noted in them is in the audit trail, and is forgotten. */
  clearPending(
    resources: readonly Pick<PendingResource, 'id' | 'generation' | 'noted'>[],
  ): Promise<void>;
  countPending(): Promise<number>;
  /** Deleted and fanned out resources, the longest deleted first, after the given one. */
  deletedAfter(
    after: DeletedResource | undefined,
    limit: number,
  ): Promise<readonly DeletedResource[]>;
  /** Those of the deleted resources that no target and no group has to hear of any more. */
  finished(ids: readonly string[]): Promise<readonly string[]>;
  /** Forgets resources for good: memberships, bindings, and the documents themselves last. */
  erase(ids: readonly string[]): Promise<void>;
}

/** Where a member stands in a target. */
export interface MemberEntry {
  readonly memberId: string;
  /** Absent: there is no entry now, or one of somebody out of scope. */
  readonly reference?: string;
  readonly lastReference?: string;
  readonly name?: string;
  /** Other names that it had; absent: none. */
  readonly formerNames?: readonly string[];
}

export interface MemberChange {
  readonly id: string;
  readonly memberId: string;
  readonly present: boolean;
  readonly generation: number;
}

export interface MemberChangeQuery {
  readonly groupId: string;
  /** Changes of later generations than this... */
  readonly after: number;
  /** ... up to this one. */
  readonly upTo: number;
  /** The last change of the page before. */
  readonly last?: MemberChange;
  readonly limit: number;
}

/** An entry of a resource as its groups should know it. */
export interface Announcement {
  readonly targetId: string;
  readonly memberId: string;
  readonly formerName?: string;
  readonly now: Date;
}

/** Membership changes as the directories need them. */
export interface MembershipDeltas {
  changes(query: MemberChangeQuery): Promise<readonly MemberChange[]>;
  /** Which of them are members of the group now. */
  presentAmong(groupId: string, memberIds: readonly string[]): Promise<ReadonlySet<string>>;
  entriesOf(
    targetId: string,
    memberIds: readonly string[],
  ): Promise<ReadonlyMap<string, MemberEntry>>;
  /** Members whose entries have one of these names now. */
  entriesNamed(targetId: string, names: readonly string[]): Promise<readonly MemberEntry[]>;
  /** Asks the groups of a member to deliver it again. Answers how many. */
  announce(announcement: Announcement): Promise<number>;
  /** Forgets who left before that time and is known everywhere to have left. */
  purge(before: Date): Promise<number>;
}

/** Entries that name the entries of other resources of their rule, as a user's names the manager's. */
export interface EntryReferences {
  /** What the entries of those resources that have one are called; nobody's who is out of scope. */
  namesOf(
    ruleId: string,
    targetId: string,
    resourceIds: readonly string[],
  ): Promise<ReadonlyMap<string, string>>;
  /** Asks for every entry that names this one to be delivered again. False: there is none. */
  announce(entry: Pick<Binding, 'ruleId' | 'targetId' | 'resourceId'>, now: Date): Promise<boolean>;
}

/** What the engine needs of the resources. */
export interface DeliveryResources extends ResourceStore {
  /** Takes a deleted resource out of every group; repeats what a crash cut short. */
  leaveGroups(ruleId: string, memberId: string): Promise<void>;
}

/** What carries a group's journal over to its membership documents. */
export interface MembershipJournal {
  /** Answers the generation up to which the membership documents are complete; undefined: no such group. */
  applyJournal(groupId: string): Promise<number | undefined>;
}

/** A rollout and how far it has got. */
export interface RolloutProgress extends Rollout {
  readonly ruleId: string;
  /** Nobody else works on it before. */
  readonly freeAt: Date;
  /** Resources up to this one have been looked at in this round. */
  readonly after?: string;
  /** Something in this round is not yet as it should be. */
  readonly leftOver: boolean;
  /** Rounds through all resources before this one. */
  readonly rounds: number;
  readonly ruleEnabled: boolean;
  readonly ruleDeleted: boolean;
}

/** Some resources of a rule, for a rollout. */
export interface RolloutPage {
  readonly resources: readonly Pick<
    PendingResource,
    'id' | 'ruleId' | 'resourceType' | 'generation' | 'deleted' | 'hasJournal'
  >[];
  /** Where the next page begins; absent: there is none. */
  readonly next?: string;
}

export type Redelivered = Omit<RolloutPage['resources'][number], 'hasJournal'>;

/** Changes of rules and targets on their way to resources that were there before. Repeating any step is harmless. */
export interface RolloutStore {
  /** Begins rollouts for the rules of targets that changed. */
  spread(): Promise<void>;
  open(): Promise<readonly RolloutProgress[]>;
  /** Keeps others away until then; false: somebody else was first. */
  claim(rollout: RolloutProgress, now: Date, until: Date): Promise<boolean>;
  page(ruleId: string, after: string | undefined, limit: number): Promise<RolloutPage>;
  /** The page is done; the next one begins after `after`. */
  advance(rollout: RolloutProgress, after: string, leftOver: boolean): Promise<void>;
  /** Begins a new round, later; with another policy when one is given. */
  repeat(rollout: RolloutProgress, at: Date, onRemoved?: DeletePolicy): Promise<void>;
  finish(rollout: RolloutProgress): Promise<void>;

  /** How many deliveries of the rule to the target are due, counted up to `most`. */
  countDue(
    rollout: Rollout & { readonly ruleId: string },
    now: Date,
    most: number,
  ): Promise<number>;
  /**
   * Delivers again, whatever was delivered before; for deleted resources only what is not yet removed. Memberships have to be
   * complete up to the generation of a group that has no binding yet: who left before it is asked for never again.
   */
  redeliver(targetId: string, resources: readonly Redelivered[], now: Date): Promise<void>;
  /** Takes bindings back that wait for nothing else. Answers how many are not yet removed. */
  takeBack(bindingIds: readonly string[], now: Date, parked: boolean): Promise<number>;
  /** Forgets bindings. Answers how many could not be, because somebody works on them. */
  forget(bindingIds: readonly string[], now: Date): Promise<number>;
}

/** Rules whose values changed (requirements A4 to A10), which every user of theirs has to hear of. */
export interface RuleReviews {
  /**
   * Makes some more users of one such rule, changed before that time, wait to be fanned out. False: there is none. Where a
   * rule has no one-time password methods any more, its users have none and their tokens are free.
   */
  step(before: Date, limit: number): Promise<boolean>;
}

export type DeliveryRules = Pick<
  SyncRuleStore,
  'find' | 'findAll' | 'list' | 'underDeletion' | 'finishDeletions'
>;
export interface DeliveryTargets extends Pick<TargetStore, 'find' | 'all'> {
  /** What was parked has been resumed for this version. Nothing when there is a later one by now. */
  markResumed(id: string, version: number): Promise<void>;
}
