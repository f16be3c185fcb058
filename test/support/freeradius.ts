/**
 * A private FreeRADIUS for tests: own folder, own loopback port. The modules and policies are the ones shipped in
 * connectors/radius/freeradius with addresses and secrets put in; the queries are the package's own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type RadiusDatabase,
  shippedModule,
  shippedPolicy,
  type ShippedModule,
} from './freeradius-modules';
import { parseAnswer, quoted, type RadiusAnswer } from './radclient-text';
import { findProgram, type Requirement, run, stopProcess, temporaryFolder, until } from './daemon';

export const FREERADIUS: Requirement = {
  program: 'freeradius',
  package: 'freeradius freeradius-mysql freeradius-postgresql freeradius-rest freeradius-utils',
  paths: ['/usr/sbin/freeradius', '/usr/sbin/radiusd'],
};

export const RADCLIENT: Requirement = {
  program: 'radclient',
  package: 'freeradius-utils',
  paths: ['/usr/bin/radclient'],
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
  /** A realm whose users are this server's own: their names are looked up without it. */
  readonly realm?: string;
  /** Leaves the shipped policy out of post-auth: shows what happens without it. */
  readonly withoutPolicy?: boolean;
  /** The port, when it has to be known before the server runs. */
  readonly port?: number;
  /** Answers Disconnect-Requests on this port: with ACK for users of that name, with NAK and this Error-Cause for others. */
  readonly disconnect?: { readonly port: number; readonly user: string; readonly cause: string };
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

/** Single quotes: nothing is expanded inside. */
function single(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Behind a proxy the profile is read after the other server has answered, otherwise before the password is checked. */
function authorize(options: FreeradiusOptions, { name, before }: ShippedModule): string {
  const first = [...before, ...(options.realm === undefined ? [] : ['suffix'])].map(
    (module) => `    ${module}`,
  );
  if (options.proxyTo) {
    return [...first, "    update control {\n      Proxy-To-Realm := 'upstream'\n    }"].join('\n');
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
  return [...first, `    ${name}`, ...given, '    expiration', '    pap'].join('\n');
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

function realmSection({ realm }: FreeradiusOptions): string {
  return realm === undefined ? '' : `realm ${realm} {\n}`;
}

function disconnectServer({ disconnect }: FreeradiusOptions): string {
  if (!disconnect) return '';
  return `server disconnect {
  listen {
    type = coa
    ipaddr = 127.0.0.1
    port = ${disconnect.port}
  }
  recv-coa {
    if (&User-Name == ${single(disconnect.user)}) {
      ok
    }
    else {
      update reply {
        Error-Cause := ${disconnect.cause}
      }
      reject
    }
  }
  send-coa {
    ok
  }
}`;
}

function mainConfiguration(
  folder: string,
  port: number,
  options: FreeradiusOptions,
  shipped: ShippedModule,
): string {
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
${realmSection(options)}
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
  always ok {
    rcode = ok
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
  expiration {
  }
  realm suffix {
    format = suffix
    delimiter = "@"
  }
  $INCLUDE ${folder}/module.conf
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
${authorize(options, shipped)}
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
${shipped.server}
${disconnectServer(options)}
`;
}

/** A loopback UDP port that was free a moment ago. */
export function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.on('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
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

export type { RadiusDatabase } from './freeradius-modules';
export type { RadiusAnswer } from './radclient-text';

/** Starts a server; ready when it processes requests. The database must exist, its tables need not. */
export async function startFreeradius(options: FreeradiusOptions): Promise<Freeradius> {
  const program = findProgram(FREERADIUS);
  if (!program) throw new Error(`${FREERADIUS.program} is not installed`);
  const folder = temporaryFolder('usher-radius-');
  const port = options.port ?? (await freeUdpPort());
  const shipped = shippedModule(options.database);
  mkdirSync(path.join(folder.path, 'tmp'));
  writeFileSync(
    path.join(folder.path, 'dictionary'),
    '$INCLUDE /usr/share/freeradius/dictionary\n',
  );
  writeFileSync(path.join(folder.path, 'module.conf'), shipped.module);
  writeFileSync(path.join(folder.path, 'policy.conf'), shippedPolicy(options.database));
  writeFileSync(
    path.join(folder.path, 'radiusd.conf'),
    mainConfiguration(folder.path, port, options, shipped),
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
