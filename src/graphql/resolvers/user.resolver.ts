import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { USER } from '../../domain/resource';
import { Access } from '../access';
import { type Connection, ConnectionArgs } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, listCost, ownCost } from '../limits';
import { keyOf } from '../node-id';
import { BindingType, toBinding } from '../types/binding.type';
import { EffectiveProfileType, toEffectiveProfile } from '../types/effective-profile.type';
import {
  GroupConnectionType,
  type GroupType,
  toUser,
  UserConnectionType,
  UserType,
} from '../types/resource.type';
import { SyncRuleType, toSyncRule } from '../types/sync-rule.type';
import { found } from './found';
import { groupsOfMember } from './group-page';
import { UserListArgs } from './list-args';
import { ruleScope } from './argument-key';
import { resourcePage } from './resource-page';

@Resolver(() => UserType)
export class UserResolver {
  @Query(() => UserConnectionType, {
    complexity: connectionCost,
    description: 'Users, of one sync rule or of all.',
  })
  @Access('AUDITOR')
  users(
    @Args(() => UserListArgs) args: UserListArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<UserType>> {
    const { ruleId, search, filter } = args;
    const query = {
      resourceType: USER,
      ...ruleScope(ruleId),
      ...(search == null ? {} : { search }),
      ...(filter?.active == null ? {} : { active: filter.active.eq }),
      ...(filter?.otpMissing == null ? {} : { otpMissing: filter.otpMissing.eq }),
    };
    return resourcePage(ports, args, query, toUser);
  }

  @Query(() => UserType, { nullable: true, description: 'A user. Null: there is none.' })
  @Access('AUDITOR')
  async user(
    @Arg('id', () => ID, { description: 'The id of the user.' }) id: string,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UserType | undefined> {
    const key = keyOf('User', id);
    if (key === undefined) return undefined;
    const resource = await loaders.resources.load(key);
    return resource?.resourceType === USER ? toUser(resource) : undefined;
  }

  @FieldResolver(() => SyncRuleType, {
    nullable: true,
    description: 'The sync rule it belongs to. Null: just deleted.',
  })
  async syncRule(
    @Root() user: UserType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<SyncRuleType | undefined> {
    return found(await loaders.rules.load(user.ruleKey), toSyncRule);
  }

  @FieldResolver(() => EffectiveProfileType, {
    nullable: true,
    complexity: ownCost(5),
    description: 'What its sync rule makes of it. Null: the rule is gone.',
  })
  async effectiveProfile(
    @Root() user: UserType,
    @Ctx() { loaders, ports }: GraphqlContext,
  ): Promise<EffectiveProfileType | undefined> {
    const rule = await loaders.rules.load(user.ruleKey);
    return rule && toEffectiveProfile(ports.profiles.of(user.resource, rule));
  }

  @FieldResolver(() => [BindingType], {
    complexity: listCost(3),
    description: 'One for each target of its sync rule.',
  })
  async bindings(
    @Root() user: UserType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<readonly BindingType[]> {
    return (await loaders.bindingsOf.load(user.key)).map(toBinding);
  }

  @FieldResolver(() => GroupConnectionType, {
    complexity: connectionCost,
    description: 'The groups it is a member of, directly; oldest first.',
  })
  groups(
    @Root() user: UserType,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<Connection<GroupType>> {
    return groupsOfMember(loaders, args, { memberKey: user.key });
  }
}
