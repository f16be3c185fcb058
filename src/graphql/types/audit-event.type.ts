import { GraphQLJSON } from 'graphql-scalars';
import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import {
  type AuditActor,
  type AuditCategory,
  type AuditEvent,
  GATEWAY_CHAIN,
  type AuditOutcome,
} from '../../domain/audit';
import { ConnectionArgs, uncountedConnectionType } from '../connection';
import { toNodeId } from '../node-id';
import { AuditActorTypeEnum, AuditCategoryEnum, AuditOutcomeEnum } from './audit-enums.type';
import { NodeType } from './node.type';

@ObjectType('AuditActor', { description: 'Who did something, as they were called then.' })
export class AuditActorType implements Pick<AuditActor, 'type' | 'name' | 'userAgent'> {
  @Field(() => AuditActorTypeEnum, { description: 'What kind of actor.' })
  type!: AuditActor['type'];

  @Field(() => String, {
    nullable: true,
    description: 'Of the API key, or of the credential of the sync rule: for `filter.actorId`.',
  })
  id?: string;

  @Field(() => String, { description: 'The name of the API key or of the sync rule.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'What the identity provider calls itself.' })
  userAgent?: string;
}

@ObjectType('AuditChange', { description: 'One attribute or field, before and after.' })
export class AuditChangeType {
  @Field(() => String, { description: 'Its name; of an extension with the URN in front.' })
  attribute!: string;

  @Field(() => GraphQLJSON, {
    nullable: true,
    description: 'Secrets are `********`; of a long value its length and beginning. Null: none.',
  })
  before?: unknown;

  @Field(() => GraphQLJSON, { nullable: true, description: 'As `before`.' })
  after?: unknown;
}

@ObjectType('AuditMembers', { description: 'Some of the members that came or went.' })
export class AuditMembersType {
  @Field(() => Int, { description: 'How many there are.' })
  count!: number;

  @Field(() => [ID], { description: 'The ids the identity provider knows, of the first ones.' })
  first!: readonly string[];
}

@ObjectType('AuditNativeChange', { description: 'One thing that was done in a directory.' })
export class AuditNativeChangeType {
  @Field(() => String, { description: 'The native verb: `add`, `modify`, `INSERT`.' })
  operation!: string;

  @Field(() => String, { description: 'The DN, table or file it touched.' })
  object!: string;

  @Field(() => String, { description: "In the directory's own notation. Secrets are masked." })
  detail!: string;
}

@ObjectType('AuditError', { description: 'Why a delivery failed.' })
export class AuditErrorType {
  @Field(() => String, { description: 'As `DeliveryError.kind`.' })
  kind!: string;

  @Field(() => String, { description: 'For people: what is wrong and how to mend it.' })
  message!: string;
}

@ObjectType('AuditEvent', {
  implements: NodeType,
  description: 'One thing that happened, in a chain that shows whether anything was altered.',
})
export class AuditEventType extends NodeType {
  ruleKey?: string;
  targetKey?: string;
  resourceKey?: string;

  @Field(() => Date, { description: 'When it happened.' })
  at!: Date;

  @Field(() => AuditCategoryEnum, { description: 'What kind of thing.' })
  category!: AuditCategory;

  @Field(() => String, {
    description: '`user.changed`, `entry.delivered`, ...; of a command the name of the mutation.',
  })
  action!: string;

  @Field(() => AuditOutcomeEnum, { description: 'What came of it.' })
  outcome!: AuditOutcome;

  @Field(() => AuditActorType, { description: 'Who did it.' })
  actor!: AuditActorType;

  @Field(() => String, {
    nullable: true,
    description: 'The header `X-Request-Id` of the request and of its answer.',
  })
  requestId?: string;

  @Field(() => String, { nullable: true, description: 'The SCIM resource type: `User`, `Group`.' })
  resourceType?: string;

  @Field(() => String, { nullable: true, description: 'What the resource was called then.' })
  resourceName?: string;

  @Field(() => String, { nullable: true, description: 'What the target was called then.' })
  targetName?: string;

  @Field(() => Int, {
    nullable: true,
    description: 'Of the resource: made by the change, or brought to the target.',
  })
  generation?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'A delivery carried out the changes after this generation up to `generation`.',
  })
  fromGeneration?: number;

  @Field(() => [AuditChangeType], {
    description: 'What changed; at most 50, and then how many more.',
  })
  changes!: readonly AuditChangeType[];

  @Field(() => AuditMembersType, { nullable: true, description: 'Members that came.' })
  membersAdded?: AuditMembersType;

