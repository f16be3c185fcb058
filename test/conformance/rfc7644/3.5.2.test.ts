import { ENTERPRISE, expectError, RfcClient, USER, type Shown } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
const path = ({ id }: Shown): string => `/Users/${String(id)}`;

it.each([{}, { Operations: [] }, { Operations: 'x' }, []])(
  '7644-3.5.2-2 without operations it is refused: %j',
  async (body) => {
    const user = await scim.user();
    expectError(await scim.request('PATCH', path(user), body), 400, 'invalidSyntax');
  },
);

it.each([
  { path: 'title', value: 'x' },
  { op: 'move', path: 'title' },
  { op: ['add'], path: 'title' },
])('7644-3.5.2-3 an operation has one of three ops: %j', async (operation) => {
  expectError(await scim.patch(path(await scim.user()), operation), 400, 'invalidSyntax');
});

it('7644-3.5.2-4 remove needs a path', async () => {
  const operation = { op: 'remove', value: { title: 'x' } };
  expectError(await scim.patch(path(await scim.user()), operation), 400, 'noTarget');
});

it.each<[string, object]>([
  ['mutability', { op: 'replace', path: 'id', value: 'x' }],
  ['mutability', { op: 'add', path: 'groups', value: [{ value: 'x' }] }],
  ['mutability', { op: 'replace', path: 'meta.created', value: '2030-01-01T00:00:00Z' }],
  ['invalidValue', { op: 'replace', path: 'active', value: 'maybe' }],
  ['invalidValue', { op: 'add', path: 'name', value: 'x' }],
  ['invalidPath', { op: 'add', path: 'unknown', value: 'x' }],
  ['invalidPath', { op: 'add', path: 'emails[type eq', value: 'x' }],
])(
  '7644-3.5.2-5, 7644-3.5.2-6, 7644-3.5.2-7 what does not fit is %s: %j',
  async (type, operation) => {
    const user = await scim.user();
    expectError(await scim.patch(path(user), operation), 400, type);
    expect(await scim.get(path(user))).toEqual(user);
  },
);

it('7644-3.5.2-6 an immutable attribute takes a value once', async () => {
  const { id } = await scim.created('/Devices', { name: 'x', [LEASE]: { lessor: 'x' } });
  const device = `/Devices/${String(id)}`;
  const add = { op: 'add', path: 'serial', value: 'S-1' };
  expect((await scim.patch(device, add)).status).toBe(200);
  expect((await scim.patch(device, add)).status).toBe(200);
  expectError(await scim.patch(device, { ...add, value: 'S-2' }), 400, 'mutability');
});

it('7644-3.5.2-8 names without a URN are those of the schemas the resource has', async () => {
  const { id } = await scim.user();
  const plain = { op: 'add', path: 'title', value: 'x' };
  const qualified = { op: 'replace', path: `${USER}:title`, value: 'y' };
  expect((await scim.patched(id, plain))['title']).toBe('x');
  expect((await scim.patched(id, qualified))['title']).toBe('y');
});

it('7644-3.5.2-9 schemas follows what operations add and remove', async () => {
  const { id, schemas } = await scim.user();
  const department = `${ENTERPRISE}:department`;
  const added = await scim.patched(
    id,
    { op: 'add', path: 'schemas', value: [ENTERPRISE] },
    { op: 'add', path: department, value: 'x' },
    { op: 'replace', path: department, value: 'y' },
  );
  expect(added['schemas'].sort()).toEqual([USER, ENTERPRISE].sort());
  expect(added[ENTERPRISE]).toEqual({ department: 'y' });
  const removed = await scim.patched(id, { op: 'remove', path: ENTERPRISE });
  expect(removed['schemas']).toEqual(schemas);
});

it.each([
  { op: 'add', path: 'emails', value: [{ value: 'b@x', primary: true }] },
  { op: 'replace', path: 'emails[value eq "b@x"].primary', value: true },
  { op: 'add', path: 'emails[value eq "b@x"]', value: { primary: true } },
])('7644-3.5.2-10 the new primary value is the only one: %j', async (operation) => {
  const { id } = await scim.user({ emails: [{ value: 'a@x', primary: true }, { value: 'b@x' }] });
  const { emails } = await scim.patched(id, operation);
  const primary = emails.filter((email: Shown) => email['primary'] === true);
  expect(primary).toEqual([{ value: 'b@x', primary: true }]);
});

it('7644-3.5.2-11, 7644-3.5.2-12, 7644-3.5.2-13, 7644-3.5.2-14 all operations take effect, or none', async () => {
  const member = await scim.user();
  const user = await scim.user({ title: 'before' });
  const fails = { op: 'replace', path: 'active', value: 'maybe' };
  const title = { op: 'replace', path: 'title', value: 'after' };
  expectError(await scim.patch(path(user), title, fails), 400, 'invalidValue');
  expect(await scim.get(path(user))).toEqual(user);
  const group = await scim.group();
  const groupPath = `/Groups/${String(group['id'])}`;
  const add = { op: 'add', path: 'members', value: [{ value: member['id'] }] };
  const taken = { op: 'replace', path: 'displayName', value: (await scim.group())['displayName'] };
  expectError(await scim.patch(groupPath, add, taken), 409, 'uniqueness');
  expect(await scim.get(groupPath)).toEqual(group);
});

it('7644-3.5.2-15, 7644-3.5.2-16 success is 200 with the resource, or 204 unless attributes are asked for', async () => {
  const user = await scim.user();
  const patched = await scim.patch(path(user), { op: 'add', path: 'title', value: 'x' });
  expect([patched.status, patched.body.title]).toEqual([200, 'x']);
  const group = await scim.group();
  const groupPath = `/Groups/${String(group['id'])}`;
  const rename = { op: 'add', path: 'externalId', value: 'x' };
  const silent = await scim.patch(groupPath, rename);
  expect([silent.status, silent.text]).toEqual([204, '']);
  expect(silent.headers.get('etag')).toMatch(/^W\/"/);
  const asked = await scim.patch(`${groupPath}?attributes=externalId`, rename);
  expect([asked.status, asked.body.externalId]).toEqual([200, 'x']);
});
