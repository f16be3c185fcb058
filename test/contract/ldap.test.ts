import net from 'node:net';
import { ldap, type LdapSettings } from '../../connectors/ldap';
import {
  type Attributes,
  type Connector,
  ConnectorError,
  type EntryKind,
  type EntryRef,
  type Written,
} from '../../connectors/spi';
import { describeWith, temporaryFolder, until } from '../support/daemon';
import { Forwarder } from '../support/forwarder';
import {
  type LdifEntry,
  makeCertificate,
  type Slapd,
  SLAPD,
  type SlapdOptions,
  startSlapd,
} from '../support/slapd';
import {
  call,
  collect,
  describeConnector,
  type Directory,
  failure,
  NASTY_NAMES,
} from './connector.contract';

/** RFC 4515 section 3, every character escaped. */
function inFilter(value: string): string {
  return [...Buffer.from(value)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

type Overrides = Partial<LdapSettings>;

class LdapDirectory implements Directory {
  readonly settings: unknown;
  readonly secrets: unknown;
  readonly wrongSecrets = { bindPassword: 'wrong-password' };
  readonly secretValues: readonly string[];

  constructor(
    private readonly server: Slapd,
    overrides: Overrides,
  ) {
    const { url, bindDN, userBaseDN, groupBaseDN } = server;
    const ownerAttribute = 'businessCategory';
    this.settings = { url, bindDN, userBaseDN, groupBaseDN, ownerAttribute, ...overrides };
    this.secrets = { bindPassword: server.bindPassword };
    this.secretValues = [server.bindPassword, this.wrongSecrets.bindPassword];
  }

  private async find(kind: EntryKind, name: string): Promise<LdifEntry | undefined> {
    const { userBaseDN, groupBaseDN } = this.server;
    const [attribute, base] = kind === 'user' ? ['uid', userBaseDN] : ['cn', groupBaseDN];
    const filter = `(${attribute}=${inFilter(name)})`;
    return (await this.server.search(filter, ['*', '+'], base))[0];
  }

  async entry(kind: EntryKind, name: string): Promise<Attributes | undefined> {
    return (await this.find(kind, name))?.attributes;
  }

  count(kind: EntryKind): Promise<number> {
    return kind === 'user'
      ? this.server.count('(objectClass=inetOrgPerson)', this.server.userBaseDN)
      : this.server.count('(objectClass=groupOfNames)', this.server.groupBaseDN);
  }

  async members(group: string): Promise<readonly string[]> {
    const entry = await this.find('group', group);
    return (entry?.attributes['member'] ?? [])
      .filter((dn) => dn !== entry?.dn)
      .map((dn) => /^uid=([^,]*)/.exec(dn)?.[1] ?? dn);
  }

  async active(name: string): Promise<boolean> {
    return (await this.find('user', name))?.attributes['pwdAccountLockedTime'] === undefined;
  }

  async authenticates(name: string, password: string): Promise<boolean> {
    const entry = await this.find('user', name);
    return this.server.authenticates(entry?.dn ?? '', password);
  }

  connections = (): Promise<number> => Promise.resolve(this.server.connections());
  kill = (): Promise<void> => this.server.kill();
  restart = (): Promise<void> => this.server.restart();
  pause = (): Promise<void> => this.server.pause();
  resume = (): void => this.server.resume();
  stop = (): Promise<void> => this.server.stop();
}

function person(name: string): Attributes {
  return { uid: [name], cn: [`Name of ${name}`], sn: ['Äußere'], displayName: ['Ada Lovelace'] };
}

function describeAgainst(start: () => Promise<Directory>, listSize: number): void {
  describeConnector({
    type: ldap,
    start,
    user: person,
    group: (name) => ({ cn: [name], description: ['a group'] }),
    multiValued: 'description',
    replaceable: { attribute: 'displayName', optional: true },
    names: {
      accepted: [' leading', 'trailing ', '  both  ', 'new\nline', 'tab\tx', 'a'.repeat(200)],
      refused: ['   ', 'x'.repeat(300)],
    },
    wrongSettings: [
      { settings: { url: 'http://127.0.0.1' }, path: 'url' },
      { settings: { url: 'ldap://directory.example.com', startTls: false }, path: 'url' },
      { settings: { bindDN: 'no dn' }, path: 'bindDN' },
      { settings: { tlsRejectUnauthorized: false }, path: 'tlsRejectUnauthorized' },
      { settings: { caCertificate: 'nonsense' }, path: 'caCertificate' },
    ],
    listSize,
    maxConnections: 4,
  });
}

describeWith([SLAPD], 'ldap connector', () => {
  describeAgainst(async () => new LdapDirectory(await startSlapd(), {}), 520);
});

describeWith([SLAPD], 'ldap connector, with StartTLS and a server that shows no features', () => {
  describeAgainst(async () => {
    // Without supportedControl the connector looks before it writes, instead of sending assertions.
    const hidden = 'access to dn.base="" attrs=supportedControl by * none';
    const server = await startSlapd({ globalLines: [hidden, 'access to * by * read'] });
    const overrides = { startTls: true, caCertificate: server.ca, pageSize: 10 };
    return new LdapDirectory(server, { ...overrides, activation: 'pwdAccountLockedTime' });
  }, 25);
});

describeWith([SLAPD], 'ldap connector and OpenLDAP', () => {
  const cleanup: (() => Promise<unknown> | void)[] = [];
  let server: Slapd;

  const start = async (options: SlapdOptions = {}): Promise<Slapd> => {
    const started = await startSlapd(options);
    cleanup.push(() => started.stop());
    return started;
  };
  const open = (overrides: Overrides = {}, on = server, password = on.bindPassword): Connector => {
    const { url, bindDN, userBaseDN, groupBaseDN } = on;
    const given = { url, bindDN, userBaseDN, groupBaseDN, ...overrides };
    const { settings, secrets } = ldap.parse(given, { bindPassword: password });
    const log = (): void => undefined;
    const connector = ldap.open(settings, secrets, { targetId: 't', dataDir: '.', log });
    cleanup.push(() => connector.close());
    return connector;
  };
  const addUser = (connector: Connector, name: string, more: Attributes = {}): Promise<Written> =>
    connector.create(
      'user',
      { attributes: { ...person(name), ...more }, active: true },
      `owner-${name}`,
      call(),
    );
  const addGroup = (connector: Connector, name: string): Promise<Written> =>
    connector.create('group', { attributes: { cn: [name] }, active: true }, 'owner', call());
  const membersOf = async (name: string, on = server): Promise<readonly string[]> =>
    (await on.search(`(cn=${name})`, ['member'], on.groupBaseDN))[0]?.attributes['member'] ?? [];
  const attributeOf = async (
    name: string,
    attribute: string,
  ): Promise<readonly string[] | undefined> =>
    (await server.search(`(uid=${inFilter(name)})`, [attribute]))[0]?.attributes[attribute];

  beforeAll(async () => {
    server = await start();
  });

  afterAll(async () => {
    for (const clean of cleanup.reverse()) await clean();
  });

  describe('transport', () => {
    const anyone: EntryRef = { reference: 'x', name: 'uid=x' };
    const stranger = async (): Promise<string> => {
      const folder = temporaryFolder();
      cleanup.push(folder.remove);
      return makeCertificate(folder.path);
    };
    /** A server that answers every first message with the given bytes, and remembers what it was sent. */
    const impostor = async (
      answer: Buffer,
    ): Promise<{ url: string; received: () => string; close: () => void }> => {
      let received = '';
      const listener = net.createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1');
          socket.write(answer);
        });
      });
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      const { port } = listener.address() as net.AddressInfo;
      cleanup.push(() => void listener.close());
      return {
        url: `ldap://127.0.0.1:${port}`,
        received: () => received,
        close: () => listener.close(),
      };
    };

    it('speaks ldaps', async () => {
      const connector = open({ url: server.ldapsUrl, caCertificate: server.ca });
      const written = await addUser(connector, 'over-tls');
      expect(await connector.read('user', written, call())).toBeDefined();
      const steps = await connector.test(call());
      expect(steps[0]).toMatchObject({ name: 'connection', state: 'ok' });
      expect(steps[0]?.message).toContain('with TLS');
    });

    it.each([
      ['ldaps', () => ({ url: server.ldapsUrl })],
      ['StartTLS', () => ({ url: server.url, startTls: true })],
    ])('trusts nobody but the given authority over %s', async (_, settings) => {
      const cases: [Overrides, RegExp][] = [
        [{}, /not trusted; give its authority in caCertificate/],
        [{ caCertificate: await stranger() }, /not trusted|certificate/],
        [{ caCertificate: server.ca, serverName: 'ldap.example.com' }, /for another name/],
      ];
      for (const [more, message] of cases) {
        const connector = open({ ...settings(), ...more });
        const error = await failure(connector.read('user', anyone, call()));
        expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
        expect(error.message).toMatch(message);
        const steps = await connector.test(call());
        expect(steps.map((step) => step.state)).toEqual(['failed']);
      }
      const good = open({ ...settings(), caCertificate: server.ca, serverName: 'localhost' });
      expect(await good.read('user', anyone, call())).toBeUndefined();
    });

    it('never sends the password when StartTLS is refused', async () => {
      // ExtendedResponse with result code 2, protocolError.
      const refusal = Buffer.from('300c02010178070a010204000400', 'hex');
      const fake = await impostor(refusal);
      const error = await failure(
        open({ url: fake.url, startTls: true }).read('user', anyone, call()),
      );
      expect(error.kind).toBe('unavailable');
      expect(error.message).toContain('refuses StartTLS');
      expect(fake.received()).not.toContain(server.bindPassword);
      expect(fake.received()).not.toContain('provisioner');
    });

    it('refuses what is slipped in behind the answer to StartTLS', async () => {
      const success = '300c02010178070a010004000400';
      const fake = await impostor(Buffer.from(success + success, 'hex'));
      const error = await failure(
        open({ url: fake.url, startTls: true }).read('user', anyone, call()),
      );
      expect(error.message).toContain('more than it was asked for');
    });

    it('gives up on a server that accepts and says nothing', async () => {
      const fake = await impostor(Buffer.alloc(0));
      for (const startTls of [true, false]) {
        const settings = {
          url: fake.url,
          startTls,
          connectTimeoutMs: 200,
          operationTimeoutMs: 200,
        };
        const started = Date.now();
        const error = await failure(open(settings).read('user', anyone, call()));
        expect(['unavailable', 'timeout']).toContain(error.kind);
        expect(error.outcome).toBe('none');
        expect(Date.now() - started).toBeLessThan(1500);
      }
    });

    it('says what is wrong with the wrong kind of encryption', async () => {
      const tlsOnPlain = { url: server.url.replace('ldap:', 'ldaps:'), caCertificate: server.ca };
      expect((await failure(open(tlsOnPlain).read('user', anyone, call()))).kind).toBe(
        'unavailable',
      );
      const plainOnTls = {
        url: server.ldapsUrl.replace('ldaps:', 'ldap:'),
        operationTimeoutMs: 500,
      };
      const error = await failure(open(plainOnTls).read('user', anyone, call()));
      expect(['unavailable', 'timeout']).toContain(error.kind);
    });

    it('closes a stuck connection after the operation timeout and opens another', async () => {
      const connector = open({ operationTimeoutMs: 300, connectTimeoutMs: 300 });
      const written = await addUser(connector, 'stuck');
      await server.pause();
      const changes = [{ attribute: 'sn', replace: ['Neu'] }];
      const update = failure(connector.update('user', written, changes, call()));
      const error = await update.finally(() => server.resume());
      expect([error.kind, error.outcome]).toEqual(['timeout', 'unknown']);
      await until('the connector to recover', () =>
        connector.read('user', written, call()).then(Boolean, () => false),
      );
    });
  });

  describe('kill -9 in mid-stream', () => {
    it('has every acknowledged entry exactly once, with 32 workers and four deaths', async () => {
      const own = await start();
      const connector = open({ userBaseDN: own.userBaseDN }, own);
      const acknowledged = new Set<string>();
      const surprises: unknown[] = [];
      let next = 0;
      let running = true;
      /** Does what the gateway does: an unknown outcome is looked at, any other failure is tried again. */
      const deliver = async (name: string): Promise<void> => {
        for (let unknown = false; ;) {
          try {
            const key = { attribute: 'uid', value: name };
            const found = unknown ? await connector.correlate('user', [key], call()) : [];
            if (found.length === 0) await addUser(connector, name);
            acknowledged.add(name);
            return;
          } catch (error) {
            if (!(error instanceof ConnectorError)) return void surprises.push(error);
            if (!['unavailable', 'timeout'].includes(error.kind)) return void surprises.push(error);
            unknown ||= error.outcome === 'unknown';
          }
        }
      };
      const worker = async (): Promise<void> => {
        while (running) await deliver(`w${(next += 1)}`);
      };
      const workers = Array.from({ length: 32 }, worker);
      for (let death = 0; death < 4; death += 1) {
        await new Promise((resolve) => setTimeout(resolve, 350));
        await own.kill('SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, 100));
        await own.restart();
      }
      await until('some more entries', () => acknowledged.size > 200);
      running = false;
      await Promise.all(workers);
      expect(surprises).toEqual([]);
      const present = (await own.search('(uid=w*)', ['uid'])).map(
        (one) => one.attributes['uid']?.[0],
      );
      expect(present).toHaveLength(acknowledged.size);
      expect(new Set(present)).toEqual(acknowledged);
    });
  });

  describe('refusals', () => {
    const attempt = (more: Attributes): Promise<unknown> =>
      open().create(
        'user',
        { attributes: { uid: ['refused'], ...more }, active: true },
        'o',
        call(),
      );

    it.each([
      ['a missing attribute', { cn: ['x'] }, 'invalid', 'sn'],
      ['an unknown attribute', { cn: ['x'], sn: ['x'], shoeSize: ['44'] }, 'invalid', 'shoeSize'],
      [
        'a wrong syntax',
        { cn: ['x'], sn: ['x'], telephoneNumber: ['ü'] },
        'invalid',
        'telephoneNumber',
      ],
      [
        'two values for one',
        { cn: ['x'], sn: ['x'], employeeNumber: ['1', '2'] },
        'invalid',
        'employeeNumber',
      ],
      ['no attribute name', { cn: ['x'], sn: ['x'], 'a b': ['1'] }, 'invalid', 'a b'],
    ])('name the attribute: %s', async (_, attributes, kind, attribute) => {
      const error = await failure(attempt(attributes));
      expect([error.kind, error.outcome, error.attribute]).toEqual([kind, 'none', attribute]);
    });

    it('name the base that does not exist', async () => {
      const connector = open({ userBaseDN: `ou=nowhere,${server.baseDN}` });
      const error = await failure(addUser(connector, 'homeless'));
      expect(error.kind).toBe('invalid');
      expect(error.message).toContain('ou=nowhere');
      const steps = await connector.test(call());
      expect(steps.find((step) => step.name === 'bases')).toMatchObject({ state: 'failed' });
    });

    it('tell of missing rights, also in the test', async () => {
      const connector = open({ bindDN: server.readerDN }, server, server.readerPassword);
      const error = await failure(addUser(connector, 'forbidden'));
      expect([error.kind, error.outcome]).toEqual(['permission', 'none']);
      const failed = (await connector.test(call())).filter((step) => step.state === 'failed');
      expect(failed.map((step) => step.name)).toEqual(['rights-user', 'rights-group']);
    });

    it('tell of an unknown object class in the test', async () => {
      const connector = open({ userObjectClasses: ['inetOrgPerson', 'unheardOf'] });
      const steps = await connector.test(call());
      const schema = steps.find((step) => step.name === 'schema');
      expect(schema?.message).toContain('unheardOf');
    });

    it('do not follow referrals', async () => {
      const own = await start({ globalLines: ['referral ldap://other.example.com'] });
      const connector = open({ userBaseDN: 'dc=elsewhere' }, own);
      const error = await failure(addUser(connector, 'referred'));
      expect(error.kind).toBe('invalid');
      expect(error.message).toContain('referral');
    });

    it('never pass off a cut listing as a complete one', async () => {
      const own = await start({ sizeLimit: 20 });
      const connector = open({}, own);
      await Promise.all(Array.from({ length: 30 }, (_, one) => addUser(connector, `cut-${one}`)));
      const error = await failure(collect(connector.list('user', call())));
      expect(error.kind).toBe('permission');
      expect(error.message).toContain('sizeLimitExceeded');
    });

    it('need no entry below to be removed with it', async () => {
      const connector = open();
      const written = await addUser(connector, 'parent');
      const child = `uid=child,${written.name}`;
      await server.ldapmodify(
        `dn: ${child}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: child\ncn: c\nsn: c\n`,
      );
      const error = await failure(connector.remove('user', written, call()));
      expect([error.kind, error.outcome]).toEqual(['conflict', 'none']);
    });
  });

  describe('entries', () => {
    it('take empty strings for absence', async () => {
      const connector = open();
      const written = await addUser(connector, 'empty', { mail: [''], title: ['', 'Dr'] });
      expect(await attributeOf('empty', 'mail')).toBeUndefined();
      expect(await attributeOf('empty', 'title')).toEqual(['Dr']);
      await connector.update('user', written, [{ attribute: 'title', replace: [''] }], call());
      expect(await attributeOf('empty', 'title')).toBeUndefined();
    });

    it('show no password, and bytes as base64', async () => {
      const connector = open();
      const written = await addUser(connector, 'photo', { userPassword: ['initial-secret'] });
      await server.ldapmodify(
        `dn: ${written.name}\nchangetype: modify\nadd: jpegPhoto\njpegPhoto:: aGVsbG8=\n`,
      );
      const entry = await connector.read('user', written, call());
      expect(entry?.attributes['jpegPhoto']).toEqual(['aGVsbG8=']);
      expect(JSON.stringify(entry)).not.toContain('secret');
      expect(Object.keys(entry?.attributes ?? {})).not.toContain('userPassword');
    });

    it('compare added and removed values by the rule of the attribute', async () => {
      const connector = open();
      const written = await addUser(connector, 'rule', { mail: ['Ada@Example.com'] });
      const changes = [{ attribute: 'mail', add: ['ada@example.com', 'b@x'], remove: ['C@x'] }];
      await connector.update('user', written, changes, call());
      expect(await attributeOf('rule', 'mail')).toEqual(['Ada@Example.com', 'b@x']);
      const removal = [{ attribute: 'mail', add: [], remove: ['ADA@EXAMPLE.COM', 'none@x'] }];
      await connector.update('user', written, removal, call());
      expect(await attributeOf('rule', 'mail')).toEqual(['b@x']);
    });

    it('change only case when renamed so', async () => {
      const connector = open();
      const written = await addUser(connector, 'lower');
      const changes = [{ attribute: 'uid', replace: ['Lower'] }];
      const after = await connector.update('user', written, changes, call());
      expect(after.reference).toBe(written.reference);
      expect(await attributeOf('lower', 'uid')).toEqual(['Lower']);
    });

    it('named by another attribute are changed, not renamed', async () => {
      const dn = `cn=adopted,${server.userBaseDN}`;
      await server.ldapmodify(
        `dn: ${dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: before\ncn: adopted\nsn: s\n`,
      );
      const connector = open();
      const [entry] = await connector.correlate(
        'user',
        [{ attribute: 'uid', value: 'before' }],
        call(),
      );
      const changes = [{ attribute: 'uid', replace: ['adopted-uid'] }];
      const after = await connector.update('user', entry as EntryRef, changes, call());
      expect(after.name).toBe(dn);
      expect(await attributeOf('adopted-uid', 'cn')).toEqual(['adopted']);
    });

    it('rename by value-wise changes of the naming attribute as well', async () => {
      const connector = open();
      const written = await addUser(connector, 'valuewise');
      const changes = [{ attribute: 'uid', add: ['valuewise2'], remove: ['valuewise'] }];
      const after = await connector.update('user', written, changes, call());
      expect(after.name).toBe(`uid=valuewise2,${server.userBaseDN}`);
      expect(await attributeOf('valuewise2', 'uid')).toEqual(['valuewise2']);
    });

    it('cannot lose their name', async () => {
      const connector = open();
      const written = await addUser(connector, 'nameless');
      const changes = [{ attribute: 'uid', replace: [] }];
      const error = await failure(connector.update('user', written, changes, call()));
      expect([error.kind, error.outcome, error.attribute]).toEqual(['invalid', 'none', 'uid']);
    });
  });

  describe('activation', () => {
    it('keeps a disabled account from signing in', async () => {
      const connector = open();
      const written = await addUser(connector, 'locked', { userPassword: ['long-enough-1'] });
      expect(await server.authenticates(written.name, 'long-enough-1')).toBe(true);
      await connector.setActive('user', written, false, call());
      expect(await server.authenticates(written.name, 'long-enough-1')).toBe(false);
      await connector.setActive('user', written, true, call());
      expect(await server.authenticates(written.name, 'long-enough-1')).toBe(true);
    });

    it('does not take the lock after wrong passwords for deactivation', async () => {
      const connector = open();
      const written = await addUser(connector, 'forgetful', { userPassword: ['long-enough-1'] });
      for (let guess = 0; guess < 3; guess += 1) await server.authenticates(written.name, 'wrong');
      expect(await attributeOf('forgetful', 'pwdAccountLockedTime')).toBeDefined();
      expect((await connector.read('user', written, call()))?.active).toBe(true);
    });

    it('is unsupported without a password policy, and nothing active is made instead', async () => {
      const own = await start({ overlays: false });
      const connector = open({}, own);
      const written = await addUser(connector, 'plain');
      const error = await failure(connector.setActive('user', written, false, call()));
      expect([error.kind, error.outcome]).toEqual(['unsupported', 'none']);
      const desired = { attributes: person('inactive'), active: false };
      expect((await failure(connector.create('user', desired, 'o', call()))).kind).toBe(
        'unsupported',
      );
      expect(await own.count('(uid=inactive)')).toBe(0);
      const steps = await connector.test(call());
      expect(steps.find((step) => step.name === 'activation')?.state).toBe('warning');
      const mistaken = open({ activation: 'pwdAccountLockedTime' }, own);
      const refused = await failure(mistaken.setActive('user', written, false, call()));
      expect([refused.kind, refused.outcome]).toEqual(['unsupported', 'none']);
      expect((await failure(mistaken.create('user', desired, 'o', call()))).kind).toBe(
        'unsupported',
      );
    });

    it('is unsupported for groups and where it is switched off', async () => {
      const group = await addGroup(open(), 'never-off');
      expect((await failure(open().setActive('group', group, false, call()))).kind).toBe(
        'unsupported',
      );
      const user = await addUser(open(), 'never-off');
      const none = open({ activation: 'none' });
      expect((await failure(none.setActive('user', user, false, call()))).kind).toBe('unsupported');
    });
  });

  describe('the log', () => {
    it('tells when the directory goes and comes, and no names', async () => {
      const own = await start();
      const lines: string[] = [];
      const { url, bindDN, userBaseDN, groupBaseDN, bindPassword } = own;
      const parsed = ldap.parse({ url, bindDN, userBaseDN, groupBaseDN }, { bindPassword });
      const connector = ldap.open(parsed.settings, parsed.secrets, {
        targetId: 't',
        dataDir: '.',
        log: (level, message) => lines.push(`${level} ${message}`),
      });
      cleanup.push(() => connector.close());
      const written = await addUser(connector, 'logged');
      await own.kill();
      await failure(connector.read('user', written, call()));
      await own.restart();
      await connector.read('user', written, call());
      expect(lines).toEqual([
        'debug connected to the directory',
        'warn cannot connect to the directory',
        'info connected to the directory',
      ]);
    });
  });

  describe('passwords', () => {
    it('are stored hashed and under the policy', async () => {
      const connector = open();
      const written = await addUser(connector, 'hashed');
      await connector.setPassword?.(written, 'long-enough-1', call());
      const [stored] = (await attributeOf('hashed', 'userPassword')) ?? [];
      expect(stored).toMatch(/^\{SSHA\}/);
    });
  });

  describe('groups', () => {
    it('hold their own DN while they are empty, and never beside a member', async () => {
      const connector = open();
      const group = await addGroup(connector, 'filler');
      expect(await membersOf('filler')).toEqual([group.name]);
      const user = await addUser(connector, 'filler-user');
      await connector.members(group, { add: [user], remove: [] }, call());
      expect(await membersOf('filler')).toEqual([user.name]);
      expect((await connector.read('group', group, call()))?.attributes['member']).toEqual([
        user.name,
      ]);
      // A large group must not be read for a small change.
      const named = await connector.read('group', group, { ...call(), attributes: ['cn'] });
      expect(named?.attributes).toEqual({ cn: ['filler'] });
      await connector.members(group, { add: [], remove: [user] }, call());
      expect(await membersOf('filler')).toEqual([group.name]);
      expect((await connector.read('group', group, call()))?.attributes['member']).toBeUndefined();
    });

    it('hold the DN from the settings while they are empty', async () => {
      const connector = open({ emptyGroupMember: `cn=nobody,${server.baseDN}` });
      const group = await addGroup(connector, 'configured');
      expect(await membersOf('configured')).toEqual([`cn=nobody,${server.baseDN}`]);
      const user = await addUser(connector, 'configured-user');
      await connector.members(group, { add: [user], remove: [] }, call());
      expect(await membersOf('configured')).toEqual([user.name]);
    });

    it('empty and renamed are still empty', async () => {
      for (const overlays of [true, false]) {
        const own = await start({ overlays });
        const connector = open({}, own);
        const group = await addGroup(connector, 'first');
        const changes = [{ attribute: 'cn', replace: ['second'] }];
        const after = await connector.update('group', group, changes, call());
        await until('the filler to follow', async () =>
          (await membersOf('second', own)).includes(after.name),
        );
        expect((await connector.read('group', after, call()))?.attributes['member']).toBe(
          undefined,
        );
        const user = await addUser(connector, 'someone');
        await connector.members(after, { add: [user], remove: [] }, call());
        expect(await membersOf('second', own)).toEqual([user.name]);
      }
    });

    it.each([
      ['the directory sees to it', true, false, 'after'],
      ['the connector sees to it', false, true, 'after'],
      ['both do', true, true, 'after'],
      ['nobody does', false, false, 'before'],
    ])('follow a renamed member when %s', async (_, overlays, followRenames, expected) => {
      const own = await start({ overlays });
      const connector = open({ followRenames }, own);
      const groups = [await addGroup(connector, 'g1'), await addGroup(connector, 'g2')];
      const user = await addUser(connector, 'before');
      for (const group of groups) {
        await connector.members(group, { add: [user], remove: [] }, call());
      }
      const changes = [{ attribute: 'uid', replace: ['after'] }];
      const after = await connector.update('user', user, changes, call());
      expect(after.warnings).toBeUndefined();
      const wanted = [`uid=${expected},${own.userBaseDN}`];
      for (const name of ['g1', 'g2']) {
        await until(`${name} to hold ${wanted.join()}`, async () => {
          const members = await membersOf(name, own);
          return JSON.stringify(members) === JSON.stringify(wanted);
        });
      }
      // A stale value leaves with its member.
      await connector.members(groups[0] as Written, { add: [], remove: [user] }, call());
      expect(await membersOf('g1', own)).toEqual([(groups[0] as Written).name]);
    });

    it('follow a renamed member whose other changes are refused', async () => {
      const own = await start({ overlays: false });
      const connector = open({ followRenames: true }, own);
      const group = await addGroup(connector, 'followers');
      const user = await addUser(connector, 'before');
      await connector.members(group, { add: [user], remove: [] }, call());
      const changes = [
        { attribute: 'uid', replace: ['after'] },
        { attribute: 'noSuchAttribute', replace: ['x'] },
      ];
      await expect(connector.update('user', user, changes, call())).rejects.toThrow(ConnectorError);
      expect(await membersOf('followers', own)).toEqual([`uid=after,${own.userBaseDN}`]);
    });

    it.each([
      ['leaves', ['before'], [], []],
      ['is renamed there by the directory itself', ['before'], ['after'], ['after']],
      ['is added under the new name as well', [], ['after'], ['after']],
    ])('whose member %s while its rename is followed', async (_, gone, come, expected) => {
      const own = await start({ overlays: false });
      const forwarder = await Forwarder.start(own.port);
      const connector = open({ url: forwarder.url(), followRenames: true }, own);
      const group = await addGroup(connector, 'racing');
      const [user, other] = [await addUser(connector, 'before'), await addUser(connector, 'other')];
      await connector.members(group, { add: [user, other], remove: [] }, call());
      const dn = (uid: string): string => `uid=${uid},${own.userBaseDN}`;
      const part = (operation: string, uids: readonly string[]): string[] =>
        uids.flatMap((uid) => [`${operation}: member`, `member: ${dn(uid)}`, '-']);
      const ldif = [
        `dn: ${group.name}`,
        'changetype: modify',
        ...part('add', come),
        ...part('delete', gone),
        '',
      ].join('\n');
      let races = 0;
      // It has found the group by the old name, and is about to change it.
      forwarder.tamper(async (answer) => {
        if (answer.includes(group.name) && (races += 1) === 1) await own.ldapmodify(ldif);
        return answer;
      });
      const changes = [{ attribute: 'uid', replace: ['after'] }];
      const after = await connector.update('user', user, changes, call());
      expect([races > 0, after.name, after.warnings]).toEqual([true, dn('after'), undefined]);
      expect([...(await membersOf('racing', own))].sort()).toEqual([...expected, 'other'].map(dn));
      await forwarder.stop();
    });

    it('keep a successor who took the name of one that leaves', async () => {
      // What the server's referential integrity fills an emptied group with.
      const nobody = `cn=nobody,${server.baseDN}`;
      const connector = open({ emptyGroupMember: nobody });
      const group = await addGroup(connector, 'succession');
      const first = await addUser(connector, 'heir');
      await connector.members(group, { add: [first], remove: [] }, call());
      await connector.remove('user', first, call());
      await until('the server to tidy up', async () =>
        (await membersOf('succession')).includes(nobody),
      );
      const second = await addUser(connector, 'heir');
      await connector.members(group, { add: [second], remove: [first] }, call());
      expect(await membersOf('succession')).toEqual([second.name]);
    });

    it('warn about members that do not exist, and take the others', async () => {
      const connector = open();
      const group = await addGroup(connector, 'partial');
      const user = await addUser(connector, 'partial-user');
      const ghost = { reference: 'no-uuid', name: `uid=ghost,${server.userBaseDN}` };
      const after = await connector.members(group, { add: [ghost, user], remove: [] }, call());
      expect(after.warnings).toHaveLength(1);
      expect(after.warnings?.[0]).toContain('uid=ghost');
      expect(await membersOf('partial')).toEqual([user.name]);
    });

    it('hold groups and people of every name', async () => {
      const connector = open();
      const group = await addGroup(connector, 'nasty');
      const inner = await addGroup(connector, 'inner, group');
      const people = await Promise.all(
        NASTY_NAMES.map((name) => addUser(connector, `${name} member`)),
      );
      const all = [inner, ...people];
      await connector.members(group, { add: all, remove: [] }, call());
      await connector.members(group, { add: all, remove: [] }, call());
      expect([...(await membersOf('nasty'))].sort()).toEqual(all.map((one) => one.name).sort());
      await connector.members(group, { add: [], remove: all.slice(1) }, call());
      expect(await membersOf('nasty')).toEqual([inner.name]);
      await connector.members(group, { add: [], remove: all }, call());
      expect(await membersOf('nasty')).toEqual([group.name]);
    });

    it('of thousands cost no more than their change', async () => {
      const { port } = server;
      let bytes = 0;
      const proxy = net.createServer((client) => {
        const upstream = net.connect(port, '127.0.0.1');
        upstream.on('data', (chunk) => (bytes += chunk.length));
        client.on('data', (chunk) => (bytes += chunk.length));
        client.pipe(upstream).pipe(client);
        for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      cleanup.push(() => void proxy.close());
      const proxyPort = (proxy.address() as net.AddressInfo).port;
      const connector = open({ url: `ldap://127.0.0.1:${proxyPort}` });
      const group = await addGroup(connector, 'thousands');
      const names = Array.from({ length: 3_000 }, (_, one) => `thousand-${one}`);
      const users = await Promise.all(names.map((name) => addUser(connector, name)));
      await connector.members(group, { add: users, remove: [] }, call());
      expect(await membersOf('thousands')).toHaveLength(3_000);

      bytes = 0;
      const [first, second] = users as [Written, Written];
      const late = await addUser(connector, 'late');
      await connector.members(group, { add: [late, first], remove: [second] }, call());
      await connector.members(group, { add: [late, first], remove: [second] }, call());
      expect(await membersOf('thousands')).toHaveLength(3_000);
      expect(bytes).toBeLessThan(10_000);
    });
  });

  describe('plan and schema', () => {
    it('shows LDIF without passwords', () => {
      const connector = open();
      const current = {
        reference: 'r',
        name: `uid=old,${server.userBaseDN}`,
        attributes: { uid: ['old'], sn: ['Same'], title: ['Gone'] },
        active: true,
      };
      const attributes = {
        uid: ['new, name'],
        sn: ['Same'],
        title: [],
        cn: ['Zoë'],
        userPassword: ['very secret'],
      };
      expect(connector.plan('user', current, { attributes, active: false })).toEqual([
        {
          operation: 'modifyDN',
          object: current.name,
          detail: 'newrdn: uid=new\\2c name\ndeleteoldrdn: 1',
        },
        {
          operation: 'modify',
          object: `uid=new\\2c name,${server.userBaseDN}`,
          detail: [
            ...['replace: title', '-', 'replace: cn', 'cn:: Wm/Dqw== ("Zoë")', '-'],
            ...['replace: userPassword', 'userPassword: ********', '-'],
            ...['replace: pwdAccountLockedTime', 'pwdAccountLockedTime: 000001010000Z', '-'],
          ].join('\n'),
        },
      ]);
    });

    it('describes what the object classes allow', async () => {
      const { user, group } = await open().schema(call());
      const of = (name: string): object | undefined => user.find((one) => one.name === name);
      expect(of('sn')).toMatchObject({ required: true, multiValued: true, maxLength: 32768 });
      expect(of('employeeNumber')).toMatchObject({ required: false, multiValued: false });
      expect(of('uid')).toMatchObject({ maxLength: 256 });
      // The class demands it, and the connector gives it.
      expect(group.find((one) => one.name === 'member')).toMatchObject({ required: false });
    });
  });
});
