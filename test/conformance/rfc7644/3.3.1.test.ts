import { newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.3.1-1 meta.resourceType follows from the endpoint', async () => {
  const meta = { resourceType: 'Group' };
  expect((await scim.user({ meta }))['meta'].resourceType).toBe('User');
  const group = { displayName: newName(), meta: { resourceType: 'User' } };
  expect((await scim.created('/Groups', group))['meta'].resourceType).toBe('Group');
});
