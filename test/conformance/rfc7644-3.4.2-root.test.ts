/** Queries over all resource types at the root, and pages by index (RFC 7644 sections 3.4.2 and 3.4.3). */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

let scim: ScimServer;
let ada: string;
let ops: string;

beforeAll(async () => {
  scim = await startConformanceServer();
  const user = { userName: 'ada', displayName: 'Ada', title: 'Countess' };
  ada = (await scim.request('POST', '/Users', user)).body.id;
  const members = [{ value: ada }];
  ops = (await scim.request('POST', '/Groups', { displayName: 'Ops', members })).body.id;
  await scim.request('POST', '/Users', { userName: 'bob', displayName: 'zed' });
  await scim.request('POST', '/Groups', { displayName: 'Board' });
  await scim.request('POST', '/Users', { userName: 'eve' });
});

afterAll(() => scim.close());

interface Named {
  readonly userName?: string;
  readonly displayName?: string;
}

const nameOf = ({ userName, displayName }: Named): string => userName ?? displayName ?? '';

async function found(filter: string): Promise<readonly string[]> {
  const { body } = await scim.request('GET', `/?filter=${encodeURIComponent(filter)}`);
  expect(body.totalResults ?? body).toBe(body.Resources?.length);
  return body.Resources.map(nameOf);
}

test('all resources, type by type and in the order of creation', async () => {
  for (const path of ['', '/', '/?']) {
    const { status, body } = await scim.request('GET', path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ totalResults: 5, itemsPerPage: 5, startIndex: 1 });
    expect(body.Resources.map(nameOf)).toEqual(['ada', 'bob', 'eve', 'Ops', 'Board']);
  }
});

test('every resource is what its own endpoint shows', async () => {
  const { body } = await scim.request('POST', '/.search', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
  });
  const user = (await scim.request('GET', `/Users/${ada}`)).body;
  const group = (await scim.request('GET', `/Groups/${ops}`)).body;
  expect(user.groups).toHaveLength(1);
  expect(group.members).toHaveLength(1);
  expect(body.Resources[0]).toEqual(user);
  expect(body.Resources[3]).toEqual(group);
});

test.each<[string, readonly string[]]>([
  ['meta.resourceType eq "User"', ['ada', 'bob', 'eve']],
  ['meta.resourceType eq "group"', ['Ops', 'Board']],
  [
    '(meta.resourceType eq "User") or (meta.resourceType eq "Group")',
    ['ada', 'bob', 'eve', 'Ops', 'Board'],
  ],
  ['meta.resourceType ne "User"', ['Ops', 'Board']],
  ['meta.resourceType eq "Device"', []],
  ['meta.resourceType eq "User" and displayName sw "z"', ['bob']],
  ['not (meta.resourceType eq "User")', ['Ops', 'Board']],
  ['displayName sw "o"', ['Ops']],
  ['displayName pr', ['ada', 'bob', 'Ops', 'Board']],
  ['userName eq "ADA"', ['ada']],
  // An attribute a type does not have has no value in it.
  ['userName pr', ['ada', 'bob', 'eve']],
  ['not (userName pr)', ['Ops', 'Board']],
  ['userName ne "ada"', ['bob', 'eve', 'Ops', 'Board']],
  ['userName eq null', ['Ops', 'Board']],
  ['userName ne null', ['ada', 'bob', 'eve']],
  ['userName eq "ada" or displayName eq "Ops"', ['ada', 'Ops']],
  ['userName pr and members eq "x"', []],
  ['emails[type eq "work"]', []],
  ['schemas eq "urn:ietf:params:scim:schemas:core:2.0:Group"', ['Ops', 'Board']],
])('%s', async (filter, expected) => {
  expect(await found(filter)).toEqual(expected);
});

test('memberships, from both sides', async () => {
  expect(await found(`members[value eq "${ada}"]`)).toEqual(['Ops']);
  expect(await found(`members eq "${ada}" or groups eq "${ops}"`)).toEqual(['ada', 'Ops']);
  expect(await found(`groups.value eq "${ops}"`)).toEqual(['ada']);
  expect(await found(`groups[value eq "${ops}"]`)).toEqual(['ada']);
  expect(await found(`groups eq "${ops}" and title pr`)).toEqual(['ada']);
});

test('an attribute of no type at all is 400 invalidFilter', async () => {
  for (const filter of ['shoeSize eq 44', 'userName pr or shoeSize eq 44', 'password pr', '']) {
    const { status, body } = await scim.request('GET', `/?filter=${encodeURIComponent(filter)}`);
    expect([filter, status, body.scimType]).toEqual([filter, 400, 'invalidFilter']);
  }
});

