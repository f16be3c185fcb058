import { RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();
const headers = (): Record<string, string> => ({ authorization: `Bearer ${scim.server.token}` });

it('7644-3.13-1 the version stands before the endpoint', async () => {
  expect(scim.server.url).toMatch(/\/v2$/);
  const { meta } = await scim.user();
  expect(meta.location).toMatch(/\/v2\/Users\/[^/]+$/);
});

it.each(['v1', 'v3', 'v2.1'])('7644-3.13-2 another version is refused: %s', async (version) => {
  const url = scim.server.url.replace(/v2$/, version);
  const response = await fetch(`${url}/Users`, { headers: headers() });
  expect(response.status).toBe(404);
});
