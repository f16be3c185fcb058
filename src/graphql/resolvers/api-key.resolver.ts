import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { Access } from '../access';
import { type Connection, ConnectionArgs, pageOf, sliceAfter } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  ApiKeyConnectionType,
  ApiKeyCreateInput,
  ApiKeyCreatePayload,
  ApiKeyRevokePayload,
  type ApiKeyType,
  toApiKey,
} from '../types/api-key.type';
import { toUserErrors } from '../types/user-error.type';

@Resolver()
export class ApiKeyResolver {
  @Query(() => ApiKeyConnectionType, {
    complexity: connectionCost,
    description: 'All API keys, those that ended included, oldest first.',
  })
  @Access('AUDITOR')
  async apiKeys(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<ApiKeyType>> {
    const keys = await ports.credentials.apiKeys();
    const sorted = [...keys].sort((one, other) => (one.id < other.id ? -1 : 1));
    return pageOf({
      args,
      list: ['apiKeys'],
      load: async (entry) => sliceAfter(sorted, entry),
      keyOf: (key) => key.id,
      toNode: toApiKey,
      count: async () => keys.length,
    });
  }

  @Mutation(() => ApiKeyCreatePayload, {
    complexity: ownCost(50),
    description: 'Makes an API key.',
  })
  @Access('ADMINISTRATOR')
  async apiKeyCreate(
    @Arg('input', () => ApiKeyCreateInput, { description: 'The key.' }) input: ApiKeyCreateInput,
    @Ctx() { administration, apiKey }: GraphqlContext,
  ): Promise<ApiKeyCreatePayload> {
    const { name, role, expiresAt } = input;
    const { value, issues } = await administration.apiKeys.create(
      { name, role, ...(expiresAt == null ? {} : { expiresAt }) },
      apiKey,
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { apiKey: toApiKey(value.key), token: value.token, userErrors: [] };
  }

  @Mutation(() => ApiKeyRevokePayload, {
    complexity: ownCost(50),
    description: 'Ends an API key at once. Neither the last administrator key nor the own one.',
  })
  @Access('ADMINISTRATOR')
  async apiKeyRevoke(
    @Arg('id', () => ID, { description: 'The id of the API key.' }) id: string,
    @Ctx() { administration, apiKey }: GraphqlContext,
  ): Promise<ApiKeyRevokePayload> {
    const { value, issues } = await administration.apiKeys.revoke(keyOrNone('ApiKey', id), apiKey);
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { apiKey: toApiKey(value), userErrors: [] };
  }
}
