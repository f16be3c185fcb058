/** Microsoft Entra ID: the cycles of its provisioning job, in both of its dialects. */
import { groupsOf, usersOf } from '../../support/clients/end-state';
import { EntraJob, type EntraDirectory, type EntraUser } from '../../support/clients/entra';
import { ENTERPRISE, patch, USER } from '../../support/clients/wire-client';
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

const kit: EntraUser = {
  objectId: '5b0a2f0e-8f0b',
  userPrincipalName: 'k.marlow@northmill.example',
  displayName: 'Kit Marlow',
  givenName: 'Kit',
  surname: 'Marlow',
  mail: 'Kit.Marlow@northmill.example',
  mobile: '+31 6 0000 0001',
  street: '3 Mill Lane',
  department: 'Milling',
  manager: '77aa01c2-11d0',
};
const boss: EntraUser = {
  objectId: '77aa01c2-11d0',
  userPrincipalName: "m.o'brien@northmill.example",
  displayName: 'Maeve "The Miller" O\'Brien',
  givenName: 'Maeve',
  surname: "O'Brien",
};
const ops = { objectId: '0c9d', displayName: 'Ops', members: [kit.objectId, boss.objectId] };
const directory: EntraDirectory = { users: [kit, boss], groups: [ops] };

/** A cycle in which nothing is left to do: what the server shows is what the job wrote. */
async function expectQuiet(job: EntraJob, of: EntraDirectory): Promise<void> {
  expect(await job.writesDuring(() => job.cycle(of))).toEqual([]);
  expect(job.failures).toEqual([]);
}

