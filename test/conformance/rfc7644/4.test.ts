import { expectError, LIST_RESPONSE, RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();
const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

it('7644-4-1 the service provider configuration has its schema', async () => {
  const body = await scim.get('/ServiceProviderConfig');
  expect(body['schemas']).toEqual([`${CORE}:ServiceProviderConfig`]);
});

it('7644-4-2 /Schemas lists every schema', async () => {
  const { Resources, totalResults } = await scim.get('/Schemas');
  const ids = Resources.map(({ id }: Shown) => id);
  expect(ids.length).toBe(totalResults);
  const types = await scim.get('/ResourceTypes');
  for (const { schema, schemaExtensions } of types['Resources']) {
    expect(ids).toContain(schema);
    for (const extension of schemaExtensions) expect(ids).toContain(extension.schema);
  }
  for (const resource of Resources)
    expect(await scim.get(`/Schemas/${resource.id}`)).toEqual(resource);
});

it.each(['/Schemas', '/ResourceTypes'])('7644-4-3 %s is a ListResponse', async (path) => {
  const body = await scim.get(path);
  expect(body['schemas']).toEqual([LIST_RESPONSE]);
  expect(body['totalResults']).toBe(body['Resources'].length);
});

it.each(['/Schemas', '/ResourceTypes', '/ServiceProviderConfig'])(
  '7644-4-4 queries do not change %s',
  async (path) => {
    const whole = await scim.get(path);
    const query = 'startIndex=2&count=1&sortBy=id&sortOrder=descending&attributes=id';
    expect(await scim.get(`${path}?${query}`)).toEqual(whole);
  },
);

it.each(['/Schemas', '/ResourceTypes'])('a filter on %s is 403', async (path) => {
  expectError(await scim.request('GET', `${path}?filter=id pr`), 403);
});
