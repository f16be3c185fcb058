/** What every resolver gets: who asks, and what may be asked of the rest of Usher. */
import { type IncomingMessage } from 'node:http';
import { type Administration } from '../administration/administration';
import { type ApiKey } from '../domain/credential';
import { DomainError } from '../domain/error';
import { requestIdFrom } from '../domain/request-id';
import { unauthenticated, unavailable } from './error';
import { createLoaders, type Loaders } from './loaders';
import { type Feeds } from './subscriptions/feeds';
import { type ReadPorts } from './ports';

export interface GraphqlServices {
  readonly administration: Administration;
  readonly ports: ReadPorts;
  /** The URL this process is reached at from outside; asked for each time, as it may depend on the port in use. */
  readonly publicUrl: () => string;
  /** Where the image of a token logo is, for everybody. */
  readonly logoUrl: (logoId: string) => string;
  readonly feeds: Feeds;
}

export interface GraphqlContext extends GraphqlServices {
  readonly apiKey: ApiKey;
  readonly requestId: string;
  /** Renewed before each mutation, and each event of a subscription: none may see what was read before an earlier one. */
  loaders: Loaders;
}

/** Lets an API key in, or answers 401. */
export async function createContext(
  services: GraphqlServices,
  request: IncomingMessage,
): Promise<GraphqlContext> {
  const apiKey = await authenticate(services, request.headers.authorization);
  return contextOf(services, apiKey, requestIdOf(request));
}

/** What the operations of somebody who was let in get. */
export function contextOf(
  services: GraphqlServices,
  apiKey: ApiKey,
  requestId: string,
): GraphqlContext {
  return { ...services, apiKey, requestId, loaders: createLoaders(services.ports) };
}

/** The API key in the value of an Authorization header, or 401. */
export async function authenticate(
  services: Pick<GraphqlServices, 'administration'>,
  authorization: string | undefined,
): Promise<ApiKey> {
  const token = bearerToken(authorization);
  const authenticated = await services.administration.apiKeys
    .authenticate(token)
    .catch((error: unknown) => {
      throw error instanceof DomainError && error.code === 'unavailable'
        ? unavailable(error.message)
        : error;
    });
  if (authenticated === undefined) {
    throw unauthenticated('The API key is unknown, revoked or expired.');
  }
  return authenticated.key;
}

function bearerToken(authorization: string | undefined): string {
  const token = /^bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    throw unauthenticated('Send an API key: "Authorization: Bearer <API key>".');
  }
  return token;
}

/** A proxy's request id is taken over, so that its log and ours can be read together. */
export function requestIdOf(request: IncomingMessage): string {
  return requestIdFrom(request.headers['x-request-id']);
}
