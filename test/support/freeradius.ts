/**
 * A private FreeRADIUS for tests: own folder, own loopback port. The `sql` module and the policy are the ones shipped in
 * connectors/radius/freeradius with the place of the database put in; the queries are the package's own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findProgram, type Requirement, run, stopProcess, temporaryFolder, until } from './daemon';

export const FREERADIUS: Requirement = {
  program: 'freeradius',
  package: 'freeradius freeradius-mysql freeradius-postgresql freeradius-utils',
  paths: ['/usr/sbin/freeradius', '/usr/sbin/radiusd'],
};

export const RADCLIENT: Requirement = {
  program: 'radclient',
  package: 'freeradius-utils',
  paths: ['/usr/bin/radclient'],
};

/** Where the profiles are: an SQLite file, or what `startPostgres` or `startMariadb` answers. */
export type RadiusDatabase =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgresql' | 'mysql';
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: string;
    };

/** What differs from a server that finds profile and password in the database. */
export interface FreeradiusOptions {
  readonly database: RadiusDatabase;
  /** Passwords the server knows by itself, by user name: the profile then need not hold one. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** A password every user has. */
  readonly defaultPassword?: string;
  /** Sends every password check to another server and looks at the profile in post-auth, by the shipped policy. */
  readonly proxyTo?: { readonly port: number; readonly secret: string };
  /** Leaves the shipped policy out of post-auth: shows what happens without it. */
  readonly withoutPolicy?: boolean;
}

