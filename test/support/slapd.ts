/** A private OpenLDAP server for tests: own folder, own loopback ports, nothing in /etc is read but the schema files. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  connectionsTo,
  freePort,
  freeze,
  type Requirement,
  run,
  stopProcess,
  temporaryFolder,
  waitForPort,
} from './daemon';

export const SLAPD: Requirement = {
  program: 'slapd',
  package: 'slapd ldap-utils',
  paths: ['/usr/sbin/slapd', '/usr/local/sbin/slapd', '/usr/libexec/slapd'],
};

/** What differs from the default server. */
export interface SlapdOptions {
  /** memberof, refint, ppolicy and syncprov; on unless switched off. */
  readonly overlays?: boolean;
  /** Waits for the disk at every write, as a real server does: about five times slower. Off unless wanted. */
  readonly durable?: boolean;
  /** Notes every operation in `slapd.log` in the folder, as `loglevel stats` does. */
  readonly logsOperations?: boolean;
  /** The most entries one search by the provisioner may see; no limit unless given. */
  readonly sizeLimit?: number;
  /** How long its certificate is valid; -1: it has expired. */
  readonly certificateDays?: number;
  /** Holds the same entries as this server, down to their entryUUIDs. */
  readonly copyOf?: Slapd;
  /** Further lines for the global section of slapd.conf. */
  readonly globalLines?: readonly string[];
  /** Further lines for the database section of slapd.conf, before the access rules. */
  readonly databaseLines?: readonly string[];
}

/** An entry as ldapsearch prints it. */
export interface LdifEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** A running server. Its clients' view is `url`, `bindDN`, `bindPassword`; the rest looks at it from outside. */
export interface Slapd {
  readonly url: string;
  readonly ldapsUrl: string;
  readonly port: number;
  /** PEM of the self-signed certificate, good for 127.0.0.1 and localhost. */
  readonly ca: string;
  readonly folder: string;
  /** May write everything below the base. */
  readonly bindDN: string;
  readonly bindPassword: string;
  /** May read everything and write nothing. */
  readonly readerDN: string;
  readonly readerPassword: string;
  readonly baseDN: string;
  readonly userBaseDN: string;
  readonly groupBaseDN: string;
  /** Looks with ldapsearch as the server's own administrator. `attributes` may name operational ones. */
  search(
    filter: string,
    attributes?: readonly string[],
    base?: string,
  ): Promise<readonly LdifEntry[]>;
  count(filter: string, base?: string): Promise<number>;
  /** Whether a simple bind with this password succeeds. */
  authenticates(dn: string, password: string): Promise<boolean>;
  /** The names of entries that operations of this kind were asked for, in order; see {@link SlapdOptions.logsOperations}. */
  logged(operation: 'ADD' | 'MOD' | 'MODRDN' | 'DEL'): readonly string[];
  /** How many connections clients hold to either port. */
  connections(): number;
  /** Applies LDIF change records as the server's own administrator. */
  ldapmodify(ldif: string): Promise<void>;
  /** Ends the process and keeps the data. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports with the same data; ends it first when it runs. */
  restart(): Promise<void>;
  /** Freezes the process: the kernel still accepts connections, nobody answers. */
  pause(): Promise<void>;
  resume(): void;
  /** Ends the process and removes its folder. */
  stop(): Promise<void>;
}

const SCHEMA = '/etc/ldap/schema';
const MODULES = '/usr/lib/ldap';
const SETPRIV = '/usr/bin/setpriv';
const BASE = 'dc=example,dc=test';
const ADMIN = `cn=admin,${BASE}`;
const ADMIN_PASSWORD = 'admin-secret';
const PROVISIONER = `cn=provisioner,${BASE}`;
const PROVISIONER_PASSWORD = 'prov pässw0rd';
const READER = `cn=reader,${BASE}`;
const READER_PASSWORD = 'reader-secret';

const OVERLAYS = `overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
memberof-memberof-ad memberOf
memberof-dangling ignore
memberof-refint TRUE
overlay refint
refint_attributes member manager owner
refint_nothing "cn=nobody,${BASE}"
overlay ppolicy
ppolicy_default "cn=default,ou=policies,${BASE}"
ppolicy_use_lockout
overlay unique
unique_uri ldap:///ou=people,${BASE}?uid?sub
overlay syncprov
syncprov-checkpoint 1000 10
syncprov-sessionlog 10000
`;

