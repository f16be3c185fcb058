/** What a client may learn of an error: deliberate ones as they are, everything else only that it happened. */
import { randomUUID } from 'node:crypto';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DomainError, type DomainErrorCode } from '../domain/error';

/** Where unexpected errors go; pino's order of arguments. */
export interface ErrorLog {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The codes of top-level errors; docs/graphql.md lists them. */
const PUBLIC_CODES: ReadonlySet<unknown> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'QUERY_TOO_COMPLEX',
  'NOT_FOUND',
  'CONFLICT',
  'SERVICE_UNAVAILABLE',
]);

const CODE_OF_DOMAIN_ERROR: Readonly<Record<DomainErrorCode, string>> = {
  invalidFilter: 'BAD_USER_INPUT',
  tooMany: 'BAD_USER_INPUT',
  uniqueness: 'CONFLICT',
  mutability: 'BAD_USER_INPUT',
  invalidSyntax: 'BAD_USER_INPUT',
  invalidPath: 'BAD_USER_INPUT',
  noTarget: 'BAD_USER_INPUT',
  invalidValue: 'BAD_USER_INPUT',
  invalidCursor: 'BAD_USER_INPUT',
  expiredCursor: 'BAD_USER_INPUT',
  invalidCount: 'BAD_USER_INPUT',
  notFound: 'NOT_FOUND',
  conflict: 'CONFLICT',
  preconditionFailed: 'CONFLICT',
  unauthorized: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  tooLarge: 'BAD_USER_INPUT',
  unsupported: 'BAD_USER_INPUT',
  unavailable: 'SERVICE_UNAVAILABLE',
};

/** The request cannot be understood as it is; the message says what to change. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** No valid API key: a real HTTP 401, so that proxies and clients that know no GraphQL understand it too. */
export function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code: 'UNAUTHENTICATED',
      http: { status: 401, headers: new Map([['www-authenticate', 'Bearer realm="usher"']]) },
    },
  });
}

/** Nothing can be answered now: a real HTTP 503, so that proxies and clients that know no GraphQL try again. */
export function unavailable(message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code: 'SERVICE_UNAVAILABLE',
      http: { status: 503, headers: new Map([['retry-after', '5']]) },
    },
  });
}

/** The request itself is refused before anything of it is run. */
export function refusedRequest(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400 } } });
}

/** Apollo's `formatError`. The log line and the answer share a request id, by which an administrator finds the cause. */
export function errorFormatter(
  log: ErrorLog,
): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  return (formatted, error) => {
    const cause = unwrapResolverError(error);
    const position = { locations: formatted.locations, path: formatted.path };
    if (cause instanceof DomainError) {
      const code = CODE_OF_DOMAIN_ERROR[cause.code];
      return { ...position, message: cause.message, extensions: { code } };
    }
    if (cause instanceof GraphQLError && PUBLIC_CODES.has(cause.extensions['code'])) {
      return formatted;
    }
    const stamped = formatted.extensions?.['requestId'];
    const requestId = typeof stamped === 'string' ? stamped : randomUUID();
    log.error({ err: cause, requestId, path: formatted.path?.join('.') }, 'GraphQL request failed');
    return {
      ...position,
      message: `Internal error. The server's log has the cause under request id ${requestId}.`,
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    };
  };
}
