import { encodeDocument } from '../bson/encode';
import { toJsNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isDocument, isNumber } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';
import { type KeyField } from '../index/definition';
import { sortKey } from '../index/document-keys';
import { type Filter } from '../query/filter';
import { matches } from '../query/match';
import { parseFilter } from '../query/parse-filter';
import { parseProjection, type Projection, project } from '../query/projection';
import { type Group, group, parseGroup } from './aggregate-group';
import { memoryExceeded, ROW_OVERHEAD, SORT_BYTES } from './query-source';
import { parseSort } from './query-request';

/** A parsed pipeline stage. */
export type Stage =
  | { readonly kind: 'match'; readonly filter: Filter }
  | { readonly kind: 'sort'; readonly fields: readonly KeyField[] }
  | { readonly kind: 'skip' | 'limit'; readonly count: number }
  | { readonly kind: 'project'; readonly projection: Projection }
  | { readonly kind: 'count'; readonly field: string }
  | { readonly kind: 'group'; readonly group: Group };

function operandDocument(name: string, operand: BsonValue): BsonDocument {
  if (!isDocument(operand)) throw badValue(`the ${name} stage needs an object`);
  return operand;
}

function operandCount(name: string, operand: BsonValue, least: number): number {
  const count = isNumber(operand) ? toJsNumber(operand) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < least) {
    throw badValue(
      `invalid argument to ${name} stage: expected a whole number of at least ${least}`,
    );
  }
  return count;
}

function parseProject(operand: BsonValue): Stage {
  const projection = parseProjection(operandDocument('$project', operand));
  if (projection === undefined) throw badValue('$project needs at least one field');
  return { kind: 'project', projection };
}

function parseCount(operand: BsonValue): Stage {
  if (typeof operand !== 'string' || operand === '' || /^\$|\.|\0/.test(operand)) {
    throw badValue('the count field must be a non-empty string without $ and dots');
  }
  return { kind: 'count', field: operand };
}

function parseSortStage(operand: BsonValue): Stage {
  const fields = parseSort(operandDocument('$sort', operand));
  if (fields.length === 0) throw badValue('$sort stage must have at least one sort key');
  return { kind: 'sort', fields };
}

function parseStage(source: BsonDocument): Stage {
  if (source.size !== 1) {
    throw new CommandError(
      40323,
      'A pipeline stage specification object must contain exactly one field.',
    );
  }
  const [name, operand] = [...source][0] as [string, BsonValue];
  switch (name) {
    case '$match':
      return { kind: 'match', filter: parseFilter(operandDocument(name, operand)) };
    case '$sort':
      return parseSortStage(operand);
    case '$skip':
      return { kind: 'skip', count: operandCount(name, operand, 0) };
    case '$limit':
      return { kind: 'limit', count: operandCount(name, operand, 1) };
    case '$project':
      return parseProject(operand);
    case '$count':
      return parseCount(operand);
    case '$group':
      return { kind: 'group', group: parseGroup(operandDocument(name, operand)) };
    default:
      throw notImplemented(`the aggregation stage ${name}`);
  }
}

/** Parses a pipeline. Every stage is checked before the first one runs. */
export function parsePipeline(stages: readonly BsonDocument[]): Stage[] {
  return stages.map(parseStage);
}

/** For a group that only counts, and for $count: builds its one result from the number. */
export function countingGroup(
  stage: Stage | undefined,
): ((n: BsonValue) => BsonDocument) | undefined {
  if (stage?.kind === 'count') return (n) => new Map([[stage.field, n]]);
  if (stage?.kind !== 'group') return undefined;
  const { key, fields } = stage.group;
  if (key.kind !== 'constant') return undefined;
  if (
    !fields.every(
      ({ accumulator, input }) =>
        accumulator === '$sum' && input.kind === 'constant' && input.value === 1,
    )
  ) {
    return undefined;
  }
  return (n) => new Map([['_id', key.value], ...fields.map(({ name }) => [name, n] as const)]);
}

function sortDocuments(
  documents: Iterable<BsonDocument>,
  fields: readonly KeyField[],
): BsonDocument[] {
  let bytes = 0;
  const rows = [];
  for (const document of documents) {
    const key = sortKey(document, fields);
    bytes += key.length + encodeDocument(document).length + ROW_OVERHEAD;
    if (bytes > SORT_BYTES) throw memoryExceeded('$sort');
    rows.push({ document, key });
  }
  return rows.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ document }) => document);
}

function* skipped(documents: Iterable<BsonDocument>, count: number): Generator<BsonDocument> {
  let left = count;
  for (const document of documents) {
    if (left > 0) left -= 1;
    else yield document;
  }
}

function* limited(documents: Iterable<BsonDocument>, count: number): Generator<BsonDocument> {
  let left = count;
  for (const document of documents) {
    yield document;
    left -= 1;
    if (left <= 0) return;
  }
}

function* counted(documents: Iterable<BsonDocument>, field: string): Generator<BsonDocument> {
  let n = 0;
  const iterator = documents[Symbol.iterator]();
  while (iterator.next().done !== true) n += 1;
  if (n > 0) yield new Map([[field, n]]);
}

function* filtered(documents: Iterable<BsonDocument>, filter: Filter): Generator<BsonDocument> {
  for (const document of documents) if (matches(filter, document)) yield document;
}

function* projected(
  documents: Iterable<BsonDocument>,
  projection: Projection,
): Generator<BsonDocument> {
  for (const document of documents) yield project(projection, document);
}

function runStage(documents: Iterable<BsonDocument>, stage: Stage): Iterable<BsonDocument> {
  switch (stage.kind) {
    case 'match':
      return filtered(documents, stage.filter);
    case 'sort':
      return sortDocuments(documents, stage.fields);
    case 'skip':
      return skipped(documents, stage.count);
    case 'limit':
      return limited(documents, stage.count);
    case 'project':
      return projected(documents, stage.projection);
    case 'count':
      return counted(documents, stage.field);
    case 'group':
      return group(documents, stage.group);
  }
}

/** Runs stages one after the other. */
export function runStages(
  documents: Iterable<BsonDocument>,
  stages: readonly Stage[],
): Iterable<BsonDocument> {
  return stages.reduce(runStage, documents);
}
