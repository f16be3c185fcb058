import { conformanceStore } from '../../support/conformance-server';
import { expectError, newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it.each([{}, { userName: '' }, { userName: null }])(
  '7643-4.1.1-1, 7643-4.1.1-3 a user without a userName is refused: %j',
  async (body) => {
    expectError(await scim.request('POST', '/Users', body), 400, 'invalidValue');
    const { id } = await scim.user();
    expectError(await scim.request('PUT', `/Users/${String(id)}`, body), 400, 'invalidValue');
  },
);

it('7643-4.1.1-2 a userName that is taken, in whatever case, is refused', async () => {
  const { userName } = await scim.user();
  const taken = { userName: String(userName).toUpperCase() };
  expectError(await scim.request('POST', '/Users', taken), 409, 'uniqueness');
  const { id } = await scim.user();
  expectError(await scim.request('PUT', `/Users/${String(id)}`, taken), 409, 'uniqueness');
  const rename = { op: 'replace', path: 'userName', value: taken.userName };
  expectError(await scim.patch(`/Users/${String(id)}`, rename), 409, 'uniqueness');
});

it('7643-4.1.1-4, 7643-4.1.1-7 no answer has the password, in whatever form, and no filter finds it', async () => {
  const password = newName();
  const body = { userName: newName(), password };
  const created = await scim.request('POST', '/Users', body);
  const path = `/Users/${String(created.body.id)}`;
  const answers = [
    created,
    await scim.request('GET', `${path}?attributes=password`),
    await scim.request('PUT', path, body),
    await scim.patch(path, { op: 'replace', path: 'password', value: password }),
    await scim.request('GET', '/Users?attributes=userName,password'),
  ];
  for (const { status, text } of answers) {
    expect([status < 300, text.includes(password), /"password"/.test(text)]).toEqual([
      true,
      false,
      false,
    ]);
  }
  expectError(await scim.filter(`password eq "${password}"`), 400, 'invalidFilter');
  const store = await conformanceStore();
  const [stored] = await store.findAll([created.body.id]);
  expect(JSON.stringify(stored)).not.toContain('password');
});
