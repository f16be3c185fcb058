import { RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('9865-2-6 the first page has no previousCursor', async () => {
  for (let count = 0; count < 3; count += 1) await scim.user();
  const first = await scim.get('/Users?cursor&count=2');
  expect(first['nextCursor']).toEqual(expect.any(String));
  expect(first).not.toHaveProperty('previousCursor');
});
