import { expectError, newName, RfcClient, type Shown } from '../../support/rfc-client';
import { DEVICE, DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });

it('7643-6-1, 7643-6-2, 7643-6-3, 7643-6-4, 7643-6-5, 7643-6-7 resource types are complete', async () => {
  const { Resources } = await scim.get('/ResourceTypes');
  expect(Resources.map(({ name }: Shown) => name).sort()).toEqual(['Device', 'Group', 'User']);
  for (const type of Resources) {
    for (const name of ['name', 'description', 'endpoint', 'schema']) {
      expect([name, type[name]]).toEqual([name, expect.stringMatching(/.+/)]);
    }
    const { status, body } = await scim.request('GET', `${String(type.endpoint)}?count=0`);
    expect([status, body.startIndex]).toEqual([200, 1]);
  }
});

it('7643-6-6, 7643-6-8, 7643-6-9, 7643-6-11 the schemas of resource types are served, and extensions say whether they are required', async () => {
  const { Resources: types } = await scim.get('/ResourceTypes');
  for (const { schema, schemaExtensions } of types) {
    const urns = schemaExtensions.map((extension: Shown) => extension['schema']);
    for (const urn of [schema, ...urns])
      expect((await scim.get(`/Schemas/${urn}`))['id']).toBe(urn);
    for (const { required } of schemaExtensions) expect(typeof required).toBe('boolean');
  }
});

it('7643-6-10 a required extension must be there, with what it requires', async () => {
  const name = newName();
  const without = await scim.request('POST', '/Devices', { name });
  expectError(without, 400, 'invalidValue');
  expect(without.body.detail).toContain(LEASE);
  const incomplete = { name, [LEASE]: { until: '2030-01-31T12:00:00Z' } };
  expectError(await scim.request('POST', '/Devices', incomplete), 400, 'invalidValue');
  const device = await scim.created('/Devices', { name, [LEASE]: { lessor: 'x' } });
  expect(device['schemas'].sort()).toEqual([DEVICE, LEASE].sort());
  const path = `/Devices/${String(device['id'])}`;
  expectError(await scim.request('PUT', path, { name }), 400, 'invalidValue');
  expectError(await scim.patch(path, { op: 'remove', path: `${LEASE}:lessor` }), 400, 'mutability');
  expectError(await scim.patch(path, { op: 'remove', path: LEASE }), 400, 'mutability');
});