/** The server's answer to one Access-Request. */
export interface RadiusAnswer {
  readonly code: 'Access-Accept' | 'Access-Reject';
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** A running server. */
export interface Freeradius {
  readonly port: number;
  readonly secret: string;
  /** One PAP login; fails when the server gives no answer. `request` adds attributes, in radclient's notation. */
  authenticate(user: string, password: string, request?: readonly string[]): Promise<RadiusAnswer>;
  /** Many logins, a few at a time: how many were accepted, rejected and lost. */
  load(
    logins: readonly { readonly user: string; readonly password: string }[],
    parallel?: number,
  ): Promise<{ accepted: number; rejected: number; lost: number }>;
  /** Ends in what the server has logged. */
  log(): string;
  stop(): Promise<void>;
}

const SECRET = 'testing123';
const STOCK = '/etc/freeradius/3.0';
const SHIPPED = path.join(__dirname, '../../connectors/radius/freeradius');

/** Single quotes: nothing is expanded inside. */
function single(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function shipped(name: string): string {
  return readFileSync(path.join(SHIPPED, name), 'utf8');
}

function sqlModule(database: RadiusDatabase): string {
  if (database.kind === 'sqlite') {
    return shipped('sql-sqlite.conf').replace('/var/lib/usher/radius.db', () => database.file);
  }
  const { host, port, database: name, user, password } = database;
  if (database.kind === 'mysql') {
    const values = { server: host, port, login: user, password, radius_db: name };
    return Object.entries(values).reduce(
      (text, [key, value]) =>
        text.replace(new RegExp(`^\\t${key} = .*$`, 'm'), () => `\t${key} = "${value}"`),
      shipped('sql-mysql.conf'),
    );
  }
  return shipped('sql-postgresql.conf').replace(
    /^\tradius_db = .*$/m,
    () =>
      `\tradius_db = "host=${host} port=${port} dbname=${name} user=${user} password=${password}"`,
  );
}

/** Behind a proxy the profile is read after the other server has answered, otherwise before the password is checked. */
function authorize(options: FreeradiusOptions): string {
  if (options.proxyTo) {
    return "    update control {\n      Proxy-To-Realm := 'upstream'\n    }";
  }
  const given = Object.entries(options.passwords ?? {}).map(
    ([user, password]) =>
      `    if (&User-Name == ${single(user)}) {\n      update control {\n        Cleartext-Password := ${single(password)}\n      }\n    }`,
  );
  if (options.defaultPassword !== undefined) {
    given.push(
      `    update control {\n      Cleartext-Password := ${single(options.defaultPassword)}\n    }`,
    );
  }
  return ['    sql', ...given, '    pap'].join('\n');
}

function proxySection(options: FreeradiusOptions): string {
  if (!options.proxyTo) return 'proxy_requests = no';
  return `proxy_requests = yes
proxy server {
  default_fallback = no
}
home_server upstream {
  type = auth
  ipaddr = 127.0.0.1
  src_ipaddr = 127.0.0.1
  port = ${options.proxyTo.port}
  secret = ${options.proxyTo.secret}
  response_window = 3
  zombie_period = 5
  status_check = none
}
home_server_pool upstream {
  type = fail-over
  home_server = upstream
}
realm upstream {
  auth_pool = upstream
  nostrip
}`;
}

function mainConfiguration(folder: string, port: number, options: FreeradiusOptions): string {
  const postAuth = options.proxyTo && !options.withoutPolicy ? '    usher_post_auth' : '';
  return `prefix = /usr
raddbdir = ${folder}
confdir = ${folder}
modconfdir = ${STOCK}/mods-config
localstatedir = ${folder}
run_dir = ${folder}
logdir = ${folder}
db_dir = ${folder}
libdir = /usr/lib/freeradius
pidfile = ${folder}/radiusd.pid
max_request_time = 10
cleanup_delay = 2
max_requests = 16384
hostname_lookups = no
log {
  destination = stdout
  auth = no
}
security {
  max_attributes = 200
  reject_delay = 0
  status_server = no
}
${proxySection(options)}
thread pool {
  start_servers = 4
  max_servers = 8
  min_spare_servers = 2
  max_spare_servers = 6
  max_requests_per_server = 0
  auto_limit_acct = no
}
client test {
  ipaddr = 127.0.0.1
  secret = ${SECRET}
  shortname = test
}
modules {
  pap {
  }
  always reject {
    rcode = reject
  }
  expr {
  }
  # The stock configuration loads it, and with it a value in back-quotes is a command: the encoders are tested against that.
  exec {
    wait = yes
    input_pairs = request
    shell_escape = yes
    timeout = 5
  }
  attr_filter attr_filter.access_reject {
    key = "%{User-Name}"
    filename = ${STOCK}/mods-config/attr_filter/access_reject
  }
  $INCLUDE ${folder}/sql.conf
}
policy {
  $INCLUDE ${folder}/policy.conf
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
${authorize(options)}
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
  post-auth {
${postAuth}
    Post-Auth-Type REJECT {
      usher_post_auth_reject
    }
  }
}
`;
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.on('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** A string as radclient reads it between double quotes. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A string as radclient prints it between double quotes. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const bytes = Buffer.from(text.slice(1, -1)).toString('latin1');
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  const raw = bytes.replace(/\\([0-7]{3}|.)/g, (_all, code: string) =>
    code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : (named[code] ?? code),
  );
  return Buffer.from(raw, 'latin1').toString('utf8');
}

function parseAnswer(output: string): RadiusAnswer {
  const received = output.slice(output.indexOf('Received '));
  const code = /^Received (Access-\w+)/.exec(received)?.[1];
  if (code !== 'Access-Accept' && code !== 'Access-Reject') {
    throw new Error(`no answer from FreeRADIUS:\n${output}`);
  }
  const attributes: Record<string, string[]> = {};
  for (const match of received.matchAll(/^\t(\S+) = (.*)$/gm)) {
    (attributes[match[1] as string] ??= []).push(unquoted(match[2] as string));
  }
  return { code, attributes };
}

/** radclient ends with 1 for a reject too, so its output is looked at instead. */
async function radclient(args: readonly string[], input: string): Promise<string> {
  const program = findProgram(RADCLIENT);
  if (!program) throw new Error(`${RADCLIENT.program} is not installed`);
  return run(program, args, { input }).catch((error: Error) => error.message);
}

function login(user: string, password: string, more: readonly string[] = []): string {
  return [`User-Name = ${quoted(user)}`, `User-Password = ${quoted(password)}`, ...more].join(', ');
}

/** Starts a server; ready when it processes requests. The database must exist, its tables need not. */
export async function startFreeradius(options: FreeradiusOptions): Promise<Freeradius> {
  const program = findProgram(FREERADIUS);
  if (!program) throw new Error(`${FREERADIUS.program} is not installed`);
  const folder = temporaryFolder('usher-radius-');
  const port = await freeUdpPort();
  mkdirSync(path.join(folder.path, 'tmp'));
  writeFileSync(
    path.join(folder.path, 'dictionary'),
    '$INCLUDE /usr/share/freeradius/dictionary\n',
  );
  writeFileSync(path.join(folder.path, 'sql.conf'), sqlModule(options.database));
  writeFileSync(path.join(folder.path, 'policy.conf'), shipped('policy.conf'));
  writeFileSync(
    path.join(folder.path, 'radiusd.conf'),
    mainConfiguration(folder.path, port, options),
  );

  let log = '';
  const child: ChildProcess = spawn(
    program,
    ['-d', folder.path, '-n', 'radiusd', '-f', '-l', 'stdout'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-20_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  await until('FreeRADIUS is ready', () => {
    if (child.exitCode !== null)
      throw new Error(`freeradius ended with ${child.exitCode}:\n${log}`);
    return log.includes('Ready to process requests');
  });

  const server = `127.0.0.1:${port}`;
  return {
    port,
    secret: SECRET,
    authenticate: async (user, password, request) =>
      parseAnswer(
        await radclient(
          ['-t', '4', '-r', '2', '-x', server, 'auth', SECRET],
          `${login(user, password, request)}\n`,
        ),
      ),
    load: async (logins, parallel = 8) => {
      const input = logins.map(({ user, password }) => `${login(user, password)}\n\n`).join('');
      const args = [
        '-q',
        '-s',
        '-t',
        '4',
        '-r',
        '2',
        '-p',
        String(parallel),
        server,
        'auth',
        SECRET,
      ];
      const output = await radclient(args, input);
      const count = (name: string): number => {
        const found = new RegExp(`${name}\\s*:\\s*(\\d+)`).exec(output)?.[1];
        if (found === undefined) throw new Error(`no summary from radclient:\n${output}`);
        return Number(found);
      };
      return {
        accepted: count('Accepted'),
        rejected: count('Rejected'),
        lost: count('Lost'),
      };
    },
    log: () => log,
    stop: async () => {
      await stopProcess(child);
      folder.remove();
    },
  };
}
