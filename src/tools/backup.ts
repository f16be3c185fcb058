/** `npm run backup -- DIR`: a copy of the embedded store and its key, while Usher runs or not. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import packageJson from '../../package.json';
import { copyStore, hasStore } from '../embedded-mongo/backup';
import { BACKUP_FILES, BACKUP_FORMAT, type BackupManifest, summaryOf } from './backup-manifest';
import { type KeyInUse, keyInUse } from './key-in-use';
import {
  copyPrivate,
  flushFolder,
  makeWhole,
  namesIn,
  sealFile,
  writePrivate,
} from './private-files';
import { runTool, type ToolContext, ToolError } from './run-tool';

const HELP = `
npm run backup -- DIR

Copies the embedded store in DATA_DIR and its encryption key to DIR, which must be new or empty.
Usher may run meanwhile. The copy is one moment: all that was acknowledged before the start is in it.
`;

async function backUp({ config, file: folder, goOn, print }: ToolContext): Promise<void> {
  if (config.MONGODB_URI !== undefined) {
    throw new ToolError(
      'MONGODB_URI is set, so there is no embedded store to copy. Use mongodump, or: npm run export -- FILE',
    );
  }
  const source = path.resolve(config.DATA_DIR, BACKUP_FILES.store);
  if (!hasStore(source)) {
    throw new ToolError(`${source} holds no store. Set DATA_DIR to the folder that Usher uses.`);
  }
  if (((await namesIn(folder)) ?? []).length > 0) {
    throw new ToolError(`${folder} is not empty. Name a new folder.`);
  }
  const key = keyInUse(config);
  let documents: BackupManifest['documents'] = {};
  await mkdir(path.dirname(folder), { recursive: true });
  await makeWhole(folder, async (temporary) => {
    await mkdir(temporary, { mode: 0o700 });
    goOn();
    documents = await copyStore(source, path.join(temporary, BACKUP_FILES.store));
    const manifest: BackupManifest = {
      usherBackup: BACKUP_FORMAT,
      usherVersion: packageJson.version,
      createdAt: new Date().toISOString(),
      ...(key && { encryptionKeyId: key.id }),
      documents,
      ...(key?.file !== undefined && {
        key: await copyPrivate(key.file, path.join(temporary, BACKUP_FILES.key), goOn),
      }),
      data: await sealFile(path.join(temporary, BACKUP_FILES.data), goOn),
    };
    await flushFolder(path.join(temporary, BACKUP_FILES.store));
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await writePrivate(path.join(temporary, BACKUP_FILES.manifest), text);
    await flushFolder(temporary);
  });
  print(`Backed up ${summaryOf(documents)} to ${folder}.`);
  print(keyNote(key));
}

function keyNote(key: KeyInUse | undefined): string {
  if (key === undefined) return 'There is no encryption key yet.';
  return key.file === undefined
    ? `The encryption key with id ${key.id} is not in it, since ENCRYPTION_KEY gives it. Keep that too.`
    : `The encryption key with id ${key.id} is in it: keep the folder as secret as the key.`;
}

runTool({ name: 'backup', help: HELP, run: backUp });
