/** Files that are there whole or not at all, for their owner only, and still there after a power cut. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ToolError } from './run-tool';

/** What a file holds, to tell later whether it still does. */
export interface Fingerprint {
  readonly bytes: number;
  readonly sha256: string;
}

/** The names in a folder; undefined when there is none. `lost+found` belongs to the file system. */
export async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).filter((name) => name !== 'lost+found');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw new ToolError(`${folder} is not a folder. Name another one.`);
    throw error;
  }
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Has `fill` make a file or folder under a temporary name beside the final one; on failure nothing stays. */
export async function makeWhole(
  destination: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${destination}.partial-${process.pid}`;
  try {
    await fill(temporary);
    await rename(temporary, destination);
    await flushFolder(path.dirname(destination));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') {
      throw new ToolError(`${destination} is a mount point. Name a folder inside it.`);
    }
    throw error;
  }
}

/** Writes a new file, mode 0600, and waits until it is on disk. */
export async function writePrivate(file: string, content: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Copies to a new file, mode 0600, waits until it is on disk, and tells what was copied. */
export async function copyPrivate(
  from: string,
  to: string,
  goOn: () => void,
): Promise<Fingerprint> {
  const handle = await open(to, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(from, { highWaterMark: 1024 * 1024 })) {
      goOn();
      hash.update(chunk as Buffer);
      await handle.writeFile(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Makes a finished file private, waits until it is on disk, and tells what it holds. */
export async function sealFile(file: string, goOn: () => void): Promise<Fingerprint> {
  const handle = await open(file, 'r+');
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    await handle.chmod(0o600);
    await handle.sync();
    const stream = handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false });
    for await (const chunk of stream) {
      goOn();
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Makes the names in a folder as durable as what they name. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
