/** The users file on disk: one writer at a time on this machine, and every change is one rename. */
import { randomBytes } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Libsql from 'libsql';
import { ConnectorError } from '../../spi';

const POLL_MS = 20;
/** How long another process may write before the call gives up. */
const BUSY_MS = 5_000;

/** What tells whether a file is still the one that was read. */
export type Identity = string;

function failed(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isRight = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return isRight
    ? new ConnectorError(
        'permission',
        `the users file or its folder may not be written (${message}); check owner and mode`,
        { cause: error },
      )
    : new ConnectorError('unavailable', `the users file cannot be written (${message})`, {
        // The file may have been replaced already when its folder could not be synchronised.
        outcome: 'unknown',
        cause: error,
      });
}

export class UsersFileOnDisk {
  /** An SQLite lock is let go of by the system when its process dies, so none is ever stale. */
  private lockFile: Libsql.Database | undefined;
  private readonly folder: string;
  private readonly name: string;

  constructor(
    readonly file: string,
    private readonly mode: number,
  ) {
    this.folder = path.dirname(file);
    this.name = path.basename(file);
  }

  /** Undefined when there is no file. */
  identity(): Identity | undefined {
    const stat: BigIntStats | undefined = statSync(this.file, {
      bigint: true,
      throwIfNoEntry: false,
    });
    return stat && [stat.dev, stat.ino, stat.size, stat.mtimeNs].join(':');
  }

  read(): Promise<string> {
    return readFile(this.file, 'utf8').catch((error: unknown) => {
      throw failed(error);
    });
  }

  /** Runs the work while no other process of this machine writes. */
  async locked<Result>(work: () => Promise<Result>): Promise<Result> {
    const lock = await this.lock();
    try {
      return await work();
    } finally {
      lock.exec('ROLLBACK');
    }
  }

  /** Puts the text in the file's place. When it resolves, the change outlives a power cut. */
  async replace(text: string): Promise<void> {
    const temporary = path.join(this.folder, `${this.prefix}${randomBytes(6).toString('hex')}.tmp`);
    try {
      const file = await open(temporary, 'wx', this.mode);
      try {
        // The mask of the process may have taken rights from the mode.
        await file.chmod(this.mode);
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.file);
      await this.syncFolder();
    } catch (error) {
      await rm(temporary, { force: true });
      throw failed(error);
    }
  }

  /** Removes what processes that died while writing have left. Only under the lock. */
  async sweep(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    const left = names.filter((name) => name.startsWith(this.prefix) && name.endsWith('.tmp'));
    await Promise.all(left.map((name) => rm(path.join(this.folder, name), { force: true })));
  }

  close(): void {
    this.lockFile?.close();
    this.lockFile = undefined;
  }

  private get prefix(): string {
    return `.${this.name}.usher-`;
  }

  private async lock(): Promise<Libsql.Database> {
    const deadline = performance.now() + BUSY_MS;
    for (;;) {
      try {
        this.lockFile ??= new Libsql(path.join(this.folder, `.${this.name}.usher-lock`));
        this.lockFile.exec('BEGIN IMMEDIATE');
        return this.lockFile;
      } catch (error) {
        if (!/^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code))) {
          throw notLockable(error);
        }
        if (performance.now() > deadline) {
          throw new ConnectorError('throttled', 'another process writes the users file', {
            retryAfterMs: 250,
          });
        }
        await sleep(POLL_MS);
      }
    }
  }

  private async syncFolder(): Promise<void> {
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function notLockable(error: unknown): ConnectorError {
  return new ConnectorError(
    'permission',
    `the folder of the users file cannot be written (${(error as Error).message}); make it, and let Usher write into it`,
    { cause: error },
  );
}
