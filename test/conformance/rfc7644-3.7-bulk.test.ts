/** Bulk operations (RFC 7644 section 3.7). */
import { startConformanceServer, conformanceStore } from '../support/conformance-server';
import { startScimServer, type ScimAnswer, type ScimServer } from '../support/scim-server';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

interface Result {
  readonly location: string;
  readonly status: string;
  readonly version?: string;
  readonly response?: { readonly scimType?: string };
}

/** As JSON; a missing one fails the test that looks at it. */
type Results = readonly Result[] & Record<number, ScimAnswer['body']>;
type Operation = Readonly<Record<string, unknown>>;

function bulk(Operations: readonly Operation[], more: object = {}): Promise<ScimAnswer> {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
  return scim.request('POST', '/Bulk', { schemas, Operations, ...more });
}

/** The results, which must be well-formed. */
async function results(Operations: readonly Operation[], more?: object): Promise<Results> {
  const { status, body } = await bulk(Operations, more);
  expect([status, body.schemas]).toEqual([
    200,
    ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
  ]);
  for (const result of body.Operations) {
    expect(result.status).toMatch(/^\d{3}$/);
    const failed = Number(result.status) >= 400;
    expect('response' in result).toBe(failed);
    if (failed) {
      expect(result.response).toMatchObject({
        schemas: [ERROR],
        status: result.status,
        detail: expect.stringMatching(/.+\.$/),
      });
    }
    expect('location' in result).toBe(!(failed && result.method === 'POST'));
  }
  return body.Operations;
}

const statuses = (list: readonly { status: string }[]): readonly string[] =>
  list.map(({ status }) => status);
const idOf = (result: { location: string }): string =>
  result.location.slice(result.location.lastIndexOf('/') + 1);
const create = (userName: string, bulkId = userName, more: object = {}): Operation => ({
  method: 'POST',
  path: '/Users',
  bulkId,
  data: { userName, ...more },
});
const group = (
  displayName: string,
  members: readonly string[],
  bulkId = displayName,
): Operation => ({
  method: 'POST',
  path: '/Groups',
  bulkId,
  data: { displayName, members: members.map((value) => ({ value })) },
});

async function read(result: { location: string }): Promise<ScimAnswer['body']> {
  return (await scim.request('GET', result.location.slice(scim.url.length))).body;
}

async function memberIds(result: { location: string }): Promise<readonly string[]> {
  const { members = [] } = await read(result);
  return members.map(({ value }: { value: string }) => value).sort();
}

async function total(endpoint: string): Promise<number> {
  return (await scim.request('GET', `${endpoint}?count=0`)).body.totalResults;
}

test('7644-3.7-6, 7644-3.7-9, 7644-3.7-12, 7644-3.7.3-1, 7644-3.7.3-2, 7644-3.7.3-3 every method, with location, version and status as of a single request', async () => {
  const [put, patch, gone] = await results([create('a'), create('b'), create('c')]);
  const answer = await results([
    create('d', 'qwerty'),
    { method: 'PUT', path: `/Users/${idOf(put)}`, version: 'W/"1"', data: { userName: 'Bob' } },
    {
      method: 'patch',
      path: `Users/${idOf(patch)}`,
      version: 'W/"1"',
      data: { Operations: [{ op: 'add', path: 'title', value: 'x' }] },
    },
    { method: 'DELETE', path: `/Users/${idOf(gone)}`, version: 'W/"1"' },
  ]);
  expect(answer).toEqual([
    {
      location: expect.stringMatching(`^${scim.url}/Users/`),
      method: 'POST',
      bulkId: 'qwerty',
      version: 'W/"1"',
      status: '201',
    },
    { location: put.location, method: 'PUT', version: 'W/"2"', status: '200' },
    { location: patch.location, method: 'PATCH', version: 'W/"2"', status: '200' },
    { location: gone.location, method: 'DELETE', status: '204' },
  ]);
  expect(await read(put)).toMatchObject({ userName: 'Bob', meta: { version: 'W/"2"' } });
  expect(await read(patch)).toMatchObject({ userName: 'b', title: 'x' });
  expect((await read(gone)).status).toBe('404');
});

test('7644-3.7.2-1, 7644-3.7.2-2 references to what was made before, in members and in an extension', async () => {
  const [alice, bob, guides] = await results([
    create('Alice', 'qwerty'),
    create('Bob', 'ytrewq', { [ENTERPRISE]: { manager: { value: 'bulkId:qwerty' } } }),
    group('Tour Guides', ['bulkId:qwerty', 'bulkId:ytrewq']),
  ]);
  expect((await read(bob))[ENTERPRISE].manager.value).toBe(idOf(alice));
  expect(await memberIds(guides)).toEqual([idOf(alice), idOf(bob)].sort());
  expect(guides.version).toBe('W/"1"');
});

