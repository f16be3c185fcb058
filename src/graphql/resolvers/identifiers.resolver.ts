import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { requesterOf } from '../../administration/operations';
import { USER } from '../../domain/resource';
import { Access } from '../access';
import { type GraphqlContext } from '../context';
import { ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  UserIdentifiersConvertInput,
  UserIdentifiersConvertPayload,
} from '../types/identifiers-command.type';
import { IdentifierFindingType } from '../types/identifiers.type';
import { toOperation } from '../types/operation.type';
import { toUser, UserType } from '../types/resource.type';
import { toUserErrors, toWarnings } from '../types/user-error.type';

@Resolver(() => IdentifierFindingType)
export class IdentifiersResolver {
  @Mutation(() => UserIdentifiersConvertPayload, {
    complexity: ownCost(50),
    description:
      'Gives the users of a sync rule other user names, or tells what would become of them. Change what the identity provider sends as `userName` first, while its provisioning is paused: it looks users up by that name, makes those anew whom it does not find, and may write the old name back. Where only directories are to have other names, change the mapping instead.',
  })
  @Access('ADMINISTRATOR')
  async userIdentifiersConvert(
    @Arg('input', () => UserIdentifiersConvertInput, { description: 'Whose, and to what.' })
    { syncRuleId, expression, mode }: UserIdentifiersConvertInput,
    @Ctx() { administration, apiKey, requestId }: GraphqlContext,
  ): Promise<UserIdentifiersConvertPayload> {
    const { value, issues } = await administration.operations.convertIdentifiers(
      keyOrNone('SyncRule', syncRuleId),
      { expression, mode },
      requesterOf(apiKey, requestId),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues), warnings: [] };
    const { operation, warnings } = value;
    return {
      operation: toOperation(operation),
      warnings: toWarnings(warnings),
      userErrors: [],
    };
  }

  @FieldResolver(() => UserType, {
    nullable: true,
    description: 'The user. Null: it is gone.',
  })
  user(
    @Root() { userKey }: IdentifierFindingType,
    @Ctx() context: GraphqlContext,
  ): Promise<UserType | undefined> {
    return userOf(context, userKey);
  }

  @FieldResolver(() => UserType, {
    nullable: true,
    description:
      'Of a collision: a user that has the name, or would get it too. Null: there is none, or it is gone.',
  })
  other(
    @Root() { otherKey }: IdentifierFindingType,
    @Ctx() context: GraphqlContext,
  ): Promise<UserType | undefined> {
    return userOf(context, otherKey);
  }
}

async function userOf(
  { loaders }: GraphqlContext,
  key: string | undefined,
): Promise<UserType | undefined> {
  const found = key === undefined ? undefined : await loaders.resources.load(key);
  return found?.resourceType === USER ? toUser(found) : undefined;
}
