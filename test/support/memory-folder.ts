/**
 * Where the tests keep their files: in memory, if the machine has room. A flush to the disk is what most of them would
 * wait for. They lose nothing by it: they end processes, not the machine, and what a process has written stays.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';

const MEMORY = '/dev/shm';
const ROOM_BYTES = 3 * 1024 ** 3;
const NAME = /^usher-tests-(\d+)$/;

/** Makes it the folder for temporary files of this process and those it starts; the answer removes it. */
export function keepFilesInMemory(): () => void {
  if (!existsSync(MEMORY)) return () => undefined;
  removeLeftovers();
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize < ROOM_BYTES) return () => undefined;
  const folder = path.join(MEMORY, `usher-tests-${process.pid}`);
  mkdirSync(folder);
  // Daemons that give up root look into it.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

/** What runs have left that were killed; it would take up memory until the machine is started again. */
function removeLeftovers(): void {
  for (const name of readdirSync(MEMORY)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    rmSync(path.join(MEMORY, name), { recursive: true, force: true });
  }
}
