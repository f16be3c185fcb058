import { ENTERPRISE, GROUP, RfcClient, USER } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-3.3-1, 7643-3.3-2 the base schema is always there', async () => {
  const user = await scim.user({ schemas: [ENTERPRISE], [ENTERPRISE]: { division: 'x' } });
  expect(user['schemas']).toContain(USER);
  const group = await scim.group({ schemas: [] });
  expect(group['schemas']).toEqual([GROUP]);
});

it('7643-3.3-3 attributes of an extension stand under its URI', async () => {
  const user = await scim.user({ title: 'Miller', [ENTERPRISE]: { department: 'Milling' } });
  expect(user[ENTERPRISE]).toEqual({ department: 'Milling' });
  expect(user).not.toHaveProperty('department');
  expect(user[ENTERPRISE]).not.toHaveProperty('title');
  const path = `${ENTERPRISE}:costCenter`;
  const patched = await scim.patched(user['id'], { op: 'add', path, value: '7' });
  expect(patched[ENTERPRISE]).toEqual({ department: 'Milling', costCenter: '7' });
});
