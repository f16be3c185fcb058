/**
 * What every simulated client is made of: requests with exactly the path and the headers the client writes (`fetch` would
 * tidy them up), and the refusal to go on with an answer that the client cannot use.
 */
import http from 'node:http';

/** What the administrator of a client enters. */
export interface Tenant {
  readonly url: string;
  readonly token: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Undefined when there is no body. */
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly text: string;
}

export interface List {
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly resources: readonly any[]; // eslint-disable-line @typescript-eslint/no-explicit-any
}

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

export class WireClient {
  /** Method and path of every request so far. */
  readonly sent: string[] = [];

  constructor(
    private readonly tenant: Tenant,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** The requests that were sent meanwhile and ask for a change. */
  async writesDuring(action: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.sent.length;
    await action();
    return this.sent.slice(before).filter((request) => !request.startsWith('GET '));
  }

  /** The answer, if it has one of the statuses the client can go on with. */
  protected async demand(
    statuses: readonly number[],
    method: string,
    path: string,
    body?: unknown,
  ): Promise<WireAnswer> {
    const answer = await this.send(method, path, body);
    if (!statuses.includes(answer.status)) {
      throw new Error(
        `${method} ${path}: the client needs ${statuses.join(' or ')}, not ${String(answer.status)} ${answer.text}`,
      );
    }
    return answer;
  }

  /** A list, with all that a client may rely on. */
  protected async list(path: string): Promise<List> {
    const { body } = await this.demand([200], 'GET', path);
    const { schemas, totalResults, startIndex, itemsPerPage, Resources } = body;
    const isList =
      JSON.stringify(schemas) === JSON.stringify([LIST_RESPONSE]) &&
      [totalResults, startIndex, itemsPerPage].every(Number.isInteger) &&
      Array.isArray(Resources) &&
      Resources.length === itemsPerPage;
    if (!isList) throw new Error(`GET ${path}: no ListResponse: ${JSON.stringify(body)}`);
    return { totalResults, startIndex, itemsPerPage, resources: Resources };
  }

  protected send(method: string, path: string, body?: unknown): Promise<WireAnswer> {
    this.sent.push(`${method} ${path}`);
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const base = new URL(this.tenant.url);
    const { 'content-type': type, ...headers } = this.headers;
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: base.hostname,
          port: base.port,
          method,
          path: `${base.pathname}${path}`,
          headers: {
            authorization: `Bearer ${this.tenant.token}`,
            ...headers,
            ...(content && { 'content-type': type, 'content-length': content.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const parsed: unknown = text === '' ? undefined : JSON.parse(text);
            const { statusCode = 0, headers } = response;
            resolve({ status: statusCode, headers, body: parsed, text });
          });
        },
      );
      request.on('error', reject);
      request.end(content);
    });
  }
}

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

export function patch(...Operations: readonly object[]): object {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations };
}

/** A string literal of a filter. */
export function quoted(value: string): string {
  return JSON.stringify(value);
}
