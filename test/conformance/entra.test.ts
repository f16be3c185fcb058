/** Microsoft Entra ID: what it sends over the life of users and groups, in both of its PATCH dialects. */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

const kit = {
  schemas: [USER, ENTERPRISE],
  externalId: 'kmarlow-41',
  userName: 'k.marlow@northmill.example',
  active: true,
  displayName: 'Kit Marlow',
  name: { formatted: 'Kit Marlow', givenName: 'Kit', familyName: 'Marlow' },
  emails: [{ type: 'work', value: 'k.marlow@northmill.example', primary: true }],
  meta: { resourceType: 'User' },
  roles: [],
};

test('the connection test finds nothing, politely', async () => {
  for (const path of [
    '/Users?filter=userName+eq+"5b0a2f0e-8f0b-4f7c-8f6e-0d8a2e9e4c11"',
    '/Groups?excludedAttributes=members&filter=displayName eq "9e2"',
  ]) {
    const { status, body } = await scim.request('GET', path);
    expect(status).toBe(200);
    expect(body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 0,
      startIndex: 1,
      itemsPerPage: 0,
      Resources: [],
    });
  }
});

test('the life of a user', async () => {
  const created = await scim.request('POST', '/Users', kit);
  expect(created.status).toBe(201);
  const { id } = created.body;
  const { roles: _roles, meta: _meta, schemas: _schemas, ...stored } = kit;
  expect(created.body).toEqual({
    ...stored,
    schemas: [USER],
    id,
    meta: {
      resourceType: 'User',
      created: expect.any(String),
      lastModified: expect.any(String),
      location: `${scim.url}/Users/${id}`,
      version: 'W/"1"',
    },
  });
  expect(created.headers.get('location')).toBe(`${scim.url}/Users/${id}`);
  expect(created.headers.get('content-type')).toBe('application/scim+json');

  const found = await scim.request('GET', '/Users?filter=externalId eq "kmarlow-41"');
  expect(found.body.Resources).toEqual([created.body]);
  expect((await scim.request('GET', `/Users/${id}`)).body).toEqual(created.body);

  const boss = await scim.request('POST', '/Users', { userName: 'boss@northmill.example' });
  const updated = await scim.request('PATCH', `/Users/${id}`, {
    schemas,
    Operations: [
      { op: 'Replace', path: 'active', value: 'False' },
      { op: 'Replace', path: 'name.givenName', value: 'Kitty' },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'kitty@northmill.example' },
      { op: 'Add', path: 'addresses[type eq "work"].formatted', value: '3 Mill Lane' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+31 6 0000 0001' },
      { op: 'Replace', path: `${ENTERPRISE}:department`, value: 'Milling' },
      { op: 'Add', path: `${ENTERPRISE}:manager`, value: boss.body.id },
    ],
  });
  expect(updated.status).toBe(200);
  expect(updated.body).toMatchObject({
    schemas: [USER, ENTERPRISE],
    active: false,
    name: { givenName: 'Kitty', familyName: 'Marlow' },
    emails: [{ type: 'work', value: 'kitty@northmill.example', primary: true }],
    addresses: [{ type: 'work', formatted: '3 Mill Lane' }],
    phoneNumbers: [{ type: 'mobile', value: '+31 6 0000 0001' }],
    [ENTERPRISE]: { department: 'Milling', manager: { value: boss.body.id } },
    meta: { version: 'W/"2"' },
  });

  const flagged = await scim.request('PATCH', `/Users/${id}?aadOptscim062020`, {
    schemas,
    Operations: [
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'k@northmill.example' },
      {
        op: 'replace',
        value: {
          displayName: 'Kitty Marlow',
          'name.givenName': 'Kit',
          active: true,
          [`${ENTERPRISE}:employeeNumber`]: '7731',
        },
      },
    ],
  });
  expect(flagged.body).toMatchObject({
    active: true,
    displayName: 'Kitty Marlow',
    name: { givenName: 'Kit', familyName: 'Marlow' },
    emails: [{ type: 'work', value: 'k@northmill.example', primary: true }],
    [ENTERPRISE]: { department: 'Milling', employeeNumber: '7731' },
  });

  const reference = await scim.request(
    'GET',
    `/Users?filter=id eq "${id}" and manager eq "${boss.body.id}"&attributes=id`,
  );
  expect(reference.body.Resources).toEqual([{ schemas: [USER, ENTERPRISE], id }]);

  // An inactive user is still found; a deleted one is gone, and its name is free.
  await scim.request('PATCH', `/Users/${id}`, {
    schemas,
    Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
  });
  const inactive = await scim.request('GET', `/Users?filter=userName eq "${kit.userName}"`);
  expect(inactive.body.Resources[0]).toMatchObject({ id, active: false });
  expect((await scim.request('DELETE', `/Users/${id}`)).status).toBe(204);
  expect((await scim.request('GET', `/Users/${id}`)).status).toBe(404);
  expect((await scim.request('POST', '/Users', kit)).status).toBe(201);
});

