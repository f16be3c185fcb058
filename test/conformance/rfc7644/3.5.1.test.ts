import { expectError, newName, RfcClient, type Shown } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
const lease = { [LEASE]: { lessor: 'x' } };

async function device(more: object): Promise<{ path: string; shown: Shown }> {
  const shown = await scim.created('/Devices', { name: newName(), ...lease, ...more });
  return { path: `/Devices/${String(shown['id'])}`, shown };
}

it('7644-3.5.1-1 PUT of an unknown id is 404', async () => {
  expectError(await scim.request('PUT', '/Users/unknown', { userName: newName() }), 404);
});

it('7644-3.5.1-2, 7644-3.5.1-3 PUT replaces what it has and removes what it has not', async () => {
  const { id, userName } = await scim.user({ title: 'a', nickName: 'b', emails: [{ value: 'c' }] });
  const body = { userName, title: 'd' };
  const put = await scim.request('PUT', `/Users/${String(id)}`, body);
  expect([put.status, put.body.title]).toEqual([200, 'd']);
  expect(put.body).not.toHaveProperty('nickName');
  expect(put.body).not.toHaveProperty('emails');
});

it('7644-3.5.1-4 immutable values stay what they are, or it is 400 mutability', async () => {
  const { path, shown } = await device({ serial: 'S-1' });
  const { name } = shown;
  const same = await scim.request('PUT', path, { name, ...lease, serial: 'S-1', slots: 2 });
  expect([same.status, same.body.slots]).toEqual([200, 2]);
  const other = { name, ...lease, serial: 'S-2' };
  expectError(await scim.request('PUT', path, other), 400, 'mutability');
  const omitted = await scim.request('PUT', path, { name, ...lease });
  expect([omitted.status, omitted.body.serial]).toEqual([200, 'S-1']);
});

it('7644-3.5.1-5 an immutable attribute without a value takes one', async () => {
  const { path, shown } = await device({});
  const { name } = shown;
  const put = await scim.request('PUT', path, { name, ...lease, serial: 'S-1' });
  expect([put.status, put.body.serial]).toEqual([200, 'S-1']);
});

it('7644-3.5.1-6 read-only values are ignored', async () => {
  const { path, shown } = await device({});
  const { name } = shown;
  const put = await scim.request('PUT', path, { name, ...lease, asset: 'x', id: 'x', meta: {} });
  expect([put.status, put.body.asset, put.body.id]).toEqual([200, undefined, shown['id']]);
});

it('7644-3.5.1-7 without a required attribute it is 400', async () => {
  const { path } = await device({});
  expectError(await scim.request('PUT', path, { slots: 1, ...lease }), 400, 'invalidValue');
});
