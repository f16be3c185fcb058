import { newName, RfcClient, expectError } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
const device = (bought: unknown): object => ({ name: newName(), bought, [LEASE]: { lessor: 'x' } });

it.each([
  '2030-01-31T12:00:00Z',
  '2030-01-31T12:00:00.125Z',
  '2030-01-31T12:00:00+02:00',
  '2030-01-31T12:00:00.1234567-08:30',
])('7643-2.3.5-1 an xsd:dateTime is taken: %s', async (bought) => {
  const body = await scim.created('/Devices', device(bought));
  expect(body['bought']).toBe(bought);
});

it.each(['x', '2030-13-01T00:00:00Z', '2030-01-31T25:00:00Z', '31.01.2030 12:00', 20300131])(
  '7643-2.3.5-1, 7643-2.3.5-3 what is no xsd:dateTime is refused: %s',
  async (bought) => {
    expectError(await scim.request('POST', '/Devices', device(bought)), 400, 'invalidValue');
  },
);

it.each(['2030-01-31', '12:00:00Z', '2030-01'])(
  '7643-2.3.5-2 a date or a time alone is refused: %s',
  async (bought) => {
    expectError(await scim.request('POST', '/Devices', device(bought)), 400, 'invalidValue');
  },
);

it('7643-2.3.5-2, 7643-2.3.5-3 times the server makes are strings with date and time', async () => {
  const { meta } = await scim.user();
  for (const time of [meta.created, meta.lastModified]) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
  }
});
