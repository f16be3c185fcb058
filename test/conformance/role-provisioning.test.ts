/** SCIM `roles` against a rule's catalogue: what is refused, what it says, and that nothing changes (requirement C4). */
import { randomUUID } from 'node:crypto';
import { type RuleValues } from '../../src/domain/rule-values';
import { conformanceStore, startConformanceServer } from '../support/conformance-server';
import { type ScimAnswer, type ScimServer } from '../support/scim-server';

const CATALOGUE: RuleValues['roleCatalogue'] = [
  { name: 'System Administrator', kind: 'SYSTEM', exclusive: false },
  { name: 'Auditor', kind: 'SYSTEM', exclusive: false },
  { name: 'Backup', kind: 'CUSTOM', exclusive: false },
  { name: 'Reporting', kind: 'CUSTOM', exclusive: false },
  { name: 'Break glass', kind: 'CUSTOM', exclusive: true },
];
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let server: ScimServer;

beforeAll(async () => {
  server = await startConformanceServer({
    values: { roleProvisioning: true, roleCatalogue: CATALOGUE },
  });
});
afterAll(() => server.close());

function create(roles: unknown, userName = randomUUID()): Promise<ScimAnswer> {
  return server.request('POST', '/Users', { schemas: [USER], userName, roles });
}

function patch(id: string, ...operations: object[]): Promise<ScimAnswer> {
  const body = { schemas: [PATCH_OP], Operations: operations };
  return server.request('PATCH', `/Users/${id}`, body);
}

async function userWith(
  roles: unknown,
): Promise<{ readonly id: string; readonly version: string }> {
  const answer = await create(roles);
  expect(answer.status).toBe(201);
  return { id: answer.body.id, version: answer.body.meta.version };
}

async function expectUnchanged({ id, version }: { id: string; version: string }): Promise<void> {
  expect((await server.request('GET', `/Users/${id}`)).body.meta.version).toBe(version);
}

function expectRefusal(answer: ScimAnswer, ...names: string[]): void {
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ scimType: 'invalidValue' });
  for (const name of names) expect(answer.body.detail).toContain(`"${name}"`);
}

const entra = (value: string): object => ({
  value: JSON.stringify({ id: 'r-9', value, displayName: value }),
});

describe('role provisioning', () => {
  test.each([
    ['no roles', []],
    ['one system role', [{ value: 'Auditor' }]],
    ['a system role in another case', [{ value: 'sYSTEM aDMINISTRATOR' }]],
    ['custom roles together', [{ value: 'Backup' }, { value: 'Reporting' }]],
    ['a system role with custom roles', [{ value: 'Auditor' }, { value: 'Backup' }]],
    ['the same role twice', [{ value: 'Auditor' }, { value: 'auditor', type: 'other' }]],
    ['an exclusive role alone', [{ value: 'Break glass' }]],
    [
      'what SingleAppRoleAssignment sends',
      [{ primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Auditor' }],
    ],
    ['what AppRoleAssignmentsComplex sends', [entra('Auditor'), entra('Backup')]],
    [
      'what AssertiveAppRoleAssignmentsComplex sends',
      [
        {
          primary: false,
          type: 'WindowsAzureActiveDirectoryRole',
          display: 'Auditor',
          value: 'x1',
        },
      ],
    ],
  ])('takes %s and stores it as it came', async (_what, roles) => {
    const answer = await create(roles);
    expect(answer.status).toBe(201);
    const read = (await server.request('GET', `/Users/${answer.body.id as string}`)).body;
    expect(read.roles ?? []).toMatchObject(roles);
  });

  test.each([
    ['an unknown role', [{ value: 'Wizard' }], ['Wizard']],
    ['several unknown roles', [{ value: 'Wizard' }, entra('Warlock')], ['Wizard', 'Warlock']],
    [
      'two system roles',
      [{ value: 'auditor' }, entra('System Administrator')],
      ['Auditor', 'System Administrator'],
    ],
    [
      'an exclusive role beside another',
      [{ value: 'Break glass' }, { value: 'Backup' }],
      ['Break glass', 'Backup'],
    ],
    [
      'an exclusive role beside a system role',
      [{ value: 'Break glass' }, { value: 'Auditor' }],
      ['Break glass', 'Auditor'],
    ],
  ])('refuses %s, names it and makes nobody', async (_what, roles, names) => {
    const userName = randomUUID();
    expectRefusal(await create(roles, userName), ...names);
    const found = await server.request('GET', `/Users?filter=userName eq "${userName}"`);
    expect(found.body.totalResults).toBe(0);
  });

  test('refuses a PUT and a PATCH, which change nothing, not even what is right in them', async () => {
    const user = await userWith([{ value: 'Auditor' }]);
    expectRefusal(
      await server.request('PUT', `/Users/${user.id}`, {
        schemas: [USER],
        userName: randomUUID(),
        roles: [{ value: 'Wizard' }],
      }),
      'Wizard',
    );
    expectRefusal(
      await patch(
        user.id,
        { op: 'replace', path: 'title', value: 'Boss' },
        { op: 'add', path: 'roles', value: [entra('System Administrator')] },
      ),
      'Auditor',
      'System Administrator',
    );
    await expectUnchanged(user);
  });

  test('takes the ways in which Entra changes a role', async () => {
    const { id } = await userWith([{ primary: true, value: 'Auditor' }]);
    const single = { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'Backup' };
    const assertive = { op: 'replace', path: 'roles', value: [{ value: 'Auditor' }] };
    for (const operation of [single, assertive]) {
      // The strict profile compares a boolean with a boolean only.
      if (process.env['SCIM_PROFILE'] === 'strict' && operation === single) continue;
      expect((await patch(id, operation)).status).toBe(200);
    }
  });

  test('refuses the operation of a bulk request alone', async () => {
    const answer = await server.request('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: ['Wizard', 'Auditor'].map((value) => ({
        method: 'POST',
        path: '/Users',
        bulkId: value,
        data: { schemas: [USER], userName: randomUUID(), roles: [{ value }] },
      })),
    });
    const [refused, made] = answer.body.Operations;
    expect(refused).toMatchObject({ status: '400', response: { scimType: 'invalidValue' } });
    expect(refused.response.detail).toContain('"Wizard"');
    expect(made).toMatchObject({ status: '201' });
  });
});

