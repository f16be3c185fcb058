/** A folder of snapshots: one file for each entry, named by its id alone, always whole. */
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConnectorError, type EntryKind } from '../../spi';

/** What ids made by hand may look like; ours are UUIDs. */
const FILE = /^([A-Za-z0-9][A-Za-z0-9_-]{0,35})\.json$/;

const TEMPORARY = '.writing-';

const FOLDERS: Readonly<Record<EntryKind, string>> = { user: 'users', group: 'groups' };

const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS']);

function failed(error: unknown, outcome: 'none' | 'unknown'): never {
  if (error instanceof ConnectorError) throw error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const kind = REFUSED.has(code) ? 'permission' : 'unavailable';
  throw new ConnectorError(kind, `the snapshots cannot be reached (${message})`, {
    outcome,
    cause: error,
  });
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads and writes snapshots. Whoever writes holds the lock of the index. */
export class SnapshotFolder {
  constructor(
    readonly folder: string,
    private readonly mode: number,
  ) {}

  /** `users/<id>.json` */
  static fileOf(kind: EntryKind, id: string): string {
    return `${FOLDERS[kind]}/${id}.json`;
  }

  async prepare(): Promise<void> {
    // Whoever may read the files may look into the folders.
    const mode = this.mode | ((this.mode & 0o444) >> 2);
    try {
      await mkdir(this.folder, { recursive: true, mode });
      for (const kind of ['user', 'group'] as const) {
        await mkdir(path.join(this.folder, FOLDERS[kind]), { recursive: true, mode });
        await access(path.join(this.folder, FOLDERS[kind]), constants.R_OK | constants.W_OK);
      }
    } catch (error) {
      failed(error, 'none');
    }
  }

  /** The ids of all files; what a writer left behind when it was killed is removed. */
  async ids(kind: EntryKind): Promise<string[]> {
    const folder = path.join(this.folder, FOLDERS[kind]);
    try {
      const names = await readdir(folder);
      for (const name of names.filter((one) => one.startsWith(TEMPORARY))) {
        await rm(path.join(folder, name), { force: true });
      }
      return names.flatMap((name) => FILE.exec(name)?.[1] ?? []).sort();
    } catch (error) {
      return failed(error, 'none');
    }
  }

  /** The JSON in the file: undefined when there is no file, null when it holds none. */
  async read(kind: EntryKind, id: string): Promise<unknown> {
    let content: string;
    try {
      content = await readFile(this.path(kind, id), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      return failed(error, 'none');
    }
    try {
      return JSON.parse(content) as unknown;
    } catch {
      return null;
    }
  }

  /** Writes and removes files; when the promise resolves all of it is on the disk. */
  async replace(kind: EntryKind, records: ReadonlyMap<string, object | undefined>): Promise<void> {
    if (records.size === 0) return;
    try {
      await Promise.all([...records].map(([id, record]) => this.put(kind, id, record)));
      await sync(path.join(this.folder, FOLDERS[kind]));
    } catch (error) {
      failed(error, 'unknown');
    }
  }

  /** Writes a file and takes it away again. */
  async tryWriting(): Promise<void> {
    await this.prepare();
    try {
      const name = path.join(this.folder, FOLDERS.user, `${TEMPORARY}test-${process.pid}`);
      await this.writeWhole(name, '{}');
      await stat(name);
      await rm(name);
    } catch (error) {
      failed(error, 'none');
    }
  }

  private async put(kind: EntryKind, id: string, record: object | undefined): Promise<void> {
    const file = this.path(kind, id);
    if (record === undefined) {
      await rm(file, { force: true });
      return;
    }
    const temporary = path.join(path.dirname(file), `${TEMPORARY}${id}-${process.pid}`);
    await this.writeWhole(temporary, `${JSON.stringify(record, undefined, 2)}\n`);
    await rename(temporary, file);
  }

  private async writeWhole(file: string, content: string): Promise<void> {
    const handle = await open(file, 'w', this.mode);
    try {
      await handle.chmod(this.mode);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private path(kind: EntryKind, id: string): string {
    if (!FILE.test(`${id}.json`)) throw new ConnectorError('invalid', 'the id names no file');
    return path.join(this.folder, SnapshotFolder.fileOf(kind, id));
  }
}
