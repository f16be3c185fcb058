/** The version of the file format: what this program reads, and how it brings older data up to date. */
import { saveCollection } from './catalog-changes';
import { buildIndex } from './documents';
import { indexRange, serverKey } from './keyspace';
import { type Store, type Transaction } from './store';

const FORMAT_VERSION = 2;
/** Version 1 had the record in the key of every index entry, also of unique indexes. */
const REINDEXED_VERSIONS: ReadonlySet<string> = new Set(['1']);
const FORMAT_NAME = 'usher-embedded-mongo';
const CURRENT = `${FORMAT_NAME} ${FORMAT_VERSION}`;

function formatOf(store: Store): string | undefined {
  return store.read((snapshot) => snapshot.get(serverKey('format')))?.toString();
}

function needsNewIndexes(format: string): boolean {
  const [name, version = ''] = format.split(' ');
  return name === FORMAT_NAME && REINDEXED_VERSIONS.has(version);
}

/** Refuses a database this program can neither read nor bring up to date. */
export function checkFormat(store: Store, directory: string): void {
  const found = formatOf(store);
  if (found === undefined || found === CURRENT || needsNewIndexes(found)) return;
  throw new Error(
    `The data directory ${directory} holds the format '${found}', this version of the program ` +
      `reads '${CURRENT}' and older. Use the version that wrote it, or a later one.`,
  );
}

/** Brings a checked database up to date in one transaction. The caller holds the directory's lock. */
export function upgradeFormat(store: Store): void {
  const found = formatOf(store);
  if (found === CURRENT) return;
  store.write((transaction) => {
    if (found !== undefined) rebuildIndexes(transaction);
    transaction.put(serverKey('format'), Buffer.from(CURRENT));
  });
}

function rebuildIndexes(transaction: Transaction): void {
  for (const collection of transaction.catalog.all()) {
    const indexes = collection.indexes.map((index) => {
      transaction.removeRange(indexRange(index.id));
      const empty = { ...index, multikey: index.fields.map(() => false), hasCutKeys: false };
      return buildIndex(transaction, collection, empty, Infinity);
    });
    saveCollection(transaction, { ...collection, indexes });
  }
}
