/** A server for the tests of one section of an RFC, and a client that says what tests of RFCs say most. */
import { startConformanceServer } from './conformance-server';
import { type ScimAnswer, type ScimServer, type ScimServerOptions } from './scim-server';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const MESSAGES = 'urn:ietf:params:scim:api:messages:2.0';
export const LIST_RESPONSE = `${MESSAGES}:ListResponse`;
export const SEARCH_REQUEST = `${MESSAGES}:SearchRequest`;
export const PATCH_OP = `${MESSAGES}:PatchOp`;
export const ERROR = `${MESSAGES}:Error`;

/** A resource as an answer has it. */
export type Shown = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

let serial = 0;

/** A name nobody has yet. */
export function newName(): string {
  return `name-${String((serial += 1))}`;
}

export class RfcClient {
  private started: ScimServer | undefined;

  /** The server starts before the tests of the file, and must not have failed unexpectedly by their end. */
  constructor(options: ScimServerOptions = {}) {
    beforeAll(async () => {
      this.started = await startConformanceServer(options);
    });
    afterAll(async () => {
      expect(this.server.errors).toEqual([]);
      await this.server.close();
    });
  }

  get server(): ScimServer {
    if (this.started === undefined) throw new Error('The server has not been started.');
    return this.started;
  }

  request(...request: Parameters<ScimServer['request']>): Promise<ScimAnswer> {
    return this.server.request(...request);
  }

  async get(path: string): Promise<Shown> {
    const { status, body } = await this.request('GET', path);
    expect([status, body?.detail]).toEqual([200, undefined]);
    return body;
  }

  user(more: object = {}): Promise<Shown> {
    return this.created('/Users', { schemas: [USER], userName: newName(), ...more });
  }

  group(more: object = {}): Promise<Shown> {
    return this.created('/Groups', { schemas: [GROUP], displayName: newName(), ...more });
  }

  async created(endpoint: string, resource: object): Promise<Shown> {
    const { status, body } = await this.request('POST', endpoint, resource);
    expect([status, body?.detail]).toEqual([201, undefined]);
    return body;
  }

  patch(path: string, ...Operations: readonly object[]): Promise<ScimAnswer> {
    return this.request('PATCH', path, { schemas: [PATCH_OP], Operations });
  }

  /** The user after a PATCH. */
  async patched(id: string, ...operations: readonly object[]): Promise<Shown> {
    const { status, body } = await this.patch(`/Users/${id}`, ...operations);
    expect([status, body?.detail]).toEqual([200, undefined]);
    return body;
  }

  filter(filter: string, endpoint = '/Users', more = ''): Promise<ScimAnswer> {
    return this.request('GET', `${endpoint}?filter=${encodeURIComponent(filter)}${more}`);
  }

  /** The ids of what a filter finds. */
  async found(filter: string, endpoint = '/Users'): Promise<readonly string[]> {
    const { status, body } = await this.filter(filter, endpoint);
    expect([status, body.detail]).toEqual([200, undefined]);
    return body.Resources.map(({ id }: Shown) => id);
  }
}

/** An error of RFC 7644 section 3.12 that says what is wrong. */
export function expectError(answer: ScimAnswer, status: number, scimType?: string): void {
  expect([answer.status, answer.body?.scimType]).toEqual([status, scimType]);
  expect(answer.body).toMatchObject({
    schemas: [ERROR],
    status: String(status),
    detail: expect.stringMatching(/.+/),
  });
  expect(answer.headers.get('content-type')).toBe('application/scim+json');
}
