import { reply } from '../bson/encode';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { badValue, CommandError, failedToParse, notImplemented } from '../errors';
import { type Plan } from '../index/planner';
import { parseFilter } from '../query/parse-filter';
import { parseProjection } from '../query/projection';
import { type ScanRequest } from '../storage/scan';
import { type Snapshot } from '../storage/store';
import { type Command, type Reply, type ServerContext } from './context';
import { BufferedSource, type DocumentSource } from './cursor-registry';
import { openCursor, rawDocuments } from './cursor-reply';
import { type Query, ScanSource, sortedDocuments } from './query-source';
import { parseSort, scanRequest } from './query-request';
import { checkOptions, type CommandRequest, Fields } from './request';

const FIND_OPTIONS = new Set([
  'find',
  'filter',
  'sort',
  'projection',
  'hint',
  'skip',
  'limit',
  'batchSize',
  'singleBatch',
  'noCursorTimeout',
  'allowDiskUse',
  'allowPartialResults',
]);

function buildQuery(
  snapshot: Snapshot,
  collection: ScanRequest['collection'],
  fields: Fields,
  deadline: number,
): Query {
  const filter = parseFilter(fields.documentOrEmpty('filter'));
  const sortSource = fields.document('sort');
  const natural = sortSource?.get('$natural');
  if (natural !== undefined && (sortSource?.size !== 1 || fields.has('hint'))) {
    throw notImplemented('$natural together with another sort or a hint');
  }
  const sort = natural === undefined ? parseSort(sortSource) : [];
  const hint: BsonValue | undefined =
    natural === undefined ? fields.source.get('hint') : new Map([['$natural', natural]]);
  return {
    scan: scanRequest(snapshot, collection, { filter, sort, hint, deadline }),
    sort,
    skip: fields.count('skip') ?? 0,
    limit: fields.count('limit') || Infinity,
    projection: parseProjection(fields.document('projection')),
  };
}

/** Everything about a find is checked even when the collection does not exist. */
const NO_COLLECTION = (database: string, name: string): ScanRequest['collection'] => ({
  id: 0,
  database,
  name,
  indexes: [],
});

/** Opens the source of a query: streaming when no sort is needed, else read at once. */
export function openSource(context: ServerContext, query: Query): DocumentSource {
  if (query.scan.plan.sorted) return new ScanSource(context.store, query);
  return new BufferedSource(context.store.read((snapshot) => sortedDocuments(snapshot, query)));
}

function runFind(context: ServerContext, request: CommandRequest): Reply {
  const { fields, database, deadline } = request;
  const name = request.collectionName();
  const { collection, query } = context.store.read((snapshot) => {
    const found = snapshot.catalog.find(database, name);
    const known = found ?? NO_COLLECTION(database, name);
    const asked = withoutHintIf(found === undefined, fields);
    return { collection: found, query: buildQuery(snapshot, known, asked, deadline) };
  });
  const source = collection === undefined ? new BufferedSource([]) : openSource(context, query);
  return openCursor(context, source, {
    namespace: `${database}.${name}`,
    owner: request.owner,
    batchSize: fields.count('batchSize'),
    deadline,
    singleBatch: fields.flag('singleBatch'),
    keepLonger: fields.flag('noCursorTimeout'),
  });
}

function withoutHintIf(drop: boolean, fields: Fields): Fields {
  if (!drop) return fields;
  return new Fields(new Map([...fields.source].filter(([name]) => name !== 'hint')));
}

/** The find command. */
export const find: Command = { options: FIND_OPTIONS, run: runFind };

/** The getMore command. */
export const getMore: Command = {
  options: new Set(['getMore', 'collection', 'batchSize']),
  run(context, { fields, database }) {
    const id = fields.source.get('getMore');
    const name = fields.text('collection');
    if (typeof id !== 'bigint' || name === undefined) {
      throw failedToParse('getMore needs a cursor id and a collection');
    }
    const namespace = `${database}.${name}`;
    if (fields.has('maxTimeMS')) {
      throw badValue('cannot set maxTimeMS on getMore command for a non-awaitData cursor');
    }
    const count = fields.count('batchSize') || Infinity;
    const { documents, open } = context.cursors.next(id, namespace, count);
    return reply({
      cursor: reply({
        nextBatch: rawDocuments(documents),
        id: open ? id : 0n,
        ns: namespace,
      }),
    });
  },
};

/** The killCursors command. */
export const killCursors: Command = {
  options: new Set(['killCursors', 'cursors']),
  run(context, request) {
    const namespace = `${request.database}.${request.collectionName()}`;
    const ids = (request.fields.array('cursors') ?? []).filter((id) => typeof id === 'bigint');
    const killed = ids.filter((id) => context.cursors.kill(id, namespace));
    return reply({
      cursorsKilled: killed,
      cursorsNotFound: ids.filter((id) => !killed.includes(id)),
      cursorsAlive: [],
      cursorsUnknown: [],
    });
  },
};

function planDocument(plan: Plan): Reply {
  if (plan.wholeCollection) return reply({ stage: 'COLLSCAN' });
  const stages = plan.scans.map(({ index, reverse, exact }) =>
    reply({
      stage: 'IXSCAN',
      indexName: index.name,
      direction: reverse ? 'backward' : 'forward',
      exact,
    }),
  );
  const input =
    stages.length === 1 ? (stages[0] as Reply) : reply({ stage: 'OR', inputStages: stages });
  return reply({ stage: 'FETCH', inputStage: input });
}

/** Explains a find: which plan it would use. Nothing is executed. */
export const explain: Command = {
  options: new Set(['explain', 'verbosity']),
  run(context, { fields, database, deadline }) {
    const inner: BsonDocument | undefined = fields.document('explain');
    const name = inner?.get('find');
    if (inner === undefined || typeof name !== 'string')
      throw notImplemented('explain of anything but find');
    checkOptions('find', inner, FIND_OPTIONS, true);
    const collection = context.store.read(({ catalog }) => catalog.find(database, name));
    if (collection === undefined)
      throw new CommandError(26, `ns does not exist: ${database}.${name}`);
    const { scan: request } = context.store.read((snapshot) =>
      buildQuery(snapshot, collection, new Fields(inner), deadline),
    );
    const found = planDocument(request.plan);
    const winningPlan = request.plan.sorted ? found : reply({ stage: 'SORT', inputStage: found });
    return reply({
      queryPlanner: reply({ namespace: `${database}.${name}`, winningPlan, rejectedPlans: [] }),
    });
  },
};
