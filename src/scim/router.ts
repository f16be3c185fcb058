/** SCIM 2.0 over HTTP: which method on which path does what (RFC 7644 section 3.2, table 2). */
import express, { type Request, type Response, type Router } from 'express';
import { type AuditActor } from '../domain/audit';
import { type RuleCredential } from '../domain/credential';
import { DomainError } from '../domain/error';
import { type Provisioning } from '../domain/provisioning';
import { type SchemasOf, type SchemaTable } from '../domain/schema-table';
import { requestIdFrom } from '../domain/request-id';
import { type SyncRule } from '../domain/sync-rule';
import { profiles } from '../domain/validation';
import { type ScimAuthenticator } from './authenticate';
import { MAX_BODY, MAX_GROUP_BODY, readBody } from './body';
import { bulkHandler } from './bulk';
import { Cursors } from './cursor';
import { resourceType, resourceTypes, schema, schemas, serviceProviderConfig } from './discovery';
import { errorResponse, isUnexpected, methodNotAllowed } from './error';
import { SCIM_PATH, send, type Handler, type ScimRequest, type ScimResponse } from './http';
import { meHandlers } from './me';
import { queryParameters } from './query-parameters';
import { resourceHandlers } from './resources';
import { searchHandlers } from './search';

export interface ScimDependencies {
  readonly provisioning: Provisioning;
  readonly schemas: SchemasOf;
  readonly authenticate: ScimAuthenticator;
  /** Scheme and authority (and path prefix) under which clients reach this server, without a slash at the end. */
  readonly publicUrl: (request: Request) => string;
  /** 32 bytes; cursors are encrypted with a key made of it. */
  readonly encryptionKey: Buffer;
  readonly log: ScimLog;
}

export interface ScimLog {
  error(fields: object, message: string): void;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Methods = Readonly<Partial<Record<Method, Handler>>>;

/** To be mounted at {@link SCIM_PATH}. */
export function createScimRouter(deps: ScimDependencies): Router {
  const router = express.Router();
  for (const [path, methods] of routes(deps)) {
    router.all(path, (request, response) => answer(deps, methods, request, response));
  }
  // Also for paths the router itself cannot read.
  router.use((request, response) => answer(deps, undefined, request, response));
  router.use((error: unknown, _request: Request, response: Response, _next: unknown) => {
    void fail(deps, error, response);
  });
  return router;
}

function routes({
  provisioning,
  encryptionKey,
  log,
}: ScimDependencies): readonly (readonly [string, Methods])[] {
  const handlers = resourceHandlers(provisioning);
  const { create, get, replace, modify, remove } = handlers;
  const bulk = bulkHandler(handlers, (error) => {
    log.error({ err: error }, 'An operation of a SCIM bulk request failed unexpectedly');
  });
  const searching = searchHandlers(provisioning, new Cursors(encryptionKey));
  return [
    ['/', { GET: searching.listAll }],
    ['/.search', { POST: searching.searchAll }],
    ['/ServiceProviderConfig', { GET: serviceProviderConfig }],
    ['/ResourceTypes', { GET: resourceTypes }],
    ['/ResourceTypes/:id', { GET: resourceType }],
    ['/Schemas', { GET: schemas }],
    ['/Schemas/:id', { GET: schema }],
    ['/Me', { ...meHandlers(provisioning, handlers) }],
    ['/Bulk', { POST: bulk }],
    ['/:endpoint', { GET: searching.list, POST: create }],
    ['/:endpoint/.search', { POST: searching.search }],
    ['/:endpoint/:id', { GET: get, PUT: replace, PATCH: modify, DELETE: remove }],
  ];
}

/** Every request takes this way: authenticate, read, handle, answer. Nothing is told to strangers, not even 404. */
async function answer(
  deps: ScimDependencies,
  methods: Methods | undefined,
  request: Request,
  response: Response,
): Promise<void> {
  try {
    await send(response, await responseTo(deps, methods, request, response));
  } catch (error) {
    await fail(deps, error, response);
  }
}

async function responseTo(
  deps: ScimDependencies,
  methods: Methods | undefined,
  request: Request,
  response: Response,
): Promise<ScimResponse> {
  const requestId = requestIdFrom(request.headers['x-request-id']);
  response.setHeader('X-Request-Id', requestId);
  const { rule, credential } = await deps.authenticate(request.headers);
  if (methods === undefined) throw new DomainError('notFound', 'There is no such SCIM endpoint.');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = Object.hasOwn(methods, method) ? methods[method as Method] : undefined;
  if (handler === undefined) return methodNotAllowed(allowed(methods));
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const table = deps.schemas(rule);
  const profile = profiles[rule.scimProfile];
  const scimRequest: ScimRequest = {
    rule,
    origin: { actor: actorOf(rule, credential, request), requestId },
    schemas: table,
    profile,
    baseUrl: `${deps.publicUrl(request)}${SCIM_PATH}`,
    headers: request.headers,
    parameter: (name) => pathParameter(request, name),
    query: queryParameters(request.url, profile),
    body: hasBody
      ? await readBody(request, response, {
          limit: bodyLimit(table, request),
          untyped: profile.untypedBody,
        })
      : undefined,
  };
  return handler(scimRequest);
}

const LONGEST_USER_AGENT = 200;

function actorOf({ name }: SyncRule, { id }: RuleCredential, request: Request): AuditActor {
  const userAgent = request.headers['user-agent']?.slice(0, LONGEST_USER_AGENT);
  const actor = { type: 'SYNC_RULE', id, name } as const;
  return userAgent === undefined ? actor : { ...actor, userAgent };
}

/** HEAD is GET without the body. */
function allowed(methods: Methods): readonly string[] {
  return Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

function bodyLimit(schemas: SchemaTable, request: Request): number {
  const schema = schemas.byEndpoint(`/${pathParameter(request, 'endpoint')}`);
  return schema?.hasMembers === true ? MAX_GROUP_BODY : MAX_BODY;
}

function pathParameter(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

async function fail({ log }: ScimDependencies, error: unknown, response: Response): Promise<void> {
  // The path is left out: it may hold names of people.
  if (isUnexpected(error)) log.error({ err: error }, 'A SCIM request failed unexpectedly');
  if (response.headersSent) response.destroy();
  else await send(response, errorResponse(error));
}
