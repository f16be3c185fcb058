import { ENTERPRISE, expectError, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.5.2.1-1 add needs a value', async () => {
  const { id } = await scim.user();
  const add = { op: 'add', path: 'title' };
  expectError(await scim.patch(`/Users/${String(id)}`, add), 400, 'invalidValue');
});

it('7644-3.5.2.1-2 add to a complex attribute takes sub-attributes, and leaves the others', async () => {
  const { id } = await scim.user({ name: { givenName: 'Kit' } });
  const add = { op: 'add', path: 'name', value: { familyName: 'Marlow' } };
  const { name } = await scim.patched(id, add);
  expect(name).toEqual({ givenName: 'Kit', familyName: 'Marlow' });
});

it.each([
  { op: 'add', path: 'title', value: 'Miller' },
  { op: 'add', path: 'emails', value: [{ value: 'a@x', type: 'work' }] },
  { op: 'add', path: `${ENTERPRISE}:department`, value: 'Milling' },
  { op: 'add', value: { title: 'Miller', emails: [{ value: 'a@x', type: 'work' }] } },
])('7644-3.5.2.1-3 add of what is there leaves lastModified: %j', async (operation) => {
  const { id, meta } = await scim.user({
    title: 'Miller',
    emails: [{ value: 'a@x', type: 'work' }],
    [ENTERPRISE]: { department: 'Milling' },
  });
  expect((await scim.patched(id, operation))['meta']).toEqual(meta);
});
