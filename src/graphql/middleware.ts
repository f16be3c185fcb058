/** The administrators' interface as Express middleware, to be mounted at /graphql. */
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { GraphQLError } from 'graphql';
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { createContext, type GraphqlContext, type GraphqlServices } from './context';
import { errorFormatter, type ErrorLog } from './error';
import { complexityPlugin, DEFAULT_LIMITS, depthRule, type GraphqlLimits } from './limits';
import { requestIdPlugin } from './request-id';
import { graphqlSchema } from './schema';
import { createSubscriptions, type SubscriberLimits } from './subscriptions';
import { createFeeds, type WatchedPorts } from './subscriptions/feeds';

export interface GraphqlOptions extends Omit<GraphqlServices, 'feeds'> {
  /** What subscriptions watch. */
  readonly watched: WatchedPorts;
  readonly log: ErrorLog;
  /** Whether the schema can be asked for, by whoever has an API key. Default: yes. */
  readonly introspection?: boolean;
  readonly limits?: Partial<GraphqlLimits>;
  readonly subscriberLimits?: Partial<SubscriberLimits>;
}

export interface GraphqlMiddleware {
  readonly handler: RequestHandler;
  /** Takes requests to become a WebSocket. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends all subscriptions; none is begun any more. */
  readonly endSubscriptions: () => void;
  /** Finishes the requests that are running. */
  readonly stop: () => Promise<void>;
}

export async function createGraphqlMiddleware(options: GraphqlOptions): Promise<GraphqlMiddleware> {
  const { log, introspection = true } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const services = { ...options, feeds: createFeeds(options.watched, log) };
  const schema = graphqlSchema();
  const subscriptions = createSubscriptions({
    ...options,
    services,
    schema,
    limits,
    introspection,
  });
  const server = createServer(log, introspection, limits);
  await server.start();

  const router = express.Router();
  router.use(onlyPost);
  router.use(express.json({ limit: limits.maxBodyBytes }));
  router.use(subscriptions.eventStreams);
  router.use(expressMiddleware(server, { context: ({ req }) => createContext(services, req) }));
  router.use(failedRequest(log));
  return {
    handler: router,
    upgrade: subscriptions.upgrade,
    endSubscriptions: subscriptions.end,
    stop: () => server.stop(),
  };
}

function createServer(
  log: ErrorLog,
  introspection: boolean,
  limits: GraphqlLimits,
): ApolloServer<GraphqlContext> {
  const schema = graphqlSchema();
  return new ApolloServer<GraphqlContext>({
    schema,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    formatError: errorFormatter(log),
    parseOptions: { maxTokens: limits.maxTokens },
    maxRecursiveSelections: true,
    validationRules: [depthRule(limits.maxDepth)],
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    // Not by the environment: a process behaves the same wherever it runs.
    nodeEnv: 'production',
    apollo: {},
    logger: apolloLogger(log),
    plugins: [
      requestIdPlugin(),
      complexityPlugin(schema, limits),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
    ],
  });
}

/** Apollo's own remarks; they are rare and not about requests. */
function apolloLogger(log: ErrorLog): {
  debug(): void;
  info(): void;
  warn(message: unknown): void;
  error(message: unknown): void;
} {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => log.warn({}, String(message)),
    error: (message) => log.error({}, String(message)),
  };
}

const onlyPost: RequestHandler = (request, response, next) => {
  if (request.method === 'POST') {
    next();
    return;
  }
  response
    .status(405)
    .set('allow', 'POST')
    .json(failure('Send GraphQL operations with POST.', 'BAD_REQUEST'));
};

/** Errors of the body parser and of event streams, in the shape GraphQL clients expect. */
function failedRequest(log: ErrorLog): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof GraphQLError && error.extensions['code'] === 'UNAUTHENTICATED') {
      response
        .status(401)
        .set('www-authenticate', 'Bearer realm="usher"')
        .json(failure(error.message, 'UNAUTHENTICATED'));
      return;
    }
    const status = clientStatusOf(error);
    if (status === undefined) {
      log.error({ err: error }, 'GraphQL request failed');
      response.status(500).json(failure('Internal error.', 'INTERNAL_SERVER_ERROR'));
      return;
    }
    const message =
      status === 413 ? 'The request body is too large.' : 'The request body is no readable JSON.';
    response.status(status).json(failure(message, 'BAD_REQUEST'));
  };
}

function clientStatusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function failure(message: string, code: string): object {
  return { errors: [{ message, extensions: { code } }] };
}
