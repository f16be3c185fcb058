import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describeWith([SLAPD], 'users and groups reach a real OpenLDAP within a second', () => {
  let slapd: Slapd;
  let usher: Usher;
  let token: string;

  beforeAll(async () => {
    [slapd, usher] = await Promise.all([startSlapd(), Usher.start({ QUICKSTART: 'off' })]);
    const target = await usher.createTarget('OpenLDAP', 'ldap', ...ldapTarget(slapd));
    const test = await usher.graphql(
      `mutation ($id: ID!) { targetTest(id: $id) { steps { name state message } userErrors { message } } }`,
      { id: target },
    );
    expect(test.targetTest.steps.length).toBeGreaterThan(3);
    expect(
      test.targetTest.steps.filter((step: { state: string }) => step.state === 'FAILED'),
    ).toEqual([]);
    token = (await usher.createRule('Entra', [{ targetId: target }])).token;
  });
  afterAll(async () => {
    await usher.stop();
    await slapd.stop();
  });

  const scim = (method: string, resource: string, body?: unknown) =>
    usher.scim(method, resource, body, token);
  const entry = async (uid: string) =>
    (await slapd.search(`(uid=${uid})`, ['*', '+']))[0]?.attributes;
  const soon = (what: string, condition: () => Promise<boolean>) => until(what, condition, 1_000);

  let userId: string;

  it('creates the entry of an Entra POST', async () => {
    const created = await scim('POST', '/Users', entraUser('kmarlow'));
    expect(created.status).toBe(201);
    userId = created.body.id;
    await soon('the entry', async () => (await entry('kmarlow')) !== undefined);
    expect(await entry('kmarlow')).toMatchObject({
      cn: ['Kit kmarlow'],
      sn: ['kmarlow'],
      givenName: ['Kit'],
      mail: ['kmarlow@northmill.example'],
      employeeNumber: ['7731'],
    });
  });

  it('follows a PATCH in the dialect without the flag', async () => {
    const answer = await scim(
      'PATCH',
      `/Users/${userId}`,
      patch(
        { op: 'Replace', path: 'name.givenName', value: 'Kitty' },
        { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+31 6 0000 0001' },
        { op: 'Replace', path: `${ENTERPRISE}:employeeNumber`, value: '8000' },
      ),
    );
    expect(answer.status).toBe(200);
    await soon('the modify', async () => (await entry('kmarlow'))?.['givenName']?.[0] === 'Kitty');
    expect(await entry('kmarlow')).toMatchObject({
      mobile: ['+31 6 0000 0001'],
      employeeNumber: ['8000'],
    });
  });

  it('follows a PATCH in the dialect with the flag', async () => {
    const answer = await scim(
      'PATCH',
      `/Users/${userId}`,
      patch(
        { op: 'replace', path: 'emails[type eq "work"].value', value: 'kitty@northmill.example' },
        {
          op: 'replace',
          value: {
            displayName: 'Kitty Marlow',
            'name.familyName': 'Marlow',
            [`${ENTERPRISE}:employeeNumber`]: '9',
          },
        },
      ),
    );
    expect(answer.status).toBe(200);
    await soon('the modify', async () => (await entry('kmarlow'))?.['cn']?.[0] === 'Kitty Marlow');
    expect(await entry('kmarlow')).toMatchObject({
      sn: ['Marlow'],
      mail: ['kitty@northmill.example'],
      employeeNumber: ['9'],
    });
  });

  it('locks a soft-deleted user and unlocks a restored one', async () => {
    await scim(
      'PATCH',
      `/Users/${userId}`,
      patch({ op: 'Replace', path: 'active', value: 'False' }),
    );
    await soon(
      'the lock',
      async () => (await entry('kmarlow'))?.['pwdAccountLockedTime'] !== undefined,
    );
    await scim('PATCH', `/Users/${userId}`, patch({ op: 'replace', value: { active: true } }));
    await soon(
      'the unlock',
      async () => (await entry('kmarlow'))?.['pwdAccountLockedTime'] === undefined,
    );
  });

  it('renames the entry when the user name changes, and keeps its identity', async () => {
    const before = (await entry('kmarlow'))?.['entryUUID'];
    await scim(
      'PATCH',
      `/Users/${userId}`,
      patch({ op: 'Replace', path: 'userName', value: 'kitty' }),
    );
    await soon('the rename', async () => (await entry('kitty')) !== undefined);
    expect((await entry('kitty'))?.['entryUUID']).toEqual(before);
    expect(await entry('kmarlow')).toBeUndefined();
  });

  describe('a group', () => {
    let groupId: string;
    let second: string;
    const members = async (cn: string): Promise<readonly string[]> =>
      (await slapd.search(`(cn=${cn})`, ['member'], slapd.groupBaseDN))[0]?.attributes['member'] ??
      [];

    it('appears, and gets and loses members', async () => {
      second = (await scim('POST', '/Users', entraUser('mobi'))).body.id;
      const created = await scim('POST', '/Groups', entraGroup('Ops'));
      expect(created.status).toBe(201);
      groupId = created.body.id;
      await soon('the group', async () => (await slapd.count('(cn=Ops)', slapd.groupBaseDN)) === 1);
      const added = await scim(
        'PATCH',
        `/Groups/${groupId}`,
        patch({
          op: 'Add',
          path: 'members',
          value: [
            { $ref: null, value: userId },
            { $ref: null, value: second },
          ],
        }),
      );
      expect(added.status).toBe(204);
      await soon('both members', async () => (await members('Ops')).length === 2);
      expect([...(await members('Ops'))].sort()).toEqual([
        `uid=kitty,${slapd.userBaseDN}`,
        `uid=mobi,${slapd.userBaseDN}`,
      ]);
      await scim(
        'PATCH',
        `/Groups/${groupId}`,
        patch({ op: 'Remove', path: 'members', value: [{ $ref: null, value: userId }] }),
      );
      await soon('one member', async () => (await members('Ops')).length === 1);
      expect(await members('Ops')).toEqual([`uid=mobi,${slapd.userBaseDN}`]);
    });

    it('is renamed without losing members', async () => {
      await scim(
        'PATCH',
        `/Groups/${groupId}`,
        patch({ op: 'replace', value: { id: groupId, displayName: 'Ops EU' } }),
      );
      await soon('the new name', async () => (await members('Ops EU')).length === 1);
      expect(await slapd.count('(cn=Ops)', slapd.groupBaseDN)).toBe(0);
    });

    it('loses a user that is deleted, and disappears when it is deleted', async () => {
      expect((await scim('DELETE', `/Users/${second}`)).status).toBe(204);
      await soon('the entry to go', async () => (await entry('mobi')) === undefined);
      await soon('the member to go', async () =>
        (await members('Ops EU')).every((dn) => !dn.startsWith('uid=mobi')),
      );
      expect((await scim('DELETE', `/Groups/${groupId}`)).status).toBe(204);
      await soon(
        'the group to go',
        async () => (await slapd.count('(cn=Ops EU)', slapd.groupBaseDN)) === 0,
      );
    });
  });

  it('removes the entry of a hard-deleted user, whose name is free at once', async () => {
    expect((await scim('DELETE', `/Users/${userId}`)).status).toBe(204);
    expect((await scim('GET', `/Users/${userId}`)).status).toBe(404);
    expect((await scim('POST', '/Users', entraUser('kitty'))).status).toBe(201);
    await soon('the new entry', async () => (await entry('kitty'))?.['cn']?.[0] === 'Kit kitty');
  });
});
