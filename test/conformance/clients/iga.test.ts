/** Governance suites with templates that an administrator writes. */
import { usersOf } from '../../support/clients/end-state';
import { IgaTemplates } from '../../support/clients/iga';
import { USER } from '../../support/clients/wire-client';
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

test('reconciles accounts, with booleans as strings, blanks and foreign schemas', async () => {
  const iga = new IgaTemplates(scim);
  const gus = { userName: 'gus', given: 'Gus', family: 'Hay', active: true };
  const hal = { userName: 'hal', given: 'Hal', family: 'Hay', active: false };
  await iga.reconcile([gus, hal]);
  const users = await usersOf(scim);
  const { id, meta, ...shown } = users['gus'];
  expect([typeof id, meta.resourceType]).toEqual(['string', 'User']);
  expect(shown).toEqual({
    schemas: [USER],
    userName: 'gus',
    name: { formatted: 'Gus Hay', givenName: 'Gus', familyName: 'Hay' },
    emails: [{ value: 'gus@northmill.example', type: 'work', primary: true }],
    active: true,
  });
  expect(users['hal'].active).toBe(false);
  expect(await iga.writesDuring(() => iga.reconcile([gus, hal]))).toEqual([]);

  await iga.reconcile([
    { ...gus, family: 'Hey' },
    { ...hal, active: true },
  ]);
  await iga.setEnabled('gus', false);
  const after = await usersOf(scim);
  expect(after['gus']).toMatchObject({ id, active: false, name: { familyName: 'Hey' } });
  expect(after['hal'].active).toBe(true);
  await iga.setEnabled('gus', true);
  expect((await usersOf(scim))['gus'].active).toBe(true);
});