const POLICY = `
dn: cn=default,ou=policies,${BASE}
objectClass: device
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdMinLength: 8
pwdCheckQuality: 1
pwdLockout: TRUE
pwdMaxFailure: 3
`;

function configuration(folder: string, options: SlapdOptions): string {
  const overlays = options.overlays ?? true;
  const limit = options.sizeLimit ?? 'unlimited';
  return `${['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include ${SCHEMA}/${name}.schema`).join('\n')}
pidfile ${folder}/slapd.pid
argsfile ${folder}/slapd.args
modulepath ${MODULES}
moduleload back_mdb
${overlays ? ['memberof', 'refint', 'ppolicy', 'unique', 'syncprov'].map((name) => `moduleload ${name}`).join('\n') : ''}
loglevel none
threads 8
sizelimit 500
conn_max_pending_auth 100000
sockbuf_max_incoming_auth 16777215
TLSCertificateFile ${folder}/tls.crt
TLSCertificateKeyFile ${folder}/tls.key
TLSCACertificateFile ${folder}/tls.crt
TLSVerifyClient never
password-hash {SSHA}
${(options.globalLines ?? []).join('\n')}
database mdb
suffix "${BASE}"
rootdn "${ADMIN}"
rootpw ${ADMIN_PASSWORD}
directory ${folder}/db
maxsize 1073741824
${options.durable ? '' : 'dbnosync'}
limits dn.exact="${PROVISIONER}" size.soft=${limit} size.hard=${limit} size.prtotal=${limit}
index objectClass eq
index uid,mail,cn,sn eq,sub
index entryUUID,entryCSN eq
index employeeNumber eq
index member,memberUid${overlays ? ',memberOf' : ''} eq
${(options.databaseLines ?? []).join('\n')}
access to attrs=userPassword by dn.exact="${PROVISIONER}" manage by self write by anonymous auth by * none
access to * by dn.exact="${PROVISIONER}" manage by users read by * none
${overlays ? OVERLAYS : ''}`;
}

function seed(overlays: boolean): string {
  return `dn: ${BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups

dn: ou=policies,${BASE}
objectClass: organizationalUnit
ou: policies
${overlays ? POLICY : ''}
dn: cn=nobody,${BASE}
objectClass: organizationalRole
cn: nobody

dn: ${PROVISIONER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: provisioner
userPassword: ${PROVISIONER_PASSWORD}

dn: ${READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${READER_PASSWORD}
`;
}

/** Writes `tls.crt` and `tls.key` for 127.0.0.1 into the folder and answers the certificate; -1 day: it has expired. */
export async function makeCertificate(folder: string, days = 3650): Promise<string> {
  const [key, request, certificate] = ['tls.key', 'tls.csr', 'tls.crt'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  await capture('openssl', [
    ...'req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' '),
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', key, '-out', request],
  ]);
  await capture('openssl', [
    ...['x509', '-req', '-in', request, '-signkey', key, '-days', String(days)],
    ...['-copy_extensions', 'copy', '-out', certificate],
  ]);
  return readFileSync(certificate, 'utf8');
}

/** Reads LDIF content records printed without line folding (RFC 2849). */
export function parseLdif(ldif: string): LdifEntry[] {
  const entries: LdifEntry[] = [];
  for (const block of ldif.split(/\n\n+/)) {
    let dn: string | undefined;
    const attributes: Record<string, string[]> = {};
    for (const line of block.split('\n')) {
      const match = /^([^:#\s]+):(:?) ?(.*)$/.exec(line);
      if (!match) continue;
      const [, name = '', encoded, raw = ''] = match;
      const value = encoded ? Buffer.from(raw, 'base64').toString('utf8') : raw;
      if (name === 'dn') dn = value;
      else (attributes[name] ??= []).push(value);
    }
    if (dn !== undefined) entries.push({ dn, attributes });
  }
  return entries;
}

/** Runs a program that reads no input, and answers what it prints. */
async function capture(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 1 << 28 });
  return stdout;
}

class PrivateSlapd implements Slapd {
  readonly folder: string;
  readonly url: string;
  readonly ldapsUrl: string;
  readonly bindDN = PROVISIONER;
  readonly bindPassword = PROVISIONER_PASSWORD;
  readonly readerDN = READER;
  readonly readerPassword = READER_PASSWORD;
  readonly baseDN = BASE;
  readonly userBaseDN = `ou=people,${BASE}`;
  readonly groupBaseDN = `ou=groups,${BASE}`;
  private child: ChildProcess | undefined;

  constructor(
    private readonly place: { readonly path: string; readonly remove: () => void },
    readonly port: number,
    tlsPort: number,
    readonly ca: string,
    private readonly debugLevel: string,
  ) {
    this.folder = place.path;
    this.url = `ldap://127.0.0.1:${port}`;
    this.ldapsUrl = `ldaps://127.0.0.1:${tlsPort}`;
  }

  async boot(): Promise<void> {
    // -d 0 keeps slapd in the foreground; setpriv has the kernel end it with the test process, however that ends.
    const slapd = [
      SLAPD.paths.find((candidate) => existsSync(candidate)) ?? 'slapd',
      ...['-d', this.debugLevel, '-f', path.join(this.folder, 'slapd.conf')],
      ...['-h', `${this.url}/ ${this.ldapsUrl}/`],
    ];
    const guarded = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...slapd] : slapd;
    const log = openSync(path.join(this.folder, 'slapd.log'), 'a');
    const [program = '', ...args] = guarded;
    this.child = spawn(program, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    await waitForPort(this.port, this.child);
  }

  private asAdmin(): string[] {
    return ['-x', '-H', this.url, '-D', ADMIN, '-w', ADMIN_PASSWORD];
  }

  async search(
    filter: string,
    attributes: readonly string[] = ['*'],
    base = BASE,
  ): Promise<LdifEntry[]> {
    const args = [...this.asAdmin(), '-LLL', '-o', 'ldif-wrap=no', '-b', base, filter];
    return parseLdif(await capture('ldapsearch', [...args, ...attributes]));
  }

  async count(filter: string, base = BASE): Promise<number> {
    return (await this.search(filter, ['1.1'], base)).length;
  }

  async authenticates(dn: string, password: string): Promise<boolean> {
    const bind = ['-x', '-H', this.url, '-D', dn, '-w', password];
    return capture('ldapwhoami', bind).then(
      () => true,
      (error: Error) => {
        if (error.message.includes('Invalid credentials (49)')) return false;
        throw error;
      },
    );
  }

  logged(operation: string): readonly string[] {
    const log = readFileSync(path.join(this.folder, 'slapd.log'), 'utf8');
    const pattern = new RegExp(`op=\\d+ ${operation} dn="([^"]*)"`, 'g');
    return [...log.matchAll(pattern)].map(([, dn = '']) => dn);
  }

  connections(): number {
    return connectionsTo([this.url, this.ldapsUrl].map((url) => Number(new URL(url).port)));
  }

  async ldapmodify(ldif: string): Promise<void> {
    await run('ldapmodify', this.asAdmin(), { input: ldif });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child) await stopProcess(this.child, signal);
  }

  async restart(): Promise<void> {
    this.resume();
    await this.kill('SIGTERM');
    await this.boot();
  }

  async pause(): Promise<void> {
    await freeze(this.child);
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    this.place.remove();
  }
}

