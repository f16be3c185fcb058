import { expectError, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it.each([{}, { displayName: '' }, { displayName: null, members: [] }])(
  '7643-4.2-1 a group without a displayName is refused: %j',
  async (body) => {
    expectError(await scim.request('POST', '/Groups', body), 400, 'invalidValue');
    const { id } = await scim.group();
    expectError(await scim.request('PUT', `/Groups/${String(id)}`, body), 400, 'invalidValue');
  },
);
