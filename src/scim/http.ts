/** Requests and answers of SCIM over HTTP as plain values (RFC 7644 sections 3 and 3.1). */
import { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type SyncRule } from '../domain/sync-rule';
import { type SchemaTable } from '../domain/schema-table';
import { type ValidationProfile } from '../domain/validation';
import { type QueryParameters } from './query-parameters';

/** Where the router is mounted. */
export const SCIM_PATH = '/scim/v2';

/** Exactly this, without a charset: Entra compares it. */
const CONTENT_TYPE = 'application/scim+json';

/** An authenticated request. */
export interface ScimRequest {
  readonly rule: SyncRule;
  readonly schemas: SchemaTable;
  /** How strictly the rule wants requests to be read: every decision that depends on it asks the profile. */
  readonly profile: ValidationProfile;
  /** The public URL of {@link SCIM_PATH}; every URI in an answer begins with it. */
  readonly baseUrl: string;
  readonly headers: IncomingHttpHeaders;
  /** A named part of the path, decoded. */
  readonly parameter: (name: string) => string;
  readonly query: QueryParameters;
  /** The parsed JSON body of POST, PUT and PATCH. */
  readonly body: unknown;
}

export interface ScimResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written as JSON; absent: no body. */
  readonly body?: object;
}

/** Answers a request. Errors are thrown. */
export type Handler = (request: ScimRequest) => Promise<ScimResponse>;

/** Express would compute an ETag of its own and add a charset, so the plain response of Node is written to. */
export function send(response: ServerResponse, { status, headers, body }: ScimResponse): void {
  response.statusCode = status;
  for (const name in headers) response.setHeader(name, headers[name] ?? '');
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', CONTENT_TYPE);
  response.end(JSON.stringify(body));
}
