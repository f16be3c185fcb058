import { ldap, type LdapSettings } from '../../connectors/ldap';
import { type Attributes, type EntryKind } from '../../connectors/spi';
import { describeWith } from '../support/daemon';
import { type Samba, SAMBA, startSamba } from '../support/samba';
import { type LdifEntry } from '../support/slapd';
import { describeConnector, type Directory } from './connector.contract';

/** RFC 4515 section 3, every character escaped. */
function inFilter(value: string): string {
  return [...Buffer.from(value)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Without sAMAccountName, which would outlive a rename: the directory makes one up. */
function person(name: string): Attributes {
  return { cn: [name], sn: ['Äußere'], displayName: ['Ada Lovelace'] };
}

class ActiveDirectory implements Directory {
  readonly settings: object;
  readonly secrets: object;
  readonly wrongSecrets = { bindPassword: 'wrong-password' };
  readonly secretValues: readonly string[];

  constructor(
    private readonly server: Samba,
    overrides: Partial<LdapSettings> = {},
  ) {
    const { url, ca: caCertificate, bindDN, userBaseDN, groupBaseDN } = server;
    this.settings = {
      ...{ vendor: 'ad', url, caCertificate, bindDN, userBaseDN, groupBaseDN },
      ownerAttribute: 'adminDescription',
      // Each new account has its password hashed, one after the other.
      operationTimeoutMs: 60_000,
      membersPerChange: 50,
      ...overrides,
    };
    this.secrets = { bindPassword: server.bindPassword };
    this.secretValues = [server.bindPassword, this.wrongSecrets.bindPassword];
  }

  private async find(kind: EntryKind, name: string): Promise<LdifEntry | undefined> {
    const { userBaseDN, groupBaseDN } = this.server;
    const base = kind === 'user' ? userBaseDN : groupBaseDN;
    return (await this.server.search(`(cn=${inFilter(name)})`, ['*'], base))[0];
  }

  async entry(kind: EntryKind, name: string): Promise<Attributes | undefined> {
    return (await this.find(kind, name))?.attributes;
  }

  count(kind: EntryKind): Promise<number> {
    return kind === 'user'
      ? this.server.count('(objectClass=user)', this.server.userBaseDN)
      : this.server.count('(objectClass=group)', this.server.groupBaseDN);
  }

  async members(group: string): Promise<readonly string[]> {
    const dns = (await this.find('group', group))?.attributes['member'] ?? [];
    return dns.map((dn) => /^CN=([^,]*)/i.exec(dn)?.[1] ?? dn);
  }

  async active(name: string): Promise<boolean> {
    const [control] = (await this.find('user', name))?.attributes['userAccountControl'] ?? [];
    return (Number(control) & 2) === 0;
  }

  async authenticates(name: string, password: string): Promise<boolean> {
    const entry = await this.find('user', name);
    return (await this.server.signIn(entry?.dn ?? '', password)) === 'ok';
  }

  connections = (): Promise<number> => Promise.resolve(this.server.connections());
  kill = (): Promise<void> => this.server.kill();
  restart = (): Promise<void> => this.server.restart();
  pause = (): Promise<void> => this.server.pause();
  resume = (): void => this.server.resume();
  stop = (): Promise<void> => this.server.stop();
}

describeWith(SAMBA, 'ldap connector and Active Directory', () => {
  describeConnector({
    type: ldap,
    start: async () => new ActiveDirectory(await startSamba()),
    user: person,
    group: (name) => ({ cn: [name], description: ['a group'] }),
    multiValued: 'otherTelephone',
    replaceable: { attribute: 'displayName', optional: true },
    names: {
      accepted: [' leading', 'trailing ', '  both  ', 'tab\tx', 'a'.repeat(64)],
      refused: ['   ', 'new\nline', 'x'.repeat(65)],
    },
    wrongSettings: [
      { settings: { url: 'ldap://127.0.0.1' }, path: 'url' },
      { settings: { bindDN: 'neither DN nor name' }, path: 'bindDN' },
      { settings: { vendor: 'windows' }, path: 'vendor' },
    ],
    listSize: 60,
    groupSize: 120,
    maxConnections: 4,
  });
});
