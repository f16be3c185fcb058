/** `npm run restore -- DIR`: puts a backup into an empty DATA_DIR. */
import { link, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Config } from '../config';
import { checkStore, findStoreHolder, type StoreContents } from '../embedded-mongo/backup';
import { BACKUP_FILES, type BackupManifest, readManifest, summaryOf } from './backup-manifest';
import { keyInUse } from './key-in-use';
import { copyPrivate, exists, type Fingerprint, flushFolder, namesIn } from './private-files';
import { runTool, type ToolContext, ToolError } from './run-tool';

const HELP = `
npm run restore -- DIR

Puts the backup in DIR into DATA_DIR, which must be new or empty. Start Usher afterwards.
`;

async function restore({ config, file: folder, goOn, print }: ToolContext): Promise<void> {
  if (config.MONGODB_URI !== undefined) {
    throw new ToolError('MONGODB_URI is set, so Usher would not use DATA_DIR. Unset it first.');
  }
  const dataDir = path.resolve(config.DATA_DIR);
  const manifest = await readManifest(folder);
  await refuseUsed(dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // Inside DATA_DIR, since that may be a mount of its own, from where nothing can be renamed.
  const temporary = path.join(dataDir, `.restore-${process.pid}`);
  try {
    const contents = await fill(temporary, folder, manifest, goOn);
    if (manifest.key !== undefined) {
      // A link, unlike a rename, never replaces a key that a starting Usher made meanwhile.
      await link(path.join(temporary, BACKUP_FILES.key), path.join(dataDir, BACKUP_FILES.key));
    }
    // Last: from here on DATA_DIR has a store.
    await rename(path.join(temporary, BACKUP_FILES.store), path.join(dataDir, BACKUP_FILES.store));
    await flushFolder(dataDir);
    print(`Restored ${summaryOf(contents)} of ${manifest.createdAt} to ${dataDir}.`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  const note = keyNote(config, manifest);
  if (note !== undefined) print(note);
}

async function refuseUsed(dataDir: string): Promise<void> {
  const names = (await namesIn(dataDir)) ?? [];
  if (names.length === 0) return;
  const holder = await findStoreHolder(path.join(dataDir, BACKUP_FILES.store));
  throw new ToolError(
    holder === undefined
      ? `${dataDir} is not empty. Move what is in it away, or set DATA_DIR to a new folder.`
      : `${dataDir} is in use by process ${holder.pid}. Stop Usher and move the folder away, or set DATA_DIR to a new folder.`,
  );
}

/** Copies everything, checked against the manifest. */
async function fill(
  temporary: string,
  folder: string,
  manifest: BackupManifest,
  goOn: () => void,
): Promise<StoreContents> {
  await mkdir(path.join(temporary, BACKUP_FILES.store), { recursive: true, mode: 0o700 });
  const copy = async (name: string, expected: Fingerprint): Promise<void> => {
    const source = path.join(folder, name);
    if (!(await exists(source))) {
      throw new ToolError(`${source} is missing. Nothing was restored; take another backup.`);
    }
    const copied = await copyPrivate(source, path.join(temporary, name), goOn);
    if (copied.sha256 !== expected.sha256) {
      throw new ToolError(
        `${source} is not what was backed up: ${copied.bytes} bytes, made with ${expected.bytes}. Nothing was restored; take another backup.`,
      );
    }
  };
  if (manifest.key !== undefined) await copy(BACKUP_FILES.key, manifest.key);
  await copy(BACKUP_FILES.data, manifest.data);
  const store = path.join(temporary, BACKUP_FILES.store);
  const contents = await checkStore(store);
  await flushFolder(store);
  return contents;
}

function keyNote(config: Config, manifest: BackupManifest): string | undefined {
  const needed = manifest.encryptionKeyId;
  const found = keyInUse(config);
  if (needed === undefined || found?.id === needed) return undefined;
  return found === undefined
    ? `The encryption key is not in the backup. Start Usher with the ENCRYPTION_KEY that has the id ${needed}.`
    : `ENCRYPTION_KEY has the id ${found.id}, and the secrets of targets need ${needed}. Start Usher with that one.`;
}

runTool({ name: 'restore', help: HELP, run: restore });
