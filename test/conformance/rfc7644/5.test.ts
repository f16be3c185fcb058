import { expectError, newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it.each([
  ['composed and decomposed', 'Zo\u00EB', 'zoe\u0308'],
  ['full width', '\uFF2B\uFF49\uFF54', 'kit'],
  ['case beyond ASCII', 'ÉLAN', 'élan'],
])('7644-5-1 user names are compared after preparation: %s', async (_name, one, other) => {
  const suffix = newName();
  const { id, userName } = await scim.user({ userName: `${one}${suffix}` });
  expect(userName).toBe(`${one}${suffix}`);
  const taken = { userName: `${other}${suffix}` };
  expectError(await scim.request('POST', '/Users', taken), 409, 'uniqueness');
  expect(await scim.found(`userName eq "${taken.userName}"`)).toEqual([id]);
});