test('roles that were there before the catalogue do not stand in the way of a deactivation', async () => {
  const ruleId = randomUUID();
  const before = await startConformanceServer({ ruleId });
  const roles = [{ value: 'Wizard' }];
  const made = await before.request('POST', '/Users', { schemas: [USER], userName: 'kit', roles });
  expect(made.status).toBe(201);
  await before.close();

  const after = await startConformanceServer({
    ruleId,
    values: { roleProvisioning: true, roleCatalogue: CATALOGUE },
  });
  const { id } = made.body;
  const deactivated = await after.request('PUT', `/Users/${id as string}`, {
    schemas: [USER],
    userName: 'kit',
    active: false,
    roles,
  });
  expect(deactivated.status).toBe(200);
  const more = await after.request('PATCH', `/Users/${id as string}`, {
    schemas: [PATCH_OP],
    Operations: [{ op: 'add', path: 'roles', value: [{ value: 'Auditor' }] }],
  });
  expectRefusal(more, 'Wizard');
  await after.close();
});

test('without role provisioning any role is stored', async () => {
  const open = await startConformanceServer({ values: { roleCatalogue: CATALOGUE } });
  const roles = [{ value: 'Wizard' }, { value: 'Auditor' }, { value: 'System Administrator' }];
  const made = await open.request('POST', '/Users', { schemas: [USER], userName: 'kit', roles });
  expect(made.status).toBe(201);
  expect(made.body.roles).toMatchObject(roles);
  await open.close();
});

test('a user keeps the role for new users under which it was made', async () => {
  const ruleId = randomUUID();
  const store = await conformanceStore();
  const made: string[] = [];
  for (const roleForNewUsers of ['SPONSOR', 'ADMINISTRATOR'] as const) {
    const one = await startConformanceServer({ ruleId, values: { roleForNewUsers } });
    const body = { schemas: [USER], userName: roleForNewUsers };
    made.push((await one.request('POST', '/Users', body)).body.id);
    const [first = ''] = made;
    const title = { schemas: [USER], userName: 'SPONSOR', title: roleForNewUsers };
    expect((await one.request('PUT', `/Users/${first}`, title)).status).toBe(200);
    await one.close();
  }
  const found = await store.findAll(made);
  const roleOf = new Map(found.map(({ id, importRole }) => [id, importRole]));
  expect(made.map((id) => roleOf.get(id))).toEqual(['SPONSOR', 'ADMINISTRATOR']);
});
