import { newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.5-1 PUT is there for users and groups', async () => {
  const [userName, displayName] = [newName(), newName()];
  const user = await scim.user();
  const group = await scim.group();
  const putUser = await scim.request('PUT', `/Users/${String(user['id'])}`, { userName });
  expect([putUser.status, putUser.body.userName]).toEqual([200, userName]);
  const putGroup = await scim.request('PUT', `/Groups/${String(group['id'])}`, { displayName });
  expect([putGroup.status, putGroup.body.displayName]).toEqual([200, displayName]);
});
