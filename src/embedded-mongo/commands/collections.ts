import { encodeDocument, reply } from '../bson/encode';
import { CommandError } from '../errors';
import { parseFilter } from '../query/parse-filter';
import { matches } from '../query/match';
import { type CollectionDefinition } from '../storage/catalog';
import { dropCollection, ensureCollection } from '../storage/catalog-changes';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { type Command } from './context';
import { BufferedSource } from './cursor-registry';
import { openCursor } from './cursor-reply';
import { describeIndex } from './index-spec';
import { Fields } from './request';

function describeCollection(collection: CollectionDefinition, nameOnly: boolean): BsonDocument {
  const document: BsonDocument = new Map<string, BsonValue>([
    ['name', collection.name],
    ['type', 'collection'],
  ]);
  if (nameOnly) return document;
  document.set('options', new Map());
  document.set('info', new Map([['readOnly', false]]));
  const [idIndex] = collection.indexes;
  if (idIndex !== undefined) document.set('idIndex', describeIndex(idIndex));
  return document;
}

/** The listCollections command. */
export const listCollections: Command = {
  options: new Set(['listCollections', 'filter', 'nameOnly', 'cursor', 'authorizedCollections']),
  run(context, request) {
    const { fields, database, deadline } = request;
    const filter = parseFilter(fields.documentOrEmpty('filter'));
    const documents = context.store
      .read(({ catalog }) => catalog.all())
      .filter((collection) => collection.database === database)
      .map((collection) => ({ collection, document: describeCollection(collection, false) }))
      .filter(({ document }) => matches(filter, document))
      .map(({ collection }) => describeCollection(collection, fields.flag('nameOnly')));
    const batchSize = new Fields(fields.documentOrEmpty('cursor')).count('batchSize');
    return openCursor(context, new BufferedSource(documents.map((d) => encodeDocument(d))), {
      namespace: `${database}.$cmd.listCollections`,
      owner: request.owner,
      batchSize,
      deadline,
    });
  },
};

/** The create command. No option changes what a collection is. */
export const create: Command = {
  options: new Set(['create', 'autoIndexId']),
  async run(context, request) {
    const name = request.collectionName();
    return context.writes.submit((transaction) => {
      ensureCollection(transaction, request.database, name);
      return reply({});
    });
  },
};

/** The drop command. */
export const drop: Command = {
  options: new Set(['drop']),
  async run(context, request) {
    const name = request.collectionName();
    return context.writes.submit((transaction) => {
      const collection = transaction.catalog.find(request.database, name);
      // Since MongoDB 7 dropping what does not exist succeeds.
      if (collection === undefined) return reply({});
      dropCollection(transaction, collection);
      return reply({ nIndexesWas: collection.indexes.length, ns: `${request.database}.${name}` });
    });
  },
};

/** The dropDatabase command. */
export const dropDatabase: Command = {
  options: new Set(['dropDatabase']),
  async run(context, { database }) {
    return context.writes.submit((transaction) => {
      for (const collection of transaction.catalog.all()) {
        if (collection.database === database) dropCollection(transaction, collection);
      }
      return reply({ dropped: database });
    });
  },
};

/** The listDatabases command. Sizes are not tracked per database and therefore not told. */
export const listDatabases: Command = {
  options: new Set(['listDatabases', 'nameOnly', 'filter', 'authorizedDatabases']),
  run(context, { fields, database }) {
    if (database !== 'admin') {
      throw new CommandError(13, 'listDatabases may only be run against the admin database.');
    }
    const filter = parseFilter(fields.documentOrEmpty('filter'));
    const collections = context.store.read(({ catalog }) => catalog.all());
    const names = [...new Set(collections.map((collection) => collection.database))].sort();
    const databases = names
      .map((name) => new Map<string, BsonValue>([['name', name]]))
      .filter((document) => matches(filter, document));
    return reply({ databases });
  },
};