test('repeating a change changes nothing', async () => {
  const { body } = await scim.request('POST', '/Users', kit);
  const again = await scim.request('PATCH', `/Users/${body.id}`, {
    schemas,
    Operations: [
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'k.marlow@northmill.example' },
      { op: 'Replace', path: 'active', value: 'True' },
    ],
  });
  expect(again.body).toEqual(body);
});

test('the life of a group', async () => {
  const users: string[] = [];
  for (const userName of ['a', 'b', 'c']) {
    users.push((await scim.request('POST', '/Users', { userName })).body.id);
  }
  const [first = '', second = '', third = ''] = users;
  const created = await scim.request('POST', '/Groups', {
    schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
    externalId: '0c9d',
    displayName: 'Ops',
    meta: { resourceType: 'Group' },
  });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ schemas: [GROUP], displayName: 'Ops', members: [] });
  const path = `/Groups/${created.body.id}`;
  const change = async (...Operations: object[]): Promise<void> => {
    const { status, text, headers } = await scim.request('PATCH', path, { schemas, Operations });
    expect([status, text]).toEqual([204, '']);
    expect(headers.get('content-type')).toBeNull();
  };
  const members = async (): Promise<string[]> => {
    const { body } = await scim.request('GET', path);
    return body.members.map(({ value }: { value: string }) => value).sort();
  };

  await change({
    op: 'Add',
    path: 'members',
    value: users.map((value) => ({ $ref: null, value })),
  });
  expect(await members()).toEqual([...users].sort());
  await change({ op: 'Remove', path: 'members', value: [{ $ref: null, value: first }] });
  await change({ op: 'remove', path: `members[value eq "${second}"]` });
  expect(await members()).toEqual([third]);
  await change({ op: 'Add', path: 'externalId', value: 'new' });
  await change({ op: 'Replace', path: 'displayName', value: 'Ops EU' });
  expect(await members()).toEqual([third]);

  const without = await scim.request('GET', `${path}?excludedAttributes=members`);
  expect(without.body).toMatchObject({ displayName: 'Ops EU', externalId: 'new' });
  expect(without.body).not.toHaveProperty('members');
  const member = await scim.request(
    'GET',
    `/Groups?filter=id eq "${created.body.id}" and members eq "${third}"&attributes=id`,
  );
  expect(member.body.totalResults).toBe(1);
  const user = await scim.request('GET', `/Users/${third}`);
  expect(user.body.groups).toEqual([
    { value: created.body.id, $ref: `${scim.url}${path}`, display: 'Ops EU', type: 'direct' },
  ]);

  const duplicate = await scim.request('POST', '/Groups', { displayName: 'OPS eu' });
  expect(duplicate.status).toBe(409);
  expect((await scim.request('DELETE', path)).status).toBe(204);
  expect((await scim.request('GET', `/Users/${third}`)).body).not.toHaveProperty('groups');
});

test('app roles', async () => {
  const { body } = await scim.request('POST', '/Users', {
    ...kit,
    roles: [{ primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Editor' }],
  });
  const path = `/Users/${body.id}`;
  const single = await scim.request('PATCH', path, {
    schemas,
    Operations: [
      { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Reader' },
      { op: 'Add', path: 'roles[primary eq "True"].display', value: 'Reader' },
    ],
  });
  expect(single.body.roles).toEqual([
    {
      primary: true,
      type: 'WindowsAzureActiveDirectoryRole',
      value: 'Reader',
      display: 'Reader',
    },
  ]);
  const assertive = await scim.request('PATCH', path, {
    schemas,
    Operations: [
      {
        op: 'replace',
        path: 'roles',
        value: [
          { primary: false, type: 'x', display: 'A', value: 'a' },
          { primary: false, type: 'x', display: 'B', value: 'b' },
        ],
      },
    ],
  });
  expect(assertive.body.roles).toHaveLength(2);
});
