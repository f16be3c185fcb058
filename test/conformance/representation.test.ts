/** What answers look like: discovery, projection, paging, sorting, versions. */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(() => scim.close());

async function createKit(): Promise<string> {
  const { body } = await scim.request('POST', '/Users', {
    userName: 'kit',
    name: { givenName: 'Kit', familyName: 'Marlow' },
    emails: [{ value: 'k@x.example', type: 'work', primary: true }],
    password: 's3cret',
    [ENTERPRISE]: { department: 'Milling', costCenter: '7' },
  });
  return body.id;
}

describe('discovery', () => {
  test('ServiceProviderConfig says what is built', async () => {
    const { status, body } = await scim.request('GET', '/ServiceProviderConfig?filter=x');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1000, maxPayloadSize: 1024 * 1024 },
      filter: { supported: true, maxResults: 1000 },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      meta: {
        resourceType: 'ServiceProviderConfig',
        location: `${scim.url}/ServiceProviderConfig`,
      },
    });
  });

  test('resource types', async () => {
    const { body } = await scim.request('GET', '/ResourceTypes');
    expect(body.totalResults).toBe(2);
    expect(body.Resources[0]).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'User Account',
      schema: USER,
      schemaExtensions: [{ schema: ENTERPRISE, required: false }],
      meta: { resourceType: 'ResourceType', location: `${scim.url}/ResourceTypes/User` },
    });
    const single = await scim.request('GET', '/ResourceTypes/User');
    expect(single.body).toEqual(body.Resources[0]);
  });

  test('schemas', async () => {
    const { body, text } = await scim.request('GET', '/Schemas');
    const ids = body.Resources.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([USER, ENTERPRISE]));
    expect(text).not.toContain('null');
    for (const schema of body.Resources) {
      const single = await scim.request('GET', `/Schemas/${schema.id}`);
      expect(single.body).toEqual(schema);
      expect(single.body.meta.location).toBe(`${scim.url}/Schemas/${schema.id}`);
    }
  });

  test('lists are not filtered', async () => {
    expect((await scim.request('GET', '/Schemas?filter=id eq "x"')).status).toBe(403);
    expect((await scim.request('GET', '/ResourceTypes?filter=id eq "x"')).status).toBe(403);
  });
});

describe('attributes and excludedAttributes', () => {
  test.each<[string, string[]]>([
    ['attributes=userName', ['schemas', 'id', 'userName']],
    ['attributes=USERNAME, name.givenName ,unknown', ['schemas', 'id', 'userName', 'name']],
    [`attributes=${ENTERPRISE}:department`, ['schemas', 'id', ENTERPRISE]],
    [`attributes=${ENTERPRISE}`, ['schemas', 'id', ENTERPRISE]],
    ['attributes=password', ['schemas', 'id']],
    ['attributes=meta.location', ['schemas', 'id', 'meta']],
    [
      'excludedAttributes=id,schemas,emails,meta',
      ['schemas', 'id', 'userName', 'name', ENTERPRISE, 'active'],
    ],
    [
      `excludedAttributes=${ENTERPRISE}`,
      ['schemas', 'id', 'userName', 'name', 'emails', 'active', 'meta'],
    ],
  ])('%s', async (query, names) => {
    const id = await createKit();
    const { body } = await scim.request('GET', `/Users/${id}?${query}`);
    expect(Object.keys(body).sort()).toEqual([...names].sort());
    const list = await scim.request('GET', `/Users?${query}`);
    expect(list.body.Resources).toEqual([body]);
  });

  test('sub-attributes', async () => {
    const id = await createKit();
    const only = await scim.request(
      'GET',
      `/Users/${id}?attributes=name.givenName,emails.value,meta.version,${ENTERPRISE}:costCenter`,
    );
    expect(only.body).toMatchObject({
      name: { givenName: 'Kit' },
      emails: [{ value: 'k@x.example' }],
      meta: { version: 'W/"1"' },
      [ENTERPRISE]: { costCenter: '7' },
    });
    expect(only.body.name).toEqual({ givenName: 'Kit' });
    expect(only.body.meta).toEqual({ version: 'W/"1"' });
    const without = await scim.request(
      'GET',
      `/Users/${id}?excludedAttributes=emails.type,name.givenName`,
    );
    expect(without.body.emails).toEqual([{ value: 'k@x.example', primary: true }]);
    expect(without.body.name).toEqual({ familyName: 'Marlow' });
  });

  test('also for POST and PUT', async () => {
    const created = await scim.request('POST', '/Users?attributes=userName', { userName: 'x' });
    expect(Object.keys(created.body).sort()).toEqual(['id', 'schemas', 'userName']);
    const path = `/Users/${created.body.id}?excludedAttributes=meta`;
    const put = await scim.request('PUT', path, { userName: 'y' });
    expect(put.body).toEqual({ schemas: [USER], id: created.body.id, userName: 'y', active: true });
  });
});

