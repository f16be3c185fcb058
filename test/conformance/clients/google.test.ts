/** Google Workspace auto-provisioning: users only, in plain JSON. */
import { usersOf } from '../../support/clients/end-state';
import { GoogleAutoProvisioning } from '../../support/clients/google';
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

const ida = { primaryEmail: 'ida@northmill.example', givenName: 'Ida', familyName: 'Roe' };
const jon = { primaryEmail: 'jon@northmill.example', givenName: 'Jon', familyName: 'Roe' };

test.each(['PUT', 'PATCH'] as const)(
  'provisions, updates, suspends and deletes by %s',
  async (style) => {
    const google = new GoogleAutoProvisioning(scim, style);
    await google.authorize();
    await google.run([ida, jon]);
    await google.authorize();
    expect((await usersOf(scim))[ida.primaryEmail]).toMatchObject({
      schemas: [USER],
      active: true,
      displayName: 'Ida Roe',
      name: { givenName: 'Ida', familyName: 'Roe' },
      emails: [{ value: ida.primaryEmail, type: 'work', primary: true }],
    });
    expect(await google.writesDuring(() => google.run([ida, jon]))).toEqual([]);

    const married = { ...ida, familyName: 'Poe' };
    await google.run([married], [{ primaryEmail: jon.primaryEmail, deleted: false }]);
    const users = await usersOf(scim);
    expect(users[ida.primaryEmail].name).toEqual({ givenName: 'Ida', familyName: 'Poe' });
    expect(users[jon.primaryEmail]).toMatchObject({ active: false, name: { givenName: 'Jon' } });

    await google.run([married, jon]);
    expect((await usersOf(scim))[jon.primaryEmail].active).toBe(true);
    const gone = [{ primaryEmail: jon.primaryEmail, deleted: true }];
    await google.run([{ ...married, suspended: true }], gone);
    await google.run([{ ...married, suspended: true }], gone);
    const left = await usersOf(scim);
    expect(Object.keys(left)).toEqual([ida.primaryEmail]);
    expect(left[ida.primaryEmail].active).toBe(false);
  },
);