test('references to what comes later', async () => {
  const list = await results([
    group('Early', ['bulkId:late']),
    { method: 'PUT', path: '/Groups/bulkId:other', data: { displayName: 'Renamed' } },
    create('late'),
    group('Other', [], 'other'),
  ]);
  expect(statuses(list)).toEqual(['201', '200', '201', '201']);
  expect(await memberIds(list[0])).toEqual([idOf(list[2])]);
  expect(list[1].location).toBe(list[3].location);
  expect((await read(list[3])).displayName).toBe('Renamed');
});

test('references in paths, PATCH values, value filters and $ref', async () => {
  const member = (op: string, more: object): Operation => ({
    method: 'PATCH',
    path: '/Groups/bulkId:ops',
    data: { Operations: [{ op, ...more }] },
  });
  const list = await results([
    create('a'),
    create('b'),
    group('Ops', ['bulkId:a'], 'ops'),
    member('add', { path: 'members', value: [{ value: 'bulkId:b' }] }),
    member('remove', { path: 'members[value eq "bulkId:a"]' }),
    {
      method: 'POST',
      path: '/Groups',
      bulkId: 'ref',
      data: { displayName: 'Ref', members: [{ $ref: '../Users/bulkId:a' }] },
    },
    { method: 'DELETE', path: '/Users/bulkId:b' },
  ]);
  expect(statuses(list)).toEqual(['201', '201', '201', '204', '204', '201', '204']);
  expect(await memberIds(list[2])).toEqual([]);
  expect(await memberIds(list[5])).toEqual([idOf(list[0])]);
});

test('7644-3.7.1-1 circular references', async () => {
  const list = await results([
    group('Group A', ['bulkId:ytrewq'], 'qwerty'),
    group('Group B', ['bulkId:qwerty'], 'ytrewq'),
    create('x', 'x', { [ENTERPRISE]: { manager: { value: 'bulkId:y' }, department: 'D' } }),
    create('y', 'y', { [ENTERPRISE]: { manager: { value: 'bulkId:x' } } }),
    create('self', 'self', { [ENTERPRISE]: { manager: { value: 'bulkId:self' } } }),
  ]);
  expect(statuses(list)).toEqual(['201', '201', '201', '201', '201']);
  const [a, b, x, y, self] = list;
  expect(await memberIds(a)).toEqual([idOf(b)]);
  expect(await memberIds(b)).toEqual([idOf(a)]);
  expect((await read(x))[ENTERPRISE]).toMatchObject({
    department: 'D',
    manager: { value: idOf(y) },
  });
  expect((await read(y))[ENTERPRISE].manager.value).toBe(idOf(x));
  expect((await read(self))[ENTERPRISE].manager.value).toBe(idOf(self));
  for (const result of list) expect((await read(result)).meta.version).toBe(result.version);
});

test('a circle that cannot be closed leaves nothing behind, and can be repeated', async () => {
  const circle = (userName: string): readonly Operation[] => [
    create(userName, 'boss', { [ENTERPRISE]: { manager: { value: 'bulkId:deputy' } } }),
    create('deputy', 'deputy', { [ENTERPRISE]: { manager: { value: 'bulkId:boss' } } }),
  ];
  expect(statuses(await results(circle('')))).toEqual(['400', '409']);
  expect(await total('/Users')).toBe(0);
  expect(statuses(await results(circle('boss')))).toEqual(['201', '201']);
});

test('400 for a reference to nothing, 409 for one to what failed', async () => {
  const list = await results([
    group('Nobody', ['bulkId:nobody']),
    create('', 'broken'),
    group('Broken', ['bulkId:broken']),
    create('fine'),
  ]);
  expect(list.map(({ status, response }) => [status, response?.scimType])).toEqual([
    ['400', 'invalidValue'],
    ['400', 'invalidValue'],
    ['409', undefined],
    ['201', undefined],
  ]);
  expect(await total('/Groups')).toBe(0);
});

test('a bulkId used twice is refused the second time', async () => {
  const list = await results([create('a', 'x'), create('b', 'x'), group('Ops', ['bulkId:x'])]);
  expect(list.map(({ status, response }) => [status, response?.scimType])).toEqual([
    ['201', undefined],
    ['400', 'invalidValue'],
    ['201', undefined],
  ]);
  expect(await memberIds(list[2])).toEqual([idOf(list[0])]);
});

test('7644-3.7-2, 7644-3.7-4, 7644-3.7-5, 7644-3.7-7, 7644-3.7-8, 7644-3.7-11, 7644-3.7.3-4 errors are those of single requests, and others are carried out all the same', async () => {
  const [user] = await results([create('taken')]);
  const path = `/Users/${idOf(user)}`;
  const list = (
    await bulk([
      create('TAKEN'),
      { method: 'PUT', path, version: 'W/"9"', data: { userName: 'x' } },
      { method: 'PATCH', path, data: { Operations: [{ op: 'add', path: 'shoes', value: 1 }] } },
      { method: 'DELETE', path: '/Users/unknown' },
      { method: 'POST', path: '/Shoes', bulkId: 's', data: {} },
      { method: 'GET', path },
      { method: 'PUT', path: '/Users', data: {} },
      { method: 'POST', path: '/Users' },
      { method: 'DELETE' },
      'nonsense' as unknown as Operation,
      create('fine'),
    ])
  ).body.Operations;
  expect(
    list.map((one: { status: string; response?: { scimType?: string } }) =>
      [one.status, one.response?.scimType].filter(Boolean).join(' '),
    ),
  ).toEqual([
    '409 uniqueness',
    '412',
    '400 invalidPath',
    '404',
    '404',
    '400 invalidSyntax',
    '400 invalidValue',
    '400 invalidSyntax',
    '400 invalidValue',
    '400 invalidSyntax',
    '201',
  ]);
  expect(list[1].location).toBe(user.location);
  expect(await read(user)).toMatchObject({ userName: 'taken', meta: { version: 'W/"1"' } });
});

