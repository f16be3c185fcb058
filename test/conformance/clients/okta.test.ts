/** Okta: assigned users, pushed groups and the import, of applications that PUT and of those that PATCH. */
import { groupsOf, storedAttributes, usersOf } from '../../support/clients/end-state';
import { OktaApp, type OktaUser } from '../../support/clients/okta';
import { startConformanceServer } from '../../support/conformance-server';
import { type ScimServer } from '../../support/scim-server';

// Whole cycles are many requests, one after the other.
jest.setTimeout(120_000);

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

const rosa: OktaUser = {
  id: '00u9zzExample',
  login: 'r.solis@northmill.example',
  firstName: 'Rosa',
  lastName: 'Solis',
  locale: 'en-GB',
};
const tom: OktaUser = {
  id: '00u9yyExample',
  login: 'tom+ops@northmill.example',
  firstName: 'Tom',
  lastName: 'Baker',
};

describe.each(['PUT', 'PATCH'] as const)('an application that uses %s', (style) => {
  let okta: OktaApp;
  beforeEach(() => {
    okta = new OktaApp(scim, style);
  });

  test('tests the connection of an empty tenant, and a filled one by its SPEC test', async () => {
    await okta.testConnection();
    await okta.assign(rosa);
    await okta.testConnection();
    await okta.specTest();
    expect(Object.keys(await usersOf(scim))).toEqual([rosa.login]);
  });

  test('assigns, updates, deactivates and reactivates a user', async () => {
    await okta.assign(rosa, 'R4nd0m-x');
    const { id } = (await usersOf(scim))[rosa.login];
    await okta.update({ ...rosa, lastName: 'Solis-Vega' });
    expect((await usersOf(scim))[rosa.login]).toMatchObject({
      id,
      externalId: rosa.id,
      active: true,
      displayName: 'Rosa Solis-Vega',
      name: { givenName: 'Rosa', familyName: 'Solis-Vega' },
      emails: [{ primary: true, value: rosa.login, type: 'work' }],
      locale: 'en-GB',
    });
    await okta.setActive(rosa, false);
    expect((await usersOf(scim))[rosa.login]).toMatchObject({ id, active: false });
    // Who is assigned again is found although it is inactive, and becomes active.
    await okta.assign(rosa);
    expect((await usersOf(scim))[rosa.login]).toMatchObject({ id, active: true });
  });

  test('links the user that is there', async () => {
    const { body } = await scim.request('POST', '/Users', { userName: rosa.login.toUpperCase() });
    const writes = await okta.writesDuring(() => okta.assign(rosa));
    expect(writes).toEqual([`${style} /Users/${String(body.id)}`]);
    expect((await usersOf(scim))[rosa.login]).toMatchObject({ id: body.id, externalId: rosa.id });
  });

  test('synchronizes passwords, which are neither shown nor kept', async () => {
    await okta.assign(rosa, 'R4nd0m-x');
    const before = (await usersOf(scim))[rosa.login];
    await okta.syncPassword(rosa, 'N3w-secret');
    expect((await usersOf(scim))[rosa.login]).toEqual(before);
    const stored = await storedAttributes(before.id);
    expect(JSON.stringify(stored)).toContain('Solis');
    expect(JSON.stringify(stored)).not.toMatch(/N3w|R4nd0m|password/);
  });

  test('imports everybody once, in pages, and skips who is inactive', async () => {
    const logins: string[] = [];
    for (let index = 0; index < 25; index += 1) {
      const login = `u${String(index)}@northmill.example`;
      await okta.assign({ ...tom, id: `00u${String(index)}`, login });
      logins.push(login);
    }
    await okta.setActive({ ...tom, id: '00u7' }, false);
    const active = logins.filter((login) => !login.startsWith('u7@'));
    expect([...(await okta.import(10))].sort()).toEqual(active.sort());
    expect(await okta.import()).toEqual(await okta.import(10));
  });

  test('pushes a group, its members and its name', async () => {
    await okta.assign(rosa);
    await okta.assign(tom);
    await okta.pushGroup('Ops', [rosa]);
    expect(await groupsOf(scim)).toEqual({ Ops: [rosa.login] });
    await okta.pushMembers('Ops', 'Ops EU', { remove: [rosa], add: [tom] });
    expect(await groupsOf(scim)).toEqual({ 'Ops EU': [tom.login] });
    await okta.pushMembers('Ops', 'Ops EU', { add: [tom, rosa] });
    await okta.pushNow('Ops', 'Ops', [rosa, tom]);
    expect(await groupsOf(scim)).toEqual({ Ops: [rosa.login, tom.login] });
    await okta.setActive(tom, false);
    expect(await groupsOf(scim)).toEqual({ Ops: [rosa.login, tom.login] });
    await okta.pushNow('Ops', 'Ops', []);
    expect(await groupsOf(scim)).toEqual({ Ops: [] });
    await okta.unlinkGroup('Ops');
    expect(await groupsOf(scim)).toEqual({});
    expect(Object.keys(await usersOf(scim)).sort()).toEqual([rosa.login, tom.login]);
  });

  test('leaves out a member that nobody knows, and keeps the others', async () => {
    await okta.assign(rosa);
    await okta.pushGroup('Ops', [rosa, tom].slice(0, 1));
    const { body } = await scim.request('GET', '/Groups');
    const group = `/Groups/${String(body.Resources[0].id)}`;
    const rosaId = (await usersOf(scim))[rosa.login].id;
    const put = await scim.request('PUT', group, {
      displayName: 'Ops',
      members: [{ value: rosaId }, { value: 'unknown' }],
    });
    expect(put.body.members).toEqual([
      { value: rosaId, $ref: `${scim.url}/Users/${String(rosaId)}`, type: 'User' },
    ]);
  });

  test('discovers the kinds of resources', async () => {
    await okta.assign(rosa);
    expect(await okta.discoverEntitlements()).toEqual({ '/Users': 1, '/Groups': 0 });
  });
});

test('a PATCH of a group that asks for attributes is answered with them', async () => {
  const { body } = await scim.request('POST', '/Groups', { displayName: 'Ops' });
  const asked = await scim.request('PATCH', `/Groups/${String(body.id)}?attributes=displayName`, {
    Operations: [{ op: 'replace', value: { id: body.id, displayName: 'Ops EU' } }],
  });
  expect([asked.status, asked.body.displayName]).toEqual([200, 'Ops EU']);
  expect(asked.body).not.toHaveProperty('members');
});
