/** What real provisioning clients send: one test per row of the tolerant-reader table in docs/scim.md. */
import { WireClient } from '../support/clients/wire-client';
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let scim: ScimServer;
let sequence = 0;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

/** Sends exactly these headers and this path: `fetch` adds headers, and drops a lone "?". */
class RawClient extends WireClient {
  override send(method: string, path: string, body?: unknown) {
    return super.send(method, path, body);
  }
}

async function createUser(attributes: object = {}): Promise<string> {
  sequence += 1;
  const answer = await scim.request('POST', '/Users', {
    schemas: [USER],
    userName: `user${String(sequence)}@northmill.example`,
    ...attributes,
  });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

async function createGroup(memberIds: readonly string[] = []): Promise<string> {
  sequence += 1;
  const answer = await scim.request('POST', '/Groups', {
    schemas: [GROUP],
    displayName: `Group ${String(sequence)}`,
    members: memberIds.map((value) => ({ value })),
  });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

async function patchUser(id: string, ...Operations: object[]) {
  const answer = await scim.request('PATCH', `/Users/${id}`, { schemas: [PATCH_OP], Operations });
  expect([answer.status, answer.body?.detail]).toEqual([200, undefined]);
  return answer.body;
}

async function patchGroup(id: string, ...Operations: object[]): Promise<void> {
  const answer = await scim.request('PATCH', `/Groups/${id}`, { schemas: [PATCH_OP], Operations });
  expect([answer.status, answer.text]).toEqual([204, '']);
}

async function memberIds(groupId: string): Promise<string[]> {
  const { body } = await scim.request('GET', `/Groups/${groupId}`);
  return body.members.map((member: { value: string }) => member.value).sort();
}

async function find(filter: string, endpoint = '/Users'): Promise<string[]> {
  const answer = await scim.request('GET', `${endpoint}?filter=${encodeURIComponent(filter)}`);
  expect([answer.status, answer.body?.detail]).toEqual([200, undefined]);
  return answer.body.Resources.map((resource: { id: string }) => resource.id);
}

test('row 1: op in any case', async () => {
  const id = await createUser();
  const user = await patchUser(
    id,
    { op: 'Add', path: 'displayName', value: 'Kit' },
    { op: 'Replace', path: 'title', value: 'Miller' },
    { op: 'ADD', path: 'nickName', value: 'K' },
    { op: 'Remove', path: 'nickName' },
  );
  expect(user).toMatchObject({ displayName: 'Kit', title: 'Miller' });
  expect(user).not.toHaveProperty('nickName');
});

test('row 2: booleans as strings', async () => {
  const id = await createUser({
    active: 'True',
    emails: [{ value: 'a@northmill.example', type: 'work', primary: 'true' }],
  });
  const { body } = await scim.request('GET', `/Users/${id}`);
  expect(body.active).toBe(true);
  expect(body.emails[0].primary).toBe(true);
  expect((await patchUser(id, { op: 'Replace', path: 'active', value: 'False' })).active).toBe(
    false,
  );
  expect((await patchUser(id, { op: 'Replace', path: 'active', value: 'true' })).active).toBe(true);
  expect((await patchUser(id, { op: 'replace', value: { active: 'false' } })).active).toBe(false);
});

test('row 3: replace without a path', async () => {
  const id = await createUser({ displayName: 'Rosa' });
  const user = await patchUser(id, { op: 'replace', value: { active: false } });
  expect(user).toMatchObject({ active: false, displayName: 'Rosa' });
});

test('row 4: add without a path', async () => {
  const id = await createUser({ displayName: 'Rosa' });
  const user = await patchUser(id, { op: 'add', value: { active: false } });
  expect(user).toMatchObject({ active: false, displayName: 'Rosa' });
});

test('row 5: dotted keys in a value without a path', async () => {
  const id = await createUser({ name: { familyName: 'Marlow', givenName: 'Kit' } });
  const user = await patchUser(id, { op: 'replace', value: { 'name.givenName': 'Kitty' } });
  expect(user.name).toEqual({ familyName: 'Marlow', givenName: 'Kitty' });
});

test('rows 5 and 6: such keys in POST and PUT', async () => {
  const keys = { 'name.givenName': 'Kit', [`${ENTERPRISE}:department`]: 'Milling' };
  const id = await createUser({ ...keys, 'name.familyName': 'Marlow' });
  const { body } = await scim.request('GET', `/Users/${id}`);
  expect(body.name).toEqual({ givenName: 'Kit', familyName: 'Marlow' });
  expect(body[ENTERPRISE]).toEqual({ department: 'Milling' });
  const put = await scim.request('PUT', `/Users/${id}`, { userName: body.userName, ...keys });
  expect(put.body).toMatchObject({ name: { givenName: 'Kit' }, schemas: [USER, ENTERPRISE] });
  expect(put.body.name).not.toHaveProperty('familyName');
});

test('row 6: URN and attribute as the key', async () => {
  const id = await createUser({ [ENTERPRISE]: { costCenter: '7' } });
  const user = await patchUser(id, {
    op: 'replace',
    value: { [`${ENTERPRISE}:department`]: 'Milling' },
  });
  expect(user[ENTERPRISE]).toEqual({ costCenter: '7', department: 'Milling' });
  expect(user.schemas).toEqual([USER, ENTERPRISE]);
});

test('row 6: attributes of the extension outside of it, in a creation', async () => {
  const id = await createUser({ department: 'Milling', manager: 'boss' });
  const { body } = await scim.request('GET', `/Users/${id}`);
  expect(body[ENTERPRISE]).toMatchObject({ department: 'Milling', manager: { value: 'boss' } });
  expect(body.schemas).toEqual([USER, ENTERPRISE]);
});

test('row 7: the URN as the key of an object', async () => {
  const id = await createUser({ [ENTERPRISE]: { costCenter: '7' } });
  const user = await patchUser(id, {
    op: 'replace',
    value: { [ENTERPRISE]: { department: 'Milling' } },
  });
  expect(user[ENTERPRISE]).toEqual({ costCenter: '7', department: 'Milling' });
});

test('row 8: read-only keys in a value without a path', async () => {
  const id = await createUser();
  const user = await patchUser(id, {
    op: 'replace',
    value: { id: 'other', schemas: ['x'], meta: { version: '9' }, groups: [], displayName: 'Kit' },
  });
  expect(user).toMatchObject({ id, displayName: 'Kit', schemas: [USER] });
});

test.each(['Add', 'Replace'])('row 9: %s creates the work e-mail', async (op) => {
  const id = await createUser();
  const user = await patchUser(
    id,
    { op, path: 'emails[type eq "work"].value', value: 'kitty@northmill.example' },
    { op, path: 'addresses[type eq "work"].formatted', value: '3 Mill Lane' },
    { op, path: 'addresses[type eq "work"].country', value: 'NL' },
    { op, path: 'phoneNumbers[type eq "mobile"].value', value: '+31 6 0000 0001' },
  );
  expect(user.emails).toEqual([{ type: 'work', value: 'kitty@northmill.example' }]);
  expect(user.addresses).toEqual([{ type: 'work', formatted: '3 Mill Lane', country: 'NL' }]);
  expect(user.phoneNumbers).toEqual([{ type: 'mobile', value: '+31 6 0000 0001' }]);
});

describe('members of a group', () => {
  let first: string;
  let second: string;
  let third: string;
  let group: string;

  beforeEach(async () => {
    [first, second, third] = [await createUser(), await createUser(), await createUser()];
    group = await createGroup([first, second]);
  });

  test('row 10: remove with a list of values', async () => {
    await patchGroup(group, {
      op: 'Remove',
      path: 'members',
      value: [{ $ref: null, value: first }],
    });
    expect(await memberIds(group)).toEqual([second]);
  });

  test('row 11: remove with the list inside "members"', async () => {
    await patchGroup(group, {
      op: 'remove',
      path: 'members',
      value: { members: [{ value: first }] },
    });
    expect(await memberIds(group)).toEqual([second]);
  });

  test('row 12: remove with a value filter', async () => {
    await patchGroup(group, { op: 'remove', path: `members[value eq "${first}"]` });
    expect(await memberIds(group)).toEqual([second]);
  });

  test('row 13: remove without a value empties the group', async () => {
    await patchGroup(group, { op: 'remove', path: 'members' });
    expect(await memberIds(group)).toEqual([]);
  });

  test('row 14: remove with an empty list changes nothing', async () => {
    await patchGroup(group, { op: 'remove', path: 'members', value: [] });
    expect(await memberIds(group)).toEqual([first, second].sort());
  });

  test.each([
    ['path', { op: 'replace', path: 'members', value: [] }],
    ['no path', { op: 'replace', value: { members: [] } }],
  ])('row 15: replace by an empty list empties the group (%s)', async (_name, operation) => {
    await patchGroup(group, operation);
    expect(await memberIds(group)).toEqual([]);
  });

  test('row 16: adding a member twice and removing an absent one', async () => {
    await patchGroup(group, { op: 'add', path: 'members', value: [{ value: first }] });
    await patchGroup(group, { op: 'remove', path: 'members', value: [{ value: third }] });
    await patchGroup(group, { op: 'remove', path: `members[value eq "${third}"]` });
    expect(await memberIds(group)).toEqual([first, second].sort());
  });

  test('row 17: "$ref": null', async () => {
    await patchGroup(group, {
      op: 'Add',
      path: 'members',
      value: [{ $ref: null, value: third }],
    });
    expect(await memberIds(group)).toEqual([first, second, third].sort());
  });
});

test.each([
  ['a string', 'boss'],
  ['a list of strings', ['boss']],
  ['a list of objects', [{ value: 'boss' }]],
  ['an object', { value: 'boss' }],
])('row 18: a manager as %s', async (_name, manager) => {
  const created = await createUser({ [ENTERPRISE]: { manager } });
  const expected = { value: 'boss', $ref: `${scim.url}/Users/boss` };
  const { body } = await scim.request('GET', `/Users/${created}`);
  expect(body[ENTERPRISE].manager).toEqual(expected);

  const patched = await createUser();
  const user = await patchUser(patched, {
    op: 'Add',
    path: `${ENTERPRISE}:manager`,
    value: manager,
  });
  expect(user[ENTERPRISE].manager).toEqual(expected);
});

test.each([[''], [null], [{ value: '' }], [{ value: null }]])(
  'row 18: a manager is cleared by %j',
  async (nobody) => {
    const id = await createUser({ [ENTERPRISE]: { manager: 'boss' } });
    const user = await patchUser(id, {
      op: 'Replace',
      path: `${ENTERPRISE}:manager`,
      value: nobody,
    });
    expect(user).not.toHaveProperty([ENTERPRISE]);
    expect(user.schemas).toEqual([USER]);
  },
);

test('row 18: the manager without its URN', async () => {
  const id = await createUser();
  const user = await patchUser(id, {
    op: 'Add',
    path: 'manager',
    value: [{ $ref: 'https://x.example/Users/boss', value: 'boss' }],
  });
  expect(user[ENTERPRISE].manager.value).toBe('boss');
});

test('row 19: roles with a JSON text as value', async () => {
  const value = '{"id":"r-9","value":"editor","displayName":"Editor"}';
  const id = await createUser();
  const user = await patchUser(id, { op: 'Add', path: 'roles', value: [{ value }] });
  expect(user.roles).toEqual([{ value }]);
});

test('row 20: a boolean compared with a string', async () => {
  const id = await createUser({
    roles: [
      { value: 'Reader', primary: true },
      { value: 'Guest', primary: false },
    ],
  });
  const user = await patchUser(id, {
    op: 'Replace',
    path: 'roles[primary eq "True"].value',
    value: 'Editor',
  });
  expect(user.roles).toEqual([
    { value: 'Editor', primary: true },
    { value: 'Guest', primary: false },
  ]);
  expect(await find('roles[primary eq "True"]')).toEqual([id]);
});

test('row 20: the primary role is created when there is none', async () => {
  const id = await createUser();
  const user = await patchUser(id, {
    op: 'Add',
    path: 'roles[primary eq "True"].value',
    value: 'Editor',
  });
  expect(user.roles).toEqual([{ primary: true, value: 'Editor' }]);
});

test('row 21: a list of one for a singular attribute', async () => {
  const id = await createUser({ displayName: ['Kit'], name: [{ givenName: ['Kit'] }] });
  const user = await patchUser(id, { op: 'replace', path: 'title', value: ['Miller'] });
  expect(user).toMatchObject({ displayName: 'Kit', title: 'Miller', name: { givenName: 'Kit' } });
});

test('row 22: one object for a multi-valued attribute', async () => {
  const id = await createUser({ emails: { value: 'a@northmill.example' } });
  const user = await patchUser(id, {
    op: 'add',
    path: 'phoneNumbers',
    value: { value: '+31', type: 'work' },
  });
  expect(user.emails).toEqual([{ value: 'a@northmill.example' }]);
  expect(user.phoneNumbers).toEqual([{ value: '+31', type: 'work' }]);
});

test.each([
  ['missing', undefined],
  ['SCIM 1', ['urn:scim:schemas:core:1.0']],
  ['incomplete', [USER]],
  [
    'of a group',
    [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
  ],
])('row 23: schemas %s', async (_name, schemas) => {
  const answer = await scim.request('POST', '/Users', {
    schemas,
    userName: `s${String((sequence += 1))}`,
    [ENTERPRISE]: { department: 'Milling' },
  });
  expect(answer.status).toBe(201);
  expect(answer.body.schemas).toEqual([USER, ENTERPRISE]);
});

test('row 23: schemas of a group', async () => {
  const microsoft = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';
  for (const schemas of [undefined, [GROUP, microsoft], ['urn:scim:schemas:core:1.0']]) {
    const displayName = `G${String((sequence += 1))}`;
    const created = await scim.request('POST', '/Groups', { schemas, displayName });
    expect([created.status, created.body.schemas]).toEqual([201, [GROUP]]);
    const path = `/Groups/${String(created.body.id)}`;
    const put = await scim.request('PUT', path, { schemas, displayName: `${displayName} EU` });
    expect([put.status, put.body.schemas]).toEqual([200, [GROUP]]);
    const Operations = [{ op: 'replace', path: 'displayName', value: displayName }];
    expect((await scim.request('PATCH', path, { schemas, Operations })).status).toBe(204);
  }
});

test('row 24: nulls, empty lists, empty strings and blanks are no values', async () => {
  const id = await createUser({
    title: null,
    addresses: null,
    emails: [],
    displayName: '',
    name: { givenName: 'Kit', familyName: ' ' },
    [ENTERPRISE]: { department: '' },
  });
  const { body } = await scim.request('GET', `/Users/${id}`);
  expect(Object.keys(body).sort()).toEqual(['active', 'id', 'meta', 'name', 'schemas', 'userName']);
  expect(body.name).toEqual({ givenName: 'Kit' });
  const user = await patchUser(id, { op: 'replace', path: 'name.givenName', value: null });
  expect(user).not.toHaveProperty('name');
});

test('row 25: read-only attributes in POST and PUT', async () => {
  const id = await createUser({ id: 'mine', meta: { version: '1' }, groups: [{ value: 'g' }] });
  expect(id).not.toBe('mine');
  const { body } = await scim.request('GET', `/Users/${id}`);
  const answer = await scim.request('PUT', `/Users/${id}`, {
    ...body,
    id: 'mine',
    displayName: 'Kit',
    groups: [{ value: 'g' }],
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ id, displayName: 'Kit' });
  expect(answer.body).not.toHaveProperty('groups');
});

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/scim+json',
  'application/scim+json; charset=UTF-8',
  'Application/SCIM+JSON',
])('row 26: Content-Type %s', async (type) => {
  const answer = await scim.request(
    'POST',
    '/Users',
    { userName: 'kit' },
    { 'content-type': type },
  );
  expect(answer.status).toBe(201);
  expect(answer.headers.get('content-type')).toBe('application/scim+json');
});

test.each(['application/json', '*/*', 'text/html', ''])('row 27: Accept %j', async (accept) => {
  const answer = await scim.request('GET', '/Users', undefined, { accept });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/scim+json');
});

test('row 27: no Accept', async () => {
  const answer = await new RawClient(scim, {}).send('GET', '/Users');
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/scim+json']);
});

test.each([
  '/Users?filter=userName+eq+%22m.obi%40northmill.example%22&',
  '/Users?filter=userName%20eq%20%22m.obi%40northmill.example%22',
  '/Users/?filter=userName%20eq%20%22m.obi%40northmill.example%22',
])('row 28: %s', async (path) => {
  const id = await createUser({ userName: 'm.obi@northmill.example' });
  const answer = await scim.request('GET', path);
  expect(answer.body.Resources).toEqual([expect.objectContaining({ id })]);
});

test.each(['?', '/', '/?', '?&'])('row 28: %s after the id', async (suffix) => {
  const id = await createUser();
  const raw = new RawClient(scim, { 'content-type': 'application/scim+json' });
  const answer = await raw.send('PUT', `/Users/${id}${suffix}`, { userName: 'renamed' });
  expect([answer.status, answer.body.userName]).toEqual([200, 'renamed']);
});

test('row 28: quotes and brackets that are not encoded', async () => {
  const id = await createUser({ emails: [{ type: 'work', value: 'm.obi@northmill.example' }] });
  const filter = 'emails[type+eq+"work"].value+eq+"m.obi@northmill.example"';
  const answer = await new RawClient(scim, {}).send('GET', `/Users?filter=${filter}`);
  expect(answer.body.Resources).toEqual([expect.objectContaining({ id })]);
});

test('row 29: parameter names in lower case and startIndex=0', async () => {
  await createUser();
  const answer = await scim.request('GET', '/Users?startindex=0&COUNT=1');
  expect(answer.body).toMatchObject({ totalResults: 1, startIndex: 1, itemsPerPage: 1 });
});

test('row 29: a walk that begins at 0', async () => {
  await createUser();
  const first = await scim.request('GET', '/Users?startindex=0');
  expect(first.body).toEqual((await scim.request('GET', '/Users?startIndex=1')).body);
});

test('row 30: a comparison behind a value filter', async () => {
  const id = await createUser({ emails: [{ type: 'work', value: 'kit@northmill.example' }] });
  await createUser({ emails: [{ type: 'home', value: 'kit@northmill.example' }] });
  expect(await find('emails[type eq "work"].value eq "KIT@northmill.example"')).toEqual([id]);
});

test('row 31: literals without quotes', async () => {
  const id = await createUser({ userName: 'Jones', externalId: '007' });
  expect(await find('userName sw J')).toEqual([id]);
  expect(await find('externalId eq 007')).toEqual([id]);
});

test('row 32: names, operators and URNs in any case', async () => {
  const id = await createUser({ userName: 'Jones', [ENTERPRISE]: { department: 'Milling' } });
  expect(await find('USERNAME EQ "jones"')).toEqual([id]);
  expect(
    await find(`${ENTERPRISE.toUpperCase()}:Department Eq "milling" AND Active eq TRUE`),
  ).toEqual([id]);
  const other = await createUser({
    USERNAME: 'smith',
    Name: { GIVENNAME: 'Kit' },
    username: 'smith',
  });
  const { body } = await scim.request('GET', `/Users/${other}`);
  expect(body).toMatchObject({ userName: 'smith', name: { givenName: 'Kit' } });
});

test('row 33: times with seven fraction digits and with offsets', async () => {
  const id = await createUser();
  expect(
    await find(
      '(ActiVe eq true) and (meta.lastmodified ge "2001-02-03T04:05:06.0000000Z" and meta.lastModified le "2099-01-01T00:00:00+02:00")',
    ),
  ).toEqual([id]);
  expect(await find('meta.lastModified lt "2001-02-03T04:05:06.1234567+00:00"')).toEqual([]);
});

test('row 34: a dot behind the URN, and a sub-attribute behind the colon', async () => {
  const id = await createUser();
  const dotted = await patchUser(id, { op: 'Add', path: `${ENTERPRISE}.manager`, value: 'boss' });
  expect(dotted[ENTERPRISE].manager.value).toBe('boss');
  const colon = await patchUser(id, {
    op: 'replace',
    path: `${ENTERPRISE}:manager.value`,
    value: 'chief',
  });
  expect(colon[ENTERPRISE].manager.value).toBe('chief');
  expect(await find(`${ENTERPRISE}.manager.value eq "chief"`)).toEqual([id]);
});

test.each([[{}], [{ 'user-agent': '' }]])('row 35: the headers %j', async (headers) => {
  const answer = await new RawClient(scim, headers).send('GET', '/Users');
  expect(answer.status).toBe(200);
});

test('row 36: tokens in every kind of Authorization header', async () => {
  const basic = Buffer.from(`${scim.basicKey}:${scim.token}`).toString('base64');
  for (const authorization of [
    `Bearer ${scim.token}`,
    `bearer  ${scim.token}`,
    scim.token,
    `SSWS ${scim.token}`,
    `Basic ${basic}`,
  ]) {
    const answer = await scim.request('GET', '/Users', undefined, { authorization });
    expect([authorization.slice(0, 6), answer.status]).toEqual([authorization.slice(0, 6), 200]);
  }
});

test('row 37: a query string on the tenant URL', async () => {
  const flag = 'aadOptscim062020';
  const created = await scim.request('POST', `/Users?${flag}`, { userName: 'kit' });
  const path = `/Users/${String(created.body.id)}?${flag}`;
  expect((await scim.request('GET', path)).body).toEqual(created.body);
  const listed = await scim.request('GET', `/Users?filter=userName eq "kit"&${flag}`);
  expect(listed.body.Resources).toEqual([created.body]);
  const Operations = [{ op: 'replace', path: 'title', value: 'Miller' }];
  const patched = await scim.request('PATCH', path, { schemas: [PATCH_OP], Operations });
  expect([patched.status, patched.body.title]).toEqual([200, 'Miller']);
  expect((await scim.request('DELETE', path)).status).toBe(204);
});

test('row 38: a second POST after a time-out', async () => {
  const id = await createUser({ userName: 'Kit@northmill.example' });
  const again = await scim.request('POST', '/Users', { userName: 'kit@NORTHMILL.example' });
  expect(again.status).toBe(409);
  expect(again.body.scimType).toBe('uniqueness');
  expect(await find('userName eq "kit@northmill.example"')).toEqual([id]);
});

test('row 39: DELETE of a deleted user, PATCH of an inactive one', async () => {
  const id = await createUser({ active: false });
  expect(await patchUser(id, { op: 'replace', path: 'title', value: 'Miller' })).toMatchObject({
    active: false,
    title: 'Miller',
  });
  expect((await scim.request('DELETE', `/Users/${id}`)).status).toBe(204);
  expect((await scim.request('DELETE', `/Users/${id}`)).status).toBe(404);
  const Operations = [{ op: 'replace', path: 'title', value: 'Baker' }];
  const gone = await scim.request('PATCH', `/Users/${id}`, { schemas: [PATCH_OP], Operations });
  expect(gone.status).toBe(404);
});

test('row 40: a walk through a list without count', async () => {
  for (let index = 0; index < 150; index += 1) await createUser();
  const seen = new Set<string>();
  for (let startIndex = 1; seen.size < 150;) {
    const { body } = await scim.request('GET', `/Users?startIndex=${String(startIndex)}`);
    expect(body.totalResults).toBe(150);
    expect(body.Resources.length).toBeGreaterThan(0);
    for (const { id } of body.Resources) seen.add(id);
    startIndex += body.itemsPerPage;
  }
  expect(seen.size).toBe(150);
});
