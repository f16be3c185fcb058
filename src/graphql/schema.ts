/** The executable schema and its text. */
import {
  type GraphQLFieldMap,
  type GraphQLObjectType,
  type GraphQLSchema,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { buildSchemaSync, type PubSub } from 'type-graphql';
import { checkRole, REQUIRED_ROLE } from './access';
import { ApiKeyResolver } from './resolvers/api-key.resolver';
import {
  AuditEventResolver,
  GroupEventsResolver,
  UserEventsResolver,
} from './resolvers/audit-event.resolver';
import { BindingResolver } from './resolvers/binding.resolver';
import { GroupResolver } from './resolvers/group.resolver';
import {
  GuardResolver,
  GuardTripResolver,
  SyncRuleGuardResolver,
} from './resolvers/guard.resolver';
import { IdentifiersResolver } from './resolvers/identifiers.resolver';
import { ResourceCommandResolver } from './resolvers/resource-command.resolver';
import { SubscriptionResolver } from './resolvers/subscription.resolver';
import {
  DriftFindingResolver,
  OperationCountResolver,
  PreviewFindingResolver,
} from './resolvers/operation-item.resolver';
import { OperationResolver } from './resolvers/operation.resolver';
import { SyncRuleCommandResolver } from './resolvers/sync-rule-command.resolver';
import { SyncRulePreviewResolver } from './resolvers/sync-rule-preview.resolver';
import {
  SyncAsResolver,
  SyncRuleResolver,
  SyncRuleRolloutResolver,
} from './resolvers/sync-rule.resolver';
import { TargetCommandResolver } from './resolvers/target-command.resolver';
import { TargetResolver } from './resolvers/target.resolver';
import { TokenLogoResolver } from './resolvers/token-logo.resolver';
import { TokenResolver } from './resolvers/token.resolver';
import { UserResolver } from './resolvers/user.resolver';
import { ViewerResolver } from './resolvers/viewer.resolver';

let built: GraphQLSchema | undefined;

/** One for all: resolvers get everything from the context. */
export function graphqlSchema(): GraphQLSchema {
  built ??= buildGraphqlSchema();
  return built;
}

/** What is committed as schema/graphql/schema.graphql. */
export function printGraphqlSchema(): string {
  return `${printSchema(lexicographicSortSchema(graphqlSchema()))}\n`;
}

/** type-graphql asks for one wherever there are subscriptions. Ours name a feed of their own instead of topics. */
const NO_TOPICS: PubSub = {
  publish: () => {
    throw new Error('Subscriptions have feeds, not topics.');
  },
  subscribe: () => {
    throw new Error('Subscriptions have feeds, not topics.');
  },
};

function buildGraphqlSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      ViewerResolver,
      TargetResolver,
      SyncRuleResolver,
      SyncAsResolver,
      SyncRuleRolloutResolver,
      TargetCommandResolver,
      SyncRuleCommandResolver,
      SyncRulePreviewResolver,
      UserResolver,
      GroupResolver,
      BindingResolver,
      IdentifiersResolver,
      OperationResolver,
      ResourceCommandResolver,
      SubscriptionResolver,
      GuardResolver,
      GuardTripResolver,
      SyncRuleGuardResolver,
      DriftFindingResolver,
      PreviewFindingResolver,
      OperationCountResolver,
      TokenLogoResolver,
      TokenResolver,
      ApiKeyResolver,
      AuditEventResolver,
      UserEventsResolver,
      GroupEventsResolver,
    ],
    orphanedTypes: [],
    authChecker: checkRole,
    pubSub: NO_TOPICS,
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
    // What an input means is checked by the administration, which tells everything that is wrong at once.
    validate: false,
  });
  describeOperations(schema.getQueryType(), 'Everything that can be read.');
  describeOperations(schema.getMutationType(), 'Everything that can be done.');
  describeOperations(
    schema.getSubscriptionType(),
    'What can be watched. Every event is a hint: what it tells can be read by a query at any time.',
  );
  return schema;
}

/** Says in every operation's description which role it requires, and refuses an operation that requires none. */
function describeOperations(root: GraphQLObjectType | null | undefined, description: string): void {
  if (root == null) return;
  root.description = description;
  const fields: GraphQLFieldMap<unknown, unknown> = root.getFields();
  for (const field of Object.values(fields)) {
    const role = field.extensions[REQUIRED_ROLE];
    if (typeof role !== 'string') {
      throw new Error(`${root.name}.${field.name} lets everybody in: give it an @Access.`);
    }
    field.description = `${field.description ?? ''} Requires: ${role}.`;
  }
}
