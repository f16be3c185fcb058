import { ldap } from '../../connectors/ldap';
import { type Attributes, type EntryKind } from '../../connectors/spi';
import { describeWith } from '../support/daemon';
import { type LdifEntry, type Slapd, SLAPD, startSlapd } from '../support/slapd';
import { describeConnector, type Directory } from './connector.contract';

/** RFC 4515 section 3, every character escaped. */
function inFilter(value: string): string {
  return [...Buffer.from(value)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

function settingsOf(server: Slapd): Record<string, unknown> {
  return {
    url: server.url,
    bindDN: server.bindDN,
    userBaseDN: server.userBaseDN,
    groupBaseDN: server.groupBaseDN,
    ownerAttribute: 'businessCategory',
  };
}

class LdapDirectory implements Directory {
  readonly settings: unknown;
  readonly secrets: unknown;
  readonly wrongSecrets = { bindPassword: 'wrong-password' };
  readonly secretValues: readonly string[];

  constructor(private readonly server: Slapd) {
    this.settings = settingsOf(server);
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

  connections(): Promise<number> {
    return Promise.resolve(this.server.connections());
  }

  kill = (): Promise<void> => this.server.kill();
  restart = (): Promise<void> => this.server.restart();
  pause = (): void => this.server.pause();
  resume = (): void => this.server.resume();
  stop = (): Promise<void> => this.server.stop();
}

function person(name: string): Attributes {
  return { uid: [name], cn: [`Name of ${name}`], sn: ['Äußere'], displayName: ['Ada Lovelace'] };
}

describeWith([SLAPD], 'ldap connector', () => {
  describeConnector({
    type: ldap,
    start: async () => new LdapDirectory(await startSlapd()),
    user: person,
    group: (name) => ({ cn: [name], description: ['a group'] }),
    multiValued: 'description',
    replaceable: { attribute: 'displayName', optional: true },
    names: {
      accepted: [
        ' leading',
        'trailing ',
        '  both  ',
        'new\nline',
        'tab\tx',
        '\u00a0nbsp',
        'a'.repeat(200),
      ],
      refused: ['   ', 'x'.repeat(300)],
    },
    wrongSettings: [
      { settings: { url: 'http://127.0.0.1' }, path: 'url' },
      { settings: { url: 'ldap://directory.example.com' }, path: 'url' },
      { settings: { bindDN: 'no dn' }, path: 'bindDN' },
      { settings: { tlsRejectUnauthorized: false }, path: 'tlsRejectUnauthorized' },
      { settings: { caCertificate: 'nonsense' }, path: 'caCertificate' },
    ],
    listSize: 520,
    maxConnections: 4,
  });
});
