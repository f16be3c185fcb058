import { RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

function at(object: Shown, path: string): unknown {
  return path.split('.').reduce((value: Shown | undefined, name) => value?.[name], object);
}

it.each([
  ['7643-5-1 patch is there', 'patch', 'object'],
  ['7643-5-2 patch.supported is there', 'patch.supported', 'boolean'],
  ['7643-5-3 bulk is there', 'bulk', 'object'],
  ['7643-5-4 bulk.supported is there', 'bulk.supported', 'boolean'],
  ['7643-5-5 bulk.maxOperations is there', 'bulk.maxOperations', 'number'],
  ['7643-5-6 bulk.maxPayloadSize is there', 'bulk.maxPayloadSize', 'number'],
  ['7643-5-7 filter is there', 'filter', 'object'],
  ['7643-5-8 filter.supported is there', 'filter.supported', 'boolean'],
  ['7643-5-9 filter.maxResults is there', 'filter.maxResults', 'number'],
  ['7643-5-10 changePassword is there', 'changePassword', 'object'],
  ['7643-5-11 changePassword.supported is there', 'changePassword.supported', 'boolean'],
  ['7643-5-12 sort is there', 'sort', 'object'],
  ['7643-5-13 sort.supported is there', 'sort.supported', 'boolean'],
  ['7643-5-14 etag is there', 'etag', 'object'],
  ['7643-5-15 etag.supported is there', 'etag.supported', 'boolean'],
])('%s', async (_name, path, type) => {
  const value = at(await scim.get('/ServiceProviderConfig'), path);
  expect([path, typeof value, value === null]).toEqual([path, type, false]);
});

it('7643-5-16, 7643-5-17, 7643-5-18, 7643-5-19 authentication schemes have type, name and description', async () => {
  const { authenticationSchemes } = await scim.get('/ServiceProviderConfig');
  expect(authenticationSchemes.length).toBeGreaterThan(0);
  for (const { type, name, description } of authenticationSchemes) {
    expect(['oauth', 'oauth2', 'oauthbearertoken', 'httpbasic', 'httpdigest']).toContain(type);
    expect([name, description]).toEqual([expect.stringMatching(/.+/), expect.stringMatching(/.+/)]);
  }
});
