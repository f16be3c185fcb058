import { newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-1.3-1 no URI in an answer has a query string, whatever the request had', async () => {
  const path = '/Users?aadOptscim062020&attributes=userName,meta';
  const { headers, body } = await scim.request('POST', path, { userName: newName() });
  for (const uri of [
    headers.get('location'),
    headers.get('content-location'),
    body.meta.location,
  ]) {
    expect(uri).toBe(`${scim.server.url}/Users/${String(body.id)}`);
  }
});
