import { type mongo } from 'mongoose';
import { type Fields, type Operation } from './specification';

/** What operations are called on, by the names a file gives them. */
export interface Entities {
  readonly clients: ReadonlyMap<string, mongo.MongoClient>;
  readonly databases: ReadonlyMap<string, mongo.Db>;
  readonly collections: ReadonlyMap<string, mongo.Collection<Fields>>;
}

/** The runner cannot carry out an operation: neither the driver nor the server is to blame. */
export class UnknownOperation extends Error {}

/** Arguments that have a place of their own in the driver's methods; the rest are options. */
const POSITIONAL = new Set(
  'filter update replacement document documents pipeline requests fieldName keys'.split(' '),
);

function optionsOf(args: Fields): Fields {
  const options = Object.entries(args)
    .filter(([name]) => !POSITIONAL.has(name))
    .map(([name, value]) =>
      name === 'returnDocument' ? [name, String(value).toLowerCase()] : [name, value],
    );
  return Object.fromEntries(options) as Fields;
}

type Run = (target: mongo.Collection<Fields>, args: Fields, options: Fields) => Promise<unknown>;

const filterOf = (args: Fields): mongo.Filter<Fields> => args['filter'] as mongo.Filter<Fields>;
const updateOf = (args: Fields): mongo.UpdateFilter<Fields> =>
  args['update'] as mongo.UpdateFilter<Fields>;
const replacementOf = (args: Fields): Fields => args['replacement'] as Fields;
const modification = (options: Fields): mongo.FindOneAndUpdateOptions => options;

const COLLECTION_OPERATIONS: Record<string, Run> = {
  find: (c, args, options) => c.find(filterOf(args), options).toArray(),
  findOne: (c, args, options) => c.findOne(filterOf(args), options),
  aggregate: (c, args, options) => c.aggregate(args['pipeline'] as Fields[], options).toArray(),
  distinct: (c, args, options) => c.distinct(String(args['fieldName']), filterOf(args), options),
  countDocuments: (c, args, options) => c.countDocuments(filterOf(args), options),
  estimatedDocumentCount: (c, _args, options) => c.estimatedDocumentCount(options),
  count: (c, args, options) => c.count(filterOf(args), options),
  insertOne: (c, args, options) => c.insertOne(args['document'] as Fields, options),
  insertMany: (c, args, options) => c.insertMany(args['documents'] as Fields[], options),
  updateOne: (c, args, options) => c.updateOne(filterOf(args), updateOf(args), options),
  updateMany: (c, args, options) => c.updateMany(filterOf(args), updateOf(args), options),
  replaceOne: (c, args, options) => c.replaceOne(filterOf(args), replacementOf(args), options),
  deleteOne: (c, args, options) => c.deleteOne(filterOf(args), options),
  deleteMany: (c, args, options) => c.deleteMany(filterOf(args), options),
  findOneAndUpdate: (c, args, options) =>
    c.findOneAndUpdate(filterOf(args), updateOf(args), modification(options)),
  findOneAndReplace: (c, args, options) =>
    c.findOneAndReplace(filterOf(args), replacementOf(args), modification(options)),
  findOneAndDelete: (c, args, options) => c.findOneAndDelete(filterOf(args), options),
  bulkWrite: (c, args, options) =>
    c.bulkWrite(args['requests'] as mongo.AnyBulkWriteOperation<Fields>[], options),
  createIndex: (c, args, options) =>
    c.createIndex(args['keys'] as mongo.IndexSpecification, options),
};

async function onDatabase(db: mongo.Db, name: string, args: Fields): Promise<unknown> {
  const { collection, pipeline, ...options } = args;
  switch (name) {
    case 'aggregate':
      return db.aggregate(pipeline as Fields[], options).toArray();
    case 'dropCollection':
      return db.dropCollection(String(collection), options);
    case 'createCollection':
      return db.createCollection(String(collection), {
        ...options,
        ...(pipeline !== undefined && { pipeline: pipeline as Fields[] }),
      });
    case 'modifyCollection':
      return db.command({ collMod: collection, ...options });
    default:
      throw new UnknownOperation(`database operation ${name}`);
  }
}

/** Carries out one operation with the official driver. */
export async function runOperation(entities: Entities, operation: Operation): Promise<unknown> {
  const { object, name } = operation;
  const args = operation.arguments ?? {};
  if (object === 'testRunner' && name === 'failPoint') {
    const client = entities.clients.get(String(args['client']));
    return client?.db('admin').command(args['failPoint'] as Fields);
  }
  const collection = entities.collections.get(object);
  const run = COLLECTION_OPERATIONS[name];
  if (collection !== undefined && run !== undefined) return run(collection, args, optionsOf(args));
  const database = entities.databases.get(object);
  if (database !== undefined) return onDatabase(database, name, args);
  const client = entities.clients.get(object);
  if (client !== undefined && name === 'clientBulkWrite') {
    const { models, ...options } = args;
    // The files name a model by its only key, the driver by a field.
    const named = (models as Fields[]).flatMap((model) =>
      Object.entries(model).map(([kind, rest]) => ({ ...(rest as Fields), name: kind })),
    );
    return client.bulkWrite(named as unknown as mongo.ClientBulkWriteModel[], options);
  }
  throw new UnknownOperation(`${object}.${name}`);
}
