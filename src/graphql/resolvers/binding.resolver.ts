import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Access } from '../access';
import { type Connection, pageOf } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  BindingAdoptPayload,
  BindingConnectionType,
  BindingDeleteNowPayload,
  BindingRetryPayload,
  BindingType,
  toBinding,
} from '../types/binding.type';
import {
  toUserOrGroup,
  UserOrGroupUnion,
  type GroupType,
  type UserType,
} from '../types/resource.type';
import { SyncRuleType, toSyncRule } from '../types/sync-rule.type';
import { TargetType, toTarget } from '../types/target.type';
import { toUserErrors } from '../types/user-error.type';
import { argumentKey, ruleScope } from './argument-key';
import { found } from './found';
import { BindingListArgs } from './list-args';

@Resolver(() => BindingType)
export class BindingResolver {
  @Query(() => BindingConnectionType, {
    complexity: connectionCost,
    description:
      'How far targets have got with users and groups, in no particular but stable order.',
  })
  @Access('AUDITOR')
  bindings(
    @Args(() => BindingListArgs) args: BindingListArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<BindingType>> {
    const { ruleId, targetId, states, disputed, heldFor } = args;
    const filter = {
      ...ruleScope(ruleId),
      ...(targetId == null ? {} : { targetId: argumentKey('Target', 'targetId', targetId) }),
      ...(states == null ? {} : { states }),
      ...(disputed === true ? { disputed } : {}),
      ...(heldFor == null ? {} : { heldFor }),
    };
    return pageOf({
      args,
      list: ['bindings', filter],
      load: (entry) => ports.bindings.list({ ...filter, ...entry }),
      keyOf: (binding) => binding.id,
      toNode: toBinding,
      count: () => ports.bindings.count(filter),
    });
  }

  @Mutation(() => BindingRetryPayload, {
    complexity: ownCost(50),
    description: 'Delivers to the target again, now; also what is parked.',
  })
  @Access('OPERATOR')
  async bindingRetry(
    @Arg('id', () => ID, { description: 'The id of the binding.' }) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<BindingRetryPayload> {
    const { value, issues } = await administration.bindings.retry(keyOrNone('Binding', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { binding: toBinding(value), userErrors: [] };
  }

  @Mutation(() => BindingAdoptPayload, {
    complexity: ownCost(200),
    description:
      'Lets a disputed binding have an entry that is in the directory already, one of its candidates. It is read once more before; one that belongs to another resource is refused.',
  })
  @Access('ADMINISTRATOR')
  async bindingAdopt(
    @Arg('id', () => ID, { description: 'The id of the binding.' }) id: string,
    @Arg('reference', () => String, { description: 'The reference of the entry.' })
    reference: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<BindingAdoptPayload> {
    const key = keyOrNone('Binding', id);
    const { value, issues } = await administration.bindings.adopt(key, reference);
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { binding: toBinding(value), userErrors: [] };
  }

  @Mutation(() => BindingDeleteNowPayload, {
    complexity: ownCost(50),
    description: 'Deletes an entry that is disabled and waits for its deletion, now.',
  })
  @Access('ADMINISTRATOR')
  async bindingDeleteNow(
    @Arg('id', () => ID, { description: 'The id of the binding.' }) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<BindingDeleteNowPayload> {
    const { value, issues } = await administration.bindings.deleteNow(keyOrNone('Binding', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { binding: toBinding(value), userErrors: [] };
  }

  @FieldResolver(() => TargetType, { description: 'The directory.' })
  async target(
    @Root() binding: BindingType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return found(await loaders.targets.load(binding.targetKey), toTarget);
  }

  @FieldResolver(() => SyncRuleType, {
    nullable: true,
    description: 'The sync rule of the resource. Null: just deleted.',
  })
  async syncRule(
    @Root() binding: BindingType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<SyncRuleType | undefined> {
    return found(await loaders.rules.load(binding.ruleKey), toSyncRule);
  }

  @FieldResolver(() => UserOrGroupUnion, {
    nullable: true,
    description: 'The user or group. Null: just erased, or of a custom resource type.',
  })
  async resource(
    @Root() binding: BindingType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UserType | GroupType | undefined> {
    return toUserOrGroup(await loaders.resources.load(binding.resourceKey));
  }
}
