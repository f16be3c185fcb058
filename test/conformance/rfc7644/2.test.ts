import { expectError, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();
const other = new RfcClient();

it.each([undefined, 'Bearer wrong', 'Basic d3Jvbmc6d3Jvbmc=', ''])(
  '7644-2-1 a 401 names the supported schemes: %s',
  async (authorization) => {
    for (const path of ['/Users', '/ServiceProviderConfig', '/nothing']) {
      const answer = await scim.request('GET', path, undefined, { authorization });
      expectError(answer, 401);
      expect(answer.headers.get('www-authenticate')).toMatch(/Bearer realm=.*Basic realm=/);
    }
  },
);

it('7644-2-2, 7644-2-3 a client sees and changes what its credentials are for, and nothing else', async () => {
  const { id } = await scim.user();
  const theirs = { authorization: `Bearer ${other.server.token}` };
  const path = `/Users/${String(id)}`;
  for (const method of ['GET', 'DELETE']) {
    expect((await other.request(method, path)).status).toBe(404);
  }
  const put = await other.request('PUT', path, { userName: 'x' });
  expect(put.status).toBe(404);
  expect((await scim.request('GET', path, undefined, theirs)).status).toBe(401);
  expect((await scim.get(path))['id']).toBe(id);
});
