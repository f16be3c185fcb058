/** authentik, current and old: adopts what is there, and compares the members it wrote. */
import { AuthentikProvider, type AuthentikUser } from '../../support/clients/authentik';
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { startConformanceServer } from '../../support/conformance-server';
import { type ScimServer } from '../../support/scim-server';

// Whole cycles are many requests, one after the other.
jest.setTimeout(120_000);

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

const nia: AuthentikUser = {
  uid: 'ak-1',
  username: 'nia',
  name: 'Nia Cole',
  email: 'nia@northmill.example',
  active: true,
};
const eve: AuthentikUser = { uid: 'ak-2', username: 'eve', name: 'Eve', active: true };
const nameless: AuthentikUser = { uid: 'ak-3', username: 'svc', name: '', active: true };
const ops = { pk: 'ak-g', name: 'Ops', users: [nia, eve] };

test('finds out what the server can do', async () => {
  const { patch, filter } = await new AuthentikProvider(scim).discover();
  expect([patch, filter]).toEqual([true, true]);
});

describe.each(['current', 'old'] as const)('the %s version', (version) => {
  let authentik: AuthentikProvider;
  beforeEach(() => {
    authentik = new AuthentikProvider(scim, version);
  });

  test('synchronizes users and groups, again and again', async () => {
    await authentik.sync([nia, eve, nameless], [ops]);
    await authentik.sync([nia, eve, nameless], [ops]);
    const users = await usersOf(scim);
    expect(users['nia']).toMatchObject({
      externalId: 'ak-1',
      displayName: 'Nia Cole',
      name: { formatted: 'Nia Cole', givenName: 'Nia', familyName: 'Cole' },
      emails: [{ value: 'nia@northmill.example', type: 'other', primary: true }],
    });
    expect(users['eve'].name).toEqual({ formatted: 'Eve', givenName: 'Eve' });
    for (const name of ['name', 'displayName', 'emails', 'photos']) {
      expect(users['svc']).not.toHaveProperty(name);
    }
    expect(await groupsOf(scim)).toEqual({ Ops: ['eve', 'nia'] });

    const changed = [{ ...nia, name: 'Nia Coal', active: false }, eve, nameless];
    await authentik.sync(changed, [{ ...ops, name: 'Ops EU', users: [eve, nameless] }]);
    expect((await usersOf(scim))['nia']).toMatchObject({ active: false, displayName: 'Nia Coal' });
    expect(await groupsOf(scim)).toEqual({ 'Ops EU': ['eve', 'svc'] });
    await authentik.sync(changed, [{ ...ops, users: [] }]);
    expect(await groupsOf(scim)).toEqual({ Ops: [] });
  });

  test('adopts users and groups that are there', async () => {
    await scim.request('POST', '/Users', { userName: 'NIA', title: 'Dr' });
    await scim.request('POST', '/Groups', { displayName: 'OPS' });
    await authentik.sync([nia, eve], [ops]);
    expect(Object.keys(await usersOf(scim)).sort()).toEqual(['eve', 'nia']);
    expect(Object.values(await groupsOf(scim))).toEqual([['eve', 'nia']]);
  });

  test('creates a user again that was deleted behind its back, and deletes what it made', async () => {
    await authentik.sync([nia, eve], [ops]);
    const { id } = (await usersOf(scim))['nia'];
    await scim.request('DELETE', `/Users/${String(id)}`);
    await authentik.sync([nia, eve], [ops]);
    expect((await usersOf(scim))['nia'].id).not.toBe(id);
    expect(await groupsOf(scim)).toEqual({ Ops: ['eve', 'nia'] });
    await authentik.removeUser(nia);
    await authentik.removeGroup(ops);
    expect(Object.keys(await usersOf(scim))).toEqual(['eve']);
    expect(await groupsOf(scim)).toEqual({});
  });
});

test('imports everybody, in pages of the size that the server likes', async () => {
  const authentik = new AuthentikProvider(scim);
  expect(await authentik.import('/Users')).toEqual([]);
  expect(await authentik.import('/Groups')).toEqual([]);
  const users = Array.from({ length: 130 }, (_, index) => ({ userName: `u${String(index)}` }));
  for (const user of users) await scim.request('POST', '/Users', user);
  const ids = await authentik.import('/Users');
  expect([ids.length, new Set(ids).size]).toEqual([130, 130]);
});
