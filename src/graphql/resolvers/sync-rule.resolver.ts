import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { GROUP, USER } from '../../domain/resource';
import { Access } from '../access';
import { type Connection, ConnectionArgs, pageOf } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, ownCost } from '../limits';
import { keyOf } from '../node-id';
import {
  GroupConnectionType,
  type GroupType,
  toGroup,
  toUser,
  UserConnectionType,
  type UserType,
} from '../types/resource.type';
import { SyncAsType } from '../types/sync-as.type';
import {
  BindingCountsType,
  RuleCredentialType,
  SyncRuleConnectionType,
  SyncRuleFilterInput,
  SyncRuleOrderInput,
  SyncRuleRolloutType,
  SyncRuleType,
  toBindingCounts,
  toRuleCredential,
  toSyncRule,
} from '../types/sync-rule.type';
import { TargetType, toTarget } from '../types/target.type';
import { TokenLogoType, toTokenLogo } from '../types/token-logo.type';
import { found } from './found';
import { resourcePage } from './resource-page';

@Resolver(() => SyncRuleType)
export class SyncRuleResolver {
  @Query(() => SyncRuleConnectionType, {
    complexity: connectionCost,
    description: 'The connections of identity providers.',
  })
  @Access('AUDITOR')
  syncRules(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => SyncRuleFilterInput, { nullable: true, description: 'Only some of them.' })
    filter: SyncRuleFilterInput | null | undefined,
    @Arg('orderBy', () => SyncRuleOrderInput, {
      nullable: true,
      defaultValue: { field: 'CREATED_AT', direction: 'ASC' },
      description: 'The order.',
    })
    _orderBy: SyncRuleOrderInput | null | undefined,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<SyncRuleType>> {
    const query = {
      ...(filter?.search == null ? {} : { search: filter.search }),
      ...(filter?.enabled == null ? {} : { enabled: filter.enabled.eq }),
    };
    return pageOf({
      args,
      list: ['syncRules', query],
      load: (entry) => ports.syncRules.list({ ...query, ...entry }),
      keyOf: (rule) => rule.id,
      toNode: toSyncRule,
      count: () => ports.syncRules.count(query),
    });
  }

  @Query(() => SyncRuleType, { nullable: true, description: 'A sync rule. Null: there is none.' })
  @Access('AUDITOR')
  async syncRule(
    @Arg('id', () => ID, { description: 'The id of the sync rule.' }) id: string,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<SyncRuleType | undefined> {
    const key = keyOf('SyncRule', id);
    return key === undefined ? undefined : found(await loaders.rules.load(key), toSyncRule);
  }

  @FieldResolver(() => String, {
    description: 'Where the identity provider sends its users. The credential selects the rule.',
  })
  scimBaseUrl(@Ctx() { publicUrl }: GraphqlContext): string {
    return `${publicUrl().replace(/\/+$/, '')}/scim/v2`;
  }

  @FieldResolver(() => TokenLogoType, {
    nullable: true,
    description: 'The image that tokens of its users show.',
  })
  async tokenLogo(
    @Root() rule: SyncRuleType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TokenLogoType | undefined> {
    if (rule.tokenLogoKey === '') return undefined;
    return found(await loaders.tokenLogos.load(rule.tokenLogoKey), toTokenLogo);
  }

  @FieldResolver(() => [RuleCredentialType], {
    complexity: ownCost(5),
    description: 'The credentials in force.',
  })
  async credentials(
    @Root() rule: SyncRuleType,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<readonly RuleCredentialType[]> {
    return (await ports.credentials.ruleCredentials(rule.key)).map(toRuleCredential);
  }

  @FieldResolver(() => BindingCountsType, { description: 'How far its deliveries have got.' })
  bindingCounts(@Root() rule: SyncRuleType, @Ctx() { ports }: GraphqlContext): BindingCountsType {
    return toBindingCounts((state) =>
      ports.bindings.count({
        ruleId: rule.key,
        ...(state === undefined ? {} : { states: [state] }),
      }),
    );
  }

  @FieldResolver(() => UserConnectionType, {
    complexity: connectionCost,
    description: 'Its users, oldest first.',
  })
  users(
    @Root() rule: SyncRuleType,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<UserType>> {
    return resourcePage(ports, args, { resourceType: USER, ruleId: rule.key }, toUser);
  }

  @FieldResolver(() => GroupConnectionType, {
    complexity: connectionCost,
    description: 'Its groups, oldest first.',
  })
  groups(
    @Root() rule: SyncRuleType,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<GroupType>> {
    return resourcePage(ports, args, { resourceType: GROUP, ruleId: rule.key }, toGroup);
  }
}

@Resolver(() => SyncAsType)
export class SyncAsResolver {
  @FieldResolver(() => TargetType, { description: 'The directory.' })
  async target(
    @Root() syncAs: SyncAsType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return found(await loaders.targets.load(syncAs.targetKey), toTarget);
  }
}

@Resolver(() => SyncRuleRolloutType)
export class SyncRuleRolloutResolver {
  @FieldResolver(() => TargetType, {
    nullable: true,
    description: 'The directory. Null: it was deleted.',
  })
  async target(
    @Root() rollout: SyncRuleRolloutType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return found(await loaders.targets.load(rollout.targetKey), toTarget);
  }
}
