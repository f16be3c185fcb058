/** A private MariaDB server for tests: own folder, socket and loopback port, run as an unprivileged user. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import mysql from 'mysql2/promise';
import {
  findProgram,
  freePort,
  freeze,
  type Requirement,
  run,
  stopProcess,
  temporaryFolder,
  until,
} from './daemon';

export const MARIADB: Requirement = {
  program: 'mariadbd',
  package: 'mariadb-server',
  paths: ['/usr/sbin/mariadbd', '/usr/libexec/mariadbd', '/usr/local/bin/mariadbd'],
};

const INSTALLERS = ['/usr/bin/mariadb-install-db', '/usr/local/bin/mariadb-install-db'];

/** What differs from the default server. */
export interface MariadbOptions {
  /** Waits for the disk at every commit, as a real server does. Off unless wanted. */
  readonly durable?: boolean;
  /** More options of the server. */
  readonly options?: readonly string[];
  /** Character set and collation of the database, and so of tables made without one. */
  readonly collation?: string;
}

/** A running server with one empty database that `user` may do everything with. */
export interface Mariadb {
  readonly host: string;
  readonly port: number;
  readonly socket: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly folder: string;
  /** Runs one statement as the database's user. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs one statement as the server's administrator. */
  admin<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Runs a file of statements in the database, through the package's own client. */
  load(sql: string): Promise<void>;
  /** Ends the server at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
  /** Lets it accept connections and answer nothing. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** MariaDB refuses to run as root: as root, the package's own user is taken. */
function account(): Account {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'mysql'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

const ROOT_PASSWORD = 'mariadb-root-password';
const PASSWORD = 'mariadb-test-password';

/** Fresh data files are the same for every server: they are made once per process. */
let template: { readonly path: string; readonly remove: () => void } | undefined;

async function freshData(owner: Account): Promise<string> {
  if (!template) {
    const made = temporaryFolder('usher-my-');
    if (owner.uid !== undefined) chownSync(made.path, owner.uid, owner.gid ?? 0);
    const installer = INSTALLERS.find((file) => existsSync(file));
    if (!installer) throw new Error('mariadb-install-db is not installed');
    await run(
      installer,
      [
        '--no-defaults',
        `--datadir=${made.path}/data`,
        `--tmpdir=${made.path}`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        '--skip-name-resolve',
        '--innodb-log-file-size=4M',
        '--innodb-flush-method=nosync',
      ],
      { cwd: made.path, ...owner },
    );
    process.once('exit', () => made.remove());
    template = made;
  }
  return path.join(template.path, 'data');
}

function chownAll(folder: string, { uid, gid }: Account): void {
  if (uid !== undefined) execFileSync('chown', ['-R', `${uid}:${gid ?? 0}`, folder]);
}

async function connected<T>(
  config: mysql.ConnectionOptions,
  use: (client: mysql.Connection) => Promise<T>,
): Promise<T> {
  const client = await mysql.createConnection({ ...config, connectTimeout: 5_000 });
  client.on('error', () => undefined);
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

/** Starts a fresh server; ready when it answers queries. */
export async function startMariadb(options: MariadbOptions = {}): Promise<Mariadb> {
  const program = findProgram(MARIADB);
  if (!program) throw new Error(`${MARIADB.program} is not installed`);
  const owner = account();
  const pristine = await freshData(owner);
  const folder = temporaryFolder('usher-my-');
  const data = path.join(folder.path, 'data');
  mkdirSync(data);
  cpSync(pristine, data, { recursive: true });
  chownAll(folder.path, owner);
  chmodSync(folder.path, 0o755);
  const port = await freePort();
  const socket = path.join(folder.path, 'sock');
  const base = { host: '127.0.0.1', port, password: PASSWORD };
  const own = { ...base, user: 'usher', database: 'usher' };
  const superuser = { socketPath: socket, user: 'root', password: '' };
  let child: ChildProcess;

  const launch = async (): Promise<void> => {
    let log = '';
    child = spawn(
      program,
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--socket=${socket}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--pid-file=${path.join(folder.path, 'pid')}`,
        `--tmpdir=${folder.path}`,
        '--skip-name-resolve',
        '--innodb-buffer-pool-size=64M',
        '--innodb-log-file-size=4M',
        '--performance-schema=off',
        '--max-connections=40',
        ...(options.durable
          ? ['--innodb-flush-log-at-trx-commit=1']
          : // Written at every commit, so that it survives the process, but not waited for.
            ['--innodb-flush-log-at-trx-commit=2', '--innodb-flush-method=nosync']),
        ...(options.options ?? []),
      ],
      { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'], ...owner },
    );
    child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
    await until(
      'MariaDB answers',
      () => {
        if (child.exitCode !== null)
          throw new Error(`mariadbd ended with ${child.exitCode}:\n${log}`);
        return connected(superuser, (client) => client.query('SELECT 1')).then(
          () => true,
          () => false,
        );
      },
      60_000,
    );
  };
  const admin = async <Row>(sql: string): Promise<Row[]> =>
    connected(superuser, async (client) => (await client.query(sql))[0] as Row[]);

  await launch();
  await admin(
    `CREATE DATABASE usher CHARACTER SET utf8mb4 ${options.collation ? `COLLATE ${options.collation}` : ''}`,
  );
  await admin(`CREATE USER 'usher'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'`);
  await admin(`CREATE USER 'usher'@'localhost' IDENTIFIED BY '${PASSWORD}'`);
  await admin("GRANT ALL ON usher.* TO 'usher'@'127.0.0.1'");
  await admin("GRANT ALL ON usher.* TO 'usher'@'localhost'");
  await admin(`ALTER USER 'root'@'localhost' IDENTIFIED BY '${ROOT_PASSWORD}'`);
  superuser.password = ROOT_PASSWORD;
  return {
    ...own,
    socket,
    folder: folder.path,
    query: <Row>(sql: string, values: readonly unknown[] = []) =>
      connected(
        own,
        async (client) => (await client.execute(sql, [...values] as never[]))[0] as Row[],
      ),
    admin,
    load: async (sql) => {
      await run(
        '/usr/bin/mariadb',
        ['--no-defaults', `--socket=${socket}`, '-uusher', `-p${PASSWORD}`, 'usher'],
        { input: sql },
      );
    },
    kill: () => stopProcess(child, 'SIGKILL'),
    pause: () => freeze(child),
    resume: () => void child.kill('SIGCONT'),
    restart: async () => {
      await stopProcess(child, 'SIGKILL');
      await launch();
    },
    stop: async () => {
      child.kill('SIGCONT');
      await stopProcess(child, 'SIGKILL');
      folder.remove();
    },
  };
}
