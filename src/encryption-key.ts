/** The key that encrypts targets' secrets, when the environment gives none: made once, kept beside the embedded store. */
import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

const FILE = 'encryption.key';

/** Reads DATA_DIR/encryption.key, or makes it with mode 0600. A crash leaves a whole key or none. */
export function encryptionKeyIn(dataDir: string): Buffer {
  const existing = existingKeyIn(dataDir);
  if (existing) return existing;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = path.join(dataDir, FILE);
  const fresh = `${file}.${process.pid}`;
  const descriptor = openSync(fresh, 'w', 0o600);
  writeSync(descriptor, `${randomBytes(32).toString('base64')}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  try {
    // A link, unlike a rename, never replaces a key that another process made meanwhile.
    linkSync(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(fresh);
  }
  syncFolder(dataDir);
  return readKey(file);
}

/** The key of an earlier start, if there is one. */
export function existingKeyIn(dataDir: string): Buffer | undefined {
  try {
    return readKey(path.join(dataDir, FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The name of a new file is durable only once its folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function readKey(file: string): Buffer {
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32) {
    throw new Error(
      `${file} does not hold 32 bytes in base64. Restore it from a backup: without it the secrets of targets cannot be read.`,
    );
  }
  return key;
}