describe('lists', () => {
  beforeEach(async () => {
    for (let index = 0; index < 5; index += 1) {
      const userName = `u${String(index)}`;
      await scim.request('POST', '/Users', { userName, title: String(9 - index) });
    }
  });

  const namesOf = (body: { Resources: { userName: string }[] }): string[] =>
    body.Resources.map(({ userName }) => userName);

  test.each<[string, number, number, string[]]>([
    ['startIndex=2&count=2', 2, 2, ['u1', 'u2']],
    ['startIndex=-3&count=2', 1, 2, ['u0', 'u1']],
    ['count=0', 1, 0, []],
    ['count=-1', 1, 0, []],
    ['startIndex=6', 6, 0, []],
    ['sortBy=title', 1, 5, ['u4', 'u3', 'u2', 'u1', 'u0']],
    ['sortBy=userName&sortOrder=DESCENDING&count=1', 1, 1, ['u4']],
    ['startIndex=&count=&sortBy=', 1, 5, ['u0', 'u1', 'u2', 'u3', 'u4']],
    ['filter=title gt "7"&sortBy=userName', 1, 2, ['u0', 'u1']],
  ])('GET %s', async (query, startIndex, itemsPerPage, names) => {
    const { body } = await scim.request('GET', `/Users?${query}`);
    expect(body).toMatchObject({ startIndex, itemsPerPage });
    expect(namesOf(body)).toEqual(names);
  });

  test('POST .search', async () => {
    const { status, body } = await scim.request('POST', '/Users/.search', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
      attributes: ['userName', 'title'],
      filter: 'userName sw "u"',
      sortBy: 'userName',
      sortOrder: 'descending',
      startIndex: 2,
      count: 2,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ totalResults: 5, startIndex: 2, itemsPerPage: 2 });
    expect(namesOf(body)).toEqual(['u3', 'u2']);
    expect(body.Resources[0]).toEqual({
      schemas: [USER],
      id: expect.any(String),
      userName: 'u3',
      title: '6',
    });
  });
});

describe('versions', () => {
  test('If-None-Match', async () => {
    const id = await createKit();
    const first = await scim.request('GET', `/Users/${id}`);
    expect(first.headers.get('etag')).toBe('W/"1"');
    for (const tag of ['W/"1"', '"1"', 'W/"7", W/"1"', '*']) {
      const { status, text, headers } = await scim.request('GET', `/Users/${id}`, undefined, {
        'if-none-match': tag,
      });
      expect([status, text, headers.get('etag')]).toEqual([304, '', 'W/"1"']);
    }
    const other = await scim.request('GET', `/Users/${id}`, undefined, {
      'if-none-match': 'W/"2"',
    });
    expect(other.status).toBe(200);
  });

  test('If-Match', async () => {
    const id = await createKit();
    const change = { Operations: [{ op: 'add', path: 'title', value: 'x' }] };
    for (const tag of ['W/"2"', '"nonsense"']) {
      const headers = { 'if-match': tag };
      for (const answer of [
        await scim.request('PATCH', `/Users/${id}`, change, headers),
        await scim.request('PUT', `/Users/${id}`, { userName: 'x' }, headers),
        await scim.request('DELETE', `/Users/${id}`, undefined, headers),
      ]) {
        expect([answer.status, answer.body.status]).toEqual([412, '412']);
      }
    }
    const patched = await scim.request('PATCH', `/Users/${id}`, change, { 'if-match': 'W/"1"' });
    expect([patched.status, patched.headers.get('etag')]).toEqual([200, 'W/"2"']);
    const any = await scim.request('PUT', `/Users/${id}`, { userName: 'x' }, { 'if-match': '*' });
    expect(any.status).toBe(200);
    const headers = { 'if-match': 'W/"3"' };
    const deleted = await scim.request('DELETE', `/Users/${id}`, undefined, headers);
    expect(deleted.status).toBe(204);
  });
});

test('HEAD answers like GET without a body', async () => {
  const id = await createKit();
  const { status, text, headers } = await scim.request('HEAD', `/Users/${id}`);
  expect([status, text, headers.get('etag')]).toEqual([200, '', 'W/"1"']);
});

test('parallel changes are all kept', async () => {
  const id = await createKit();
  const names = [
    'title',
    'nickName',
    'locale',
    'timezone',
    'userType',
    'displayName',
    'profileUrl',
  ];
  await Promise.all(
    names.map((path) =>
      scim.request('PATCH', `/Users/${id}`, { Operations: [{ op: 'add', path, value: 'x' }] }),
    ),
  );
  const { body } = await scim.request('GET', `/Users/${id}`);
  expect(Object.keys(body)).toEqual(expect.arrayContaining(names));
  expect(body.meta.version).toBe('W/"8"');
});
