import { decodeFields } from '../bson/decode';
import { type Encodable, reply } from '../bson/encode';
import { wholeNumber } from '../bson/numbers';
import { type BsonValue } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';
import { encodeKeyPart } from '../index/key-encoding';
import { parseFilter } from '../query/parse-filter';
import { MAX_DOCUMENT_BYTES } from '../storage/documents';
import { countMatches, scan } from '../storage/scan';
import { type Command } from './context';
import { scanRequest } from './query-request';

/** What a value costs in a reply besides its own bytes: a type and a position. */
const ELEMENT_BYTES = 8;

/** The count command. */
export const count: Command = {
  options: new Set(['count', 'query', 'limit', 'skip', 'hint']),
  run(context, request) {
    const { fields, database, deadline } = request;
    const name = request.collectionName();
    const filter = parseFilter(fields.documentOrEmpty('query'));
    const skip = fields.count('skip') ?? 0;
    const limit = fields.count('limit') || Infinity;
    const total = context.store.read((snapshot) => {
      const collection = snapshot.catalog.find(database, name);
      if (collection === undefined) return 0;
      if (filter.kind === 'and' && filter.filters.length === 0) {
        return snapshot.counters(collection.id).documents;
      }
      const hint = fields.source.get('hint');
      return countMatches(snapshot, scanRequest(snapshot, collection, { filter, hint, deadline }));
    });
    return reply({ n: wholeNumber(Math.min(Math.max(total - skip, 0), limit)) });
  },
};

/** The values at a path, with the elements of a final array one by one. */
function* valuesAtPath(
  value: BsonValue | undefined,
  parts: readonly string[],
): Generator<BsonValue> {
  if (Array.isArray(value)) {
    for (const element of value) {
      if (parts.length === 0) yield element;
      else if (element instanceof Map) yield* valuesAtPath(element, parts);
    }
  } else if (parts.length === 0) {
    if (value !== undefined) yield value;
  } else if (value instanceof Map) {
    yield* valuesAtPath(value.get(parts[0] as string), parts.slice(1));
  }
}

/** The distinct command. */
export const distinct: Command = {
  options: new Set(['distinct', 'key', 'query', 'hint']),
  run(context, request) {
    const { fields, database, deadline } = request;
    const name = request.collectionName();
    const path = fields.text('key');
    if (path === undefined) throw badValue('distinct needs a key');
    const parts = path.split('.');
    if (parts.some((part) => part === '' || part.startsWith('$') || /^\d+$/.test(part))) {
      throw notImplemented(`distinct on the path '${path}'`);
    }
    const filter = parseFilter(fields.documentOrEmpty('query'));
    const values = new Map<string, Encodable>();
    let bytes = 0;
    context.store.read((snapshot) => {
      const collection = snapshot.catalog.find(database, name);
      if (collection === undefined) return;
      const hint = fields.source.get('hint');
      const found = scan(snapshot, scanRequest(snapshot, collection, { filter, hint, deadline }));
      const wanted = new Set([parts[0] as string]);
      for (const row of found) {
        for (const value of valuesAtPath(decodeFields(row.bytes, wanted), parts)) {
          const key = encodeKeyPart(value).toString('latin1');
          if (values.has(key)) continue;
          values.set(key, value);
          bytes += key.length + ELEMENT_BYTES;
          if (bytes > MAX_DOCUMENT_BYTES) {
            throw new CommandError(17217, 'distinct too big, 16mb cap');
          }
        }
      }
    });
    return reply({ values: [...values.values()] });
  },
};
