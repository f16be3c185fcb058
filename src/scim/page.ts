/** Which page of a list is asked for: by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865). */
import { DomainError } from '../domain/error';
import { type ListPosition, type ResourceQuery } from '../domain/ports';
import { type CursorContext, type Cursors } from './cursor';
import { type QueryParameters } from './query-parameters';

/** Resources in a page when the client does not say, and at most. */
export const DEFAULT_COUNT = 100;
export const MAX_COUNT = 1000;

export type Page = Pick<ResourceQuery, 'from' | 'limit'> & {
  /** What the list says of the page, when `next` is where it goes on. */
  readonly head: (next: ListPosition | undefined) => {
    readonly startIndex?: number;
    readonly nextCursor?: string;
  };
};

/** `owner` is what a cursor belongs to beside the parameters: the rule and the endpoint. */
export function pageOf(query: QueryParameters, cursors: Cursors, owner: readonly string[]): Page {
  const cursor = query.get('cursor')?.trim();
  if (cursor === undefined) return pageByIndex(query);
  if (query.has('startindex')) {
    throw invalidParameter('startIndex', 'cannot be used together with "cursor": use one of them');
  }
  const limit = countIn(query, 'invalidCount');
  const parameters = ['filter', 'sortby', 'sortorder'].map((name) => query.get(name));
  const context: CursorContext = { query: [...owner, ...parameters], count: limit };
  return {
    from: { after: cursor === '' ? undefined : cursors.open(cursor, context) },
    limit,
    head: (next) => (next === undefined ? {} : { nextCursor: cursors.seal(next, context) }),
  };
}

function pageByIndex(query: QueryParameters): Page {
  const startIndex = Math.max(1, integer(query, 'startIndex', 'invalidValue') ?? 1);
  return {
    from: { offset: startIndex - 1 },
    limit: countIn(query, 'invalidValue'),
    head: () => ({ startIndex }),
  };
}

/** Less than zero is zero, and more than the maximum is the maximum. */
function countIn(query: QueryParameters, code: 'invalidCount' | 'invalidValue'): number {
  const count = integer(query, 'count', code) ?? DEFAULT_COUNT;
  return Math.min(Math.max(0, count), MAX_COUNT);
}

function integer(
  query: QueryParameters,
  name: string,
  code: 'invalidCount' | 'invalidValue',
): number | undefined {
  const text = query.get(name.toLowerCase())?.trim() ?? '';
  if (text === '') return undefined;
  const number = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw invalidParameter(name, 'must be an integer', code);
  }
  return number;
}

export function invalidParameter(
  name: string,
  problem: string,
  code: 'invalidCount' | 'invalidValue' = 'invalidValue',
): DomainError {
  return new DomainError(code, `The parameter "${name}": ${problem}.`, { field: name });
}
