import { equalValues } from '../bson/compare';
import { toJsNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isNumber } from '../bson/types';
import { CommandError, notImplemented } from '../errors';
import { type IndexDefinition, type KeyField, keyField } from '../index/definition';
import { conjuncts } from '../query/filter';
import { parseFilter } from '../query/parse-filter';
import { keyPattern } from '../storage/catalog';
import { checkOptions, Fields } from './request';

const SPEC_OPTIONS = new Set([
  'key',
  'name',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'background',
  'v',
  'ns',
]);
const PARTIAL_TESTS = new Set(['eq', 'gt', 'gte', 'lt', 'lte', 'exists', 'type']);
const MAX_EXPIRY_SECONDS = 2_147_483_647;

/** An index as a client asks for it. */
export type IndexSpec = Omit<IndexDefinition, 'id' | 'multikey' | 'hasCutKeys'>;

function cannotCreate(reason: string): CommandError {
  return new CommandError(67, reason);
}

function parseField(path: string, direction: BsonValue): KeyField {
  if (typeof direction === 'string') throw notImplemented(`an index of type '${direction}'`);
  const number = isNumber(direction) ? toJsNumber(direction) : 0;
  if (!(Math.abs(number) > 0)) {
    throw cannotCreate('Values in v:2 index key pattern must be numbers other than 0');
  }
  const parts = path.split('.');
  if (parts.some((part) => part === '' || part.startsWith('$'))) {
    throw cannotCreate(`the index key path '${path}' is not valid`);
  }
  if (parts.some((part) => /^\d+$/.test(part))) {
    throw notImplemented('an index on an array position');
  }
  return keyField(path, number < 0);
}

function parsePartial(source: BsonDocument): IndexDefinition['partial'] {
  const filter = parseFilter(source);
  for (const condition of conjuncts(filter)) {
    if (condition.kind !== 'field' || !PARTIAL_TESTS.has(condition.test.op)) {
      throw cannotCreate('unsupported expression in partial index');
    }
  }
  return { source, filter };
}

function parseExpiry(fields: Fields, keyCount: number): number | undefined {
  const value = fields.source.get('expireAfterSeconds');
  if (value === undefined) return undefined;
  const seconds = isNumber(value) ? toJsNumber(value) : Number.NaN;
  if (!(seconds >= 0 && seconds <= MAX_EXPIRY_SECONDS)) {
    throw cannotCreate('TTL index expireAfterSeconds must be between 0 and 2147483647');
  }
  if (keyCount > 1) {
    throw cannotCreate('TTL indexes are single-field indexes, compound indexes do not support TTL');
  }
  return seconds;
}

function defaultName(key: BsonDocument): string {
  return [...key]
    .map(([path, direction]) => `${path}_${isNumber(direction) ? toJsNumber(direction) : 1}`)
    .join('_');
}

/** Parses one entry of createIndexes. */
export function parseIndexSpec(source: BsonDocument): IndexSpec {
  checkOptions('createIndexes.indexes', source, SPEC_OPTIONS);
  const fields = new Fields(source);
  const key = fields.document('key');
  if (key === undefined || key.size === 0)
    throw cannotCreate('Index keys cannot be an empty object');
  if (key.size > 32) throw cannotCreate('an index cannot have more than 32 fields');
  const partialSource = fields.document('partialFilterExpression');
  const partial = partialSource === undefined ? undefined : parsePartial(partialSource);
  const sparse = fields.flag('sparse');
  if (sparse && partial !== undefined) {
    throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
  }
  const expireAfterSeconds = parseExpiry(fields, key.size);
  return {
    name: fields.text('name') ?? defaultName(key),
    fields: [...key].map(([path, direction]) => parseField(path, direction)),
    unique: fields.flag('unique'),
    sparse,
    ...(partial && { partial }),
    ...(expireAfterSeconds !== undefined && { expireAfterSeconds }),
  };
}

function sameFields(a: readonly KeyField[], b: readonly KeyField[]): boolean {
  return (
    a.length === b.length &&
    a.every((f, at) => f.path === b[at]?.path && f.descending === b[at].descending)
  );
}

/** Same key pattern and same partial filter: such indexes cannot both exist. */
function sameSignature(a: IndexSpec, b: IndexSpec): boolean {
  const none: BsonDocument = new Map();
  return (
    sameFields(a.fields, b.fields) &&
    (a.partial === undefined) === (b.partial === undefined) &&
    equalValues(a.partial?.source ?? none, b.partial?.source ?? none)
  );
}

function sameOptions(a: IndexSpec, b: IndexSpec): boolean {
  return (
    a.unique === b.unique && a.sparse === b.sparse && a.expireAfterSeconds === b.expireAfterSeconds
  );
}

/** True when the index exists already; throws when another one is in its way. */
export function alreadyExists(existing: readonly IndexDefinition[], spec: IndexSpec): boolean {
  // The index on _id exists in every collection, whatever name or uniqueness is asked for.
  if (spec.fields.length === 1 && spec.fields[0]?.path === '_id' && !spec.fields[0].descending) {
    return true;
  }
  const namesake = existing.find(({ name }) => name === spec.name);
  if (namesake !== undefined) {
    if (!sameSignature(namesake, spec)) {
      throw new CommandError(
        86,
        `An existing index has the same name as the requested index: ${spec.name}`,
      );
    }
    if (sameOptions(namesake, spec)) return true;
    throw new CommandError(
      85,
      `An equivalent index already exists with the same name but different options: ${spec.name}`,
    );
  }
  const twin = existing.find((index) => sameSignature(index, spec));
  if (twin !== undefined) {
    throw new CommandError(85, `Index already exists with a different name: ${twin.name}`);
  }
  return false;
}

/** An index as listIndexes shows it. */
export function describeIndex(index: IndexDefinition): BsonDocument {
  const document: BsonDocument = new Map<string, BsonValue>([
    ['v', 2],
    ['key', keyPattern(index)],
    ['name', index.name],
  ]);
  if (index.unique && index.name !== '_id_') document.set('unique', true);
  if (index.sparse) document.set('sparse', true);
  if (index.expireAfterSeconds !== undefined) {
    document.set('expireAfterSeconds', index.expireAfterSeconds);
  }
  if (index.partial !== undefined) document.set('partialFilterExpression', index.partial.source);
  return document;
}
