import { expectError, newName, RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();
const ids = async (filter: string): Promise<readonly string[]> => scim.found(filter, '/');
let user: Shown;
let group: Shown;

beforeAll(async () => {
  const externalId = newName();
  user = await scim.user({ externalId, displayName: 'Both' });
  group = await scim.group({ externalId, displayName: 'both' });
});

it('7644-3.4.2.1-1 the root has the resources of all types', async () => {
  const { Resources } = await scim.get('/');
  expect(Resources.map(({ id }: Shown) => id).sort()).toEqual([user['id'], group['id']].sort());
  expect(await ids('meta.resourceType eq "User"')).toEqual([user['id']]);
  expect(await ids('not (meta.resourceType eq "User")')).toEqual([group['id']]);
});

it('7644-3.4.2.1-3 filters mean the same on all types', async () => {
  const both = [user['id'], group['id']].sort();
  expect([...(await ids('displayName eq "BOTH"'))].sort()).toEqual(both);
  expect([...(await ids(`externalId eq "${String(user['externalId'])}"`))].sort()).toEqual(both);
  expectError(await scim.filter('displayName regex "x"', '/'), 400, 'invalidFilter');
});

it('7644-3.4.2.1-4 an attribute a type does not have has no value there', async () => {
  expect(await ids('userName pr')).toEqual([user['id']]);
  expect(await ids(`userName eq "${String(user['userName'])}"`)).toEqual([user['id']]);
  expect(await ids('displayName eq "both" and not (userName pr)')).toEqual([group['id']]);
});
