import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { MAX_TOKENS_AT_ONCE } from '../../administration/tokens';
import { Access } from '../access';
import { type Connection, ConnectionArgs, pageOf } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import { toUser, UserType } from '../types/resource.type';
import {
  TokenConnectionType,
  TokenFilterInput,
  TokenInput,
  TokenRemovePayload,
  TokensAddPayload,
  TokenType,
  toToken,
} from '../types/token.type';
import { toUserErrors } from '../types/user-error.type';
import { found } from './found';

const COMMAND = { complexity: ownCost(50) };
const RULE_ID = { description: 'The id of the sync rule.' };

@Resolver(() => TokenType)
export class TokenResolver {
  @Query(() => TokenConnectionType, {
    complexity: connectionCost,
    description: "The tokens of a sync rule's pool, oldest first.",
  })
  @Access('AUDITOR')
  tokens(
    @Arg('ruleId', () => ID, RULE_ID) ruleId: string,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => TokenFilterInput, { nullable: true, description: 'Only some of them.' })
    filter: TokenFilterInput | null | undefined,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<TokenType>> {
    const query = {
      ruleId: keyOrNone('SyncRule', ruleId),
      ...(filter?.kind == null ? {} : { kind: filter.kind }),
      ...(filter?.free == null ? {} : { free: filter.free.eq }),
    };
    return pageOf({
      args,
      list: ['tokens', query],
      load: (entry) => ports.tokens.list({ ...query, ...entry }),
      keyOf: (token) => token.id,
      toNode: toToken,
      count: () => ports.tokens.count(query),
    });
  }

  @FieldResolver(() => UserType, { nullable: true, description: 'Who has it. Null: nobody.' })
  async user(
    @Root() token: TokenType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<UserType | undefined> {
    if (token.userKey === undefined) return undefined;
    return found(await loaders.resources.load(token.userKey), toUser);
  }

  @Mutation(() => TokensAddPayload, {
    ...COMMAND,
    description: `Adds up to ${String(MAX_TOKENS_AT_ONCE)} tokens to a sync rule's pool, all or none. Users that wait for one get it within about ten seconds.`,
  })
  @Access('ADMINISTRATOR')
  async tokensAdd(
    @Arg('ruleId', () => ID, RULE_ID) ruleId: string,
    @Arg('tokens', () => [TokenInput], { description: 'The tokens.' }) tokens: TokenInput[],
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TokensAddPayload> {
    const key = keyOrNone('SyncRule', ruleId);
    const { value, issues } = await administration.tokens.add(key, tokens);
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { added: value, userErrors: [] };
  }

  @Mutation(() => TokenRemovePayload, {
    ...COMMAND,
    description:
      'Removes a token. Whoever has it gets another one, or another method, within about ten seconds.',
  })
  @Access('ADMINISTRATOR')
  async tokenRemove(
    @Arg('id', () => ID, { description: 'The id of the token.' }) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TokenRemovePayload> {
    const { issues } = await administration.tokens.remove(keyOrNone('Token', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { deletedId: id, userErrors: [] };
  }
}
