/** Requests that are wrong: the answer is an error of RFC 7644 section 3.12 that says what is wrong, and nothing changes. */
import { randomUUID } from 'node:crypto';
import { startConformanceServer } from '../support/conformance-server';
import { MemoryResourceStore } from '../support/memory-resource-store';
import { startScimServer, type ScimAnswer, type ScimServer } from '../support/scim-server';

const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

let scim: ScimServer;
const ruleId = randomUUID();
let user: string;
let group: string;

beforeAll(async () => {
  scim = await startConformanceServer({ ruleId });
  user = (await scim.request('POST', '/Users', { userName: 'Kit' })).body.id;
  group = (await scim.request('POST', '/Groups', { displayName: 'Ops' })).body.id;
});

afterAll(() => scim.close());

function expectError(answer: ScimAnswer, status: number, scimType?: string): void {
  expect([answer.status, answer.body?.scimType]).toEqual([status, scimType]);
  expect(answer.headers.get('content-type')).toBe('application/scim+json');
  expect(answer.body).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    detail: expect.stringMatching(/.+\.$/),
    ...(scimType === undefined ? {} : { scimType }),
  });
  expect(answer.text).not.toMatch(/node_modules|\.ts|Error:/);
}

test.each<[number, string | undefined, string, unknown]>([
  [400, 'invalidSyntax', 'broken JSON', '{"userName": "x"'],
  [400, 'invalidSyntax', 'a text', '"x"'],
  [400, 'invalidSyntax', 'a list', [{ userName: 'x' }]],
  [400, 'invalidValue', 'no body', undefined],
  [400, 'invalidSyntax', 'deep nesting', '['.repeat(500_000)],
  [400, 'invalidValue', 'no userName', { displayName: 'x' }],
  [400, 'invalidValue', 'an empty userName', { userName: '' }],
  [400, 'invalidValue', 'a number as userName', { userName: 5 }],
  [400, 'invalidValue', 'a wrong boolean', { userName: 'x', active: 'maybe' }],
  [400, 'invalidValue', 'a text as name', { userName: 'x', name: 'x' }],
  [400, 'invalidValue', 'NUL', { userName: 'a\0b' }],
  [
    400,
    'invalidValue',
    'two primaries',
    {
      userName: 'x',
      emails: [
        { value: 'a', primary: true },
        { value: 'b', primary: true },
      ],
    },
  ],
  [409, 'uniqueness', 'a taken userName in another case', { userName: 'kIT' }],
  [413, undefined, 'too much', { userName: 'x', title: 'x'.repeat(1_100_000) }],
])('POST: %i %s for %s', async (status, scimType, _name, body) => {
  expectError(await scim.request('POST', '/Users', body), status, scimType);
});

test('POST: 409 uniqueness for a taken displayName of a group', async () => {
  expectError(await scim.request('POST', '/Groups', { displayName: 'OPS' }), 409, 'uniqueness');
});

