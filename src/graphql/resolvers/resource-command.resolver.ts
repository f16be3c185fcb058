import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Resolver, Root } from 'type-graphql';
import { MAX_SYNC_WAIT_SECONDS } from '../../administration/resources';
import { GROUP, USER } from '../../domain/resource';
import { Access } from '../access';
import { originOf } from '../commands';
import { type GraphqlContext } from '../context';
import { ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  GroupSyncPayload,
  TargetSyncResultType,
  toTargetSyncResult,
  UserDeactivatePayload,
  UserDeletePayload,
  UserReactivatePayload,
  UserSyncPayload,
} from '../types/resource-command.type';
import { toGroup, toUser } from '../types/resource.type';
import { TargetType, toTarget } from '../types/target.type';
import { toUserErrors } from '../types/user-error.type';
import { found } from './found';

const COMMAND = { complexity: ownCost(50) };
/** They may take seconds, so there are few in one request. */
const SYNC = { complexity: ownCost(2_000) };
const ID_OF_USER = { description: 'The id of the user.' };
const WAIT = {
  nullable: true,
  defaultValue: MAX_SYNC_WAIT_SECONDS,
  description: `How long to wait for the targets at most: 0 to ${String(MAX_SYNC_WAIT_SECONDS)}.`,
};

@Resolver(() => TargetSyncResultType)
export class ResourceCommandResolver {
  @Mutation(() => UserSyncPayload, {
    ...SYNC,
    description:
      'Delivers a user to every target of its rule now, whatever was delivered before, and tells what came of it.',
  })
  @Access('OPERATOR')
  async userSync(
    @Arg('id', () => ID, ID_OF_USER) id: string,
    @Arg('waitSeconds', () => Int, WAIT) waitSeconds: number | null,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<UserSyncPayload> {
    const { value, issues } = await administration.resources.sync(
      USER,
      keyOrNone('User', id),
      waitSeconds ?? MAX_SYNC_WAIT_SECONDS,
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    const results = value.outcomes.map(toTargetSyncResult);
    return { user: toUser(value.resource), results, userErrors: [] };
  }

  @Mutation(() => GroupSyncPayload, {
    ...SYNC,
    description:
      'Delivers a group to every target of its rule now, whatever was delivered before, and tells what came of it.',
  })
  @Access('OPERATOR')
  async groupSync(
    @Arg('id', () => ID, { description: 'The id of the group.' }) id: string,
    @Arg('waitSeconds', () => Int, WAIT) waitSeconds: number | null,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<GroupSyncPayload> {
    const { value, issues } = await administration.resources.sync(
      GROUP,
      keyOrNone('Group', id),
      waitSeconds ?? MAX_SYNC_WAIT_SECONDS,
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    const results = value.outcomes.map(toTargetSyncResult);
    return { group: toGroup(value.resource), results, userErrors: [] };
  }

  @Mutation(() => UserDeactivatePayload, {
    ...COMMAND,
    description:
      'Locks a user out of every target, by `onDeactivate` of the rule. Its identity provider reads `active: false`, and may activate it again.',
  })
  @Access('OPERATOR')
  async userDeactivate(
    @Arg('id', () => ID, ID_OF_USER) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<UserDeactivatePayload> {
    const { value, issues } = await context.administration.resources.setActive(
      keyOrNone('User', id),
      false,
      originOf(context),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { user: toUser(value), userErrors: [] };
  }

  @Mutation(() => UserReactivatePayload, {
    ...COMMAND,
    description: 'Lets a user in again, with the memberships it has.',
  })
  @Access('OPERATOR')
  async userReactivate(
    @Arg('id', () => ID, ID_OF_USER) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<UserReactivatePayload> {
    const { value, issues } = await context.administration.resources.setActive(
      keyOrNone('User', id),
      true,
      originOf(context),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { user: toUser(value), userErrors: [] };
  }

  @Mutation(() => UserDeletePayload, {
    ...COMMAND,
    description:
      'Deletes a user: for its identity provider it is gone at once, in the targets `onDelete` of the rule decides. The identity provider may make it again.',
  })
  @Access('ADMINISTRATOR')
  async userDelete(
    @Arg('id', () => ID, ID_OF_USER) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<UserDeletePayload> {
    const { value, issues } = await context.administration.resources.delete(
      keyOrNone('User', id),
      originOf(context),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { deletedId: id, user: toUser(value), userErrors: [] };
  }

  @FieldResolver(() => TargetType, {
    nullable: true,
    description: 'The target. Null: just deleted.',
  })
  async target(
    @Root() result: TargetSyncResultType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return found(await loaders.targets.load(result.targetKey), toTarget);
  }
}
