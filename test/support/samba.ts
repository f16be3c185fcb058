/**
 * A private Active Directory domain controller for tests: Samba, LDAP alone, on a loopback address of its own, for its
 * ports are fixed. Nothing in /etc is read or written.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  connectionsTo,
  freeze,
  type Requirement,
  run,
  stopProcess,
  temporaryFolder,
  until,
} from './daemon';
import { type LdifEntry, parseLdif } from './slapd';

/** The daemon, what provisions its domain, and the right to its ports. */
export const SAMBA: readonly Requirement[] = [
  {
    program: 'samba',
    package:
      'samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba ldap-utils',
    paths: ['/usr/sbin/samba'],
  },
  {
    program: 'the setup files of Samba',
    package: 'samba-ad-provision',
    paths: ['/usr/share/samba/setup/provision.ldif'],
  },
  {
    program: 'the rights of root',
    package: '(none; run the tests as root)',
    paths: process.getuid?.() === 0 ? ['/'] : [],
  },
];

const REALM = 'ad.example.test';
const BASE = 'DC=ad,DC=example,DC=test';
const PEOPLE = `OU=People,${BASE}`;
const GROUPS = `OU=Groups,${BASE}`;
const PROVISIONER = `usher@${REALM}`;
const PROVISIONER_PASSWORD = 'Prov-Pässw0rd!';
const READER = `reader@${REALM}`;
const READER_PASSWORD = 'Reader-Passw0rd!';
const ADMINISTRATOR = `Administrator@${REALM}`;
const ADMINISTRATOR_PASSWORD = 'Adm1n-Passw0rd!';
const SETPRIV = '/usr/bin/setpriv';

/** A domain is provisioned in seconds, so that one is kept and copied; passwords in it expire after 42 days. */
const SEED_LIFETIME_MS = 24 * 3600 * 1000;

