/** JumpCloud: the live test at every activation, and members that are removed by a list. */
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { JumpCloudIntegration } from '../../support/clients/jumpcloud';
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

const ann = { email: 'ann@northmill.example', firstName: 'Ann', lastName: 'Lee' };
const bo = { email: 'bo@northmill.example', firstName: 'Bo', lastName: 'Lee' };

test('the activation test runs twice in a row, with the same user, and leaves nothing', async () => {
  const jumpcloud = new JumpCloudIntegration(scim);
  await jumpcloud.activate('test@northmill.example');
  await jumpcloud.activate('test@northmill.example');
  expect(await usersOf(scim)).toEqual({});
  expect(await groupsOf(scim)).toEqual({});
});

test('an activation beside live users leaves them alone', async () => {
  const jumpcloud = new JumpCloudIntegration(scim);
  const id = await jumpcloud.provision(ann);
  await jumpcloud.changeMembers(await jumpcloud.createGroup('Ops'), 'add', [id]);
  await jumpcloud.activate('test@northmill.example');
  expect(Object.keys(await usersOf(scim))).toEqual([ann.email]);
  expect(await groupsOf(scim)).toEqual({ Ops: [ann.email] });
});

test('users are looked up, created, updated and deactivated; members come and go by lists', async () => {
  const jumpcloud = new JumpCloudIntegration(scim);
  const ids = [await jumpcloud.provision(ann), await jumpcloud.provision(bo)];
  const group = await jumpcloud.createGroup('Ops');
  await jumpcloud.changeMembers(group, 'add', ids);
  await jumpcloud.changeMembers(group, 'add', ids);
  expect(await groupsOf(scim)).toEqual({ Ops: [ann.email, bo.email] });
  await jumpcloud.changeMembers(group, 'remove', ids.slice(1));
  expect(await groupsOf(scim)).toEqual({ Ops: [ann.email] });
  await jumpcloud.deactivate(ann.email);
  expect(await jumpcloud.provision({ ...bo, lastName: 'Li' })).toBe(ids[1]);
  const users = await usersOf(scim);
  expect(users[ann.email].active).toBe(false);
  expect(users[bo.email]).toMatchObject({ active: true, name: { familyName: 'Li' } });
});
