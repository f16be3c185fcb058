import { Binary } from 'bson';
import { toJsNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isDocument, isNumber, typeName } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';
import { type Deadline } from '../storage/scan';
import { type CursorOwner } from './cursor-registry';

/** A document that came in a section of its own, with the bytes it came as. */
export interface SentDocument {
  readonly document: BsonDocument;
  readonly bytes: Buffer;
}

/** Options every command takes. */
const GENERIC_OPTIONS = new Set([
  '$db',
  'lsid',
  'comment',
  '$clusterTime',
  '$readPreference',
  'maxTimeMS',
  'readConcern',
  'writeConcern',
]);
const TRANSACTION_OPTIONS = new Set(['txnNumber', 'startTransaction', 'autocommit', 'coordinator']);

/** MongoDB knows these, this server does not: the error says so instead of "unknown field". */
const REFUSED_OPTIONS = new Set([
  'collation',
  'let',
  'arrayFilters',
  'min',
  'max',
  'returnKey',
  'showRecordId',
  'tailable',
  'awaitData',
  'oplogReplay',
  'capped',
  'validator',
  'timeseries',
  'viewOn',
  'pipeline',
  'clusteredIndex',
  'encryptedFields',
  'changeStreamPreAndPostImages',
  'storageEngine',
  'wildcardProjection',
  'hidden',
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'prepareUnique',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
]);

/** Refuses every field that is not on the list. */
export function checkOptions(
  where: string,
  source: BsonDocument,
  allowed: ReadonlySet<string>,
  generic = false,
): void {
  for (const [name, value] of source) {
    if (allowed.has(name) || (generic && GENERIC_OPTIONS.has(name))) continue;
    if (TRANSACTION_OPTIONS.has(name)) {
      throw new CommandError(
        20,
        'Transaction numbers are only allowed on a replica set member or mongos',
      );
    }
    if (!REFUSED_OPTIONS.has(name)) {
      throw new CommandError(40415, `BSON field '${where}.${name}' is an unknown field.`);
    }
    if (value !== false && value !== null) throw notImplemented(`the option '${name}' of ${where}`);
  }
}

function wrongType(field: string, value: BsonValue, expected: string): CommandError {
  return new CommandError(
    14,
    `BSON field '${field}' is the wrong type '${typeName(value)}', expected type '${expected}'`,
  );
}

/** Typed access to the fields of a command or a statement. */
export class Fields {
  constructor(readonly source: BsonDocument) {}

  has(name: string): boolean {
    return this.source.has(name);
  }

  document(name: string): BsonDocument | undefined {
    const value = this.source.get(name);
    if (value === undefined || value === null) return undefined;
    if (!isDocument(value)) throw wrongType(name, value, 'object');
    return value;
  }

  /** The document, or an empty one when the field is missing. */
  documentOrEmpty(name: string): BsonDocument {
    return this.document(name) ?? new Map<string, BsonValue>();
  }

  array(name: string): BsonValue[] | undefined {
    const value = this.source.get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw wrongType(name, value, 'array');
    return value;
  }

  documents(name: string): BsonDocument[] {
    return (this.array(name) ?? []).map((item) => {
      if (!isDocument(item)) throw wrongType(name, item, 'object');
      return item;
    });
  }

  text(name: string): string | undefined {
    const value = this.source.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw wrongType(name, value, 'string');
    return value;
  }

  flag(name: string, fallback = false): boolean {
    const value = this.source.get(name);
    if (value === undefined || value === null) return fallback;
    if (isNumber(value)) return toJsNumber(value) !== 0;
    if (typeof value !== 'boolean') throw wrongType(name, value, 'bool');
    return value;
  }

