/** PingFederate and PingOne: users by PUT, groups found by listing all of them. */
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { PingProvisioner, type PingUser } from '../../support/clients/ping';
import { startConformanceServer } from '../../support/conformance-server';
import { type ScimServer } from '../../support/scim-server';

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

const uma: PingUser = { username: 'uma', given: 'Uma', family: 'Ray', enabled: true };
const vic: PingUser = { username: 'vic', given: 'Vic', family: 'Ray', enabled: false };

test.each(['PUT', 'PATCH'] as const)('groups by %s', async (groupsBy) => {
  const ping = new PingProvisioner(scim, groupsBy);
  await ping.provision(uma);
  await ping.provision(vic);
  expect((await usersOf(scim))['vic']).toMatchObject({ active: false, name: { givenName: 'Vic' } });
  // More groups than stand in one page, so that the one it looks for is on the last.
  for (let index = 0; index < 12; index += 1) {
    await scim.request('POST', '/Groups', { displayName: `G${String(index)}` });
  }
  await ping.provisionGroup('Ops', [uma, vic]);
  expect((await groupsOf(scim))['Ops']).toEqual(['uma', 'vic']);
  await ping.provisionGroup('Ops', [vic]);
  expect((await groupsOf(scim))['Ops']).toEqual(['vic']);
  await ping.provisionGroup('Ops', []);
  expect(Object.entries(await groupsOf(scim)).filter(([name]) => name === 'Ops')).toEqual([
    ['Ops', []],
  ]);
});

test('users are disabled or deleted, and a whole resource put back loses nothing', async () => {
  const basic = Buffer.from(`${scim.basicKey}:${scim.token}`).toString('base64');
  const ping = new PingProvisioner(scim, 'PUT', `Basic ${basic}`);
  await ping.provision(uma);
  await ping.provisionGroup('Ops', [uma]);
  const { id } = (await usersOf(scim))['uma'];
  const path = `/Users/${String(id)}`;
  await scim.request('PATCH', path, { Operations: [{ op: 'add', path: 'title', value: 'Dr' }] });
  await ping.provision({ ...uma, family: 'Rey' });
  expect((await usersOf(scim))['uma']).toMatchObject({
    id,
    title: 'Dr',
    name: { familyName: 'Rey' },
  });
  await ping.remove(uma, 'disable');
  expect((await usersOf(scim))['uma']).toMatchObject({ id, active: false, title: 'Dr' });
  expect(await groupsOf(scim)).toEqual({ Ops: ['uma'] });
  await ping.provision(uma);
  expect((await usersOf(scim))['uma'].active).toBe(true);
  await ping.remove(uma, 'delete');
  expect(await usersOf(scim)).toEqual({});
  expect(await groupsOf(scim)).toEqual({ Ops: [] });
});