/** A running domain controller, as its clients see it and from outside. */
export interface Samba {
  readonly url: string;
  /** Where a simple bind is refused. */
  readonly plainUrl: string;
  readonly address: string;
  /** PEM of the self-signed certificate for the address. */
  readonly ca: string;
  /** Has full control of the two organizational units, and no other rights. */
  readonly bindDN: string;
  readonly bindPassword: string;
  /** May read everything and write nothing. */
  readonly readerDN: string;
  readonly readerPassword: string;
  readonly baseDN: string;
  readonly userBaseDN: string;
  readonly groupBaseDN: string;
  /** Looks with ldapsearch as the domain's administrator. */
  search(
    filter: string,
    attributes?: readonly string[],
    base?: string,
  ): Promise<readonly LdifEntry[]>;
  count(filter: string, base?: string): Promise<number>;
  /** Applies LDIF change records as the domain's administrator. */
  ldapmodify(ldif: string): Promise<void>;
  /** What a simple bind with this password is answered: `ok`, or the `data` code of the refusal. */
  signIn(name: string, password: string): Promise<string>;
  connections(): number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

async function makeCertificate(folder: string, address: string): Promise<string> {
  const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  await run('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30'.split(' '),
    ...['-subj', `/CN=dc1.${REALM}`, '-addext', `subjectAltName=DNS:dc1.${REALM},IP:${address}`],
    ...['-keyout', key, '-out', certificate],
  ]);
  copyFileSync(certificate, path.join(folder, 'ca.pem'));
  return readFileSync(certificate, 'utf8');
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(636, address, () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** An address in 127.0.0.0/8 on whose LDAP ports nobody listens. */
async function freeAddress(): Promise<string> {
  for (;;) {
    const [second, third] = [1, 2].map(() => 1 + Math.floor(Math.random() * 254));
    const address = `127.${second}.${third}.1`;
    if (!(await answers(address))) return address;
  }
}

class PrivateSamba implements Samba {
  readonly url: string;
  readonly plainUrl: string;
  readonly bindDN = PROVISIONER;
  readonly bindPassword = PROVISIONER_PASSWORD;
  readonly readerDN = READER;
  readonly readerPassword = READER_PASSWORD;
  readonly baseDN = BASE;
  readonly userBaseDN = PEOPLE;
  readonly groupBaseDN = GROUPS;
  private child: ChildProcess | undefined;

  constructor(
    private readonly folder: string,
    readonly address: string,
    readonly ca: string,
    private readonly removeFolder: () => void,
  ) {
    this.url = `ldaps://${address}`;
    this.plainUrl = `ldap://${address}`;
  }

  async boot(): Promise<void> {
    const { folder, address } = this;
    const options = [
      'server services = ldap',
      `interfaces = ${address}/8`,
      'bind interfaces only = yes',
      `pid directory = ${folder}/run`,
      `ncalrpc dir = ${folder}/ncalrpc`,
      `log file = ${folder}/log.samba`,
      'ldap server require strong auth = allow_sasl_over_tls',
    ];
    const samba = [
      ...['/usr/sbin/samba', '-i', '-M', 'single', '--debuglevel=0'],
      ...['-s', path.join(folder, 'etc/smb.conf')],
      ...options.map((option) => `--option=${option}`),
    ];
    const guarded = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...samba] : samba;
    const log = openSync(path.join(folder, 'out'), 'a');
    const [program = '', ...args] = guarded;
    // It ends when its standard input does.
    const child = spawn(program, args, { stdio: ['pipe', log, log] });
    this.child = child;
    closeSync(log);
    await until(
      'the domain controller',
      () => {
        if (child.exitCode !== null) {
          throw new Error(`samba ended: ${readFileSync(path.join(folder, 'out'), 'utf8')}`);
        }
        return answers(address);
      },
      60_000,
    );
  }

  private async client(
    program: string,
    args: readonly string[],
    input?: string,
    [name, password]: readonly [string, string] = [ADMINISTRATOR, ADMINISTRATOR_PASSWORD],
  ): Promise<string> {
    const bind = ['-x', '-H', this.url, '-D', name, '-w', password];
    const env = {
      ...process.env,
      LDAPTLS_CACERT: path.join(this.folder, 'private/tls/ca.pem'),
      LDAPNOINIT: undefined,
    };
    if (input !== undefined) return run(program, [...bind, ...args], { input, env });
    const options = { maxBuffer: 1 << 28, env };
    return (await promisify(execFile)(program, [...bind, ...args], options)).stdout;
  }

  async search(
    filter: string,
    attributes: readonly string[] = ['*'],
    base = BASE,
  ): Promise<readonly LdifEntry[]> {
    const args = ['-LLL', '-o', 'ldif-wrap=no', '-E', 'pr=500/noprompt', '-b', base, filter];
    return parseLdif(await this.client('ldapsearch', [...args, ...attributes]));
  }

  async count(filter: string, base = BASE): Promise<number> {
    return (await this.search(filter, ['cn'], base)).length;
  }

  async ldapmodify(ldif: string): Promise<void> {
    await this.client('ldapmodify', [], ldif);
  }

  signIn(name: string, password: string): Promise<string> {
    const base = ['-LLL', '-b', BASE, '-s', 'base', '1.1'];
    return this.client('ldapsearch', base, undefined, [name, password]).then(
      () => 'ok',
      (error: Error) => {
        const data = /, data ([0-9a-f]+),/.exec(error.message)?.[1];
        if (data !== undefined) return data;
        throw error;
      },
    );
  }

  connections(): number {
    return connectionsTo([636, 389], this.address);
  }

  async kill(): Promise<void> {
    if (this.child) await stopProcess(this.child, 'SIGKILL');
  }

  async restart(): Promise<void> {
    this.resume();
    await this.kill();
    await this.boot();
  }

  async pause(): Promise<void> {
    await freeze(this.child);
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
    this.removeFolder();
  }
}

/** Makes a copy of the domain its own: the configuration holds absolute paths, the certificate an address. */
async function inFolder(folder: string, from: string, remove: () => void): Promise<PrivateSamba> {
  const file = path.join(folder, 'etc/smb.conf');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from, folder));
  for (const name of ['run', 'ncalrpc']) mkdirSync(path.join(folder, name), { recursive: true });
  const tls = path.join(folder, 'private/tls');
  mkdirSync(tls, { recursive: true });
  const address = await freeAddress();
  const server = new PrivateSamba(folder, address, await makeCertificate(tls, address), remove);
  await server.boot();
  return server;
}

