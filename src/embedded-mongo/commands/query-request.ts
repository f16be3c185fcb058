import { equalValues } from '../bson/compare';
import { toJsNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isDocument, isNumber } from '../bson/types';
import { badValue } from '../errors';
import { type IndexDefinition, type KeyField, keyField } from '../index/definition';
import { planQuery } from '../index/planner';
import { type Filter } from '../query/filter';
import { type CollectionDefinition, keyPattern } from '../storage/catalog';
import { countEntries, type Deadline, type ScanRequest } from '../storage/scan';
import { type Snapshot } from '../storage/store';

/** Parses a sort document. */
export function parseSort(source: BsonDocument | undefined): KeyField[] {
  return [...(source ?? [])].map(([path, value]) => {
    const direction = isNumber(value) ? toJsNumber(value) : 0;
    if (direction !== 1 && direction !== -1) {
      throw badValue(`$sort key ordering must be 1 or -1, for '${path}'`);
    }
    if (path.split('.').some((part) => part === '' || part.startsWith('$'))) {
      throw badValue(`the sort path '${path}' is not valid`);
    }
    return keyField(path, direction === -1);
  });
}

/** How the client wants documents to be found. */
type Hint =
  | { readonly kind: 'none' }
  | { readonly kind: 'natural'; readonly reverse: boolean }
  | { readonly kind: 'index'; readonly index: IndexDefinition };

function parseHint(collection: CollectionDefinition, hint: BsonValue | undefined): Hint {
  if (hint === undefined || hint === null || (isDocument(hint) && hint.size === 0)) {
    return { kind: 'none' };
  }
  if (isDocument(hint) && hint.has('$natural')) {
    const direction = hint.get('$natural') as BsonValue;
    return { kind: 'natural', reverse: isNumber(direction) && toJsNumber(direction) === -1 };
  }
  const index = collection.indexes.find((candidate) =>
    isDocument(hint) ? equalValues(keyPattern(candidate), hint) : candidate.name === hint,
  );
  if (index === undefined) {
    throw badValue('hint provided does not correspond to an existing index');
  }
  return { kind: 'index', index };
}

/** What is asked of a collection. */
export interface ScanQuery {
  readonly filter: Filter;
  readonly sort?: readonly KeyField[];
  readonly hint?: BsonValue | undefined;
  readonly deadline: Deadline;
}

/** Plans a query on a collection. */
export function scanRequest(
  snapshot: Snapshot,
  collection: CollectionDefinition,
  query: ScanQuery,
): ScanRequest {
  const { filter, deadline } = query;
  const sort = query.sort ?? [];
  const hint = parseHint(collection, query.hint);
  if (hint.kind === 'natural') {
    const sorted = sort.length === 0;
    const plan = { scans: [], wholeCollection: true, reverse: hint.reverse, sorted };
    return { collection, plan, filter, deadline };
  }
  const plan = planQuery(collection.indexes, {
    filter,
    sort,
    countEntries: (scan, limit) => countEntries(snapshot, scan, limit),
    ...(hint.kind === 'index' && { hint: hint.index }),
  });
  return { collection, plan, filter, deadline };
}
