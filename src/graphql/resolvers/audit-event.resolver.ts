import { Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { type AuditFilter } from '../../domain/audit-ports';
import { Access } from '../access';
import { ConnectionArgs, type UncountedConnection, uncountedPageOf } from '../connection';
import { type GraphqlContext } from '../context';
import { badUserInput } from '../error';
import { connectionCost } from '../limits';
import {
  AuditEventConnectionType,
  type AuditEventFilterInput,
  AuditEventListArgs,
  AuditEventType,
  toAuditEvent,
} from '../types/audit-event.type';
import { GroupType, toUserOrGroup, UserOrGroupUnion, UserType } from '../types/resource.type';
import { SyncRuleType, toSyncRule } from '../types/sync-rule.type';
import { TargetType, toTarget } from '../types/target.type';
import { argumentKey } from './argument-key';
import { found } from './found';

const MOST_ACTIONS = 20;

@Resolver(() => AuditEventType)
export class AuditEventResolver {
  @Query(() => AuditEventConnectionType, {
    complexity: connectionCost,
    description: 'What happened, the newest first.',
  })
  @Access('AUDITOR')
  auditEvents(
    @Args(() => AuditEventListArgs) args: AuditEventListArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<UncountedConnection<AuditEventType>> {
    return eventPage(context, args, filterOf(args.filter ?? {}));
  }

  @FieldResolver(() => SyncRuleType, {
    nullable: true,
    description: 'The sync rule it belongs to. Null: none, or deleted.',
  })
  async syncRule(
    @Root() { ruleKey }: AuditEventType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<SyncRuleType | undefined> {
    return ruleKey === undefined ? undefined : found(await loaders.rules.load(ruleKey), toSyncRule);
  }

  @FieldResolver(() => TargetType, {
    nullable: true,
    description: 'The target it is about. Null: none, or deleted.',
  })
  async target(
    @Root() { targetKey }: AuditEventType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return targetKey === undefined
      ? undefined
      : found(await loaders.targets.load(targetKey), toTarget);
  }

  @FieldResolver(() => UserOrGroupUnion, {
    nullable: true,
    description: 'The user or group it is about. Null: none, or erased.',
  })
  async resource(
    @Root() { resourceKey }: AuditEventType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UserType | GroupType | undefined> {
    if (resourceKey === undefined) return undefined;
    return toUserOrGroup(await loaders.resources.load(resourceKey));
  }
}

@Resolver(() => UserType)
export class UserEventsResolver {
  @FieldResolver(() => AuditEventConnectionType, {
    complexity: connectionCost,
    description: 'What happened to it, the newest first.',
  })
  events(
    @Root() { key }: UserType,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<UncountedConnection<AuditEventType>> {
    return eventPage(context, args, { resourceId: key });
  }
}

@Resolver(() => GroupType)
export class GroupEventsResolver {
  @FieldResolver(() => AuditEventConnectionType, {
    complexity: connectionCost,
    description: 'What happened to it, the newest first.',
  })
  events(
    @Root() { key }: GroupType,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<UncountedConnection<AuditEventType>> {
    return eventPage(context, args, { resourceId: key });
  }
}

function eventPage(
  { ports }: GraphqlContext,
  args: ConnectionArgs,
  filter: AuditFilter,
): Promise<UncountedConnection<AuditEventType>> {
  return uncountedPageOf({
    args,
    list: ['auditEvents', filter],
    load: (entry) => ports.audit.reader.list({ ...filter, ...entry }),
    keyOf: ({ id }) => id,
    toNode: toAuditEvent,
  });
}

function filterOf(input: AuditEventFilterInput): AuditFilter {
  refuseContradictions(input);
  const { ruleId, userId, groupId, targetId, ...plain } = input;
  return {
    ...given(plain),
    ...(ruleId == null ? {} : { chain: argumentKey('SyncRule', 'ruleId', ruleId) }),
    ...(userId == null ? {} : { resourceId: argumentKey('User', 'userId', userId) }),
    ...(groupId == null ? {} : { resourceId: argumentKey('Group', 'groupId', groupId) }),
    ...(targetId == null ? {} : { targetId: argumentKey('Target', 'targetId', targetId) }),
  };
}

function refuseContradictions(input: AuditEventFilterInput): void {
  const { userId, groupId, generation, actions } = input;
  if (userId != null && groupId != null) {
    throw badUserInput('Give `userId` or `groupId`, not both.');
  }
  if (generation != null && userId == null && groupId == null) {
    throw badUserInput(
      '`generation` is that of a user or a group: give `userId` or `groupId` too.',
    );
  }
  if (actions != null && actions.length > MOST_ACTIONS) {
    throw badUserInput(`Give ${String(MOST_ACTIONS)} actions at most.`);
  }
}

type Given<Input> = { readonly [Key in keyof Input]?: NonNullable<Input[Key]> };

/** Null means the same as leaving it out. */
function given<Input extends object>(input: Input): Given<Input> {
  return Object.fromEntries(
    Object.entries(input).filter(([, value]) => value != null),
  ) as Given<Input>;
}
