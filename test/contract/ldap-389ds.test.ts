import { ldap, type LdapSettings } from '../../connectors/ldap';
import { type Attributes, type Connector, type EntryKind } from '../../connectors/spi';
import { describeWith, until } from '../support/daemon';
import { DIRECTORY_SERVER_389, DirectoryServer389 } from '../support/directory-server-389';
import { addUser, openLdap, person } from '../support/open-ldap';
import { type LdifEntry } from '../support/slapd';
import { call, collect, describeConnector, type Directory, failure } from './connector.contract';

/** RFC 4515 section 3, every character escaped. */
function inFilter(value: string): string {
  return [...Buffer.from(value)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

class Directory389 implements Directory {
  readonly settings: unknown;
  readonly secrets: unknown;
  readonly wrongSecrets = { bindPassword: 'wrong-password' };
  readonly secretValues: readonly string[];

  constructor(
    private readonly server: DirectoryServer389,
    overrides: Partial<LdapSettings>,
  ) {
    const { ldapsUrl, bindDN, userBaseDN, groupBaseDN, ca } = server;
    this.settings = {
      ...{ url: ldapsUrl, caCertificate: ca, bindDN, userBaseDN, groupBaseDN },
      ...{ vendor: '389ds', ownerAttribute: 'businessCategory', ...overrides },
    };
    this.secrets = { bindPassword: server.bindPassword };
    this.secretValues = [server.bindPassword, this.wrongSecrets.bindPassword];
  }

  private async find(kind: EntryKind, name: string): Promise<LdifEntry | undefined> {
    const { userBaseDN, groupBaseDN } = this.server;
    const [attribute, base] = kind === 'user' ? ['uid', userBaseDN] : ['cn', groupBaseDN];
    const filter = `(${attribute}=${inFilter(name)})`;
    return (await this.server.search(filter, ['*', 'nsAccountLock'], base))[0];
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
    return (entry?.attributes['member'] ?? []).map((dn) => /^uid=([^,]*)/i.exec(dn)?.[1] ?? dn);
  }

  async active(name: string): Promise<boolean> {
    return (await this.find('user', name))?.attributes['nsAccountLock'] === undefined;
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

function describeAgainst(overrides: Partial<LdapSettings>): void {
  describeConnector({
    type: ldap,
    start: async () => new Directory389(await DirectoryServer389.start(), overrides),
    user: person,
    group: (name) => ({ cn: [name], description: ['a group'] }),
    multiValued: 'description',
    replaceable: { attribute: 'displayName', optional: true },
    names: { accepted: ['tab\tx', 'a'.repeat(200)], refused: ['   '] },
    listSize: 520,
    maxConnections: 4,
  });
}

describeWith([DIRECTORY_SERVER_389], 'ldap connector on 389 Directory Server', () => {
  describeAgainst({});
});

describeWith([DIRECTORY_SERVER_389], 'ldap connector and 389 Directory Server', () => {
  let server: DirectoryServer389;
  let connector: Connector;
  const member = async (name: string): Promise<readonly string[]> =>
    (await server.search(`(cn=${name})`, ['member'], server.groupBaseDN))[0]?.attributes[
      'member'
    ] ?? [];
  const tls = (): Partial<LdapSettings> => ({ url: server.ldapsUrl, caCertificate: server.ca });

  beforeAll(async () => {
    server = await DirectoryServer389.start({ sevenBitCheck: true });
    connector = openLdap(server, { ...tls(), vendor: '389ds' });
  });
  afterAll(async () => {
    await connector.close();
    await server.stop();
  });

  it('is recognised, and told so in the test', async () => {
    const steps = await connector.test(call());
    expect(steps.filter((step) => step.state !== 'ok')).toEqual([]);
    expect(steps.find((step) => step.name === 'vendor')?.message).toContain('389 Directory Server');
    expect(steps.find((step) => step.name === 'activation')?.message).toContain('nsAccountLock');
  });

  it('knows its entries by nsUniqueId, and does without entryUUID', async () => {
    const written = await addUser(connector, 'unique');
    const [entry] = await server.search('(uid=unique)', ['nsUniqueId', 'entryUUID']);
    expect(entry?.attributes['nsUniqueId']).toEqual([written.reference]);
    expect(entry?.attributes['entryUUID']).toBeUndefined();
  });

  it('keeps a disabled account from signing in', async () => {
    const written = await addUser(connector, 'switched', { userPassword: ['long-enough-1'] });
    expect(await server.authenticates(written.name, 'long-enough-1')).toBe(true);
    await connector.setActive('user', written, false, call());
    expect(await server.authenticates(written.name, 'long-enough-1')).toBe(false);
    await connector.setActive('user', written, true, call());
    expect(await server.authenticates(written.name, 'long-enough-1')).toBe(true);
  });

  it('hashes passwords, and refuses to take them without encryption', async () => {
    const written = await addUser(connector, 'hashed');
    await connector.setPassword?.(written, 'long-enough-1', call());
    const [entry] = await server.search('(uid=hashed)', ['userPassword']);
    expect(entry?.attributes['userPassword']?.[0]).toMatch(/^\{PBKDF2/);
    const clear = openLdap(server, { vendor: '389ds' });
    const error = await failure(clear.setPassword!(written, 'long-enough-2', call()));
    await clear.close();
    expect([error.kind, error.outcome]).toEqual(['permission', 'none']);
    expect(error.message).toContain('ldaps');
  });

  it('has empty groups without a filler', async () => {
    const desired = { attributes: { cn: ['empty'] }, active: true };
    const group = await connector.create('group', desired, 'o', call());
    expect(await member('empty')).toEqual([]);
    const user = await addUser(connector, 'come-and-go');
    await connector.members(group, { add: [user], remove: [] }, call());
    expect(await member('empty')).toEqual([user.name]);
    await connector.members(group, { add: [], remove: [user] }, call());
    expect(await member('empty')).toEqual([]);
  });

  it('tells members their groups, follows renames and removals', async () => {
    const desired = { attributes: { cn: ['integrity'] }, active: true };
    const group = await connector.create('group', desired, 'o', call());
    const users = [await addUser(connector, 'stays'), await addUser(connector, 'leaves')] as const;
    await connector.members(group, { add: users, remove: [] }, call());
    const [entry] = await server.search('(uid=stays)', ['memberOf', 'objectClass']);
    expect(entry?.attributes['memberOf']).toEqual([group.name]);
    const rename = [{ attribute: 'uid', replace: ['stayed'] }];
    const after = await connector.update('user', users[0], rename, call());
    await connector.remove('user', users[1], call());
    await until('the members to be tidied up', async () => {
      const members = await member('integrity');
      return JSON.stringify(members) === JSON.stringify([after.name]);
    });
  });

  it('parks names beyond ASCII where the server wants none, and says why', async () => {
    const error = await failure(addUser(connector, 'ünï'));
    expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
    expect(error.message).toContain('not 7-bit clean');
  });

  it('is listed in pages', async () => {
    const small = openLdap(server, { ...tls(), vendor: '389ds', pageSize: 2 });
    const entries = await collect(small.list('user', call()));
    await small.close();
    const expected = await server.count('(objectClass=inetOrgPerson)', server.userBaseDN);
    expect(entries).toHaveLength(expected);
  });

  it('that is read-only for a while is waited for', async () => {
    const set = (value: string): Promise<void> =>
      server.ldapmodify(
        `dn: cn=config\nchangetype: modify\nreplace: nsslapd-readonly\nnsslapd-readonly: ${value}\n`,
      );
    await set('on');
    const error = await failure(addUser(connector, 'maintenance'));
    await set('off');
    expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
    expect(error.message).toContain('takes no writes');
    await addUser(connector, 'maintenance');
  });
});
