/** Nobody is reactivated by accident: only an explicit true does it (RFC 7643 section 4.1.1, `active`). */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

let scim: ScimServer;
let users = 0;

beforeAll(async () => {
  scim = await startConformanceServer();
});

afterAll(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

async function deactivatedUser(): Promise<{ readonly id: string; readonly userName: string }> {
  users += 1;
  const userName = `user-${String(users)}`;
  const { body } = await scim.request('POST', '/Users', { userName, active: false });
  expect(body.active).toBe(false);
  return { id: body.id, userName };
}

const paths = ['active', 'ACTIVE', `${USER}:active`, `${USER}.active`];
const unassigned = [null, '', ' ', [], [null], ['']];

const removals = [
  ...paths.map((path) => ({ op: 'remove', path })),
  ...[null, '', [], false, true].map((value) => ({ op: 'remove', path: 'active', value })),
];
const unassignments = [
  ...unassigned.map((value) => ({ op: 'add', path: 'active', value })),
  ...paths.flatMap((path) =>
    [null, '', []].flatMap((value) => [
      { op: 'replace', path, value },
      { op: 'replace', value: { [path]: value } },
    ]),
  ),
  { op: 'add', value: [{ active: null, title: 'Miller' }] },
];

test.each([...removals, ...unassignments])('a user stays deactivated: %j', async (operation) => {
  const { id } = await deactivatedUser();
  const answer = await scim.request('PATCH', `/Users/${id}`, { schemas, Operations: [operation] });
  expect([answer.status, answer.body.active]).toEqual([200, false]);
  const stored = await scim.request('GET', `/Users/${id}`);
  expect(stored.body.active).toBe(false);
  const active = await scim.request('GET', `/Users?filter=id eq "${id}" and active eq false`);
  expect(active.body.totalResults).toBe(1);
});

test('what is taken away twice, or beside other changes, stays too', async () => {
  const { id } = await deactivatedUser();
  const Operations = [
    { op: 'replace', path: 'active', value: '' },
    { op: 'remove', path: 'active' },
    { op: 'add', path: 'title', value: 'Miller' },
    { op: 'replace', value: { active: null, nickName: 'K' } },
  ];
  const { body } = await scim.request('PATCH', `/Users/${id}`, { schemas, Operations });
  expect(body).toMatchObject({ active: false, title: 'Miller', nickName: 'K' });
});

test('a removal changes nothing, and so writes nothing', async () => {
  const { id } = await deactivatedUser();
  const Operations = [{ op: 'remove', path: 'active' }];
  const { body } = await scim.request('PATCH', `/Users/${id}`, { schemas, Operations });
  expect(body.meta.version).toBe('W/"1"');
});

test('an active user stays active when the value is taken away', async () => {
  const { id } = await deactivatedUser();
  const Operations = [
    { op: 'replace', path: 'active', value: true },
    { op: 'remove', path: 'active' },
  ];
  const { body } = await scim.request('PATCH', `/Users/${id}`, { schemas, Operations });
  expect(body.active).toBe(true);
});

test.each([
  { op: 'replace', path: 'active', value: true },
  { op: 'add', path: `${USER}:active`, value: 'True' },
  { op: 'replace', path: 'active', value: [true] },
  { op: 'Replace', value: { [`${USER}.active`]: 'true' } },
])('an explicit true reactivates: %j', async (operation) => {
  const { id } = await deactivatedUser();
  const answer = await scim.request('PATCH', `/Users/${id}`, { schemas, Operations: [operation] });
  expect([answer.status, answer.body.active]).toEqual([200, true]);
});

test.each(unassigned.map((active) => ({ active })))(
  'POST of %j makes an active user, PUT of it keeps what is stored',
  async ({ active }) => {
    users += 1;
    const made = await scim.request('POST', '/Users', { userName: `new-${String(users)}`, active });
    expect([made.status, made.body.active]).toEqual([201, true]);
    const { id, userName } = await deactivatedUser();
    const put = await scim.request('PUT', `/Users/${id}`, { userName, active, title: 'Miller' });
    expect([put.status, put.body.active, put.body.title]).toEqual([200, false, 'Miller']);
  },
);
