/** Requests and answers of SCIM over HTTP as plain values (RFC 7644 sections 3 and 3.1). */
import { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type ChangeOrigin } from '../domain/audit';
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
  /** Who asks, for the audit trail. */
  readonly origin: ChangeOrigin;
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
  /** A body as JSON in pieces, because as a whole it may be too large; then there is no `body`. */
  readonly chunks?: AsyncIterable<string>;
}

/** Answers a request. Errors are thrown. */
export type Handler = (request: ScimRequest) => Promise<ScimResponse>;

/** Pieces are put together up to so many characters before they are written. */
const WRITE_SIZE = 64 * 1024;

/** Express would compute an ETag of its own and add a charset, so the plain response of Node is written to. */
export async function send(response: ServerResponse, answer: ScimResponse): Promise<void> {
  const { body, chunks } = answer;
  if (chunks !== undefined) return sendChunks(response, answer, chunks);
  writeHead(response, answer, body !== undefined);
  if (body === undefined) response.end();
  else response.end(JSON.stringify(body));
}

/** Nothing is written before the first pieces are there: until then an error can still be answered as one. */
async function sendChunks(
  response: ServerResponse,
  answer: ScimResponse,
  chunks: AsyncIterable<string>,
): Promise<void> {
  let text = '';
  for await (const chunk of chunks) {
    // Nobody gets the rest.
    if (response.req.method === 'HEAD') break;
    text += chunk;
    if (text.length < WRITE_SIZE) continue;
    if (!response.headersSent) writeHead(response, answer, true);
    // A client that reads slowly is waited for, and one that has gone ends the reading.
    if (!response.write(text)) await drained(response);
    if (response.destroyed) return;
    text = '';
  }
  if (!response.headersSent) writeHead(response, answer, true);
  response.end(text);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    if (response.destroyed) resolve();
    else response.on('drain', done).on('close', done);
  });
}

function writeHead(
  response: ServerResponse,
  { status, headers }: ScimResponse,
  hasBody: boolean,
): void {
  response.statusCode = status;
  for (const name in headers) response.setHeader(name, headers[name] ?? '');
  if (hasBody) response.setHeader('Content-Type', CONTENT_TYPE);
}
