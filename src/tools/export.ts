/** `npm run export -- FILE`: every document of the configured database, as lines of Extended JSON. */
import path from 'node:path';
import packageJson from '../../package.json';
import { type ConfiguredDatabase, openForReading } from './configured-database';
import { ExportWriter } from './export-file';
import { documentLine, EXPORT_FORMAT, sealingKeyOf } from './export-format';
import { exists, makeWhole } from './private-files';
import { Progress, totalOf } from './progress';
import { runTool, type ToolContext, ToolError } from './run-tool';

const HELP = `
npm run export -- FILE

Writes every document of the database that Usher uses (MONGODB_URI, or the embedded store in DATA_DIR) to FILE, which must
not exist. Stop Usher first when the export is to be imported elsewhere: an export is not one moment.
`;

async function exportAll({ config, file, goOn, print }: ToolContext): Promise<void> {
  if (await exists(file)) throw new ToolError(`${file} exists. Name a new file.`);
  const folder = path.dirname(file);
  if (!(await exists(folder))) throw new ToolError(`${folder} does not exist. Make it first.`);
  const database = await openForReading(config);
  try {
    let written: Written = { counts: {}, keyIds: [] };
    await makeWhole(file, async (temporary) => {
      written = await writeAll(database, temporary, goOn);
    });
    const { counts, keyIds } = written;
    const collections = Object.keys(counts).length;
    print(`Exported ${totalOf(counts)} documents of ${collections} collections to ${file}.`);
    if (database.usedBy !== undefined) {
      print(
        `Process ${database.usedBy} was using the store. What it changed meanwhile may be missing in part.`,
      );
    }
    if (keyIds.length > 0) {
      print(
        `The secrets of targets need the encryption key with the id ${keyIds.join(', ')}, which is not in the file.`,
      );
    }
  } finally {
    await database.close();
  }
}

interface Written {
  /** Number of documents by collection. */
  readonly counts: Readonly<Record<string, number>>;
  readonly keyIds: readonly string[];
}

async function writeAll(
  { collections }: ConfiguredDatabase,
  file: string,
  goOn: () => void,
): Promise<Written> {
  const estimates: Record<string, number> = {};
  for (const name of await collections.names()) {
    estimates[name] = await collections.estimatedCount(name);
  }
  const writer = await ExportWriter.create(file, {
    usherExport: EXPORT_FORMAT,
    usherVersion: packageJson.version,
    createdAt: new Date().toISOString(),
    collections: estimates,
  });
  const progress = new Progress('Exporting', totalOf(estimates));
  const counts: Record<string, number> = {};
  const keyIds = new Set<string>();
  try {
    for (const name of Object.keys(estimates)) {
      counts[name] = 0;
      for await (const bytes of collections.read(name)) {
        goOn();
        const keyId = name === 'targets' ? sealingKeyOf(bytes) : undefined;
        if (keyId !== undefined) keyIds.add(keyId);
        await writer.write(documentLine(name, bytes));
        counts[name] += 1;
        progress.advance();
      }
    }
    progress.finish();
    await writer.finish({ collections: counts, encryptionKeyIds: [...keyIds] });
  } finally {
    await writer.close();
  }
  return { counts, keyIds: [...keyIds] };
}

runTool({ name: 'export', help: HELP, run: exportAll });
