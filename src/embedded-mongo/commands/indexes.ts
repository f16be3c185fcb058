import { encodeDocument, reply } from '../bson/encode';
import { equalValues } from '../bson/compare';
import { type BsonValue, isDocument } from '../bson/types';
import { CommandError, failedToParse } from '../errors';
import { type IndexDefinition } from '../index/definition';
import { type CollectionDefinition, keyPattern } from '../storage/catalog';
import { ensureCollection, nextId, saveCollection } from '../storage/catalog-changes';
import { buildIndex } from '../storage/documents';
import { indexRange } from '../storage/keyspace';
import { type Deadline } from '../storage/scan';
import { type Transaction } from '../storage/store';
import { type Command } from './context';
import { BufferedSource } from './cursor-registry';
import { openCursor } from './cursor-reply';
import { alreadyExists, describeIndex, type IndexSpec, parseIndexSpec } from './index-spec';
import { Fields } from './request';

const MAX_INDEXES = 64;

function createOne(
  transaction: Transaction,
  collection: CollectionDefinition,
  spec: IndexSpec,
  deadline: Deadline,
): CollectionDefinition {
  if (alreadyExists(collection.indexes, spec)) return collection;
  if (collection.indexes.length >= MAX_INDEXES) throw new CommandError(67, 'too many indexes');
  const empty: IndexDefinition = {
    ...spec,
    id: nextId(transaction),
    multikey: spec.fields.map(() => false),
    hasCutKeys: false,
  };
  const built = buildIndex(transaction, collection, empty, deadline);
  return { ...collection, indexes: [...collection.indexes, built] };
}

/** The createIndexes command: all the indexes or none. */
export const createIndexes: Command = {
  options: new Set(['createIndexes', 'indexes', 'commitQuorum']),
  async run(context, request) {
    const name = request.collectionName();
    const specs = request.fields.documents('indexes').map(parseIndexSpec);
    if (specs.length === 0) throw failedToParse('Must specify at least one index to create');
    return context.writes.submit((transaction) =>
      transaction.atomically(() => {
        const existed = transaction.catalog.find(request.database, name) !== undefined;
        const before = ensureCollection(transaction, request.database, name);
        const after = specs.reduce(
          (collection, spec) => createOne(transaction, collection, spec, request.deadline),
          before,
        );
        const same = after === before;
        if (!same) saveCollection(transaction, after);
        return reply({
          numIndexesBefore: before.indexes.length,
          numIndexesAfter: after.indexes.length,
          createdCollectionAutomatically: !existed,
          ...(same && { note: 'all indexes already exist' }),
        });
      }),
    );
  },
};

function existingCollection(
  catalog: { find(database: string, name: string): CollectionDefinition | undefined },
  database: string,
  name: string,
): CollectionDefinition {
  const collection = catalog.find(database, name);
  if (collection === undefined)
    throw new CommandError(26, `ns does not exist: ${database}.${name}`);
  return collection;
}

/** The listIndexes command. */
export const listIndexes: Command = {
  options: new Set(['listIndexes', 'cursor']),
  run(context, request) {
    const { database, deadline, fields } = request;
    const name = request.collectionName();
    const { indexes } = context.store.read(({ catalog }) =>
      existingCollection(catalog, database, name),
    );
    const source = new BufferedSource(indexes.map((index) => encodeDocument(describeIndex(index))));
    const batchSize = new Fields(fields.documentOrEmpty('cursor')).count('batchSize');
    return openCursor(context, source, {
      namespace: `${database}.${name}`,
      owner: request.owner,
      batchSize,
      deadline,
    });
  },
};

function selectIndexes(collection: CollectionDefinition, wanted: BsonValue): IndexDefinition[] {
  if (wanted === '*') return collection.indexes.filter(({ name }) => name !== '_id_');
  const list = Array.isArray(wanted) ? wanted : [wanted];
  return list.map((item) => {
    const index = collection.indexes.find((candidate) =>
      isDocument(item) ? equalValues(keyPattern(candidate), item) : candidate.name === item,
    );
    if (index === undefined) throw new CommandError(27, `index not found: ${JSON.stringify(item)}`);
    if (index.name === '_id_') throw new CommandError(72, 'cannot drop _id index');
    return index;
  });
}

/** The dropIndexes command. */
export const dropIndexes: Command = {
  options: new Set(['dropIndexes', 'index']),
  async run(context, request) {
    const name = request.collectionName();
    const wanted = request.fields.source.get('index');
    if (wanted === undefined) throw failedToParse('dropIndexes needs an index');
    return context.writes.submit((transaction) => {
      const collection = existingCollection(transaction.catalog, request.database, name);
      const dropped = selectIndexes(collection, wanted);
      for (const { id } of dropped) transaction.removeRange(indexRange(id));
      const indexes = collection.indexes.filter((index) => !dropped.includes(index));
      saveCollection(transaction, { ...collection, indexes });
      return reply({ nIndexesWas: collection.indexes.length });
    });
  },
};