test('an order across types: who has no value comes last, or first when descending', async () => {
  const names = async (query: string): Promise<readonly string[]> =>
    (await scim.request('GET', `/?sortBy=displayName${query}`)).body.Resources.map(nameOf);
  expect(await names('')).toEqual(['ada', 'Board', 'Ops', 'bob', 'eve']);
  expect(await names('&sortOrder=descending')).toEqual(['eve', 'bob', 'Ops', 'Board', 'ada']);
  expect(await names('&startIndex=4&count=5')).toEqual(['bob', 'eve']);
  const byType = await scim.request('GET', '/?sortBy=meta.resourceType');
  expect(byType.body.Resources.map(nameOf)).toEqual(['Ops', 'Board', 'ada', 'bob', 'eve']);
});

test('sorting by several values looks at the primary one, or else the first', async () => {
  const own = await startConformanceServer();
  const emails: Record<string, object[]> = {
    first: [{ value: 'm@x' }, { value: 'a@x' }],
    primary: [{ value: 'z@x' }, { value: 'b@x', primary: true }],
    none: [],
    single: [{ value: 'c@x' }],
  };
  for (const [userName, list] of Object.entries(emails)) {
    await own.request('POST', '/Users', { userName, emails: list });
  }
  const names = async (query: string): Promise<readonly string[]> =>
    (await own.request('GET', `/Users?sortBy=emails.value${query}`)).body.Resources.map(nameOf);
  expect(await names('')).toEqual(['primary', 'single', 'first', 'none']);
  expect(await names('&sortOrder=descending')).toEqual(['none', 'first', 'single', 'primary']);
  await own.close();
});

test('sorting by what cannot be sorted by is 400 invalidValue', async () => {
  for (const path of [
    '/?sortBy=shoeSize',
    '/?sortBy=name',
    '/?sortBy=password',
    '/Users?sortBy=name',
    '/Users?sortBy=password',
  ]) {
    const { status, body } = await scim.request('GET', path);
    expect([path, status, body.scimType]).toEqual([path, 400, 'invalidValue']);
  }
});

test('pages by index run across types', async () => {
  const seen: string[] = [];
  for (let startIndex = 1; startIndex <= 5; startIndex += 2) {
    const path = `/?startIndex=${String(startIndex)}&count=2`;
    const { body } = await scim.request('GET', path);
    expect([body.totalResults, body.startIndex]).toEqual([5, startIndex]);
    seen.push(...body.Resources.map(nameOf));
  }
  expect(seen).toEqual(['ada', 'bob', 'eve', 'Ops', 'Board']);
});

test.each<[string, number, number, readonly string[]]>([
  ['startIndex=4', 4, 2, ['Ops', 'Board']],
  ['startIndex=6', 6, 0, []],
  ['startIndex=1000000', 1000000, 0, []],
  ['startIndex=0', 1, 5, ['ada', 'bob', 'eve', 'Ops', 'Board']],
  ['startIndex=-7&count=1', 1, 1, ['ada']],
  ['count=0', 1, 0, []],
  ['count=-3', 1, 0, []],
  ['startIndex=3&count=1', 3, 1, ['eve']],
])('%s', async (query, startIndex, itemsPerPage, names) => {
  const { body } = await scim.request('GET', `/?${query}`);
  expect(body).toMatchObject({ totalResults: 5, startIndex, itemsPerPage });
  expect(body.Resources.map(nameOf)).toEqual(names);
});

test('a walk through one type by index, without a count, needs no empty page', async () => {
  const own = await startConformanceServer();
  for (let index = 0; index < 103; index += 1) {
    await own.request('POST', '/Users', { userName: `u${String(index).padStart(3, '0')}` });
  }
  const first = (await own.request('GET', '/Users')).body;
  expect([first.totalResults, first.itemsPerPage]).toEqual([103, 100]);
  const second = (await own.request('GET', '/Users?startIndex=101')).body;
  expect([second.totalResults, second.itemsPerPage]).toEqual([103, 3]);
  const names = [...first.Resources, ...second.Resources].map(nameOf);
  expect(names).toEqual([...names].sort());
  await own.close();
});

test('the parts that are asked for, of each type what it has of them', async () => {
  const { body } = await scim.request('POST', '/.search', {
    attributes: ['userName', 'members.value'],
    filter: 'userName eq "ada" or displayName eq "Ops"',
  });
  expect(body.Resources).toEqual([
    { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], id: ada, userName: 'ada' },
    {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      id: ops,
      members: [{ value: ada }],
    },
  ]);
});

test('405 for other methods', async () => {
  const root = await scim.request('POST', '/', {});
  expect([root.status, root.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const search = await scim.request('GET', '/.search');
  expect([search.status, search.headers.get('allow')]).toEqual([405, 'POST']);
});
