/** A private PostgreSQL cluster for tests: own folder, own loopback port, run as an unprivileged user. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import {
  findProgram,
  freePort,
  type Requirement,
  run,
  stopProcess,
  temporaryFolder,
  until,
} from './daemon';

const VERSIONS = [18, 17, 16, 15, 14, 13];

export const POSTGRES: Requirement = {
  program: 'postgres',
  package: 'postgresql',
  paths: [
    ...VERSIONS.map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
    '/usr/local/bin/postgres',
    '/usr/bin/postgres',
  ],
};

/** What differs from the default cluster. */
export interface PostgresOptions {
  /** Waits for the disk at every commit, as a real server does. Off unless wanted. */
  readonly durable?: boolean;
}

/** A running cluster with one empty database, owned by `user`. */
export interface Postgres {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly folder: string;
  /** Runs one statement as the database's owner. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs one statement as the superuser. */
  admin(sql: string): Promise<void>;
  /** Ends every process of the server at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
  /** Lets it accept connections and answer nothing. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: as root, the package's own user is taken. */
function account(): Account {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** The postmaster and its children: each is a session of its own, so that one signal does not reach them all. */
function family(pid: number): number[] {
  const list = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ') : [];
  return [pid, ...children.filter((child) => child !== '').map(Number)];
}

/** Ended, whether or not anybody has taken notice. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const member of family(pid)) {
    try {
      process.kill(member, signal);
    } catch {
      // A child that ended by itself.
    }
  }
}

async function connected<T>(
  config: pg.ClientConfig,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Starts a fresh cluster; ready when it answers queries. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const program = findProgram(POSTGRES);
  if (!program) throw new Error(`${POSTGRES.program} is not installed`);
  const folder = temporaryFolder('usher-pg-');
  const owner = account();
  if (owner.uid !== undefined) chownSync(folder.path, owner.uid, owner.gid ?? 0);
  const port = await freePort();
  const password = 'postgres-test-password';
  const passwordFile = path.join(folder.path, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner.uid !== undefined) chownSync(passwordFile, owner.uid, owner.gid ?? 0);
  const data = path.join(folder.path, 'data');
  await run(
    path.join(path.dirname(program), 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { cwd: folder.path, ...owner },
  );
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder.path}`,
    `fsync=${options.durable ? 'on' : 'off'}`,
    'max_connections=40',
  ];
  const base = { host: '127.0.0.1', port, password };
  const superuser = { ...base, user: 'postgres', database: 'postgres' };
  const own = { ...base, user: 'usher', database: 'usher' };
  let child: ChildProcess;

  const launch = async (): Promise<void> => {
    let log = '';
    child = spawn(program, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      cwd: folder.path,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...owner,
    });
    child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
    await until('PostgreSQL answers', () => {
      if (child.exitCode !== null)
        throw new Error(`postgres ended with ${child.exitCode}:\n${log}`);
      return connected(superuser, (client) => client.query('SELECT 1')).then(
        () => true,
        () => false,
      );
    });
  };
  const admin = async (sql: string): Promise<void> => {
    await connected(superuser, (client) => client.query(sql));
  };

  await launch();
  await admin(`CREATE ROLE usher LOGIN PASSWORD '${password}'`);
  await admin('CREATE DATABASE usher OWNER usher');
  return {
    ...own,
    folder: folder.path,
    query: <Row>(sql: string, values: readonly unknown[] = []) =>
      connected(own, async (client) => (await client.query(sql, [...values])).rows as Row[]),
    admin,
    kill: async () => {
      const pids = family(child.pid as number);
      signalAll(child.pid as number, 'SIGKILL');
      await stopProcess(child, 'SIGKILL');
      await until('every process is gone', () => pids.every(isGone));
    },
    pause: () => signalAll(child.pid as number, 'SIGSTOP'),
    resume: () => signalAll(child.pid as number, 'SIGCONT'),
    restart: async () => {
      await stopProcess(child, 'SIGINT');
      await launch();
    },
    stop: async () => {
      await stopProcess(child, 'SIGINT');
      folder.remove();
    },
  };
}
