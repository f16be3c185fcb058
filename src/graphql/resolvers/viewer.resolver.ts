import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { Access } from '../access';
import { type GraphqlContext } from '../context';
import { type NodeTypeName, parseNodeId } from '../node-id';
import { toApiKey, ViewerType } from '../types/api-key.type';
import { toAuditEvent } from '../types/audit-event.type';
import { toBinding } from '../types/binding.type';
import { ConnectorTypeType, toConnectorType } from '../types/connector-type.type';
import { NodeType } from '../types/node.type';
import { toUserOrGroup } from '../types/resource.type';
import { toOperation } from '../types/operation.type';
import { toSyncRule } from '../types/sync-rule.type';
import { toTarget } from '../types/target.type';
import { toToken } from '../types/token.type';
import { toTokenLogo } from '../types/token-logo.type';
import { found } from './found';

type Finder = (context: GraphqlContext, key: string) => Promise<NodeType | undefined>;

const findUserOrGroup: Finder = async ({ loaders }, key) =>
  toUserOrGroup(await loaders.resources.load(key));

const FINDERS: Readonly<Record<NodeTypeName, Finder>> = {
  SyncRule: async ({ loaders }, key) => found(await loaders.rules.load(key), toSyncRule),
  Target: async ({ loaders }, key) => found(await loaders.targets.load(key), toTarget),
  User: findUserOrGroup,
  Group: findUserOrGroup,
  Binding: async ({ ports }, key) => found(await ports.bindings.find(key), toBinding),
  Operation: async ({ loaders }, key) => found(await loaders.operations.load(key), toOperation),
  AuditEvent: async ({ ports }, key) => {
    const [event] = await ports.audit.reader.findAll([key]);
    return found(event, toAuditEvent);
  },
  Token: async ({ ports }, key) => found(await ports.tokens.find(key), toToken),
  TokenLogo: async ({ loaders }, key) => found(await loaders.tokenLogos.load(key), toTokenLogo),
  ApiKey: async ({ ports }, key) => {
    const keys = await ports.credentials.apiKeys();
    return found(
      keys.find((one) => one.id === key),
      toApiKey,
    );
  },
};

/** Any object by its id; undefined for what does not exist or is of another type than its id says. */
async function findNode(context: GraphqlContext, id: string): Promise<NodeType | undefined> {
  const parsed = parseNodeId(id);
  if (parsed === undefined) return undefined;
  const node = await FINDERS[parsed.type](context, parsed.key);
  return node?.id === id ? node : undefined;
}

@Resolver()
export class ViewerResolver {
  @Query(() => ViewerType, { description: 'Who is asking.' })
  @Access('AUDITOR')
  viewer(@Ctx() { apiKey }: GraphqlContext): ViewerType {
    return { name: apiKey.name, role: apiKey.role, apiKey: toApiKey(apiKey) };
  }

  @Query(() => NodeType, {
    nullable: true,
    description: 'Any object by its id. Null: there is none.',
  })
  @Access('AUDITOR')
  node(
    @Arg('id', () => ID, { description: 'The id of the object.' }) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<NodeType | undefined> {
    return findNode(context, id);
  }

  @Query(() => [ConnectorTypeType], {
    description: 'The kinds of directories that targets can be made of.',
  })
  @Access('AUDITOR')
  connectorTypes(@Ctx() { ports }: GraphqlContext): readonly ConnectorTypeType[] {
    return ports.directories.types().map(toConnectorType);
  }
}
