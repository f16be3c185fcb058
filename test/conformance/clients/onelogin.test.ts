/** OneLogin: templates with schemas that nobody defined, one e-mail for a list, look-ups with plus signs. */
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { OneLoginConnector, type OneLoginUser } from '../../support/clients/onelogin';
import { ENTERPRISE } from '../../support/clients/wire-client';
import { startConformanceServer } from '../../support/conformance-server';
import { type ScimServer } from '../../support/scim-server';

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

const obi: OneLoginUser = {
  email: 'm.obi+ops@northmill.example',
  firstName: 'Mia',
  lastName: 'Obi',
  department: 'Milling',
};

describe.each([1, 2] as const)('the template of SCIM %i', (template) => {
  test('creates and updates a user, and adds it to a group', async () => {
    const connector = new OneLoginConnector(scim, template);
    await connector.provision(obi);
    expect((await usersOf(scim))[obi.email]).toMatchObject({
      active: true,
      ...(template === 2 && { [ENTERPRISE]: { department: 'Milling' } }),
      emails: [{ value: obi.email, type: 'work', primary: true }],
      name: { givenName: 'Mia', familyName: 'Obi' },
    });
    await connector.addToGroup('Ops', obi);
    await connector.update({ ...obi, lastName: 'Obi-Wan' });
    await connector.addToGroup('Ops', obi);
    expect((await usersOf(scim))[obi.email].name).toEqual({
      givenName: 'Mia',
      familyName: 'Obi-Wan',
    });
    expect(await groupsOf(scim)).toEqual({ Ops: [obi.email] });
  });

  test('takes over the user that is there', async () => {
    const { body } = await scim.request('POST', '/Users', { userName: obi.email, title: 'Miller' });
    await new OneLoginConnector(scim, template).provision(obi);
    expect((await usersOf(scim))[obi.email]).toMatchObject({
      id: body.id,
      name: { familyName: 'Obi' },
    });
  });

  test.each(['suspend by PUT', 'suspend by PATCH'] as const)('%s, and come back', async (how) => {
    const connector = new OneLoginConnector(scim, template);
    await connector.provision(obi);
    await connector.remove(obi, how);
    expect((await usersOf(scim))[obi.email].active).toBe(false);
    await connector.provision(obi);
    expect((await usersOf(scim))[obi.email].active).toBe(true);
  });

  test('deletes a user for good', async () => {
    const connector = new OneLoginConnector(scim, template);
    await connector.provision(obi);
    await connector.addToGroup('Ops', obi);
    await connector.remove(obi, 'delete');
    expect(await usersOf(scim)).toEqual({});
    expect(await groupsOf(scim)).toEqual({ Ops: [] });
  });
});
