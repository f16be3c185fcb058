import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { serverKey } from './keyspace';
import { type Snapshot, type Store } from './store';

/** Limit of the operating system for the path of a Unix socket, with some room. */
const SOCKET_PATH_LIMIT = 100;
const SOCKET_PREFIX = 'mongo-';
const TEMPORARY_PREFIX = 'usher-mongo-';

/** Another process (or another server of this process) has the data directory open. */
export class DataDirectoryLockedError extends Error {
  override readonly name = 'DataDirectoryLockedError';
}

function lockedBy(directory: string, pid: number): DataDirectoryLockedError {
  return new DataDirectoryLockedError(
    `The data directory ${directory} is in use by process ${pid}. Stop that process first, ` +
      'or give this one a data directory of its own.',
  );
}

/** Who holds a data directory. Stored inside the database, where changing it is atomic. */
interface LockRecord {
  readonly owner: string;
  readonly pid: number;
  /** Tells a process from a later one with the same pid; empty where that is not known. */
  readonly born: string;
  readonly socket: string;
}

/** The data directory, created when missing, readable by this user only. */
export function prepareDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const directory = realpathSync(path);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return directory;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(
      `The data directory ${path} cannot be written (${reason}). The embedded store keeps its ` +
        'files there: give this user write access to it, or choose another data directory.',
      { cause: error },
    );
  }
}

/** A path for a new socket, in the data directory if that is short enough. */
export function newSocketPath(directory: string): string {
  const name = `${SOCKET_PREFIX}${randomBytes(4).toString('hex')}.sock`;
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= SOCKET_PATH_LIMIT) return path;
  return join(mkdtempSync(join(tmpdir(), TEMPORARY_PREFIX)), 'm.sock');
}

/** A URI the official driver connects to. */
export function socketUri(path: string): string {
  return `mongodb://${encodeURIComponent(path)}/?directConnection=true`;
}

/** Removes a socket and, when it had a temporary directory of its own, that directory. */
export function removeSocket(path: string): void {
  const parent = dirname(path);
  if (basename(parent).startsWith(TEMPORARY_PREFIX))
    rmSync(parent, { recursive: true, force: true });
  else rmSync(path, { force: true });
}

/** When a process started, in the kernel's own words; empty when that cannot be found out. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The process name in parentheses may contain anything, so count fields after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function tryConnect(path: string): Promise<'accepted' | 'refused' | 'unknown'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('accepted');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'unknown');
    });
  });
}

/**
 * The kernel closes a listening socket when its process ends, however it ends, so the socket tells
 * whether the holder lives. Only when the socket file is gone does the process id decide.
 */
async function isAlive(record: LockRecord): Promise<boolean> {
  const answer = await tryConnect(record.socket);
  if (answer !== 'unknown') return answer === 'accepted';
  if (!processExists(record.pid)) return false;
  const born = birthOf(record.pid);
  return born === '' || record.born === '' || born === record.born;
}

function readLock(snapshot: Snapshot): LockRecord | undefined {
  const bytes = snapshot.get(serverKey('lock'));
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as LockRecord);
}

/** The living process that has the data directory open, if there is one. */
export async function findHolder(
  store: Store,
): Promise<{ readonly pid: number; readonly socket: string } | undefined> {
  const record = store.read(readLock);
  return record !== undefined && (await isAlive(record)) ? record : undefined;
}

/** Removes the record of the holder, which a copy of a database has no use for. */
export function forgetHolder(store: Store): void {
  store.write((transaction) => transaction.remove(serverKey('lock')));
}

/**
 * The exclusive right to use a data directory. The record that says who holds it is replaced in a
 * write transaction of LMDB, of which there is only one at a time among all processes; so of two
 * processes that find a dead holder, one takes over and the other sees the first.
 */
export class DirectoryLock {
  private constructor(
    private readonly store: Store,
    private readonly record: LockRecord,
  ) {}

  /** The socket must already be listening, so that this holder looks alive from the start. */
  static async acquire(store: Store, directory: string, socket: string): Promise<DirectoryLock> {
    const own: LockRecord = {
      owner: randomBytes(12).toString('hex'),
      pid: process.pid,
      born: birthOf(process.pid),
      socket,
    };
    for (;;) {
      const holder = store.read(readLock);
      if (holder !== undefined && (await isAlive(holder))) {
        throw lockedBy(directory, holder.pid);
      }
      const taken = store.write((transaction) => {
        if (readLock(transaction)?.owner !== holder?.owner) return false;
        transaction.put(serverKey('lock'), Buffer.from(JSON.stringify(own)));
        return true;
      });
      if (!taken) continue;
      removeLeftovers(directory, socket, holder);
      return new DirectoryLock(store, own);
    }
  }

  /** On a full disk this cannot be written; then the closed socket tells that nobody holds it. */
  release(): void {
    try {
      this.store.write((transaction) => {
        if (readLock(transaction)?.owner === this.record.owner) {
          transaction.remove(serverKey('lock'));
        }
      });
    } catch {
      return;
    }
  }
}

/** Sockets of holders that were killed. */
function removeLeftovers(directory: string, own: string, dead: LockRecord | undefined): void {
  if (dead !== undefined) removeSocket(dead.socket);
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name.startsWith(SOCKET_PREFIX) && name.endsWith('.sock') && path !== own) {
      rmSync(path, { force: true });
    }
  }
}
