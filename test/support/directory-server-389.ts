/** A private 389 Directory Server for tests: own folder, own loopback ports, nothing in /etc is written. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {
  connectionsTo,
  freePort,
  freeze,
  type Requirement,
  run,
  stopProcess,
  temporaryFolder,
  until,
} from './daemon';
import { type LdifEntry, makeCertificate, parseLdif } from './slapd';

export const DIRECTORY_SERVER_389: Requirement = {
  program: 'ns-slapd',
  package: '389-ds-base ldap-utils',
  paths: ['/usr/sbin/ns-slapd'],
};

const TEMPLATE = '/usr/share/dirsrv/data/template-dse.ldif';
const CONFIGURATION = '/etc/dirsrv';
const SETPRIV = '/usr/bin/setpriv';
const BASE = 'dc=example,dc=test';
const MANAGER = 'cn=Directory Manager';
const MANAGER_PASSWORD = 'manager-secret-1';
const PROVISIONER = `cn=provisioner,${BASE}`;
const PROVISIONER_PASSWORD = 'prov pässw0rd';

/** Switched on beside those that always are. */
const PLUGINS = ['MemberOf Plugin', 'referential integrity postoperation'];

/** What differs from the default server. */
export interface DirectoryServer389Options {
  /** Refuses every `uid` and `mail` beyond ASCII, as the package does unless told otherwise. Off unless wanted. */
  readonly sevenBitCheck?: boolean;
}

/** The backend of the suffix, which the template lacks. */
const BACKEND = `
dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: userRoot
nsslapd-suffix: ${BASE}

dn: cn="${BASE}",cn=mapping tree,cn=config
objectClass: top
objectClass: extensibleObject
objectClass: nsMappingTree
cn: ${BASE}
nsslapd-state: backend
nsslapd-backend: userRoot
`;

const SEED = `dn: ${BASE}
objectClass: top
objectClass: domain
dc: example
aci: (targetattr="*")(version 3.0; acl "provisioner"; allow (all) userdn="ldap:///${PROVISIONER}";)
aci: (targetattr!="userPassword")(version 3.0; acl "readers"; allow (read,search,compare) userdn="ldap:///all";)

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups

dn: cn=nobody,${BASE}
objectClass: organizationalRole
cn: nobody

dn: ${PROVISIONER}
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: inetOrgPerson
cn: provisioner
sn: provisioner
userPassword:: ${Buffer.from(PROVISIONER_PASSWORD).toString('base64')}
nsSizeLimit: -1
nsLookThroughLimit: -1
nsTimeLimit: -1
nsIdleTimeout: 0
`;

/** Clear text is refused in the configuration file. */
function hashed(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash('sha512').update(password).update(salt).digest();
  return `{SSHA512}${Buffer.concat([digest, salt]).toString('base64')}`;
}

/** What dscreate would make of the packaged template, for loopback and one folder. */
function configuration(
  folder: string,
  [port, tlsPort]: readonly [number, number],
  { sevenBitCheck = false }: DirectoryServer389Options,
): string {
  const places: Record<string, string> = {
    schema_dir: `${folder}/etc/schema`,
    cert_dir: `${folder}/etc`,
    config_dir: `${folder}/etc`,
    db_home_dir: `${folder}/db`,
    ldapi: `${folder}/run/ldapi`,
    ldapi_enabled: 'on',
    ldapi_autobind: 'on',
    fqdn: 'localhost',
    ds_port: String(port),
    ds_user: process.env['USER'] ?? 'root',
    ds_suffix: BASE,
    rootdn: MANAGER,
    ds_passwd: hashed(MANAGER_PASSWORD),
    db_lib: 'bdb',
  };
  const template = readFileSync(TEMPLATE, 'utf8').replace(
    /%(\w+)%/g,
    (_, name: string) => places[name] ?? `${folder}/${name.replace(/_dir$/, '')}`,
  );
  const listening = [
    'nsslapd-listenhost: 127.0.0.1',
    'nsslapd-securelistenhost: 127.0.0.1',
    `nsslapd-secureport: ${tlsPort}`,
    'nsslapd-security: on',
    // A crashed test run must not be outlived by what it wrote to the disk.
    'nsslapd-accesslog-logging-enabled: off',
  ];
  const started = template.replace(/^nsslapd-port:/m, `${listening.join('\n')}\nnsslapd-port:`);
  const entries = `${started.trimEnd()}\n${BACKEND}`.split(/\n\n/).map((entry) => {
    if (PLUGINS.some((name) => entry.includes(`dn: cn=${name},`))) {
      return (
        entry
          .replace('nsslapd-pluginenabled: off', 'nsslapd-pluginenabled: on')
          // The class it adds to members for their memberOf.
          .replace(
            'memberOfAttr: memberOf',
            'memberOfAttr: memberOf\nmemberOfAutoAddOC: nsMemberOf',
          )
      );
    }
    return !sevenBitCheck && entry.includes('dn: cn=7-bit check,')
      ? entry.replace('nsslapd-pluginenabled: on', 'nsslapd-pluginenabled: off')
      : entry;
  });
  return entries.join('\n\n');
}

