import { type Encodable, reply } from '../bson/encode';
import { wholeNumber } from '../bson/numbers';
import { failedToParse } from '../errors';
import { parseFilter } from '../query/parse-filter';
import { parseProjection, project } from '../query/projection';
import { type Update, parseUpdate } from '../update/parse-update';
import { type BsonDocument } from '../bson/types';
import { type Command, type Reply } from './context';
import { checkStatementCount, runStatements } from './insert';
import { deleteDocuments, type Target, updateDocuments } from './modify';
import { parseSort } from './query-request';
import { checkOptions, type CommandRequest, Fields } from './request';

const UPDATE_STATEMENT = new Set(['q', 'u', 'upsert', 'multi', 'hint']);
const DELETE_STATEMENT = new Set(['q', 'limit', 'hint']);

function targetOf(statement: Fields, many: boolean, request: CommandRequest): Target {
  const query = statement.document('q');
  if (query === undefined) throw failedToParse('a write statement needs a q');
  return {
    filter: parseFilter(query),
    sort: [],
    hint: statement.source.get('hint'),
    limit: many ? Infinity : 1,
    deadline: request.deadline,
  };
}

interface UpdateStatement {
  readonly target: Target;
  readonly update: Update;
  readonly upsert: boolean;
}

function parseUpdateStatement(source: BsonDocument, request: CommandRequest): UpdateStatement {
  checkOptions('update.updates', source, UPDATE_STATEMENT);
  const fields = new Fields(source);
  const multi = fields.flag('multi');
  const update = parseUpdate(source.get('u'));
  if (multi && update.kind === 'replacement') {
    throw failedToParse('multi update is not supported for replacement-style update');
  }
  return { target: targetOf(fields, multi, request), update, upsert: fields.flag('upsert') };
}

/** The update command. */
export const update: Command = {
  options: new Set(['update', 'updates', 'ordered', 'bypassDocumentValidation']),
  async run(context, request) {
    const where = { database: request.database, name: request.collectionName() };
    const statements = request.list('updates');
    checkStatementCount(statements.length);
    const ordered = request.fields.flag('ordered', true);
    const { deadline } = request;
    return context.writes.submit((transaction) => {
      let matched = 0;
      let modified = 0;
      const upserted: Reply[] = [];
      const errors = runStatements(statements, { ordered, deadline }, ({ document }, index) => {
        const statement = parseUpdateStatement(document, request);
        const { target, update: change, upsert } = statement;
        const result = updateDocuments(transaction, where, target, change, upsert);
        matched += result.matched;
        modified += result.modified;
        if (result.upserted !== undefined) {
          upserted.push(reply({ index, _id: result.upserted.get('_id') ?? null }));
        }
      });
      return reply({
        n: wholeNumber(matched + upserted.length),
        nModified: wholeNumber(modified),
        ...(upserted.length > 0 && { upserted }),
        ...(errors.length > 0 && { writeErrors: errors }),
      });
    });
  },
};

function parseDeleteStatement(source: BsonDocument, request: CommandRequest): Target {
  checkOptions('delete.deletes', source, DELETE_STATEMENT);
  const fields = new Fields(source);
  const limit = fields.count('limit');
  if (limit !== 0 && limit !== 1) {
    throw failedToParse(`The limit field in delete objects must be 0 or 1. Got ${String(limit)}`);
  }
  return targetOf(fields, limit === 0, request);
}

/** The delete command. */
export const remove: Command = {
  options: new Set(['delete', 'deletes', 'ordered']),
  async run(context, request) {
    const where = { database: request.database, name: request.collectionName() };
    const statements = request.list('deletes');
    checkStatementCount(statements.length);
    const ordered = request.fields.flag('ordered', true);
    const { deadline } = request;
    return context.writes.submit((transaction) => {
      let n = 0;
      const errors = runStatements(statements, { ordered, deadline }, ({ document }) => {
        n += deleteDocuments(transaction, where, parseDeleteStatement(document, request)).deleted;
      });
      return reply({
        n: wholeNumber(n),
        ...(errors.length > 0 && { writeErrors: errors }),
      });
    });
  },
};

function outcome(lastErrorObject: Reply, value: BsonDocument | undefined, fields: Fields): Reply {
  const projection = parseProjection(fields.document('fields'));
  const shaped: Encodable =
    value === undefined ? null : projection === undefined ? value : project(projection, value);
  return reply({ lastErrorObject, value: shaped });
}

const FIND_AND_MODIFY_OPTIONS = new Set([
  'findAndModify',
  'findandmodify',
  'query',
  'sort',
  'remove',
  'update',
  'new',
  'upsert',
  'fields',
  'hint',
  'bypassDocumentValidation',
]);

/** The findAndModify command. */
export const findAndModify: Command = {
  options: FIND_AND_MODIFY_OPTIONS,
  async run(context, request) {
    const { fields, deadline } = request;
    const where = { database: request.database, name: request.collectionName() };
    const removing = fields.flag('remove');
    const upsert = fields.flag('upsert');
    const returnNew = fields.flag('new');
    if (removing === fields.has('update')) {
      throw failedToParse('Either an update or remove=true must be specified');
    }
    if (removing && (upsert || returnNew)) {
      throw failedToParse('Cannot specify upsert or new together with remove');
    }
    parseProjection(fields.document('fields'));
    const target: Target = {
      filter: parseFilter(fields.documentOrEmpty('query')),
      sort: parseSort(fields.document('sort')),
      hint: fields.source.get('hint'),
      limit: 1,
      deadline,
    };
    if (removing) {
      return context.writes.submit((transaction) => {
        const { deleted, first } = deleteDocuments(transaction, where, target);
        return outcome(reply({ n: deleted }), first, fields);
      });
    }
    const change = parseUpdate(fields.source.get('update'));
    return context.writes.submit((transaction) => {
      const result = updateDocuments(transaction, where, target, change, upsert);
      const { upserted, matched, before, after } = result;
      const last = reply({
        n: upserted === undefined ? matched : 1,
        updatedExisting: matched > 0,
        ...(upserted && { upserted: upserted.get('_id') ?? null }),
      });
      return outcome(last, returnNew ? after : before, fields);
    });
  },
};
