/** Lists of resources: GET on an endpoint and POST on its `.search` (RFC 7644 sections 3.4.2 and 3.4.3). */
import { DomainError } from '../domain/error';
import { parseAttributePath, parseFilter } from '../domain/filter/parser';
import { type ResourceQuery } from '../domain/ports';
import { type Provisioning } from '../domain/provisioning';
import { type ResourceSchema } from '../domain/schema-table';
import { type Handler, type ScimRequest, type ScimResponse } from './http';
import { type QueryParameters } from './query-parameters';
import { listResponse } from './representation/list';
import { represent } from './representation/resource';
import { schemaOf } from './resources';
import { shownAll, viewOf } from './shown-resources';

/** Resources in a page when the client does not say, and at most. */
export const DEFAULT_COUNT = 100;
export const MAX_COUNT = 1000;

export function searchHandlers(provisioning: Provisioning): {
  readonly list: Handler;
  readonly search: Handler;
} {
  const answer = async (request: ScimRequest): Promise<ScimResponse> => {
    const schema = schemaOf(request);
    const view = viewOf(request, schema);
    const startIndex = Math.max(1, integer(request.query, 'startIndex') ?? 1);
    const count = Math.max(0, integer(request.query, 'count') ?? DEFAULT_COUNT);
    const query = {
      ruleId: request.rule.id,
      resourceType: schema.type.name,
      ...criteria(request.query, schema),
      offset: startIndex - 1,
      limit: Math.min(count, MAX_COUNT),
    };
    const page = await provisioning.search(query, schema);
    const shown = await shownAll(provisioning, view, page.resources);
    const resources = shown.map((resource) => represent(view, resource));
    return { status: 200, body: listResponse(resources, page.total, startIndex) };
  };
  return {
    list: answer,
    search: (request) => answer({ ...request, query: searchRequest(request.body) }),
  };
}

type Criteria = Pick<ResourceQuery, 'filter' | 'sortBy' | 'descending'>;

function criteria(query: QueryParameters, schema: ResourceSchema): Criteria {
  const filter = query.get('filter');
  const sortBy = query.get('sortby');
  return {
    // Not even an empty filter is passed over: a client that filters must never get everybody.
    ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
    ...(sortBy === undefined || sortBy.trim() === '' ? {} : sorting(query, sortBy, schema)),
  };
}

function sorting(query: QueryParameters, sortBy: string, schema: ResourceSchema): Criteria {
  const path = parseAttributePath(sortBy);
  if (schema.resolveComparable(path) === undefined) {
    throw invalidParameter('sortBy', `"${sortBy}" is not an attribute of ${schema.type.name}`);
  }
  const order = (query.get('sortorder') ?? 'ascending').trim().toLowerCase();
  if (order !== 'ascending' && order !== 'descending') {
    throw invalidParameter('sortOrder', 'must be "ascending" or "descending"');
  }
  return { sortBy: path, descending: order === 'descending' };
}

function integer(query: QueryParameters, name: string): number | undefined {
  const text = query.get(name.toLowerCase())?.trim() ?? '';
  if (text === '') return undefined;
  const number = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw invalidParameter(name, 'must be an integer');
  }
  return number;
}

function invalidParameter(name: string, problem: string): DomainError {
  return new DomainError('invalidValue', `The parameter "${name}": ${problem}.`, { field: name });
}

/** A SearchRequest message has the parameters of a GET request as members of an object. */
function searchRequest(body: unknown): QueryParameters {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new DomainError('invalidSyntax', 'The body must be a JSON object, a SearchRequest.');
  }
  const parameters = new Map<string, string>();
  for (const [name, value] of Object.entries(body) as [string, unknown][]) {
    const text = parameterText(value);
    if (text !== undefined) parameters.set(name.toLowerCase(), text);
  }
  return parameters;
}

function parameterText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join(',');
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}