describe.each([
  ['without the flag', false],
  ['with ?aadOptscim062020', true],
])('the job %s', (_name, flag) => {
  let job: EntraJob;
  beforeEach(() => {
    job = new EntraJob(scim, { flag });
  });

  test('tests the connection of an empty tenant, and keeps it alive', async () => {
    await job.testConnection();
    await job.testConnection();
    await job.cycle(directory);
    await job.testConnection();
  });

  test('provisions everybody in the initial cycle, and finds nothing to do in the next', async () => {
    await job.cycle(directory);
    const users = await usersOf(scim);
    expect(Object.keys(users).sort()).toEqual([kit, boss].map((one) => one.userPrincipalName));
    const bossId = users[boss.userPrincipalName].id as string;
    const { id, meta, groups, ...shown } = users[kit.userPrincipalName];
    expect(shown).toEqual({
      schemas: [USER, ENTERPRISE],
      userName: kit.userPrincipalName,
      externalId: kit.objectId,
      active: true,
      displayName: 'Kit Marlow',
      name: { givenName: 'Kit', familyName: 'Marlow' },
      emails: [{ type: 'work', value: kit.mail }],
      phoneNumbers: [{ type: 'mobile', value: kit.mobile }],
      addresses: [{ type: 'work', formatted: kit.street }],
      [ENTERPRISE]: {
        department: 'Milling',
        manager: { value: bossId, $ref: `${scim.url}/Users/${bossId}` },
      },
    });
    expect(meta.location).toBe(`${scim.url}/Users/${String(id)}`);
    expect(groups).toEqual([expect.objectContaining({ display: 'Ops', type: 'direct' })]);
    expect(await groupsOf(scim)).toEqual({ Ops: Object.keys(users).sort() });
    await expectQuiet(job, directory);
  });

  test('converges after every attribute changed, appeared or went', async () => {
    await job.cycle(directory);
    const { manager: _manager, department: _department, mobile: _mobile, ...rest } = kit;
    const changed: EntraUser = {
      ...rest,
      userPrincipalName: 'kitty@northmill.example',
      displayName: 'Kitty',
      givenName: 'Kitty',
      mail: 'kitty@northmill.example',
      employeeId: '7731',
    };
    const promoted: EntraUser = {
      ...boss,
      department: 'Board',
      mail: 'maeve@northmill.example',
      manager: kit.objectId,
    };
    const after: EntraDirectory = { users: [changed, promoted], groups: [ops] };
    await job.cycle(after);
    const users = await usersOf(scim);
    const kitty = users['kitty@northmill.example'];
    expect(kitty).toMatchObject({
      displayName: 'Kitty',
      name: { givenName: 'Kitty', familyName: 'Marlow' },
      emails: [{ type: 'work', value: 'kitty@northmill.example' }],
      addresses: [{ type: 'work', formatted: '3 Mill Lane' }],
    });
    expect(kitty[ENTERPRISE]).toEqual({ employeeNumber: '7731' });
    expect(JSON.stringify(kitty.phoneNumbers ?? [])).not.toContain('+31');
    expect(users[boss.userPrincipalName]).toMatchObject({
      emails: [{ type: 'work', value: 'maeve@northmill.example' }],
      [ENTERPRISE]: { department: 'Board', manager: { value: kitty.id } },
    });
    await expectQuiet(job, after);
  });

  test('soft-deletes, restores and purges a user, who stays in the group until the purge', async () => {
    await job.cycle(directory);
    const members = [kit, boss].map((one) => one.userPrincipalName).sort();
    const without = { ...directory, users: [{ ...kit, disabled: true }, boss] };
    await job.cycle(without);
    expect((await usersOf(scim))[kit.userPrincipalName].active).toBe(false);
    expect(await groupsOf(scim)).toEqual({ Ops: members });
    await expectQuiet(job, without);

    const restored = await job.writesDuring(() => job.cycle(directory));
    expect(restored).toEqual([expect.stringMatching(/^PATCH \/Users\//)]);
    expect((await usersOf(scim))[kit.userPrincipalName].active).toBe(true);
    expect(await groupsOf(scim)).toEqual({ Ops: members });

    await job.cycle({ users: [boss], groups: [{ ...ops, members: [boss.objectId] }] });
    expect(Object.keys(await usersOf(scim))).toEqual([boss.userPrincipalName]);
    expect(await groupsOf(scim)).toEqual({ Ops: [boss.userPrincipalName] });

    // The name is free: whoever comes back under it is somebody new.
    await job.cycle(directory);
    expect(await groupsOf(scim)).toEqual({ Ops: members });
  });

  test('adds many members at once, removes some, renames and deletes the group', async () => {
    // More than the hundred at which some servers stop.
    const crowd = Array.from({ length: flag ? 20 : 105 }, (_, index) => ({
      objectId: `o-${String(index)}`,
      userPrincipalName: `u${String(index)}@northmill.example`,
      displayName: `U ${String(index)}`,
    }));
    const all = crowd.map(({ objectId }) => objectId);
    const group = { objectId: 'g', displayName: 'Everybody', members: all };
    await job.cycle({ users: crowd, groups: [group] });
    expect((await groupsOf(scim))['Everybody']).toHaveLength(crowd.length);
    const fewer = { ...group, displayName: 'Some', members: all.slice(3) };
    await job.cycle({ users: crowd, groups: [fewer] });
    const left = crowd.slice(3).map((one) => one.userPrincipalName);
    expect(await groupsOf(scim)).toEqual({ Some: left.sort() });
    await job.cycle({ users: crowd.slice(0, 5) });
    expect(await groupsOf(scim)).toEqual({});
    expect(Object.keys(await usersOf(scim))).toHaveLength(5);
  });

  test('links what is there already, and never empties the group it finds', async () => {
    const first = await scim.request('POST', '/Users', { userName: kit.userPrincipalName });
    const found = { displayName: 'OPS', members: [{ value: first.body.id }] };
    await scim.request('POST', '/Groups', found);
    const writes = await job.writesDuring(() => job.cycle(directory));
    expect(writes.filter((write) => write.startsWith('POST'))).toHaveLength(1);
    expect((await usersOf(scim))[kit.userPrincipalName]).toMatchObject({
      id: first.body.id,
      externalId: kit.objectId,
    });
    expect((await groupsOf(scim))['Ops']).toHaveLength(2);
    await expectQuiet(job, directory);
  });

  test('repeats a POST that timed out: the user exists once, and the next cycle adopts it', async () => {
    expect(await job.createWithTimeOut(kit)).toEqual([201, 409]);
    const parallel = new EntraJob(scim, { flag });
    const races = await Promise.all([job, parallel].map((one) => one.createWithTimeOut(boss)));
    expect(races.flat().filter((status) => status === 201)).toHaveLength(1);
    await job.cycle(directory);
    expect(job.failures).toEqual([]);
    expect(Object.keys(await usersOf(scim))).toHaveLength(2);
    await expectQuiet(job, directory);
  });

  test.each(['externalId', 'emails[type eq "work"].value'] as const)(
    'matches by %s',
    async (match) => {
      const users = [kit, { ...boss, mail: 'maeve@northmill.example' }];
      await new EntraJob(scim, { flag }).cycle({ users });
      const fresh = new EntraJob(scim, { flag, match });
      await expectQuiet(fresh, { users });
    },
  );

  test('creates again, under a new id, who was deleted behind its back', async () => {
    await job.cycle({ users: [boss] });
    const { id } = (await usersOf(scim))[boss.userPrincipalName];
    await scim.request('DELETE', `/Users/${String(id)}`);
    await job.cycle({ users: [boss] });
    expect((await usersOf(scim))[boss.userPrincipalName].id).not.toBe(id);
  });

  test.each(['string', 'list', 'object'] as const)('writes a manager as %s', async (manager) => {
    const versioned = new EntraJob(scim, { flag, manager });
    await versioned.cycle(directory);
    const users = await usersOf(scim);
    expect(users[kit.userPrincipalName][ENTERPRISE].manager.value).toBe(
      users[boss.userPrincipalName].id,
    );
    await expectQuiet(versioned, directory);
  });

  test('assigns one app role (SingleAppRoleAssignment)', async () => {
    const roles = new EntraJob(scim, { flag, roles: 'single' });
    await roles.cycle({ users: [{ ...boss, appRoles: ['Editor'] }, kit] });
    const after = {
      users: [
        { ...boss, appRoles: ['Reader'] },
        { ...kit, appRoles: ['Editor'] },
      ],
    };
    await roles.cycle(after);
    const users = await usersOf(scim);
    expect(users[boss.userPrincipalName].roles).toEqual([
      { primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Reader' },
    ]);
    expect(users[kit.userPrincipalName].roles).toEqual([{ primary: true, value: 'Editor' }]);
    await expectQuiet(roles, after);
  });

  test('adds app roles as JSON texts (AppRoleAssignmentsComplex)', async () => {
    const roles = new EntraJob(scim, { flag, roles: 'complex' });
    await roles.cycle({ users: [{ ...boss, appRoles: ['editor'] }] });
    const after = { users: [{ ...boss, appRoles: ['editor', 'reader'] }] };
    await roles.cycle(after);
    expect((await usersOf(scim))[boss.userPrincipalName].roles).toEqual([
      expect.objectContaining({ value: 'editor', primary: false }),
      { value: '{"id":"r-reader","value":"reader","displayName":"reader"}' },
    ]);
    await expectQuiet(roles, after);
  });

  test('replaces all app roles (AssertiveAppRoleAssignmentsComplex)', async () => {
    const roles = new EntraJob(scim, { flag, roles: 'assertive' });
    await roles.cycle({ users: [{ ...boss, appRoles: ['a', 'b'] }] });
    const after = { users: [{ ...boss, appRoles: ['b', 'c'] }] };
    await roles.cycle(after);
    const stored = (await usersOf(scim))[boss.userPrincipalName].roles;
    expect(stored.map((role: { value: string }) => role.value)).toEqual(['b', 'c']);
    await expectQuiet(roles, after);
  });
});

test('both dialects reach one tenant: a job with the flag, provisioning on demand without', async () => {
  const job = new EntraJob(scim, { flag: true });
  const onDemand = new EntraJob(scim, { match: 'externalId' });
  await job.cycle(directory);
  await expectQuiet(onDemand, { users: [kit, boss] });
  const off = { ...kit, disabled: true, department: 'Sifting' };
  await onDemand.cycle({ users: [off, boss] });
  await expectQuiet(job, { ...directory, users: [off, boss] });
  await job.cycle(directory);
  await expectQuiet(onDemand, { users: [kit, boss] });
  expect((await usersOf(scim))[kit.userPrincipalName]).toMatchObject({
    active: true,
    [ENTERPRISE]: { department: 'Milling' },
  });
});

describe('what the job is answered', () => {
  const creation = {
    schemas: [USER, ENTERPRISE],
    externalId: 'kmarlow-41',
    userName: 'k.marlow@northmill.example',
    active: true,
    displayName: 'Kit Marlow',
    name: { formatted: 'Kit Marlow', givenName: 'Kit', familyName: 'Marlow' },
    emails: [{ type: 'work', value: 'k.marlow@northmill.example', primary: true }],
    meta: { resourceType: 'User' },
    roles: [],
  };

  test('the whole user, with its location, and the same whenever it asks again', async () => {
    const created = await scim.request('POST', '/Users', creation);
    const { id } = created.body;
    const { roles: _roles, meta: _meta, schemas: _schemas, ...stored } = creation;
    expect(created.body).toEqual({
      ...stored,
      schemas: [USER],
      id,
      meta: {
        resourceType: 'User',
        created: expect.any(String),
        lastModified: expect.any(String),
        location: `${scim.url}/Users/${String(id)}`,
        version: 'W/"1"',
      },
    });
    expect(created.headers.get('location')).toBe(created.body.meta.location);
    expect(created.headers.get('content-type')).toBe('application/scim+json');
    expect((await scim.request('GET', `/Users/${String(id)}`)).body).toEqual(created.body);
    const found = await scim.request('GET', '/Users?filter=externalId eq "kmarlow-41"');
    expect(found.body.Resources).toEqual([created.body]);
    const again = await scim.request(
      'PATCH',
      `/Users/${String(id)}`,
      patch(
        { op: 'Add', path: 'emails[type eq "work"].value', value: creation.emails[0]?.value },
        { op: 'Replace', path: 'active', value: 'True' },
      ),
    );
    expect(again.body).toEqual(created.body);
  });

  test('a group without its members when it leaves them out, and 409 for a second one', async () => {
    const user = await scim.request('POST', '/Users', creation);
    const members = [{ value: user.body.id }];
    const group = await scim.request('POST', '/Groups', { displayName: 'Ops', members });
    const path = `/Groups/${String(group.body.id)}`;
    const without = await scim.request('GET', `${path}?excludedAttributes=members`);
    expect(without.body).toMatchObject({ id: group.body.id, displayName: 'Ops' });
    expect(without.body).not.toHaveProperty('members');
    const second = await scim.request('POST', '/Groups', { displayName: 'OPS' });
    expect([second.status, second.body.scimType]).toEqual([409, 'uniqueness']);
    await scim.request('DELETE', path);
    const left = await scim.request('GET', `/Users/${String(user.body.id)}`);
    expect(left.body).not.toHaveProperty('groups');
  });
});

describe('Entra as the reader (inbound provisioning)', () => {
  const inbound = async (query: string): Promise<readonly string[]> => {
    const answer = await scim.request('GET', `/Users?${query}`);
    expect([answer.status, answer.body.detail]).toEqual([200, undefined]);
    return answer.body.Resources.map((user: { userName: string }) => user.userName);
  };

  test('collects who changed in a time, whoever is active', async () => {
    await new EntraJob(scim).cycle({ users: [kit, boss] });
    await new EntraJob(scim).cycle({ users: [kit, { ...boss, disabled: true }] });
    const { id, meta } = (await usersOf(scim))[kit.userPrincipalName];
    const before = '2001-02-03T04:05:06.0000000Z';
    const after = '2131-02-03T04:05:06.0000000Z';
    const active = [kit.userPrincipalName];
    expect(
      await inbound(
        `filter=active eq true and (meta.lastModified ge "${before}" and meta.lastModified le "${after}")&count=100&startindex=0`,
      ),
    ).toEqual(active);
    expect(await inbound(`filter=(ActiVe eq true) and meta.lastmodified ge "${before}"`)).toEqual(
      active,
    );
    expect(await inbound(`filter=(ActiVe eq true) and meta.lastmodified ge "${after}"`)).toEqual(
      [],
    );
    // The same instant, in the time zones and with the fractions it writes.
    const instant = new Date(meta.lastModified);
    const indian = new Date(instant.getTime() + 5.5 * 3_600_000).toISOString();
    for (const time of [
      instant.toISOString().replace('Z', '0000Z'),
      indian.replace('Z', '0000%2B05:30'),
    ]) {
      expect(
        await inbound(`filter=id eq "${String(id)}" and meta.lastModified eq "${time}"`),
      ).toEqual(active);
    }
    expect(await inbound(`filter=id eq "${String(id)}"`)).toEqual(active);
    expect(await inbound('count=1')).toHaveLength(1);
    const manager = { op: 'Add', path: `${ENTERPRISE}.manager`, value: String(id) };
    const written = await scim.request('PATCH', `/Users/${String(id)}`, patch(manager));
    expect([written.status, written.body[ENTERPRISE].manager.value]).toEqual([200, id]);
  });
});

describe('the oddities of the validator', () => {
  test('a primary e-mail that is primary by a text, and replaced by that', async () => {
    const { body } = await scim.request('POST', '/Users', {
      schemas: [USER, ENTERPRISE],
      userName: 'v',
      emails: [{ type: 'work', value: 'a@northmill.example', primary: 'true' }],
      title: null,
      addresses: null,
    });
    expect(body.emails).toEqual([{ type: 'work', value: 'a@northmill.example', primary: true }]);
    const replaced = await scim.request(
      'PATCH',
      `/Users/${String(body.id)}`,
      patch(
        { op: 'replace', path: 'emails[primary eq true].value', value: 'b@northmill.example' },
        { op: 'replace', path: 'emails[type eq "work"].primary', value: 'true' },
      ),
    );
    expect(replaced.body.emails).toEqual([
      { type: 'work', value: 'b@northmill.example', primary: true },
    ]);
  });

  test('what is required cannot be removed, and then nothing else is either', async () => {
    const { body } = await scim.request('POST', '/Users', { userName: 'v', displayName: 'V' });
    const path = `/Users/${String(body.id)}`;
    const removals = ['displayName', 'userName', 'active'].map((name) => ({
      op: 'Remove',
      path: name,
    }));
    const answer = await scim.request('PATCH', path, patch(...removals));
    expect([answer.status, answer.body.scimType]).toEqual([400, 'mutability']);
    expect((await scim.request('GET', path)).body).toEqual(body);
  });

  test('a removal with a value that is not the stored one', async () => {
    const { body } = await scim.request('POST', '/Users', { userName: 'v', title: 'Miller' });
    const removal = { op: 'Remove', path: 'title', value: 'Baker' };
    const answer = await scim.request('PATCH', `/Users/${String(body.id)}`, patch(removal));
    expect(answer.status).toBe(200);
    expect(answer.body).not.toHaveProperty('title');
  });
});
