import { expectError, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.6-1, 7644-3.6-3 a deleted resource is 404 for every method', async () => {
  const { id, userName } = await scim.user();
  const path = `/Users/${String(id)}`;
  const deleted = await scim.request('DELETE', path);
  expect([deleted.status, deleted.text]).toEqual([204, '']);
  expectError(await scim.request('GET', path), 404);
  expectError(await scim.request('PUT', path, { userName }), 404);
  expectError(await scim.patch(path, { op: 'add', path: 'title', value: 'x' }), 404);
  expectError(await scim.request('DELETE', path), 404);
});

it('7644-3.6-2 a deleted resource is in no list and in no group, and its name is free', async () => {
  const { id, userName } = await scim.user();
  const group = await scim.group({ members: [{ value: id }] });
  await scim.request('DELETE', `/Users/${String(id)}`);
  expect(await scim.found(`userName eq "${String(userName)}"`)).toEqual([]);
  expect(await scim.found(`id eq "${String(id)}"`)).toEqual([]);
  expect(await scim.found(`id eq "${String(id)}"`, '/')).toEqual([]);
  expect((await scim.get(`/Groups/${String(group['id'])}`))['members'] ?? []).toEqual([]);
  expect((await scim.user({ userName }))['id']).not.toBe(id);
});