function person(name: string, password: string): string {
  const unicodePwd = Buffer.from(`"${password}"`, 'utf16le').toString('base64');
  return `dn: CN=${name},CN=Users,${BASE}
changetype: add
objectClass: user
cn: ${name}
sAMAccountName: ${name}
userPrincipalName: ${name}@${REALM}
userAccountControl: 66048
unicodePwd:: ${unicodePwd}
`;
}

/** A domain with two organizational units, and an account that was given control of them. */
async function provision(folder: string): Promise<void> {
  const domain = path.join(folder, 'domain');
  const empty = path.join(folder, 'empty.conf');
  // Given explicitly, so that /etc/samba/smb.conf stays out of it.
  writeFileSync(empty, '[global]\n');
  await run('samba-tool', [
    ...['domain', 'provision', `--configfile=${empty}`, `--targetdir=${domain}`],
    ...[`--realm=${REALM.toUpperCase()}`, '--domain=ADTEST', '--server-role=dc'],
    ...['--dns-backend=NONE', '--host-name=dc1', '--host-ip=127.0.0.1'],
    ...[`--adminpass=${ADMINISTRATOR_PASSWORD}`, '--option=interfaces=127.0.0.1/8'],
    '--option=bind interfaces only=yes',
  ]);
  const server = await inFolder(domain, domain, () => undefined);
  try {
    const unit = (dn: string): string =>
      `dn: ${dn}\nchangetype: add\nobjectClass: organizationalUnit\n`;
    await server.ldapmodify(
      [
        ...[unit(PEOPLE), unit(GROUPS)],
        ...[person('usher', PROVISIONER_PASSWORD), person('reader', READER_PASSWORD)],
      ].join('\n'),
    );
  } finally {
    await server.kill();
  }
  const tool = (...args: readonly string[]): Promise<string> =>
    run('samba-tool', [
      ...args,
      `--configfile=${domain}/etc/smb.conf`,
      `--URL=${domain}/private/sam.ldb`,
    ]);
  const shown = await tool('user', 'show', 'usher', '--attributes=objectSid');
  const sid = /S-1-5-[\d-]+/.exec(shown)?.[0] ?? '';
  for (const dn of [PEOPLE, GROUPS]) {
    await tool('dsacl', 'set', `--objectdn=${dn}`, `--sddl=(A;CI;GA;;;${sid})`);
  }
}

/** The folder of a provisioned domain, made by the first who wants it and kept for other runs. */
async function seed(): Promise<string> {
  const kept = `/var/tmp/usher-samba-seed-${process.getuid?.() ?? 0}`;
  const isFresh = (): boolean =>
    existsSync(kept) && Date.now() - statSync(kept).mtimeMs < SEED_LIFETIME_MS;
  if (isFresh()) return kept;
  const folder = temporaryFolder('smb-seed-');
  await provision(folder.path);
  const made = `${kept}-${process.pid}`;
  await run('cp', ['-a', folder.path, made]);
  folder.remove();
  rmSync(kept, { recursive: true, force: true });
  try {
    renameSync(made, kept);
  } catch (error) {
    // Another suite was faster.
    rmSync(made, { recursive: true, force: true });
    if (!isFresh()) throw error;
  }
  return kept;
}

/** Starts a domain controller with nobody in its two organizational units. */
export async function startSamba(): Promise<Samba> {
  const kept = await seed();
  const folder = temporaryFolder('smb-');
  await run('cp', ['-a', `${kept}/domain/.`, folder.path]);
  const configuration = readFileSync(path.join(folder.path, 'etc/smb.conf'), 'utf8');
  const from = /lock directory = (.*)/.exec(configuration)?.[1] ?? '';
  return inFolder(folder.path, from, folder.remove);
}