/** Starts a server that holds the base, `ou=people`, `ou=groups` and nobody in them. */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const folder = temporaryFolder('slapd-');
  const ca = await makeCertificate(folder.path, options.certificateDays);
  mkdirSync(path.join(folder.path, 'db'), { mode: 0o700 });
  const configurationFile = path.join(folder.path, 'slapd.conf');
  const seedFile = path.join(folder.path, 'seed.ldif');
  writeFileSync(configurationFile, configuration(folder.path, options));
  writeFileSync(seedFile, toAscii(seed(options.overlays ?? true)));
  if (options.copyOf) {
    const copy = path.join(options.copyOf.folder, 'slapd.conf');
    writeFileSync(seedFile, await capture('/usr/sbin/slapcat', ['-f', copy]));
  }
  await capture('/usr/sbin/slapadd', ['-q', '-w', '-f', configurationFile, '-l', seedFile]);
  const server = new PrivateSlapd(
    folder,
    await freePort(),
    await freePort(),
    ca,
    options.logsOperations ? '256' : '0',
  );
  await server.boot();
  return server;
}

/** RFC 2849: values outside ASCII are written in base64. */
function toAscii(ldif: string): string {
  return ldif
    .split('\n')
    .map((line) => {
      // eslint-disable-next-line no-control-regex
      if (/^[\x00-\x7f]*$/.test(line)) return line;
      const [name = '', ...value] = line.split(': ');
      return `${name}:: ${Buffer.from(value.join(': ')).toString('base64')}`;
    })
    .join('\n');
}
