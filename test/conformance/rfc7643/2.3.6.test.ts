import { newName, RfcClient, expectError } from '../../support/rfc-client';
import { DEVICE, DEVICES, LEASE } from '../../support/rfc-definitions';

const strict = new RfcClient({ definitions: DEVICES, scimProfile: 'strict' });
const device = (firmware: string): object => ({
  schemas: [DEVICE, LEASE],
  name: newName(),
  firmware,
  [LEASE]: { lessor: 'x' },
});

it.each(['aGVsbG8=', 'aGVsbG8', 'AQID', '+/+/'])(
  '7643-2.3.6-1 base64 is taken, with padding or without, and kept as it is: %s',
  async (firmware) => {
    const body = await strict.created('/Devices', device(firmware));
    expect(body['firmware']).toBe(firmware);
  },
);

it.each(['not base64', 'a', '%%%'])(
  '7643-2.3.6-1 what is no base64 is refused by the strict profile: %s',
  async (firmware) => {
    expectError(await strict.request('POST', '/Devices', device(firmware)), 400, 'invalidValue');
  },
);
