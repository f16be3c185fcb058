/** `npm run import -- FILE`: an export into an empty database. */
import { type Config } from '../config';
import { type RawCollections } from '../store/raw-collections';
import { openStore } from '../store/store';
import { type ConfiguredDatabase, openForWriting } from './configured-database';
import { readExport } from './export-file';
import { type ExportFooter, parseDocument } from './export-format';
import { keyInUse } from './key-in-use';
import { exists } from './private-files';
import { Progress, totalOf } from './progress';
import { runTool, type ToolContext, ToolError } from './run-tool';

const OTHER_KEY = 'other-key';

const HELP = `
npm run import -- FILE

Puts an export into the database that Usher would use (MONGODB_URI, or the embedded store in DATA_DIR), which must be
empty. A damaged file is refused before anything is written. Start Usher afterwards.

  --${OTHER_KEY}  when the encryption key is lost: the secrets of targets then have to be set again
`;

const BATCH_DOCUMENTS = 500;
const BATCH_BYTES = 16 * 1024 * 1024;

async function importAll({ config, file, flags, goOn, print }: ToolContext): Promise<void> {
  if (!(await exists(file))) throw new ToolError(`${file} does not exist. Name an export.`);
  const footer = await check(file, goOn);
  if (!flags.has(OTHER_KEY)) refuseOtherKey(config, footer);
  const database = await openForWriting(config);
  try {
    await refuseUsed(database);
    // Opening makes the indexes: at the end of a large import that would be one long step.
    const store = await openStore(database.connection);
    await store.close();
    await insertAll(database, file, footer, goOn);
    const collections = Object.keys(footer.collections).length;
    print(
      `Imported ${totalOf(footer.collections)} documents of ${collections} collections into ${database.name}.`,
    );
  } finally {
    await database.close();
  }
}

/** The first pass: whether the file is whole. */
async function check(file: string, goOn: () => void): Promise<ExportFooter> {
  let progress = new Progress('Checking', 0);
  const footer = await readExport(file, {
    header: ({ collections }) => void (progress = new Progress('Checking', totalOf(collections))),
    document: () => {
      goOn();
      progress.advance();
    },
  });
  progress.finish();
  return footer;
}

function refuseOtherKey(config: Config, { encryptionKeyIds }: ExportFooter): void {
  const key = keyInUse(config);
  const missing = encryptionKeyIds.filter((id) => id !== key?.id);
  if (missing.length === 0) return;
  const found = key === undefined ? 'there is none' : `the one here has the id ${key.id}`;
  throw new ToolError(
    `The secrets of targets need the encryption key with the id ${missing.join(', ')}, and ${found}. Set ENCRYPTION_KEY to the key in use at the export; if it is lost, see: npm run import -- --help`,
  );
}

async function refuseUsed({ collections, name }: ConfiguredDatabase): Promise<void> {
  for (const collection of await collections.names()) {
    if (await collections.isEmpty(collection)) continue;
    throw new ToolError(
      `${name} is not empty: there are documents in "${collection}". Import into a new DATA_DIR or another database.`,
    );
  }
}

/** The second pass. The database was empty, so on failure all that is in it goes. */
async function insertAll(
  { collections }: ConfiguredDatabase,
  file: string,
  footer: ExportFooter,
  goOn: () => void,
): Promise<void> {
  const progress = new Progress('Importing', totalOf(footer.collections));
  const batch = new Batch(collections, progress);
  try {
    await readExport(file, {
      header: () => undefined,
      document: async (line) => {
        goOn();
        await batch.add(line);
      },
    });
    await batch.flush();
    progress.finish();
    for (const [name, expected] of Object.entries(footer.collections)) {
      const found = await collections.count(name);
      if (found !== expected) {
        throw new ToolError(
          `${expected} documents were imported into "${name}" and ${found} are there: somebody else writes to the database. Stop that and run it again.`,
        );
      }
    }
  } catch (error) {
    await takeBack(collections, footer, error as Error);
  }
}

async function takeBack(
  collections: RawCollections,
  footer: ExportFooter,
  reason: Error,
): Promise<never> {
  try {
    for (const name of Object.keys(footer.collections)) await collections.drop(name);
  } catch {
    throw new ToolError(
      `${reason.message} What was imported until then is still there: empty the database before the next try.`,
    );
  }
  throw reason;
}

/** Collects documents of one collection until inserting them at once is worth it. */
class Batch {
  private collection = '';
  private documents: object[] = [];
  private bytes = 0;

  constructor(
    private readonly collections: RawCollections,
    private readonly progress: Progress,
  ) {}

  async add(line: Buffer): Promise<void> {
    const { collection, document } = parseDocument(line);
    if (collection !== this.collection) await this.flush();
    this.collection = collection;
    this.documents.push(document);
    this.bytes += line.length;
    if (this.documents.length >= BATCH_DOCUMENTS || this.bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.documents.length === 0) return;
    await this.collections.insert(this.collection, this.documents);
    this.progress.advance(this.documents.length);
    this.documents = [];
    this.bytes = 0;
  }
}

runTool({ name: 'import', help: HELP, flags: [OTHER_KEY], run: importAll });
