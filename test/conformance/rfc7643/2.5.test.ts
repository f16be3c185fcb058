import { newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-2.5-1 null, the empty list and nothing at all are one state', async () => {
  const title = newName();
  const omitted = await scim.user({ title });
  const nulls = await scim.user({ title, nickName: null, emails: null });
  const empty = await scim.user({ title, emails: [] });
  for (const user of [omitted, nulls, empty]) {
    expect(user).not.toHaveProperty('nickName');
    expect(user).not.toHaveProperty('emails');
  }
  const ids = [omitted, nulls, empty].map(({ id }) => id);
  expect(await scim.found(`title eq "${title}" and not (emails pr)`)).toEqual(ids);
  expect(await scim.found(`title eq "${title}" and nickName eq null`)).toEqual(ids);
});

it.each([
  { op: 'remove', path: 'emails' },
  { op: 'replace', path: 'emails', value: null },
  { op: 'replace', path: 'emails', value: [] },
  { op: 'replace', value: { emails: [] } },
])('7643-2.5-1 a PATCH unassigns alike: %j', async (operation) => {
  const { id } = await scim.user({ emails: [{ value: 'a@x.example' }] });
  expect(await scim.patched(id, operation)).not.toHaveProperty('emails');
});

it.each([{ nickName: null }, {}])('7643-2.5-1 a PUT unassigns alike: %j', async (rest) => {
  const { id, userName } = await scim.user({ nickName: 'x' });
  const { body } = await scim.request('PUT', `/Users/${String(id)}`, { userName, ...rest });
  expect(body).not.toHaveProperty('nickName');
});
