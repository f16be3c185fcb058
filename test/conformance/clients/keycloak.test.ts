/** Keycloak with a SCIM event listener, by PUT and by PATCH. */
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { KeycloakListener, type KeycloakUser } from '../../support/clients/keycloak';
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

const lena: KeycloakUser = {
  id: 'kc-1',
  username: 'lena',
  email: 'lena@northmill.example',
  firstName: 'Lena',
  lastName: 'Ode',
  enabled: true,
  roles: ['offline_access'],
};
const otto: KeycloakUser = {
  ...lena,
  id: 'kc-2',
  username: 'otto',
  email: 'otto@northmill.example',
};

describe.each(['PUT', 'PATCH'] as const)('a listener that uses %s', (style) => {
  let keycloak: KeycloakListener;
  beforeEach(() => {
    keycloak = new KeycloakListener(scim, style);
  });

  test('the life of a user', async () => {
    await keycloak.userCreated(lena);
    const { id } = (await usersOf(scim))['lena'];
    expect((await usersOf(scim))['lena']).toMatchObject({
      externalId: 'kc-1',
      active: true,
      emails: [{ value: 'lena@northmill.example' }],
      roles: [{ value: 'offline_access' }],
    });
    await keycloak.userUpdated({ ...lena, firstName: 'Lene', enabled: false });
    expect((await usersOf(scim))['lena']).toMatchObject({
      id,
      active: false,
      name: { givenName: 'Lene', familyName: 'Ode' },
      emails: [{ value: 'lena@northmill.example' }],
    });
    await keycloak.userUpdated(lena);
    expect((await usersOf(scim))['lena']).toMatchObject({
      active: true,
      name: { givenName: 'Lena' },
    });
    await keycloak.userEnabled(lena, false);
    expect((await usersOf(scim))['lena'].active).toBe(false);
    await keycloak.userEnabled(lena, true);
    expect((await usersOf(scim))['lena'].active).toBe(true);
    await keycloak.userDeleted(lena);
    expect(await usersOf(scim)).toEqual({});
    await keycloak.userCreated(lena);
  });

  test('the life of a group', async () => {
    await keycloak.userCreated(lena);
    await keycloak.userCreated(otto);
    await keycloak.groupCreated('kc-g', 'Ops');
    await keycloak.groupUpdated('kc-g', 'Ops', [lena]);
    expect(await groupsOf(scim)).toEqual({ Ops: ['lena'] });
    await keycloak.groupUpdated('kc-g', 'Ops EU', [lena, otto]);
    await keycloak.groupUpdated('kc-g', 'Ops EU', [lena, otto]);
    expect(await groupsOf(scim)).toEqual({ 'Ops EU': ['lena', 'otto'] });
    await keycloak.groupUpdated('kc-g', 'Ops', [otto]);
    expect(await groupsOf(scim)).toEqual({ Ops: ['otto'] });
    await keycloak.groupUpdated('kc-g', 'Ops', []);
    expect(await groupsOf(scim)).toEqual({ Ops: [] });
    await keycloak.groupDeleted('kc-g');
    expect(await groupsOf(scim)).toEqual({});
  });
});
