import { decodeStored } from '../bson/decode';
import { encodeDocument } from '../bson/encode';
import { wholeNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { CommandError, notImplemented } from '../errors';
import { MATCH_ALL, type Filter } from '../query/filter';
import { type CollectionDefinition } from '../storage/catalog';
import { MAX_DOCUMENT_BYTES } from '../storage/documents';
import { countMatches } from '../storage/scan';
import { type Snapshot } from '../storage/store';
import { countingGroup, parsePipeline, runStages, type Stage } from './aggregate-stages';
import { type Command, type Reply, type ServerContext } from './context';
import { BufferedSource, type DocumentSource } from './cursor-registry';
import { openCursor } from './cursor-reply';
import { openSource } from './find';
import { findAll, memoryExceeded, type Query, ROW_OVERHEAD, SORT_BYTES } from './query-source';
import { scanRequest } from './query-request';
import { checkOptions, type CommandRequest, Fields } from './request';
import { type KeyField } from '../index/definition';

interface Split {
  readonly filter: Filter;
  readonly sort: readonly KeyField[];
  readonly skip: number;
  readonly limit: number;
  readonly rest: readonly Stage[];
}

/** The leading stages a plain query can do: $match, then $sort, then $skip, then $limit. */
function splitPipeline(stages: readonly Stage[]): Split {
  const filters: Filter[] = [];
  let at = 0;
  const peek = (): Stage | undefined => stages[at];
  for (let stage = peek(); stage?.kind === 'match'; stage = peek()) {
    filters.push(stage.filter);
    at += 1;
  }
  let sort: readonly KeyField[] = [];
  let skip = 0;
  let limit = Infinity;
  let stage = peek();
  if (stage?.kind === 'sort') {
    sort = stage.fields;
    at += 1;
    stage = peek();
  }
  if (stage?.kind === 'skip') {
    skip = stage.count;
    at += 1;
    stage = peek();
  }
  if (stage?.kind === 'limit') {
    limit = stage.count;
    at += 1;
  }
  const filter: Filter = filters.length === 0 ? MATCH_ALL : { kind: 'and', filters };
  return { filter, sort, skip, limit, rest: stages.slice(at) };
}

function buildQuery(
  snapshot: Snapshot,
  collection: CollectionDefinition,
  split: Split,
  { fields, deadline }: CommandRequest,
): Query {
  const hint = fields.source.get('hint');
  const { filter, sort, skip, limit } = split;
  return {
    scan: scanRequest(snapshot, collection, { filter, sort, hint, deadline }),
    sort,
    skip,
    limit,
  };
}

/** The answer to a count: no document is decoded where an index decides. */
function countOnly(snapshot: Snapshot, query: Query): number {
  const { filter, collection } = query.scan;
  const all = filter.kind === 'and' && filter.filters.length === 0;
  const total = all
    ? snapshot.counters(collection.id).documents
    : countMatches(snapshot, query.scan);
  return Math.min(Math.max(total - query.skip, 0), query.limit);
}

function* decoded(snapshot: Snapshot, query: Query): Generator<BsonDocument> {
  for (const { bytes } of findAll(snapshot, query)) yield decodeStored(bytes);
}

function collect(documents: Iterable<BsonDocument>): BufferedSource {
  const results: Buffer[] = [];
  let size = 0;
  for (const document of documents) {
    const bytes = encodeDocument(document);
    if (bytes.length > MAX_DOCUMENT_BYTES) {
      throw new CommandError(10334, `a result of ${bytes.length} bytes is too large`);
    }
    size += bytes.length + ROW_OVERHEAD;
    if (size > SORT_BYTES) throw memoryExceeded('aggregate');
    results.push(bytes);
  }
  return new BufferedSource(results);
}

function openPipeline(
  context: ServerContext,
  collection: CollectionDefinition,
  stages: readonly Stage[],
  request: CommandRequest,
): DocumentSource {
  const split = splitPipeline(stages);
  const query = context.store.read((snapshot) => buildQuery(snapshot, collection, split, request));
  const [first] = split.rest;
  const counting = countingGroup(first);
  if (counting !== undefined) {
    const n = context.store.read((snapshot) => countOnly(snapshot, query));
    const groups: BsonDocument[] = n === 0 ? [] : [counting(wholeNumber(n))];
    return collect(runStages(groups, split.rest.slice(1)));
  }
  const [only] = split.rest;
  if (split.rest.length === 0) return openSource(context, query);
  if (split.rest.length === 1 && only?.kind === 'project') {
    return openSource(context, { ...query, projection: only.projection });
  }
  return context.store.read((snapshot) => collect(runStages(decoded(snapshot, query), split.rest)));
}

function run(context: ServerContext, request: CommandRequest): Reply {
  const { fields, database, deadline } = request;
  if (typeof fields.source.get('aggregate') !== 'string') {
    throw notImplemented('an aggregate without a collection');
  }
  const name = request.collectionName();
  const cursor = fields.document('cursor') ?? new Map<string, BsonValue>();
  checkOptions('aggregate.cursor', cursor, new Set(['batchSize']));
  const stages = parsePipeline(fields.documents('pipeline'));
  const collection = context.store.read(({ catalog }) => catalog.find(database, name));
  const source =
    collection === undefined
      ? new BufferedSource([])
      : openPipeline(context, collection, stages, request);
  return openCursor(context, source, {
    namespace: `${database}.${name}`,
    owner: request.owner,
    batchSize: new Fields(cursor).count('batchSize'),
    deadline,
  });
}

/** The aggregate command, for the stages on the allow-list. */
export const aggregate: Command = {
  options: new Set([
    'aggregate',
    'pipeline',
    'cursor',
    'hint',
    'allowDiskUse',
    'bypassDocumentValidation',
  ]),
  run,
};
