import { expectError, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.5.2.3-1 without a path the value has the attributes', async () => {
  const { id } = await scim.user({ title: 'a', nickName: 'b' });
  const body = await scim.patched(id, { op: 'replace', value: { title: 'c', locale: 'de' } });
  expect(body).toMatchObject({ title: 'c', nickName: 'b', locale: 'de' });
  const text = { op: 'replace', value: 'x' };
  expectError(await scim.patch(`/Users/${String(id)}`, text), 400, 'invalidValue');
});

it('7644-3.5.2.3-2 replace of what is not there adds it', async () => {
  const { id } = await scim.user();
  expect((await scim.patched(id, { op: 'replace', path: 'title', value: 'x' }))['title']).toBe('x');
  const emails = [{ value: 'a@x' }];
  const replace = { op: 'replace', path: 'emails', value: emails };
  expect((await scim.patched(id, replace))['emails']).toEqual(emails);
});

it('7644-3.5.2.3-3 sub-attributes that are not mentioned stay', async () => {
  const { id } = await scim.user({ name: { givenName: 'Kit', familyName: 'Marlow' } });
  const replace = { op: 'replace', path: 'name', value: { givenName: 'Rosa', middleName: 'M' } };
  const { name } = await scim.patched(id, replace);
  expect(name).toEqual({ givenName: 'Rosa', familyName: 'Marlow', middleName: 'M' });
});

it('7644-3.5.2.3-4 all values that match are replaced', async () => {
  const phoneNumbers = [
    { value: '1', type: 'work' },
    { value: '2', type: 'home' },
    { value: '3', type: 'work' },
  ];
  const { id } = await scim.user({ phoneNumbers });
  const path = 'phoneNumbers[type eq "work"].display';
  const { phoneNumbers: after } = await scim.patched(id, { op: 'replace', path, value: 'x' });
  expect(after).toEqual(
    phoneNumbers.map((one) => (one.type === 'work' ? { ...one, display: 'x' } : one)),
  );
});

it.each([
  'emails[type eq "nonexistent"]',
  'emails[value co "x"].type',
  'roles[not (value pr)].value',
])('7644-3.5.2.3-5 nothing that matches is 400 noTarget: %s', async (path) => {
  const { id } = await scim.user({ emails: [{ value: 'a', type: 'work' }] });
  const value = path.endsWith(']') ? { value: 'b' } : 'b';
  const answer = await scim.patch(`/Users/${String(id)}`, { op: 'replace', path, value });
  expectError(answer, 400, 'noTarget');
});
