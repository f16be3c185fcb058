/** The guard of a sync rule: its settings, what it holds, and the commands. */
import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { type GuardChange } from '../../administration/rule-guard';
import { type HeldFor } from '../../domain/binding';
import {
  type GuardDecision,
  type GuardSettings,
  type GuardState,
  type GuardSubject,
  type GuardTrip,
} from '../../domain/guard';
import { ownCost } from '../limits';
import { type Words } from './enums.type';
import { SyncRuleType } from './sync-rule.type';
import { MutationPayload } from './user-error.type';

const GuardSubjectEnum = {
  USERS: 'USERS',
  GROUPS: 'GROUPS',
  MEMBERSHIPS: 'MEMBERSHIPS',
} as const satisfies Words<GuardSubject>;
registerEnumType(GuardSubjectEnum, {
  name: 'GuardSubject',
  description: 'What a guard counts, each for itself and for each target.',
  valuesConfig: {
    USERS: { description: 'Entries of users that are removed or disabled.' },
    GROUPS: { description: 'Entries of groups that are removed or emptied.' },
    MEMBERSHIPS: { description: 'Members that are taken out of groups.' },
  },
});

const GuardStatusEnum = { OFF: 'OFF', READY: 'READY', TRIPPED: 'TRIPPED' } as const;
registerEnumType(GuardStatusEnum, {
  name: 'GuardStatus',
  description: 'Whether a guard lets pass what destroys.',
  valuesConfig: {
    OFF: { description: 'It was turned off: everything passes.' },
    READY: { description: 'What is not protected and not too much passes.' },
    TRIPPED: { description: 'Nothing that destroys passes until `guardApprove` or `guardReject`.' },
  },
});

const GuardVerdictEnum = {
  APPROVED: 'APPROVED',
  REJECTED: 'REJECTED',
  LIFTED: 'LIFTED',
} as const satisfies Words<GuardDecision['verdict']>;
registerEnumType(GuardVerdictEnum, {
  name: 'GuardVerdict',
  description: 'What an administrator decided about what a guard held.',
  valuesConfig: {
    APPROVED: { description: 'It is delivered.' },
    REJECTED: { description: 'It is not delivered; its bindings are parked.' },
    LIFTED: { description: 'The settings of the guard were changed, and it is judged by them.' },
  },
});

const TEXTS = {
  enabled: 'Whether anything is held back at all.',
  protectedUsers:
    'A SCIM filter: entries of users that it matches are never removed or disabled without an approval that names their binding.',
  protectedGroups:
    'A SCIM filter: entries of groups that it matches are never removed or emptied without an approval that names their binding.',
  minCount: 'So many pass in a window, however many percent they are. Usually 10.',
  maxCount:
    'More than this never pass in a window, however few percent they are. Null: any number.',
  maxPercent:
    'More than this share of what stands in a target does not pass in a window. Usually 20.',
  windowMinutes: 'How long what passed is counted: 1 to 1440 minutes. Usually 60.',
  maxMemberPercent:
    'More than this share of the members of one group, if they are more than `minCount`, do not leave it at once. Usually 30.',
} as const satisfies Record<keyof GuardSettings, string>;

@InputType('GuardInput', {
  description: 'What of a guard is set. What is left out is as usual, or stays.',
})
export class GuardInput {
  @Field(() => Boolean, { nullable: true, description: TEXTS.enabled })
  enabled?: boolean | null;

  @Field(() => String, { nullable: true, description: `${TEXTS.protectedUsers} Null: nobody.` })
  protectedUsers?: string | null;

  @Field(() => String, { nullable: true, description: `${TEXTS.protectedGroups} Null: none.` })
  protectedGroups?: string | null;

  @Field(() => Int, { nullable: true, description: TEXTS.minCount })
  minCount?: number | null;

  @Field(() => Int, { nullable: true, description: TEXTS.maxCount })
  maxCount?: number | null;

  @Field(() => Int, { nullable: true, description: TEXTS.maxPercent })
  maxPercent?: number | null;

  @Field(() => Int, { nullable: true, description: TEXTS.windowMinutes })
  windowMinutes?: number | null;

  @Field(() => Int, { nullable: true, description: TEXTS.maxMemberPercent })
  maxMemberPercent?: number | null;
}

/** Only what is given: the members of an input that were left out may be there as undefined. */
export function fromGuardInput(input: GuardInput | null | undefined): {
  readonly guard?: GuardChange;
} {
  return input == null ? {} : { guard: { ...input } };
}

@ObjectType('GuardTrip', { description: 'Why a guard lets nothing pass that destroys.' })
export class GuardTripType {
  /** The store's id of the target. */
  targetKey!: string;

