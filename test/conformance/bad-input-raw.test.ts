/** Requests that are no proper HTTP, JSON or Unicode: a SCIM error in good time, nothing changed, and the server goes on. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let scim: ScimServer;
let id: string;
let path: string;

beforeAll(async () => {
  scim = await startConformanceServer();
  id = (await scim.request('POST', '/Users', { userName: 'kit' })).body.id;
  path = `/Users/${id}`;
});

afterAll(() => scim.close());

/** Sends bytes as they are. */
async function sent(
  method: string,
  body: Uint8Array<ArrayBuffer>,
  more: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(`${scim.url}${method === 'POST' ? '/Users' : path}`, {
    method,
    body,
    headers: {
      authorization: `Bearer ${scim.token}`,
      'content-type': 'application/scim+json',
      ...more,
    },
  });
  const { schemas, scimType } = (await response.json()) as { schemas: unknown; scimType?: string };
  expect(schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
  return `${String(response.status)} ${scimType ?? ''}`.trim();
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));
const patchOf = (...Operations: object[]): string =>
  JSON.stringify({ schemas: [PATCH_OP], Operations });
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

test.each<[what: string, expected: string, body: () => string]>([
  ['10 MB', '413', () => JSON.stringify({ userName: 'x', title: 'x'.repeat(10_000_000) })],
  ['lists 100,000 deep', '400 invalidSyntax', () => nested(100_000)],
  ['100,000 deep in a value', '400 invalidValue', () => `{"userName":${nested(100_000)}}`],
  [
    'objects 100,000 deep',
    '400 invalidValue',
    () => `{"userName":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
  ],
  ['a huge number', '400 invalidValue', () => '{"userName":1e999999}'],
  ['a lone surrogate', '400 invalidValue', () => '{"userName":"\\ud800"}'],
  ['NUL', '400 invalidValue', () => '{"userName":"a\\u0000b"}'],
])('POST of %s: %s', async (_what, expected, body) => {
  expect(await sent('POST', bytes(body()))).toBe(expected);
});

test.each<[what: string, expected: string, body: () => string]>([
  ['100,000 operations', '413', () => patchOf(...Array<object>(100_000).fill({ op: 'remove' }))],
  [
    '10,000 operations',
    '413',
    () => patchOf(...Array<object>(10_000).fill({ op: 'remove', path: 'title' })),
  ],
  [
    'a path nested 1,000 deep',
    '400 invalidPath',
    () => patchOf({ op: 'remove', path: `emails[${'('.repeat(1000)}` }),
  ],
  [
    'a path of 100,000 characters',
    '400 invalidPath',
    () => patchOf({ op: 'remove', path: 'a'.repeat(100_000) }),
  ],
  [
    'a path of blanks',
    '400 invalidPath',
    () => patchOf({ op: 'remove', path: `emails[type eq "${' '.repeat(8000)}` }),
  ],
  [
    'operations nested in operations',
    '400 invalidSyntax',
    () => `{"Operations":${nested(50_000)}}`,
  ],
])('PATCH of %s: %s', async (_what, expected, body) => {
  const start = performance.now();
  expect(await sent('PATCH', bytes(body()))).toBe(expected);
  expect(performance.now() - start).toBeLessThan(5000);
});

test('bytes that are no UTF-8 are no JSON', async () => {
  const [before, after] = ['{"userName":"x', '"}'].map((text) => Buffer.from(text));
  const body = new Uint8Array(Buffer.concat([before!, Buffer.from([0xc3, 0x28, 0xff]), after!]));
  expect(await sent('POST', body)).toBe('400 invalidSyntax');
});

test('a bomb is not inflated beyond the limit', async () => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(200_000_000, ' ')));
  const before = process.memoryUsage().rss;
  expect(await sent('POST', bomb, { 'content-encoding': 'gzip' })).toBe('413');
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});

test('of a name that comes twice the last value counts', async () => {
  const body = `{"schemas":["${USER}"],"userName":"first","active":"maybe","userName":5}`;
  expect(await sent('POST', bytes(body))).toBe('400 invalidValue');
});

test.each([
  `title eq "${'a'.repeat(8000)}!"`,
  `${'not '.repeat(2000)}(title pr)`,
  `${'title pr and '.repeat(500)}title pr`,
  `title sw "${'\\\\'.repeat(2000)}`,
  `emails[${'('.repeat(1000)}`,
  'constructor.prototype pr',
])('a hostile filter is answered at once', async (filter) => {
  const start = performance.now();
  const answer = await scim.request('GET', `/Users?filter=${encodeURIComponent(filter)}`);
  expect([200, 400]).toContain(answer.status);
  if (answer.status === 400) expect(answer.body.scimType).toBe('invalidFilter');
  expect(performance.now() - start).toBeLessThan(2000);
});

test('requests that come in one piece are answered one after the other', async () => {
  const { hostname, port, pathname } = new URL(scim.url);
  const request = (target: string, last: boolean): string =>
    `GET ${pathname}${target} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${scim.token}\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
  const text = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname, () =>
      socket.write(request('/Users/%zz', false) + request(path, false) + request('/Nobody', true)),
    );
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('end', () => resolve(received)).on('error', reject);
  });
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200', 'HTTP/1.1 404']);
});

test('nothing of all this has changed anything', async () => {
  const { body } = await scim.request('GET', '/Users');
  expect([body.totalResults, body.Resources[0].meta.version]).toEqual([1, 'W/"1"']);
  expect(scim.errors).toEqual([]);
});
