/** Where entries stand, how else accounts are disabled, and groups that know their members otherwise. */
import { type Connector, type Written } from '../../connectors/spi';
import { describeWith } from '../support/daemon';
import { addUser, type LdapOverrides, openLdap, person } from '../support/open-ldap';
import { type Slapd, SLAPD, startSlapd } from '../support/slapd';
import { call, failure, NASTY_NAMES } from './connector.contract';

describeWith([SLAPD], 'the layout of an LDAP directory', () => {
  const opened: Connector[] = [];
  let server: Slapd;

  const open = (overrides: LdapOverrides): Connector => {
    const connector = openLdap(server, overrides);
    opened.push(connector);
    return connector;
  };
  const find = async (filter: string, attributes: readonly string[] = ['*']) =>
    (await server.search(filter, attributes))[0];
  const place = (connector: Connector, ref: Written, value: string[]): Promise<Written> =>
    connector.update('user', ref, [{ attribute: '@container', replace: value }], call());

  beforeAll(async () => {
    server = await startSlapd();
  });
  afterAll(async () => {
    await Promise.all(opened.map((connector) => connector.close()));
    await server.stop();
  });

  describe('containers', () => {
    it('hold the entries that the mapping puts there, and let them go again', async () => {
      const connector = open({ createContainers: true });
      const written = await addUser(connector, 'mover', { '@container': ['Sales'] });
      expect(written.name).toBe(`uid=mover,ou=Sales,${server.userBaseDN}`);
      const read = await connector.read('user', written, call());
      expect(read?.attributes['@container']).toEqual(['Sales']);
      const moved = await place(connector, written, ['R&D, Labs']);
      expect(moved.reference).toBe(written.reference);
      expect(moved.name.toLowerCase()).toBe(
        `uid=mover,ou=r&d\\2c labs,${server.userBaseDN}`.toLowerCase(),
      );
      const back = await place(connector, moved, []);
      expect(back.name).toBe(`uid=mover,${server.userBaseDN}`);
      expect((await connector.read('user', back, call()))?.attributes['@container']).toBe(
        undefined,
      );
    });

    it('change together with the name, and groups follow', async () => {
      const connector = open({ createContainers: true });
      const group = await connector.create(
        'group',
        { attributes: { cn: ['movers'] }, active: true },
        'o',
        call(),
      );
      const written = await addUser(connector, 'together', { '@container': ['One'] });
      await connector.members(group, { add: [written], remove: [] }, call());
      const after = await connector.update(
        'user',
        written,
        [
          { attribute: 'uid', replace: ['together2'] },
          { attribute: '@container', replace: ['Two'] },
          { attribute: 'sn', replace: ['Moved'] },
        ],
        call(),
      );
      expect(after.name).toBe(`uid=together2,ou=Two,${server.userBaseDN}`);
      const entry = await find('(uid=together2)', ['sn']);
      expect(entry?.attributes['sn']).toEqual(['Moved']);
      const movers = await find('(cn=movers)', ['member']);
      expect(movers?.attributes['member']).toEqual([after.name]);
    });

    it.each(NASTY_NAMES)('named %j by an identity provider are one container', async (name) => {
      const connector = open({ createContainers: true });
      const uid = `in-${NASTY_NAMES.indexOf(name)}`;
      const written = await addUser(connector, uid, { '@container': [name] });
      const read = await connector.read('user', written, call());
      expect(read?.attributes['@container']).toEqual([name]);
      const direct = await server.search(
        '(objectClass=organizationalUnit)',
        ['ou'],
        server.userBaseDN,
      );
      expect(direct.some((entry) => entry.attributes['ou']?.includes(name))).toBe(true);
    });

    it('that are missing are named, where none may be made, and nothing is touched', async () => {
      const connector = open({});
      const error = await failure(addUser(connector, 'nowhere', { '@container': ['Unmade'] }));
      expect([error.kind, error.outcome, error.attribute]).toEqual([
        'invalid',
        'none',
        '@container',
      ]);
      expect(error.message).toContain('ou=Unmade');
      const written = await addUser(connector, 'somewhere');
      const refused = await failure(place(connector, written, ['Unmade']));
      expect([refused.kind, refused.attribute]).toEqual(['invalid', '@container']);
      expect((await find('(uid=somewhere)'))?.dn).toBe(written.name);
      expect(await server.count('(ou=Unmade)')).toBe(0);
    });

    it('are one at a time', async () => {
      const error = await failure(addUser(open({}), 'torn', { '@container': ['a', 'b'] }));
      expect([error.kind, error.attribute]).toEqual(['invalid', '@container']);
    });
  });

  describe('accounts disabled by a move', () => {
    const disabled = (): string => `ou=disabled,${server.userBaseDN}`;

    beforeAll(async () => {
      await server.ldapmodify(
        `dn: ${disabled()}\nchangetype: add\nobjectClass: organizationalUnit\nou: disabled\n`,
      );
    });

    it('go there and back, with their groups, also renamed meanwhile', async () => {
      const connector = open({ activation: 'container', disabledContainerDN: disabled() });
      const desired = { attributes: { cn: ['leavers'] }, active: true };
      const group = await connector.create('group', desired, 'o', call());
      const written = await addUser(connector, 'leaver');
      await connector.members(group, { add: [written], remove: [] }, call());
      const member = async () => (await find('(cn=leavers)', ['member']))?.attributes['member'];
      for (let round = 0; round < 2; round += 1) {
        const off = await connector.setActive('user', written, false, call());
        expect(off.name).toBe(`uid=leaver,${disabled()}`);
        expect((await connector.read('user', written, call()))?.active).toBe(false);
        expect(await member()).toEqual([off.name]);
      }
      const rename = [{ attribute: 'uid', replace: ['returner'] }];
      const renamed = await connector.update('user', written, rename, call());
      expect(renamed.name).toBe(`uid=returner,${disabled()}`);
      const on = await connector.setActive('user', written, true, call());
      expect(on).toMatchObject({
        reference: written.reference,
        name: `uid=returner,${server.userBaseDN}`,
      });
      expect((await connector.read('user', written, call()))?.active).toBe(true);
      expect(await member()).toEqual([on.name]);
    });

    it('begin there when they are made disabled, and keep their container', async () => {
      const connector = open({
        activation: 'container',
        disabledContainerDN: disabled(),
        createContainers: true,
      });
      const attributes = { ...person('early'), '@container': ['Late'] };
      const written = await connector.create('user', { attributes, active: false }, 'o', call());
      expect(written.name).toBe(`uid=early,ou=Late,${disabled()}`);
      const read = await connector.read('user', written, call());
      expect([read?.active, read?.attributes['@container']]).toEqual([false, ['Late']]);
      const on = await connector.setActive('user', written, true, call());
      expect(on.name).toBe(`uid=early,ou=Late,${server.userBaseDN}`);
    });
  });

  it('accounts are disabled by an attribute of choice', async () => {
    const connector = open({
      activation: 'attribute',
      activationAttribute: 'employeeType',
      disabledValue: 'inactive',
      enabledValue: 'active',
    });
    const type = async () => (await find('(uid=chosen)'))?.attributes['employeeType'];
    const written = await addUser(connector, 'chosen');
    expect(await type()).toEqual(['active']);
    await connector.setActive('user', written, false, call());
    expect(await type()).toEqual(['inactive']);
    expect((await connector.read('user', written, call()))?.active).toBe(false);
    await connector.setActive('user', written, true, call());
    expect((await connector.read('user', written, call()))?.active).toBe(true);
    expect(await type()).toEqual(['active']);
  });

  it('new entries get what the settings add', async () => {
    const connector = open({
      userExtraAttributes: { description: ['made by Usher', 'x'], l: ['y'] },
    });
    await addUser(connector, 'extra');
    const entry = await find('(uid=extra)');
    expect(entry?.attributes).toMatchObject({ description: ['made by Usher', 'x'], l: ['y'] });
  });

  describe('posixGroup (RFC 2307)', () => {
    const posix: LdapOverrides = {
      memberAttribute: 'memberUid',
      groupObjectClasses: ['top', 'posixGroup'],
      userObjectClasses: ['inetOrgPerson', 'posixAccount'],
    };
    const account = (number: string) => ({
      ...{ uidNumber: [number], gidNumber: ['100'], homeDirectory: ['/home/x'] },
    });
    const members = async () => (await find('(cn=posix)', ['memberUid']))?.attributes['memberUid'];

    it('knows its members by uid, and follows renames', async () => {
      const connector = open(posix);
      const attributes = { cn: ['posix'], gidNumber: ['2000'] };
      const group = await connector.create('group', { attributes, active: true }, 'o', call());
      const [one, two] = [
        await addUser(connector, 'px1', account('1001')),
        await addUser(connector, 'Px1x', account('1002')),
      ] as const;
      for (let round = 0; round < 2; round += 1) {
        await connector.members(group, { add: [one, two], remove: [] }, call());
        expect([...((await members()) ?? [])].sort()).toEqual(['Px1x', 'px1']);
      }
      const rename = [{ attribute: 'uid', replace: ['PX1'] }];
      await connector.update('user', one, rename, call());
      expect([...((await members()) ?? [])].sort()).toEqual(['PX1', 'Px1x']);
      await connector.remove('user', two, call());
      await connector.members(group, { add: [], remove: [one, two] }, call());
      expect(await members()).toBeUndefined();
    });
  });

  it('groupOfUniqueNames holds its members in uniqueMember', async () => {
    const connector = open({
      memberAttribute: 'uniqueMember',
      groupObjectClasses: ['top', 'groupOfUniqueNames'],
    });
    const desired = { attributes: { cn: ['unique'] }, active: true };
    const group = await connector.create('group', desired, 'o', call());
    const members = async () =>
      (await find('(cn=unique)', ['uniqueMember']))?.attributes['uniqueMember'];
    expect(await members()).toEqual([group.name]);
    const user = await addUser(connector, "un#'0101'B");
    for (let round = 0; round < 2; round += 1) {
      await connector.members(group, { add: [user], remove: [] }, call());
      expect(await members()).toEqual([user.name]);
    }
    const rename = [{ attribute: 'uid', replace: ['un2'] }];
    const after = await connector.update('user', user, rename, call());
    expect(await members()).toEqual([after.name]);
    await connector.members(group, { add: [], remove: [user] }, call());
    expect(await members()).toEqual([group.name]);
  });
});