test.each<[number, string, Record<string, string>]>([
  [415, 'another type', { 'content-type': 'text/plain' }],
  [415, 'a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  [415, 'another charset', { 'content-type': 'application/json; charset=latin1' }],
  [415, 'another encoding', { 'content-encoding': 'compress' }],
  [400, 'a wrong encoding', { 'content-encoding': 'gzip' }],
])('POST: %i for %s', async (status, _name, headers) => {
  expectError(await scim.request('POST', '/Users', '{"userName":"x"}', headers), status);
});

test.each<[number, string | undefined, object]>([
  [400, 'invalidSyntax', {}],
  [400, 'invalidSyntax', { Operations: [] }],
  [400, 'invalidSyntax', { Operations: [{ op: 'move', path: 'title' }] }],
  [400, 'invalidPath', { Operations: [{ op: 'add', path: 'emails[', value: 'x' }] }],
  [400, 'invalidPath', { Operations: [{ op: 'add', path: 'unknown', value: 'x' }] }],
  [400, 'invalidPath', { Operations: [{ op: 'add', path: '__proto__.polluted', value: 'x' }] }],
  [400, 'noTarget', { Operations: [{ op: 'remove' }] }],
  [
    400,
    'noTarget',
    { Operations: [{ op: 'replace', path: 'emails[type eq "nonexistent"].value', value: 'x' }] },
  ],
  [400, 'mutability', { Operations: [{ op: 'replace', path: 'id', value: 'x' }] }],
  [400, 'invalidValue', { Operations: [{ op: 'replace', path: 'active', value: 'x' }] }],
  [
    400,
    'mutability',
    {
      Operations: [
        { op: 'replace', path: 'title', value: 'x' },
        { op: 'remove', path: 'userName' },
      ],
    },
  ],
])('PATCH: %i %s for %j', async (status, scimType, body) => {
  const answer = await scim.request('PATCH', `/Users/${user}`, { schemas, ...body });
  expectError(answer, status, scimType);
});

test('PATCH: 413 for more than 1,000 operations', async () => {
  const Operations = Array.from({ length: 1001 }, () => ({ op: 'add', path: 'title', value: 'x' }));
  expectError(await scim.request('PATCH', `/Users/${user}`, { schemas, Operations }), 413);
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('%s: 404 for an unknown id', async (method) => {
  const body =
    method === 'PUT'
      ? { userName: 'x', displayName: 'x' }
      : { schemas, Operations: [{ op: 'add', path: 'displayName', value: 'x' }] };
  const sent = method === 'GET' || method === 'DELETE' ? undefined : body;
  for (const path of ['/Users/unknown', `/Users/${group}`, `/Groups/${user}`, '/Users/..%2f']) {
    expectError(await scim.request(method, path, sent), 404);
  }
});

test.each([
  'userName',
  'userName eq',
  'userName is "x"',
  'userName eq "x',
  '(userName eq "x"',
  'unknown eq "x"',
  'password eq "x"',
  '__proto__ pr',
  'active gt true',
  '',
  '('.repeat(5000),
])('GET: 400 invalidFilter for %j', async (filter) => {
  const answer = await scim.request('GET', `/Users?filter=${encodeURIComponent(filter)}`);
  expectError(answer, 400, 'invalidFilter');
});

test.each([
  'startIndex=x',
  'count=1.5',
  'count=99999999999999999999',
  'sortBy=unknown',
  'sortBy=userName&sortOrder=up',
])('GET: 400 invalidValue for %s', async (query) => {
  expectError(await scim.request('GET', `/Users?${query}`), 400, 'invalidValue');
});

test('404 for what is no endpoint, also with a broken percent-encoding', async () => {
  for (const path of ['/Unknown', '/constructor', '/Users/1/2', '/Schemas/x', '/ResourceTypes/x']) {
    expectError(await scim.request('GET', path), 404);
  }
  expectError(await scim.request('GET', '/Users/%zz'), 400);
});

test('405 with Allow for another method', async () => {
  const list = await scim.request('PUT', '/Users', {});
  expectError(list, 405);
  expect(list.headers.get('allow')).toBe('GET, HEAD, POST');
  const one = await scim.request('POST', `/Users/${user}`, {});
  expect(one.headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE');
  expectError(await scim.request('DELETE', '/Schemas'), 405);
});

test('501 for what is not built', async () => {
  expectError(await scim.request('GET', '/Me'), 501);
});

test('401 for a missing or wrong token, whatever the path', async () => {
  const wrong = Buffer.from(`someone:${scim.token}`).toString('base64');
  const noUser = Buffer.from(scim.token).toString('base64');
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer x',
    'Bearer usher_scim_wrong',
    `Bearer ${scim.token}x`,
    `Basic ${wrong}`,
    `Basic ${noUser}`,
    'Basic !!!',
    'x'.repeat(10_000),
  ]) {
    for (const path of ['/Users', `/Users/${user}`, '/Schemas', '/Unknown']) {
      const answer = await scim.request('GET', path, undefined, { authorization });
      expectError(answer, 401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    }
  }
});

test('403 while the rule is disabled', async () => {
  const disabled = await startConformanceServer({ ruleId, enabled: false });
  expectError(await disabled.request('GET', '/Users'), 403);
  await disabled.close();
});

test('another rule sees nothing', async () => {
  const other = await startConformanceServer();
  expectError(await other.request('GET', `/Users/${user}`), 404);
  expect((await other.request('GET', '/Users')).body.totalResults).toBe(0);
  expect((await other.request('POST', '/Users', { userName: 'Kit' })).status).toBe(201);
  await other.close();
});

test('keys that reach for the prototype are ignored', async () => {
  const body =
    '{"userName":"proto","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"name":{"givenName":"K","__proto__":{"polluted":1}}}';
  const answer = await scim.request('POST', '/Users', body);
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ userName: 'proto', name: { givenName: 'K' } });
  expect(answer.text).not.toContain('polluted');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('500 without details when something breaks, and the cause in the log', async () => {
  const broken = new MemoryResourceStore();
  broken.find = async () => {
    throw new Error('secret cause');
  };
  const failing = await startScimServer(broken);
  const answer = await failing.request('GET', '/Users/x');
  expectError(answer, 500);
  expect(answer.text).not.toContain('secret');
  expect(failing.errors).toEqual([{ err: expect.objectContaining({ message: 'secret cause' }) }]);
  await failing.close();
});

it('nothing of all this has changed anything', async () => {
  expect((await scim.request('GET', `/Users/${user}`)).body.meta.version).toBe('W/"1"');
  expect((await scim.request('GET', `/Groups/${group}`)).body.meta.version).toBe('W/"1"');
  expect(scim.errors).toEqual([]);
});
