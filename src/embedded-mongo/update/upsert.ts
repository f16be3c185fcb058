import { ObjectId } from 'bson';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { CommandError } from '../errors';
import { type Filter } from '../query/filter';
import { setAt, updatePath } from './paths';
import { applyUpdate, type Update, withIdFirst } from './parse-update';

/** The equalities a filter demands, which an upsert takes over into the new document. */
function* equalities(filter: Filter): Generator<{ path: string; value: BsonValue }> {
  if (filter.kind === 'and') {
    for (const child of filter.filters) yield* equalities(child);
  } else if (filter.kind === 'or' && filter.filters.length === 1) {
    yield* equalities(filter.filters[0] as Filter);
  } else if (filter.kind === 'field' && filter.test.op === 'eq') {
    yield { path: filter.path, value: filter.test.value };
  } else if (
    filter.kind === 'field' &&
    filter.test.op === 'in' &&
    filter.test.values.length === 1
  ) {
    if (filter.test.patterns.length > 0) return;
    yield { path: filter.path, value: filter.test.values[0] as BsonValue };
  }
}

/** Two equalities for one path, or for a path and one inside it, leave open what is meant. */
function assertOnce(parts: readonly string[], seen: readonly (readonly string[])[]): void {
  const other = seen.find((earlier) => {
    const length = Math.min(earlier.length, parts.length);
    return earlier.slice(0, length).every((part, at) => part === parts[at]);
  });
  if (other === undefined) return;
  const [path, conflict] = [parts.join('.'), other.join('.')];
  throw new CommandError(
    54,
    path === conflict
      ? `cannot infer query fields to set, path '${path}' is matched twice`
      : `cannot infer query fields to set, both paths '${path}' and '${conflict}' are matched`,
  );
}

function seed(filter: Filter, onlyId: boolean): BsonDocument {
  const document: BsonDocument = new Map();
  const seen: (readonly string[])[] = [];
  for (const { path, value } of equalities(filter)) {
    if (onlyId && path !== '_id') continue;
    const parts = updatePath(path);
    assertOnce(parts, seen);
    seen.push(parts);
    setAt(document, parts, value);
  }
  return document;
}

/** The document an upsert inserts when nothing matched. */
export function upsertedDocument(filter: Filter, update: Update): BsonDocument {
  const result = applyUpdate(update, seed(filter, update.kind === 'replacement'), true);
  return withIdFirst(result.has('_id') ? (result.get('_id') as BsonValue) : new ObjectId(), result);
}
