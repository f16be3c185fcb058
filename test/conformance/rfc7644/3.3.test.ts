import { expectError, newName, RfcClient, USER } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });

it('7644-3.3-1, 7644-3.3-2 read-only attributes are ignored, the others taken', async () => {
  const device = await scim.created('/Devices', {
    name: 'x',
    serial: 'S-1',
    asset: 'mine',
    pin: '1',
    id: 'mine',
    [LEASE]: { lessor: 'x' },
  });
  expect(device).toMatchObject({ name: 'x', serial: 'S-1' });
  expect(device).not.toHaveProperty('asset');
  expect(device['id']).not.toBe('mine');
});

it('7644-3.3-3, 7644-3.3-4 POST answers 201 with the resource and its URI', async () => {
  const userName = newName();
  const { status, headers, body } = await scim.request('POST', '/Users', { userName });
  expect([status, body.userName, body.schemas]).toEqual([201, userName, [USER]]);
  const location = `${scim.server.url}/Users/${String(body.id)}`;
  expect([headers.get('location'), body.meta.location]).toEqual([location, location]);
  expect(headers.get('etag')).toBe(body.meta.version);
});

it('7644-3.3-5 what is there already is 409 uniqueness', async () => {
  const { userName } = await scim.user();
  expectError(await scim.request('POST', '/Users', { userName }), 409, 'uniqueness');
});
