import { expectError, newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.2-1 PUT creates nothing', async () => {
  const userName = newName();
  expectError(await scim.request('PUT', '/Users/mine', { userName }), 404);
  expectError(await scim.request('PUT', '/Users', { userName }), 405);
  expect(await scim.found(`userName eq "${userName}"`)).toEqual([]);
});

it.each([
  ['POST', '/Users/x', 'GET, HEAD, PUT, PATCH, DELETE'],
  ['PATCH', '/Users', 'GET, HEAD, POST'],
  ['POST', '/Schemas', 'GET, HEAD'],
])('%s on %s is 405 with Allow', async (method, path, allow) => {
  const answer = await scim.request(method, path, {});
  expectError(answer, 405);
  expect(answer.headers.get('allow')).toBe(allow);
});
