/** The guard: holds back deliveries that destroy much, or what is protected, until an administrator decides (requirements C8). */
import { type HeldFor } from './binding';

/** What a rule says of its guard. */
export interface GuardSettings {
  readonly enabled: boolean;
  /** SCIM filters; what they match is never destroyed without an approval of its own. */
  readonly protectedUsers?: string;
  readonly protectedGroups?: string;
  /** So many in a window always pass, however many percent they are. */
  readonly minCount: number;
  /** More than this in a window never pass, however few percent they are. */
  readonly maxCount?: number;
  /** More than this share of what stands in the target does not pass in a window. */
  readonly maxPercent: number;
  readonly windowMinutes: number;
  /** More than this share of one group's members, and more than `minCount`, does not leave at once. */
  readonly maxMemberPercent: number;
}

export const GUARD_DEFAULTS: GuardSettings = {
  enabled: true,
  minCount: 10,
  maxPercent: 20,
  windowMinutes: 60,
  maxMemberPercent: 30,
};

/** What is counted, each for itself and for each target. */
export type GuardSubject = 'USERS' | 'GROUPS' | 'MEMBERSHIPS';

/** Why nothing more is destroyed. */
export interface GuardTrip {
  /** Counts the trips of a rule, from 1. */
  readonly number: number;
  readonly at: Date;
  readonly targetId: string;
  readonly subject: GuardSubject;
  /** So many it would have become... */
  readonly count: number;
  /** ... and so many pass. */
  readonly limit: number;
}

/** `LIFTED`: what waits is judged anew, by other settings. */
export type GuardVerdict = 'APPROVED' | 'REJECTED' | 'LIFTED';

export interface GuardDecision {
  readonly verdict: GuardVerdict;
  /** It is about all trips up to this one. */
  readonly upTo: number;
  readonly at: Date;
  /** The name of the API key; absent: its settings were changed. */
  readonly by?: string;
}

/** A decision about what the guard of a rule holds: about some bindings, or about all that are not protected. */
export interface GuardCommand {
  readonly ruleId: string;
  readonly verdict: GuardVerdict;
  /** The name of the API key; absent: its settings were changed. */
  readonly by?: string;
  readonly bindingIds?: readonly string[];
}

/** The guard of a rule, once there was anything to guard. */
export interface GuardState {
  readonly ruleId: string;
  /** While there is one, nothing is destroyed. */
  readonly trip?: GuardTrip;
  readonly decision?: GuardDecision;
}

/** Something is about to be destroyed. */
export interface Admission {
  readonly ruleId: string;
  readonly targetId: string;
  readonly subject: GuardSubject;
  readonly amount: number;
  readonly now: Date;
  readonly windowMs: number;
}

export interface Counted {
  /** How many have passed in the window, this one included. */
  readonly count: number;
  /** What an approval has begun. */
  readonly epoch: number;
}

/** One document for each rule; every step is one atomic write of it. */
export interface GuardStore {
  find(ruleId: string): Promise<GuardState | undefined>;
  findAll(ruleIds: readonly string[]): Promise<readonly GuardState[]>;
  /**
   * Counts, unless the guard has tripped. Whoever is answered a count has been counted in it together with all who were
   * answered before, so that no two can believe to be the last one that passes.
   */
  admit(admission: Admission): Promise<Counted | { readonly trip: GuardTrip }>;
  /** How many have passed in the window, without counting any. */
  passed(
    of: Omit<Admission, 'subject' | 'amount'>,
  ): Promise<Readonly<Partial<Record<GuardSubject, number>>>>;
  /**
   * Trips, and takes back what was counted. `isNew`: nobody was faster. Undefined: something was decided since, and it has
   * to be counted anew.
   */
  trip(
    admission: Admission,
    found: Counted & Pick<GuardTrip, 'limit'>,
  ): Promise<{ readonly trip: GuardTrip; readonly isNew: boolean } | undefined>;
  /** Ends the trip, if there is one; an approval also forgets what was counted. */
  decide(ruleId: string, decision: Omit<GuardDecision, 'upTo'>): Promise<GuardState>;
  /** True once until the next decision: somebody should be told that there is something held for that reason. */
  notice(ruleId: string, reason: HeldFor, at: Date): Promise<boolean>;
}

/** What the guard is asked about: an entry is removed, or disabled; members are taken out of a group. */
export type GuardedAct = 'REMOVE' | 'DISABLE' | 'MEMBERS';

/** What is known of a delivery that is held, or was and an administrator let it pass. */
export interface Held {
  readonly since: Date;
  /** What it would have done, and what alone an approval lets pass. Absent: it was held for something else. */
  readonly act?: GuardedAct;
  /** The trip of the guard, where it is held for the threshold. */
  readonly trip?: number;
  /** The version of the rule that it was judged by. */
  readonly version: number;
  /** What it was about. */
  readonly generation: number;
}

/** What the guard let pass, so that repeating it is not counted again. */
export interface Passed {
  readonly act: GuardedAct;
  readonly at: Date;
  /** For members: which changes the removals belong to, and how many there are. */
  readonly from?: number;
  readonly amount?: number;
}

/** Which of the bindings that the guard holds. */
export interface HeldSelection {
  readonly ruleId: string;
  /** Held for the threshold under a trip up to this one... */
  readonly upTo?: number;
  /** ... or for any of these reasons... */
  readonly reasons?: readonly HeldFor[];
  /** ... or by their ids. */
  readonly bindingIds?: readonly string[];
}

/** What becomes of bindings that the guard holds. Repeating any of it is harmless. Each answers how many it was. */
export interface HeldBindings {
  /** Delivers them, whatever the guard says. */
  grant(selection: HeldSelection, now: Date): Promise<number>;
  /** Leaves their entries as they are until a person or a new change asks again. */
  park(selection: HeldSelection, message: string, now: Date): Promise<number>;
  /** Judges them anew. */
  release(selection: HeldSelection, now: Date): Promise<number>;
  /** Judges those anew that were held under an earlier version of the rule. */
  releaseOlder(ruleId: string, version: number, now: Date): Promise<number>;
}

/** Who leaves a group with one delivery, and who comes in. */
export interface Turnover {
  readonly leaving: number;
  readonly coming: number;
}

/** What a target has that could be destroyed, counted no further than `most`. */
export interface GuardedAmounts {
  /** Entries that grant something. */
  entries(
    of: { readonly ruleId: string; readonly targetId: string; readonly resourceType: string },
    most: number,
  ): Promise<number>;
  memberships(ruleId: string, most: number): Promise<number>;
  membersOf(groupId: string, most: number): Promise<number>;
  /** How many left a group in these generations, and how many came in. */
  turnoverOf(groupId: string, after: number, upTo: number): Promise<Turnover>;
}