  /** A whole number that is not negative. */
  count(name: string): number | undefined {
    const value = this.source.get(name);
    if (value === undefined || value === null) return undefined;
    if (!isNumber(value)) throw wrongType(name, value, 'long');
    const number = toJsNumber(value);
    if (!Number.isSafeInteger(number)) throw badValue(`'${name}' must be a whole number`);
    if (number < 0) {
      throw new CommandError(
        51024,
        `BSON field '${name}' value must be >= 0, actual value '${number}'`,
      );
    }
    return number;
  }
}

function checkReadConcern(concern: BsonDocument | undefined): void {
  for (const [name, value] of concern ?? []) {
    if (name !== 'level') throw notImplemented(`the read concern option '${name}'`);
    if (value !== 'local' && value !== 'available' && value !== 'majority') {
      throw notImplemented(`the read concern ${JSON.stringify(value)}`);
    }
  }
}

function checkWriteConcern(concern: BsonDocument | undefined): void {
  for (const [name, value] of concern ?? []) {
    if (!['w', 'j', 'wtimeout', 'wtimeoutMS', 'fsync', 'provenance'].includes(name)) {
      throw new CommandError(40415, `BSON field 'writeConcern.${name}' is an unknown field.`);
    }
    if (name !== 'w' || value === 'majority') continue;
    if (!isNumber(value)) {
      throw new CommandError(79, `No write concern mode named ${JSON.stringify(value)} found`);
    }
    if (toJsNumber(value) > 1) throw badValue("cannot use 'w' > 1 when a host is not replicated");
  }
}

/** The id of a logical session, as text. */
export function sessionId(lsid: BsonDocument | undefined): string | undefined {
  const id = lsid?.get('id');
  return id instanceof Binary ? Buffer.from(id.value()).toString('hex') : undefined;
}

const DATABASE_NAME = /^[^/\\. "$*<>:|?\0]{1,63}$/;

/** One command as it arrived. */
export class CommandRequest {
  readonly fields: Fields;
  readonly database: string;
  readonly deadline: Deadline;
  readonly owner: CursorOwner;

  constructor(
    readonly name: string,
    body: BsonDocument,
    readonly sequences: ReadonlyMap<string, readonly SentDocument[]>,
    readonly connectionId: number,
  ) {
    this.fields = new Fields(body);
    const database = body.get('$db');
    if (typeof database !== 'string') throw badValue('the command has no $db');
    if (!DATABASE_NAME.test(database)) {
      throw new CommandError(73, `Invalid database name: '${database}'`);
    }
    this.database = database;
    const limit = this.fields.count('maxTimeMS') ?? 0;
    this.deadline = limit === 0 ? 0 : Date.now() + limit;
    this.owner = { connectionId, session: sessionId(this.fields.document('lsid')) };
    checkReadConcern(this.fields.document('readConcern'));
    checkWriteConcern(this.fields.document('writeConcern'));
  }

  /** Refuses options the command does not know. */
  allow(options: ReadonlySet<string>): void {
    checkOptions(this.name, this.fields.source, options, true);
    for (const name of this.sequences.keys()) {
      if (!options.has(name)) {
        throw new CommandError(40415, `BSON field '${this.name}.${name}' is an unknown field.`);
      }
    }
  }

  /** The collection the command is about: the value of its first field. */
  collectionName(): string {
    const name = this.fields.source.get(this.name);
    if (typeof name !== 'string') {
      throw new CommandError(73, `collection name has invalid type ${typeName(name)}`);
    }
    if (name === '' || name.startsWith('system.') || /[$\0]|^\.|\.$/.test(name)) {
      throw new CommandError(73, `Invalid collection name: '${name}'`);
    }
    if (Buffer.byteLength(`${this.database}.${name}`) > 255) {
      throw new CommandError(73, 'the namespace is longer than 255 bytes');
    }
    return name;
  }

  /** Statements or documents, whether sent in the body or in a section of their own. */
  list(name: string): readonly { document: BsonDocument; bytes?: Buffer }[] {
    const sent = this.sequences.get(name);
    if (sent !== undefined) return sent;
    return this.fields.documents(name).map((document) => ({ document }));
  }
}
