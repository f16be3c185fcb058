/** A SCIM server on a free port of the loopback interface, over any ResourceStore, and a client for it. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import express from 'express';
import { checkDefinitions, type DefinitionDocuments } from '../../src/domain/definitions';
import { type ResourceStore } from '../../src/domain/ports';
import { Provisioning } from '../../src/domain/provisioning';
import { RuleSchemas } from '../../src/domain/rule-schemas';
import { type RuleValues } from '../../src/domain/rule-values';
import { newSecretToken } from '../../src/domain/secret-token';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { RULE_DEFAULTS, type ScimDefinitions, type SyncRule } from '../../src/domain/sync-rule';
import { wellFormed } from './well-formed';
import { createScimAuthenticator, createScimRouter, SCIM_PATH } from '../../src/scim';

/** One deployment: cursors of one server are read by the other. */
const encryptionKey = randomBytes(32);

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when there is no body. */
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly text: string;
}

export interface ScimServer {
  /** The tenant URL a client is given. */
  readonly url: string;
  readonly token: string;
  readonly basicKey: string;
  /** Ids of resources the ChangeListener heard of. */
  readonly changes: string[];
  readonly errors: object[];
  /** Sends a request; a string body is sent as it is. A path begins with `/Users` or the like. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string | undefined>,
  ): Promise<ScimAnswer>;
  close(): Promise<void>;
}

/** The RFCs hold in both profiles: `npm run test:strict` runs the suites about them a second time. */
const SCIM_PROFILE = process.env['SCIM_PROFILE'] === 'strict' ? 'strict' : 'tolerant';

export interface ScimServerOptions {
  readonly ruleId?: string;
  readonly enabled?: boolean;
  readonly scimProfile?: SyncRule['scimProfile'];
  readonly meUserName?: string;
  readonly values?: Partial<RuleValues>;
  /** What the rule adds to the standard schemas; must be right. */
  readonly definitions?: Partial<DefinitionDocuments>;
}

export async function startScimServer(
  store: ResourceStore,
  {
    ruleId = 'rule-1',
    enabled = true,
    scimProfile = SCIM_PROFILE,
    meUserName = '',
    values = {},
    definitions,
  }: ScimServerOptions = {},
): Promise<ScimServer> {
  const { token, hash, hint } = newSecretToken('scim');
  const credential = { id: 'c-1', ruleId, hash, hint, basicKey: 'key-1', createdAt: new Date() };
  const changes: string[] = [];
  const errors: object[] = [];
  const schemas = new RuleSchemas(standardSchemas);
  const rule = {
    ...ruleNamed(ruleId, enabled),
    ...values,
    ...checked(definitions),
    scimProfile,
    meUserName,
  };
  const provisioning = new Provisioning({
    store,
    changes: { resourceChanged: ({ id }) => changes.push(id) },
  });
  const app = express();
  app.use(
    SCIM_PATH,
    createScimRouter({
      provisioning,
      schemas: (one) => schemas.of(one),
      authenticate: createScimAuthenticator(async (presented) =>
        presented === hash ? { rule, credential } : undefined,
      ),
      encryptionKey,
      publicUrl: (request) => `http://${request.headers.host ?? ''}`,
      log: { error: (fields) => errors.push(fields) },
    }),
  );
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${SCIM_PATH}`;
  return {
    url,
    token,
    basicKey: credential.basicKey,
    changes,
    errors,
    request: (method, path, body, headers = {}) =>
      send(
        `${url}${path}`,
        method,
        SCIM_PROFILE === 'strict' ? wellFormed(schemas.of(rule), method, path, body) : body,
        {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/scim+json; charset=utf-8' }),
          ...headers,
        },
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function send(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string | undefined>,
): Promise<ScimAnswer> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  const response = await fetch(url, {
    method,
    headers: given,
    redirect: 'manual',
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body)) }),
  });
  const text = await response.text();
  const parsed: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body: parsed, text };
}

function checked(documents: Partial<DefinitionDocuments> = {}): ScimDefinitions {
  const { definitions, issues } = checkDefinitions(standardSchemas, {
    schemas: [],
    resourceTypes: [],
    schemaExtensions: [],
    ...documents,
  });
  if (issues.length > 0) throw new Error(JSON.stringify(issues, null, 2));
  return definitions;
}

function ruleNamed(id: string, enabled: boolean): SyncRule {
  const now = new Date();
  return {
    ...RULE_DEFAULTS,
    id,
    name: id,
    enabled,
    syncAs: [],
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}