  @Field(() => AuditMembersType, { nullable: true, description: 'Members that went.' })
  membersRemoved?: AuditMembersType;

  @Field(() => Int, { description: 'How many things were done in the directory.' })
  nativeChangeCount!: number;

  @Field(() => [AuditNativeChangeType], { description: 'The first of them.' })
  nativeChanges!: readonly AuditNativeChangeType[];

  @Field(() => Boolean, {
    description: 'An earlier attempt was cut short: what it did is not among `nativeChanges`.',
  })
  cutShort!: boolean;

  @Field(() => AuditErrorType, { nullable: true, description: 'Why it failed. Null: it did not.' })
  error?: AuditErrorType;

  @Field(() => GraphQLJSON, {
    nullable: true,
    description: 'What a command was given, shortened. Secrets are `********`.',
  })
  input?: unknown;

  @Field(() => String, { description: '`gateway`, or that of one sync rule.' })
  chain!: string;

  @Field(() => Int, { description: 'The place in the chain, from 1.' })
  seq!: number;

  @Field(() => String, { description: 'SHA-256 of the event and the one before it.' })
  chainHash!: string;
}

export const AuditEventConnectionType = uncountedConnectionType(
  'AuditEvent',
  () => AuditEventType,
  'audit events',
);

@InputType('AuditEventFilter', { description: 'All that is given has to fit.' })
export class AuditEventFilterInput {
  @Field(() => ID, { nullable: true, description: 'The id of a sync rule, also of a deleted one.' })
  ruleId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of a user, also of a deleted one.' })
  userId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of a group, also of a deleted one.' })
  groupId?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'With a user or a group: the change that made it, and its deliveries.',
  })
  generation?: number | null;

  @Field(() => ID, { nullable: true, description: 'The id of a target.' })
  targetId?: string | null;

  @Field(() => AuditCategoryEnum, { nullable: true, description: 'What kind of thing.' })
  category?: AuditCategory | null;

  @Field(() => [String], { nullable: true, description: 'Any of these actions, at most 20.' })
  actions?: string[] | null;

  @Field(() => [AuditOutcomeEnum], { nullable: true, description: 'Any of these.' })
  outcomes?: AuditOutcome[] | null;

  @Field(() => String, { nullable: true, description: 'The id of an `AuditEvent.actor`.' })
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: 'The id of a request.' })
  requestId?: string | null;

  @Field(() => Date, { nullable: true, description: 'From then on.' })
  since?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Before then.' })
  until?: Date | null;
}

@ArgsType()
export class AuditEventListArgs extends ConnectionArgs {
  @Field(() => AuditEventFilterInput, { nullable: true, description: 'Only some of them.' })
  filter?: AuditEventFilterInput | null;
}

export function toAuditEvent(event: AuditEvent): AuditEventType {
  const { id, chain, members, native, changes = [], input, hash: chainHash } = event;
  const { at, category, action, outcome, actor, seq, requestId, generation, fromGeneration } =
    event;
  return {
    ...{ id: toNodeId('AuditEvent', id), at, category, action, outcome, actor },
    ...{ chain, seq, chainHash },
    ...(chain === GATEWAY_CHAIN ? {} : { ruleKey: chain }),
    ...concerned(event),
    ...(requestId === undefined ? {} : { requestId }),
    ...(generation === undefined ? {} : { generation }),
    ...(fromGeneration === undefined ? {} : { fromGeneration }),
    changes: changes.map(toChange),
    ...(members ? { membersAdded: members.added, membersRemoved: members.removed } : {}),
    nativeChangeCount: native?.count ?? 0,
    nativeChanges: native?.first ?? [],
    cutShort: event.cutShort ?? false,
    ...(event.error ? { error: event.error } : {}),
    ...(input === undefined ? {} : { input: JSON.parse(input) as unknown }),
  };
}

/** Whom and where it was about, with the names of that time. */
function concerned({ resource, target }: AuditEvent): Partial<AuditEventType> {
  return {
    ...(target ? { targetKey: target.id } : {}),
    ...(target?.name === undefined ? {} : { targetName: target.name }),
    ...(resource ? { resourceKey: resource.id, resourceType: resource.type } : {}),
    ...(resource?.name === undefined ? {} : { resourceName: resource.name }),
  };
}

function toChange({
  attribute,
  before,
  after,
}: NonNullable<AuditEvent['changes']>[number]): AuditChangeType {
  return {
    attribute,
    ...(before === undefined ? {} : { before: JSON.parse(before) as unknown }),
    ...(after === undefined ? {} : { after: JSON.parse(after) as unknown }),
  };
}
