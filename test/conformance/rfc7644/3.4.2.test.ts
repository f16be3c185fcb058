import { LIST_RESPONSE, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) await scim.user();
});

it('7644-3.4.2-1, 7644-3.4.2-2, 7644-3.4.2-3 a list is a ListResponse with its total and its resources', async () => {
  const { status, body } = await scim.request('GET', '/Users');
  expect(status).toBe(200);
  expect(body).toMatchObject({ schemas: [LIST_RESPONSE], totalResults: 3 });
  expect(body.Resources.length).toBe(3);
});

it('7644-3.4.2-4, 7644-3.4.2-5 a page says where it begins and how long it is', async () => {
  const body = await scim.get('/Users?startIndex=2&count=1');
  expect(body).toMatchObject({ totalResults: 3, startIndex: 2, itemsPerPage: 1 });
  expect(body['Resources'].length).toBe(1);
});

it('7644-3.4.2-6 nothing found is a success', async () => {
  const { status, body } = await scim.filter('userName eq "nobody"');
  expect([status, body.totalResults, body.Resources]).toEqual([200, 0, []]);
});
