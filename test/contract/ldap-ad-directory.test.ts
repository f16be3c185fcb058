import { ldap, type LdapSettings } from '../../connectors/ldap';
import { type Attributes, type Connector, type Entry, type Written } from '../../connectors/spi';
import { describeWith } from '../support/daemon';
import { type Samba, SAMBA, startSamba } from '../support/samba';
import { call, collect, failure, NASTY_NAMES } from './connector.contract';

type Overrides = Partial<LdapSettings>;

describeWith(SAMBA, 'ldap connector in a domain', () => {
  let server: Samba;
  let connector: Connector;
  const opened: Connector[] = [];

  const open = (overrides: Overrides = {}, password = server.bindPassword): Connector => {
    const { url, ca: caCertificate, bindDN, userBaseDN, groupBaseDN } = server;
    const given = { vendor: 'ad', url, caCertificate, bindDN, userBaseDN, groupBaseDN };
    const parsed = ldap.parse({ ...given, ...overrides }, { bindPassword: password });
    const log = (): void => undefined;
    const one = ldap.open(parsed.settings, parsed.secrets, { targetId: 't', dataDir: '.', log });
    opened.push(one);
    return one;
  };
  const person = (name: string, more: Attributes = {}): Attributes => ({
    cn: [name],
    sAMAccountName: [name],
    userPrincipalName: [`${name}@ad.example.test`],
    sn: ['Lovelace'],
    ...more,
  });
  const addUser = (name: string, more: Attributes = {}, active = true): Promise<Written> =>
    connector.create('user', { attributes: person(name, more), active }, 'o', call());
  const addGroup = (name: string): Promise<Written> =>
    connector.create(
      'group',
      { attributes: { cn: [name], sAMAccountName: [name] }, active: true },
      'o',
      call(),
    );
  const valuesOf = async (name: string, attribute: string): Promise<readonly string[]> =>
    (await server.search(`(cn=${name})`, [attribute]))[0]?.attributes[attribute] ?? [];

  beforeAll(async () => {
    server = await startSamba();
    connector = open();
  }, 120_000);

  afterAll(async () => {
    await Promise.all(opened.map((one) => one.close()));
    await server.stop();
  });

  describe('the settings', () => {
    it('find a good domain good, down to the rights', async () => {
      const steps = await connector.test(call());
      expect(steps.map((step) => [step.name, step.state])).toEqual(
        [
          ...['connection', 'sign-in', 'vendor', 'bases', 'schema'],
          ...['rights-user', 'rights-group', 'activation'],
        ].map((name) => [name, 'ok']),
      );
    });

    it.each(['auto', 'openldap', '389ds', 'generic'] as const)(
      'are refused with vendor %s, and nothing is done',
      async (vendor) => {
        const one = open({ vendor, bindDN: `CN=usher,CN=Users,${server.baseDN}` });
        const error = await failure(one.read('user', { reference: 'r', name: 'n' }, call()));
        expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
        expect(error.message).toContain('set vendor to ad');
        const steps = await one.test(call());
        expect(steps.at(-1)).toMatchObject({ name: 'vendor', state: 'failed' });
      },
    );

    it('tell what to do when a simple bind is refused for want of encryption', async () => {
      const bindDN = `CN=usher,CN=Users,${server.baseDN}`;
      const plain = { vendor: 'generic', url: server.plainUrl, bindDN } as const;
      const steps = await open(plain).test(call());
      expect(steps.at(-1)).toMatchObject({ name: 'sign-in', state: 'failed' });
      expect(steps.at(-1)?.message).toContain('use ldaps:// or startTls');
    });

    it('work with StartTLS, and with every way to write the account', async () => {
      for (const bindDN of [`CN=usher,CN=Users,${server.baseDN}`, 'ADTEST\\usher']) {
        const one = open({ url: server.plainUrl, startTls: true, bindDN });
        expect(await one.correlate('user', [{ attribute: 'cn', value: 'x' }], call())).toEqual([]);
      }
    });

    it('explain a refused sign-in and missing rights', async () => {
      const wrong = open({}, 'wrong');
      const refused = await failure(wrong.read('user', { reference: 'r', name: 'n' }, call()));
      expect(refused.message).toContain('check bindPassword');
      const reader = open({ bindDN: server.readerDN }, server.readerPassword);
      const desired = { attributes: person('forbidden'), active: true };
      const error = await failure(reader.create('user', desired, 'o', call()));
      expect([error.kind, error.outcome]).toEqual(['permission', 'none']);
    });
  });

  describe('names', () => {
    it.each([...'/\\[]:;|=+,*?<>"'])('with %s are no account names', async (character) => {
      const error = await failure(addUser('refused', { sAMAccountName: [`a${character}b`] }));
      expect([error.kind, error.outcome, error.attribute]).toEqual([
        'invalid',
        'none',
        'sAMAccountName',
      ]);
    });

    it.each([
      ['sAMAccountName', 'a'.repeat(21)],
      ['sAMAccountName', 'dot.'],
      ['memberOf', 'CN=x'],
      ['userAccountControl', '512'],
      ['unicodePwd', 'secret'],
    ])('and values: %s cannot be %s', async (attribute, value) => {
      const error = await failure(addUser('refused', { [attribute]: [value] }));
      expect([error.kind, error.outcome, error.attribute]).toEqual(['invalid', 'none', attribute]);
      const written = await addUser(`kept-${value.length}-${attribute.length}`.slice(0, 20));
      const changes = [{ attribute, replace: [value] }];
      expect((await failure(connector.update('user', written, changes, call()))).attribute).toBe(
        attribute,
      );
    });

    it('of every kind may be members, and be renamed as members', async () => {
      const group = await addGroup('nasty');
      const fit = NASTY_NAMES.filter((name) => !name.includes('\n'));
      const users: Written[] = [];
      for (const [index, name] of fit.entries()) {
        users.push(await addUser(`n${index}`, { cn: [name] }));
      }
      for (let round = 0; round < 2; round += 1) {
        await connector.members(group, { add: users, remove: [] }, call());
      }
      expect((await valuesOf('nasty', 'member')).length).toBe(users.length);
      const [first] = users as [Written];
      const renamed = await connector.update(
        'user',
        first,
        [{ attribute: 'cn', replace: ['a\\,b=c\\'] }],
        call(),
      );
      expect(renamed.reference).toBe(first.reference);
      const entry = await connector.read('user', first, call());
      expect(entry?.attributes['cn']).toEqual(['a\\,b=c\\']);
      expect(await valuesOf('nasty', 'member')).toContain(entry?.name);
      await connector.members(group, { add: [], remove: users }, call());
      expect(await valuesOf('nasty', 'member')).toEqual([]);
    });
  });

  describe('accounts', () => {
    it('are made able to sign in, with a password nobody knows', async () => {
      await addUser('fresh');
      expect(await valuesOf('fresh', 'userAccountControl')).toEqual(['512']);
      expect(await valuesOf('fresh', 'pwdLastSet')).not.toEqual(['0']);
      expect(await server.signIn('fresh@ad.example.test', '')).not.toBe('52f');
    });

    it('are disabled by one bit, and keep the others', async () => {
      const written = await addUser('bits');
      await connector.setPassword?.(written, 'Str0ng-Pass!', call());
      const dn = written.name;
      await server.ldapmodify(
        `dn: ${dn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66048\n`,
      );
      await connector.setActive('user', written, false, call());
      expect(await valuesOf('bits', 'userAccountControl')).toEqual(['66050']);
      expect(await server.signIn('bits@ad.example.test', 'Str0ng-Pass!')).toBe('533');
      await connector.setActive('user', written, true, call());
      expect(await valuesOf('bits', 'userAccountControl')).toEqual(['66048']);
      expect(await server.signIn('bits@ad.example.test', 'Str0ng-Pass!')).toBe('ok');
    });

    it('take no weak password, and say why', async () => {
      const written = await addUser('weak');
      const error = await failure(
        connector.setPassword?.(written, 'weak', call()) as Promise<void>,
      );
      expect([error.kind, error.outcome, error.attribute]).toEqual([
        'invalid',
        'none',
        'unicodePwd',
      ]);
      expect(error.message).toContain("domain's rules");
      expect(error.message).toContain('too short');
    });

    it('that were deleted are gone, and their names free', async () => {
      const first = await addUser('phoenix');
      await connector.remove('user', first, call());
      expect(await connector.read('user', first, call())).toBeUndefined();
      const second = await addUser('phoenix');
      expect(second.reference).not.toBe(first.reference);
      const change = connector.update('user', first, [{ attribute: 'sn', replace: ['x'] }], call());
      expect((await failure(change)).kind).toBe('notFound');
    });

    it('of computers are no users', async () => {
      const dn = `CN=machine,${server.userBaseDN}`;
      await server.ldapmodify(
        `dn: ${dn}\nchangetype: add\nobjectClass: computer\ncn: machine\nsAMAccountName: MACHINE$\nuserAccountControl: 4096\n`,
      );
      expect(
        await connector.correlate('user', [{ attribute: 'cn', value: 'machine' }], call()),
      ).toEqual([]);
      const names = (await collect(connector.list('user', call()))).map((one) => one.name);
      expect(names).not.toContain(dn);
    });

    it('and groups a domain is born with are not touched', async () => {
      const users = `CN=Users,${server.baseDN}`;
      const one = open({ userBaseDN: users, groupBaseDN: users });
      const key = { attribute: 'sAMAccountName', value: 'krbtgt' };
      const error = await failure(one.correlate('user', [key], call()));
      expect([error.kind, error.outcome]).toEqual(['permission', 'none']);
      expect(error.message).toContain('built-in');
      const [raw] = await server.search('(sAMAccountName=Domain Admins)', ['objectGUID']);
      expect(raw).toBeDefined();
      const listed: Entry[] = [
        ...(await collect(one.list('user', call()))),
        ...(await collect(one.list('group', call()))),
      ];
      const names = listed.map((entry) => entry.attributes['cn']?.[0]);
      expect(names).toContain('usher');
      for (const builtIn of ['Administrator', 'krbtgt', 'Guest', 'Domain Admins', 'Domain Users']) {
        expect(names).not.toContain(builtIn);
      }
    });
  });

  describe('groups', () => {
    it('leave the primary group of an account alone', async () => {
      const group = await addGroup('primary');
      const user = await addUser('native');
      await connector.members(group, { add: [user], remove: [] }, call());
      const [sid = ''] = await valuesOf('primary', 'objectSid');
      // The values come as bytes; the last four are the relative identifier.
      expect(sid).not.toBe('');
      const [token] = (await server.search('(cn=primary)', ['primaryGroupToken']))[0]?.attributes[
        'primaryGroupToken'
      ] ?? [''];
      await server.ldapmodify(
        `dn: ${user.name}\nchangetype: modify\nreplace: primaryGroupID\nprimaryGroupID: ${token}\n`,
      );
      expect(await valuesOf('primary', 'member')).toEqual([]);
      const other = await addUser('other');
      await connector.members(group, { add: [user, other], remove: [] }, call());
      expect(await valuesOf('primary', 'member')).toEqual([other.name]);
      await connector.members(group, { add: [], remove: [user, other] }, call());
      expect(await valuesOf('primary', 'member')).toEqual([]);
      expect(await valuesOf('native', 'primaryGroupID')).toEqual([token]);
    });

    it('of more than one range are read to the end, and changed by the difference', async () => {
      const group = await addGroup('large');
      const dns = Array.from({ length: 1_600 }, (_, index) => `CN=c${index},${server.groupBaseDN}`);
      const additions = dns.map((dn) => `dn: ${dn}\nchangetype: add\nobjectClass: contact\n`);
      const members = dns.map((dn) => `member: ${dn}`).join('\n');
      await server.ldapmodify(
        `${additions.join('\n')}\ndn: ${group.name}\nchangetype: modify\nadd: member\n${members}\n`,
      );
      const read = async (): Promise<readonly string[]> =>
        (await connector.read('group', group, call(60_000)))?.attributes['member'] ?? [];
      expect([...(await read())].sort()).toEqual([...dns].sort());
      const only = { ...call(60_000), attributes: ['member'] };
      const asked = await connector.read('group', group, only);
      expect(asked?.attributes['member']).toHaveLength(1_600);
      const users = [];
      for (let index = 0; index < 10; index += 1) users.push(await addUser(`late${index}`));
      await connector.members(group, { add: users.slice(0, 5), remove: [] }, call(60_000));
      // Some are there and some are not, and there are too many to ask for each.
      await connector.members(group, { add: users, remove: [] }, call(60_000));
      expect(await read()).toHaveLength(1_610);
    }, 120_000);
  });

  it('describes what a user may have', async () => {
    const { user } = await connector.schema(call());
    const of = (name: string): object | undefined => user.find((one) => one.name === name);
    expect(of('sAMAccountName')).toMatchObject({ maxLength: 20, required: false });
    expect(of('cn')).toMatchObject({ maxLength: 64 });
    expect(of('memberOf')).toMatchObject({ readOnly: true });
    expect(of('displayName')).toMatchObject({ multiValued: false, readOnly: false });
  });
});
