import { newName, RfcClient, expectError } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
const device = (slots: unknown): object => ({ name: newName(), slots, [LEASE]: { lessor: 'x' } });

it('7643-2.3.4-1 an integer has no fraction, neither in requests nor in answers', async () => {
  expectError(await scim.request('POST', '/Devices', device(1.5)), 400, 'invalidValue');
  expectError(await scim.request('POST', '/Devices', device('2.5')), 400, 'invalidValue');
  const { status, text } = await scim.request('POST', '/Devices', device(1200));
  expect([status, /"slots":1200[,}]/.test(text)]).toEqual([201, true]);
  const list = await scim.request('GET', '/Devices?count=1');
  expect(list.text).toMatch(/"totalResults":1,/);
});