test('failOnErrors ends the work, and what was not done is not reported', async () => {
  const operations = [create('a'), create(''), create('b'), create('A'), create('c')];
  expect(statuses(await results(operations, { failOnErrors: 1 }))).toEqual(['201', '400']);
  expect(await total('/Users')).toBe(1);
  expect(statuses(await results(operations, { failOnErrors: 2 }))).toEqual(['409', '400']);
  expect(await total('/Users')).toBe(1);
  const all = await results(operations.slice(1), { failOnErrors: 3 });
  expect(statuses(all)).toEqual(['400', '201', '409', '201']);
});

test('7644-3.7-13 the outcome is that of the order in which operations were sent', async () => {
  const [user] = await results([create('name')]);
  const path = `/Users/${idOf(user)}`;
  const title = (value: string): Operation => ({
    method: 'PATCH',
    path,
    data: { Operations: [{ op: 'replace', path: 'title', value }] },
  });
  const list = await results([
    ...Array.from({ length: 20 }, (_, index) => title(`t${String(index)}`)),
    {
      method: 'PATCH',
      path,
      data: { Operations: [{ op: 'replace', value: { userName: 'new' } }] },
    },
    create('name', 'second'),
    create('NAME', 'third'),
    { method: 'DELETE', path },
    create('new', 'fourth'),
  ]);
  expect(statuses(list.slice(0, 20))).toEqual(Array(20).fill('200'));
  expect(list[19].version).toBe('W/"21"');
  expect(statuses(list.slice(20))).toEqual(['200', '201', '409', '204', '201']);
});

test('7644-3.7.4-1, 7644-3.7.4-2, 7644-3.7.4-3 the limits are those that are announced', async () => {
  const { body } = await scim.request('GET', '/ServiceProviderConfig');
  expect(body.bulk).toEqual({ supported: true, maxOperations: 1000, maxPayloadSize: 1048576 });
  const many = await bulk(Array.from({ length: 1001 }, (_, index) => create(`u${String(index)}`)));
  expect([many.status, many.body.detail]).toEqual([413, expect.stringContaining('(1000)')]);
  const large = await bulk([create('x', 'x', { title: 'x'.repeat(1048576) })]);
  expect([large.status, large.body.detail]).toEqual([413, expect.stringContaining('1048576')]);
  expect(await total('/Users')).toBe(0);
});

test.each<[string, unknown, string]>([
  ['no operations', { Operations: [] }, 'invalidSyntax'],
  ['no list', { Operations: {} }, 'invalidSyntax'],
  ['a list', [], 'invalidSyntax'],
  ['a wrong failOnErrors', { Operations: [{}], failOnErrors: 0 }, 'invalidValue'],
])('7644-3.7-1, 7644-3.7-10 400 for %s', async (_name, body, scimType) => {
  const answer = await scim.request('POST', '/Bulk', body);
  expect([answer.status, answer.body.scimType]).toEqual([400, scimType]);
});

test('1,000 operations let other requests through', async () => {
  const operations = Array.from({ length: 1000 }, (_, index) => create(`u${String(index)}`));
  let done = false;
  const working = results(operations).finally(() => (done = true));
  let slowest = 0;
  let asked = 0;
  while (!done) {
    const before = performance.now();
    expect((await scim.request('GET', '/Users?count=1')).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - before);
    asked += 1;
  }
  expect(new Set(statuses(await working))).toEqual(new Set(['201']));
  expect(await total('/Users')).toBe(1000);
  // Far less than the bulk request itself takes; a request that waited for its end would be the only one.
  expect(asked).toBeGreaterThan(10);
}, 120_000);

test('an error nobody expected is 500 for its operation only, without details, and is logged', async () => {
  const store = await conformanceStore();
  const broken = Object.create(store) as typeof store;
  broken.remove = async () => {
    throw new Error('secret cause');
  };
  const failing = await startScimServer(broken, { ruleId: `bulk-${String(Date.now())}` });
  const { body } = await failing.request('POST', '/Bulk', {
    Operations: [{ method: 'DELETE', path: '/Users/x' }, create('after')],
  });
  expect(statuses(body.Operations)).toEqual(['500', '201']);
  expect(JSON.stringify(body)).not.toContain('secret');
  expect(failing.errors).toHaveLength(1);
  await failing.close();
});
