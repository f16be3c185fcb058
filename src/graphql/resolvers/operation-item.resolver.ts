/** What an operation found leads on to users, groups and targets. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { type GraphqlContext } from '../context';
import { DriftFindingType, PreviewFindingType } from '../types/operation-item.type';
import { OperationCountType } from '../types/operation.type';
import {
  type GroupType,
  toUserOrGroup,
  UserOrGroupUnion,
  type UserType,
} from '../types/resource.type';
import { TargetType, toTarget } from '../types/target.type';
import { found } from './found';

export const TARGET = 'The target it is about. Null: it is about none, or the target is gone.';

@Resolver(() => DriftFindingType)
export class DriftFindingResolver {
  @FieldResolver(() => UserOrGroupUnion, {
    nullable: true,
    description: 'The user or group. Null: there is none, or none any more.',
  })
  async resource(
    @Root() { resourceKey }: DriftFindingType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UserType | GroupType | undefined> {
    return resourceKey === undefined
      ? undefined
      : toUserOrGroup(await loaders.resources.load(resourceKey));
  }
}

@Resolver(() => PreviewFindingType)
export class PreviewFindingResolver {
  @FieldResolver(() => UserOrGroupUnion, {
    nullable: true,
    description: 'The user or group. Null: it is about the target, or there is none any more.',
  })
  async resource(
    @Root() { resourceKey }: PreviewFindingType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UserType | GroupType | undefined> {
    return resourceKey === undefined
      ? undefined
      : toUserOrGroup(await loaders.resources.load(resourceKey));
  }

  @FieldResolver(() => TargetType, { nullable: true, description: TARGET })
  target(
    @Root() { targetKey }: PreviewFindingType,
    @Ctx() context: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return targetOf(targetKey, context);
  }
}

@Resolver(() => OperationCountType)
export class OperationCountResolver {
  @FieldResolver(() => TargetType, { nullable: true, description: TARGET })
  target(
    @Root() { targetKey }: OperationCountType,
    @Ctx() context: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return targetOf(targetKey, context);
  }
}

export async function targetOf(
  key: string | undefined,
  { loaders }: GraphqlContext,
): Promise<TargetType | undefined> {
  return key === undefined ? undefined : found(await loaders.targets.load(key), toTarget);
}