  @Field(() => Date, { description: 'Since when.' })
  at!: Date;

  @Field(() => GuardSubjectEnum, { description: 'What there was too much of.' })
  subject!: GuardSubject;

  @Field(() => Int, { description: 'So many it would have become in the window.' })
  count!: number;

  @Field(() => Int, { description: 'So many pass.' })
  limit!: number;
}

@ObjectType('GuardDecision', { description: 'What was decided last about what a guard held.' })
export class GuardDecisionType {
  @Field(() => GuardVerdictEnum, { description: 'What.' })
  verdict!: GuardDecision['verdict'];

  @Field(() => Date, { description: 'When.' })
  at!: Date;

  @Field(() => String, {
    nullable: true,
    description: 'The name of the API key. Null: settings were changed.',
  })
  by?: string;
}

const COUNT = { complexity: ownCost(10) };

@ObjectType('GuardWaiting', { description: 'How many bindings a guard holds, by the reason.' })
export class GuardWaitingType {
  @Field(() => Int, { ...COUNT, description: 'For `GUARD_THRESHOLD`.' })
  threshold!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'For `GUARD_MEMBERS`.' })
  members!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'For `GUARD_PROTECTED`.' })
  protected!: Promise<number>;
}

/** Getters, so that only what is read is counted. */
export function toGuardWaiting(count: (reason: HeldFor) => Promise<number>): GuardWaitingType {
  return {
    get threshold() {
      return count('GUARD_THRESHOLD');
    },
    get members() {
      return count('GUARD_MEMBERS');
    },
    get protected() {
      return count('GUARD_PROTECTED');
    },
  };
}

@ObjectType('Guard', {
  description: 'Holds back deliveries that destroy much, or what is protected, until an approval.',
})
export class GuardType {
  /** The store's id of the rule. */
  ruleKey!: string;

  @Field(() => GuardStatusEnum, { description: 'Whether it lets pass what destroys.' })
  status!: keyof typeof GuardStatusEnum;

  @Field(() => GuardTripType, {
    nullable: true,
    description: 'Why it has tripped. Null: it has not.',
  })
  trip?: GuardTripType;

  @Field(() => GuardDecisionType, {
    nullable: true,
    description: 'What was decided last about all that waited. Null: nothing yet.',
  })
  lastDecision?: GuardDecisionType;

  @Field(() => Boolean, { description: TEXTS.enabled })
  enabled!: boolean;

  @Field(() => String, { nullable: true, description: TEXTS.protectedUsers })
  protectedUsers?: string;

  @Field(() => String, { nullable: true, description: TEXTS.protectedGroups })
  protectedGroups?: string;

  @Field(() => Int, { description: TEXTS.minCount })
  minCount!: number;

  @Field(() => Int, { nullable: true, description: TEXTS.maxCount })
  maxCount?: number;

  @Field(() => Int, { description: TEXTS.maxPercent })
  maxPercent!: number;

  @Field(() => Int, { description: TEXTS.windowMinutes })
  windowMinutes!: number;

  @Field(() => Int, { description: TEXTS.maxMemberPercent })
  maxMemberPercent!: number;
}

export function toGuard(
  ruleKey: string,
  settings: GuardSettings,
  state: GuardState | undefined,
): GuardType {
  const { trip, decision } = state ?? {};
  return {
    ...settings,
    ruleKey,
    status: statusOf(settings, trip),
    ...(trip === undefined ? {} : { trip: toTrip(trip) }),
    ...(decision === undefined ? {} : { lastDecision: toDecision(decision) }),
  };
}

function statusOf({ enabled }: GuardSettings, trip: GuardTrip | undefined): GuardType['status'] {
  if (!enabled) return 'OFF';
  return trip === undefined ? 'READY' : 'TRIPPED';
}

function toTrip({ targetId, at, subject, count, limit }: GuardTrip): GuardTripType {
  return { targetKey: targetId, at, subject, count, limit };
}

function toDecision({ verdict, at, by }: GuardDecision): GuardDecisionType {
  return { verdict, at, ...(by === undefined ? {} : { by }) };
}

@ObjectType({ description: 'What a decision answers.' })
abstract class GuardDecidedPayload extends MutationPayload {
  @Field(() => SyncRuleType, { nullable: true, description: 'The sync rule.' })
  syncRule?: SyncRuleType;

  @Field(() => Int, { nullable: true, description: 'How many bindings it was about.' })
  bindings?: number;
}

@ObjectType('GuardApprovePayload', { description: 'What `guardApprove` answers.' })
export class GuardApprovePayload extends GuardDecidedPayload {}

@ObjectType('GuardRejectPayload', { description: 'What `guardReject` answers.' })
export class GuardRejectPayload extends GuardDecidedPayload {}
