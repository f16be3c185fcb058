import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { GROUP } from '../../domain/resource';
import { Access } from '../access';
import {
  type Connection,
  ConnectionArgs,
  type UncountedConnection,
  uncountedPageOf,
} from '../connection';
import { type GraphqlContext } from '../context';
import { badUserInput } from '../error';
import { connectionCost, listCost } from '../limits';
import { keyOf } from '../node-id';
import { BindingType, toBinding } from '../types/binding.type';
import {
  GroupConnectionType,
  GroupMemberConnectionType,
  GroupType,
  toGroup,
  toUserOrGroup,
  type UserType,
} from '../types/resource.type';
import { SyncRuleType, toSyncRule } from '../types/sync-rule.type';
import { ruleScope } from './argument-key';
import { found } from './found';
import { groupsOfMember } from './group-page';
import { GroupListArgs } from './list-args';
import { resourcePage } from './resource-page';

@Resolver(() => GroupType)
export class GroupResolver {
  @Query(() => GroupConnectionType, {
    complexity: connectionCost,
    description: 'Groups, of one sync rule or of all, oldest first.',
  })
  @Access('AUDITOR')
  groups(
    @Args(() => GroupListArgs) args: GroupListArgs,
    @Ctx() { ports, loaders }: GraphqlContext,
  ): Promise<Connection<GroupType>> {
    const { ruleId, search, filter } = args;
    const query = { ...ruleScope(ruleId), ...(search == null ? {} : { search }) };
    if (filter?.member != null) {
      const member = filter.member.eq;
      const memberKey = keyOf('User', member) ?? keyOf('Group', member);
      if (memberKey === undefined) {
        throw badUserInput('`filter.member.eq` is not the id of a User or a Group.');
      }
      return groupsOfMember(loaders, args, { ...query, memberKey });
    }
    return resourcePage(ports, args, { resourceType: GROUP, ...query }, toGroup);
  }

  @Query(() => GroupType, { nullable: true, description: 'A group. Null: there is none.' })
  @Access('AUDITOR')
  async group(
    @Arg('id', () => ID, { description: 'The id of the group.' }) id: string,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<GroupType | undefined> {
    const key = keyOf('Group', id);
    if (key === undefined) return undefined;
    const resource = await loaders.resources.load(key);
    return resource?.resourceType === GROUP ? toGroup(resource) : undefined;
  }

  @FieldResolver(() => SyncRuleType, {
    nullable: true,
    description: 'The sync rule it belongs to. Null: just deleted.',
  })
  async syncRule(
    @Root() group: GroupType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<SyncRuleType | undefined> {
    return found(await loaders.rules.load(group.ruleKey), toSyncRule);
  }

  @FieldResolver(() => [BindingType], {
    complexity: listCost(3),
    description: 'One for each target of its sync rule.',
  })
  async bindings(
    @Root() group: GroupType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<readonly BindingType[]> {
    return (await loaders.bindingsOf.load(group.key)).map(toBinding);
  }

  @FieldResolver(() => GroupMemberConnectionType, {
    complexity: connectionCost,
    description: 'Its direct members, oldest first. They are not counted.',
  })
  members(
    @Root() group: GroupType,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { ports, loaders }: GraphqlContext,
  ): Promise<UncountedConnection<UserType | GroupType>> {
    return uncountedPageOf({
      args,
      list: ['members', group.key],
      load: ({ after, limit }) => ports.resources.members(group.key, after, limit),
      keyOf: (membership) => membership.memberId,
      toNode: async ({ memberId }) => toUserOrGroup(await loaders.resources.load(memberId)),
    });
  }
}
