import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Access } from '../access';
import { type Connection, ConnectionArgs, pageOf } from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  TokenLogoAddInput,
  TokenLogoAddPayload,
  TokenLogoConnectionType,
  TokenLogoRemovePayload,
  TokenLogoType,
  toTokenLogo,
} from '../types/token-logo.type';
import { toUserErrors } from '../types/user-error.type';

const COMMAND = { complexity: ownCost(50) };

@Resolver(() => TokenLogoType)
export class TokenLogoResolver {
  @Query(() => TokenLogoConnectionType, {
    complexity: connectionCost,
    description: 'The images that sync rules can choose for tokens, oldest first.',
  })
  @Access('AUDITOR')
  tokenLogos(
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<TokenLogoType>> {
    return pageOf({
      args,
      list: ['tokenLogos'],
      load: (entry) => ports.tokenLogos.list(entry),
      keyOf: (logo) => logo.id,
      toNode: toTokenLogo,
      count: () => ports.tokenLogos.count(),
    });
  }

  @FieldResolver(() => String, { description: 'Where the image is, for everybody.' })
  url(@Root() logo: TokenLogoType, @Ctx() { logoUrl }: GraphqlContext): string {
    return logoUrl(logo.key);
  }

  @Mutation(() => TokenLogoAddPayload, { ...COMMAND, description: 'Adds an image to the list.' })
  @Access('ADMINISTRATOR')
  async tokenLogoAdd(
    @Arg('input', () => TokenLogoAddInput, { description: 'The image.' })
    input: TokenLogoAddInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TokenLogoAddPayload> {
    const { value, issues } = await administration.tokenLogos.add(input);
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { tokenLogo: toTokenLogo(value), userErrors: [] };
  }

  @Mutation(() => TokenLogoRemovePayload, {
    ...COMMAND,
    description: 'Removes an image that no sync rule uses.',
  })
  @Access('ADMINISTRATOR')
  async tokenLogoRemove(
    @Arg('id', () => ID, { description: 'The id of the logo.' }) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<TokenLogoRemovePayload> {
    const { issues } = await administration.tokenLogos.remove(keyOrNone('TokenLogo', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { deletedId: id, userErrors: [] };
  }
}
