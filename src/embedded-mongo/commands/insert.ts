import { BSONRegExp, Decimal128, ObjectId } from 'bson';
import { encodeDocument } from '../bson/encode';
import { type Encodable, reply } from '../bson/encode';
import { type BsonDocument, type BsonValue, typeName } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';
import { ensureCollection } from '../storage/catalog-changes';
import { DocumentWriter } from '../storage/documents';
import { checkDeadline, type Deadline } from '../storage/scan';
import { withIdFirst } from '../update/parse-update';
import { type Command, type Reply } from './context';

const MAX_STATEMENTS = 100_000;

/** The error entry of one statement of a write command. */
export function writeError(index: number, error: CommandError): Reply {
  const fields: [string, Encodable][] = [
    ['index', index],
    ['code', error.code],
    ...(error.details ?? []),
    ['errmsg', error.message],
  ];
  return new Map(fields);
}

/** Statements must be at least one and not more than the handshake announces. */
export function checkStatementCount(count: number): void {
  if (count < 1 || count > MAX_STATEMENTS) {
    throw new CommandError(
      72,
      `Write batch sizes must be between 1 and ${MAX_STATEMENTS}. Got ${count} operations.`,
    );
  }
}

/**
 * Runs the statements of a write command one after the other. A refused statement becomes a write
 * error and, when the command is ordered, ends the command; what was written before it stays.
 */
export function runStatements<T>(
  statements: readonly T[],
  { ordered, deadline }: { ordered: boolean; deadline: Deadline },
  run: (statement: T, index: number) => void,
): Reply[] {
  const errors: Reply[] = [];
  for (const [index, statement] of statements.entries()) {
    checkDeadline(deadline);
    try {
      run(statement, index);
    } catch (error) {
      if (!(error instanceof CommandError) || error.code === 50) throw error;
      errors.push(writeError(index, error));
      if (ordered) break;
    }
  }
  return errors;
}

/** Refuses values that MongoDB, or this server, does not take as _id. */
export function checkId(id: BsonValue): void {
  if (Array.isArray(id) || id instanceof BSONRegExp) {
    throw badValue(`The '_id' value cannot be of type ${typeName(id)}`);
  }
  if (id instanceof Decimal128) throw notImplemented('Decimal128 as _id');
  if (id instanceof Map) {
    for (const name of id.keys()) {
      if (name.startsWith('$')) {
        throw new CommandError(52, `_id fields may not contain '$'-prefixed fields: ${name}`);
      }
    }
  }
}

/** The document as it is stored: with an _id, which comes first. */
function prepared(sent: { document: BsonDocument; bytes?: Buffer }): {
  document: BsonDocument;
  bytes: Buffer;
} {
  const first = sent.document.keys().next();
  const id = sent.document.get('_id');
  if (id !== undefined) checkId(id);
  if (id !== undefined && first.value === '_id' && sent.bytes !== undefined) {
    return { document: sent.document, bytes: sent.bytes };
  }
  const document = withIdFirst(id === undefined ? new ObjectId() : id, sent.document);
  return { document, bytes: encodeDocument(document) };
}

/** The insert command. */
export const insert: Command = {
  options: new Set(['insert', 'documents', 'ordered', 'bypassDocumentValidation']),
  async run(context, request) {
    const { fields, database, deadline } = request;
    const name = request.collectionName();
    const documents = request.list('documents');
    checkStatementCount(documents.length);
    const ordered = fields.flag('ordered', true);
    return context.writes.submit((transaction) => {
      let n = 0;
      let writer: DocumentWriter | undefined;
      const errors = runStatements(documents, { ordered, deadline }, (sent) => {
        const { document, bytes } = prepared(sent);
        writer ??= new DocumentWriter(transaction, ensureCollection(transaction, database, name));
        writer.insert(document, bytes);
        n += 1;
      });
      return reply(errors.length > 0 ? { n, writeErrors: errors } : { n });
    });
  },
};
