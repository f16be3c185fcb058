/** awslabs/ssosync: exactly one hit for every look-up, members in chunks. */
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { SsoSync } from '../../support/clients/ssosync';
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

const users = ['ari', 'bea', 'cyd'].map((name) => ({
  email: `${name}@northmill.example`,
  firstName: name,
  lastName: 'Lund',
  active: true,
}));
const [ari, bea, cyd] = users as [(typeof users)[0], (typeof users)[0], (typeof users)[0]];

test('synchronizes users and the members of groups', async () => {
  const ssosync = new SsoSync(scim);
  await ssosync.syncUsers(users);
  await ssosync.syncUsers([{ ...ari, active: false }, bea, cyd]);
  const shown = await usersOf(scim);
  expect(Object.keys(shown)).toHaveLength(3);
  expect(shown[ari.email].active).toBe(false);
  // An address that only has a type is none.
  expect(shown[ari.email]).not.toHaveProperty('addresses');

  await ssosync.changeMembers('Ops', 'add', users);
  await ssosync.changeMembers('Ops', 'add', [bea]);
  await ssosync.changeMembers('Ops', 'remove', [cyd]);
  expect(await groupsOf(scim)).toEqual({ Ops: [ari.email, bea.email] });
  expect(await ssosync.isMember('Ops', bea)).toBe(true);
  expect(await ssosync.isMember('Ops', cyd)).toBe(false);
  await ssosync.deleteUser(bea);
  expect(await groupsOf(scim)).toEqual({ Ops: [ari.email] });
});
