/** midPoint: knows the server by its discovery, reads overlapping pages, writes without schemas. */
import { usersOf } from '../../support/clients/end-state';
import { MidPointConnector } from '../../support/clients/midpoint';
import { USER } from '../../support/clients/wire-client';
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

test('reads everything in overlapping pages', async () => {
  const midpoint = new MidPointConnector(scim);
  await midpoint.init();
  expect(await midpoint.search('User')).toEqual([]);
  expect(await midpoint.search('Group')).toEqual([]);
  for (let index = 0; index < 27; index += 1) {
    await midpoint.create('User', { userName: `u${String(index)}` });
  }
  // The second page begins at the second user, and brings the 26th; then enough were processed.
  const found = await midpoint.search('User');
  expect(found).toHaveLength(26);
});

test('creates without schemas, and shows every attribute under its exact name', async () => {
  const midpoint = new MidPointConnector(scim);
  await midpoint.init();
  const id = await midpoint.create('User', {
    USERNAME: 'pia',
    displayname: 'Pia',
    name: { GIVENNAME: 'Pia' },
    emails: [{ value: 'pia@northmill.example', TYPE: 'work' }],
    externalid: 'mp-1',
  });
  const pia = (await usersOf(scim))['pia'];
  expect(pia).toMatchObject({
    schemas: [USER],
    id,
    externalId: 'mp-1',
    displayName: 'Pia',
    name: { givenName: 'Pia' },
    emails: [{ value: 'pia@northmill.example', type: 'work' }],
  });
  const group = await midpoint.create('Group', { displayName: 'Ops', members: [{ value: id }] });
  await midpoint.delete('User', id);
  expect(await usersOf(scim)).toEqual({});
  await midpoint.delete('Group', group);
});

test('a PUT of what changed replaces the user, unless what is required is missing', async () => {
  const midpoint = new MidPointConnector(scim);
  await midpoint.init();
  const id = await midpoint.create('User', { userName: 'pia', title: 'Dr', active: false });
  const changed = await midpoint.update('User', id, { userName: 'pia', displayName: 'Pia' });
  expect(changed).toMatchObject({ displayName: 'Pia', active: false });
  expect(changed).not.toHaveProperty('title');
  await expect(midpoint.update('User', id, { title: 'Prof' })).rejects.toThrow(/userName/);
  expect((await usersOf(scim))['pia']).toEqual(changed);
});