/** The server's key and certificate in its own database, which has no password. */
async function makeKeyDatabase(folder: string): Promise<string> {
  const etc = path.join(folder, 'etc');
  const ca = await makeCertificate(folder);
  await run('certutil', ['-N', '-d', etc, '--empty-password']);
  const bundle = path.join(folder, 'server.p12');
  await run('openssl', [
    ...['pkcs12', '-export', '-name', 'Server-Cert', '-passout', 'pass:', '-out', bundle],
    ...['-in', path.join(folder, 'tls.crt'), '-inkey', path.join(folder, 'tls.key')],
  ]);
  await run('pk12util', ['-i', bundle, '-d', etc, '-W', '', '-K', '']);
  return ca;
}

/** A running server. Its clients' view is `url`, `bindDN`, `bindPassword`; the rest looks at it from outside. */
export class DirectoryServer389 {
  readonly bindDN = PROVISIONER;
  readonly bindPassword = PROVISIONER_PASSWORD;
  readonly baseDN = BASE;
  readonly userBaseDN = `ou=people,${BASE}`;
  readonly groupBaseDN = `ou=groups,${BASE}`;
  readonly url: string;
  readonly ldapsUrl: string;
  private child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    private readonly ports: readonly [plain: number, tls: number],
    /** PEM of the self-signed certificate, good for 127.0.0.1 and localhost. */
    readonly ca: string,
    private readonly removeFolder: () => void,
  ) {
    this.url = `ldap://127.0.0.1:${ports[0]}`;
    this.ldapsUrl = `ldaps://127.0.0.1:${ports[1]}`;
  }

  /** Starts a server that holds the base, `ou=people`, `ou=groups` and nobody in them. */
  static async start(options: DirectoryServer389Options = {}): Promise<DirectoryServer389> {
    const folder = temporaryFolder('ds-');
    for (const name of ['etc/schema', 'db', 'bak', 'ldif', 'lock', 'log', 'run', 'tmp', 'inst']) {
      mkdirSync(path.join(folder.path, name), { recursive: true, mode: 0o700 });
    }
    const packaged = ['config/slapd-collations.conf', 'config/certmap.conf', 'schema/99user.ldif'];
    for (const name of packaged.filter((one) => existsSync(path.join(CONFIGURATION, one)))) {
      const to = path.join(folder.path, 'etc', name.replace('config/', ''));
      copyFileSync(path.join(CONFIGURATION, name), to);
    }
    const ca = await makeKeyDatabase(folder.path);
    const ports = [await freePort(), await freePort()] as const;
    const dse = path.join(folder.path, 'etc/dse.ldif');
    writeFileSync(dse, configuration(folder.path, ports, options), { mode: 0o600 });
    const server = new DirectoryServer389(folder.path, ports, ca, folder.remove);
    await server.boot();
    await server.ldapmodify(SEED, ['-a']);
    return server;
  }

  private async boot(): Promise<void> {
    const program = [
      ...['/usr/sbin/ns-slapd', '-D', `${this.folder}/etc`],
      ...['-i', `${this.folder}/run/pid`, '-d', '0'],
    ];
    // setpriv has the kernel end it with the test process, however that ends.
    const [first = '', ...args] = existsSync(SETPRIV)
      ? [SETPRIV, '--pdeathsig', 'KILL', ...program]
      : program;
    const log = openSync(path.join(this.folder, 'log/stderr'), 'a');
    const child = spawn(first, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    // The port is open before the backend is.
    await until(
      '389 Directory Server',
      async () => {
        if (child.exitCode !== null) throw new Error(`ns-slapd ended:\n${this.errors()}`);
        return this.search('(objectClass=*)', ['1.1'], '', 'base').then(
          () => true,
          () => false,
        );
      },
      30_000,
      50,
    );
  }

  private errors(): string {
    const log = path.join(this.folder, 'log/errors');
    return existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : '';
  }

  private asManager(): string[] {
    return ['-x', '-H', this.url, '-D', MANAGER, '-w', MANAGER_PASSWORD];
  }

  /** Looks with ldapsearch as the server's own administrator. `attributes` may name operational ones. */
  async search(
    filter: string,
    attributes: readonly string[] = ['*'],
    base = BASE,
    scope: 'base' | 'sub' = 'sub',
  ): Promise<readonly LdifEntry[]> {
    const args = [...this.asManager(), '-LLL', '-o', 'ldif-wrap=no', '-s', scope, '-b', base];
    return parseLdif(await run('ldapsearch', [...args, filter, ...attributes]));
  }

  async count(filter: string, base = BASE): Promise<number> {
    return (await this.search(filter, ['1.1'], base)).length;
  }

  /** Whether a simple bind with this password succeeds; an inactivated account is refused as well. */
  async authenticates(dn: string, password: string): Promise<boolean> {
    return run('ldapwhoami', ['-x', '-H', this.url, '-D', dn, '-w', password]).then(
      () => true,
      (error: Error) => {
        if (/\((?:49|53)\)/.test(error.message)) return false;
        throw error;
      },
    );
  }

  /** How many connections clients hold to either port. */
  connections(): number {
    return connectionsTo(this.ports);
  }

  /** Applies LDIF change records as the server's own administrator. */
  async ldapmodify(ldif: string, options: readonly string[] = []): Promise<void> {
    await run('ldapmodify', [...this.asManager(), ...options], { input: ldif });
  }

  /** Ends the process and keeps the data. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.resume();
    if (this.child) await stopProcess(this.child, signal);
  }

  /** Starts it again on the same ports with the same data. */
  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    await this.boot();
  }

  /** Freezes the process: the kernel still accepts connections, nobody answers. */
  async pause(): Promise<void> {
    await freeze(this.child);
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends the process and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    this.removeFolder();
  }
}
