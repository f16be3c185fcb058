import { RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) await scim.user();
});

it.each([0, -1, -100])('7644-3.4.2.4-2 startIndex below 1 is 1: %i', async (startIndex) => {
  const body = await scim.get(`/Users?startIndex=${String(startIndex)}&count=2`);
  expect(body).toMatchObject({ startIndex: 1, itemsPerPage: 2, totalResults: 3 });
});

it.each([1, 2, 3, 100])('7644-3.4.2.4-3 no more than count: %i', async (count) => {
  const { Resources, totalResults } = await scim.get(`/Users?count=${String(count)}`);
  expect([Resources.length, totalResults]).toEqual([Math.min(count, 3), 3]);
});

it.each([0, -1, -5])('7644-3.4.2.4-4 a negative count is 0, the total alone: %i', async (count) => {
  const body = await scim.get(`/Users?count=${String(count)}`);
  expect(body).toMatchObject({ totalResults: 3, itemsPerPage: 0 });
  expect(body['Resources'] ?? []).toEqual([]);
});
