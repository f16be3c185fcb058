/** What lies in the folder of a backup, and the file that says so. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ToolError } from './run-tool';

export const BACKUP_FORMAT = 1;

/** The names inside a backup, which are those inside DATA_DIR. */
export const BACKUP_FILES = {
  manifest: 'manifest.json',
  store: 'store',
  data: 'store/data.mdb',
  key: 'encryption.key',
} as const;

const fingerprint = z.object({ bytes: z.number(), sha256: z.string() });

const manifest = z.object({
  usherBackup: z.literal(BACKUP_FORMAT),
  usherVersion: z.string(),
  createdAt: z.string(),
  /** Short name of the key that the secrets of targets are sealed with. */
  encryptionKeyId: z.string().optional(),
  /** Number of documents by collection. */
  documents: z.record(z.string(), z.number()),
  /** Absent: the key came from ENCRYPTION_KEY. */
  key: fingerprint.optional(),
  data: fingerprint,
});

export type BackupManifest = z.output<typeof manifest>;

/** Reads the manifest of a backup. Throws {@link ToolError} when the folder holds none that this version reads. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path.join(folder, BACKUP_FILES.manifest), 'utf8'));
  } catch {
    throw new ToolError(
      `${folder} is not a backup: it has no readable ${BACKUP_FILES.manifest}. Name a folder that "npm run backup" made.`,
    );
  }
  const version = (content as { usherBackup?: unknown } | null)?.usherBackup;
  if (typeof version === 'number' && version !== BACKUP_FORMAT) {
    throw new ToolError(
      `${folder} is a backup of format ${version}, and this version of Usher reads format ${BACKUP_FORMAT}. Restore it with the version that made it.`,
    );
  }
  const result = manifest.safeParse(content);
  if (!result.success) {
    throw new ToolError(`${folder} has a damaged ${BACKUP_FILES.manifest}. Take another backup.`);
  }
  return result.data;
}

/** For messages: how many documents of how many collections. */
export function summaryOf(documents: Readonly<Record<string, number>>): string {
  const counts = Object.values(documents);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return `${total} documents of ${counts.length} collections`;
}
