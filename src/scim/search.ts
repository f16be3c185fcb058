/** Lists of resources: GET on an endpoint or the root, and POST on its `.search` (RFC 7644 sections 3.4.2 and 3.4.3). */
import { DomainError } from '../domain/error';
import { type AttributePath, type Filter } from '../domain/filter/ast';
import { parseAttributePath, parseFilter } from '../domain/filter/parser';
import { printAttributePath } from '../domain/filter/print';
import { type ResourceQuery } from '../domain/ports';
import { type Provisioning } from '../domain/provisioning';
import { GROUP, type Resource } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { SEARCH_REQUEST, type ValidationProfile } from '../domain/validation';
import { type Cursors } from './cursor';
import { type Handler, type ScimRequest, type ScimResponse } from './http';
import { invalidParameter, pageOf } from './page';
import { type QueryParameters } from './query-parameters';
import { listChunks, listResponse, type ListHead } from './representation/list';
import { represent, type ShownResource, type View } from './representation/resource';
import { schemaOf } from './resources';
import { groupsAsJson, shownAll, showsMemberships, viewOf } from './shown-resources';

/** Keys are paths below the endpoint; `All` is the root, and so every resource type. */
export interface SearchHandlers {
  readonly list: Handler;
  readonly search: Handler;
  readonly listAll: Handler;
  readonly searchAll: Handler;
}

export function searchHandlers(provisioning: Provisioning, cursors: Cursors): SearchHandlers {
  const answer = async (
    request: ScimRequest,
    schemas: readonly ResourceSchema[],
  ): Promise<ScimResponse> => {
    const { query, rule } = request;
    const views = new Map(schemas.map((schema) => [schema.type.name, viewOf(request, schema)]));
    const owner = [rule.id, ...schemas.map((schema) => schema.type.endpoint)];
    const { from, limit, head } = pageOf(query, cursors, owner);
    const { total, resources, next } = await provisioning.search(
      { ruleId: rule.id, ...criteria(request, schemas), from, limit },
      schemas,
    );
    const listHead = { totalResults: total, itemsPerPage: resources.length, ...head(next) };
    return listOf(provisioning, views, listHead, resources);
  };
  const one = (request: ScimRequest): Promise<ScimResponse> => answer(request, [schemaOf(request)]);
  const all = (request: ScimRequest): Promise<ScimResponse> => answer(request, allSchemas(request));
  return {
    list: one,
    search: async (request) => one({ ...request, query: searchRequest(request) }),
    listAll: all,
    searchAll: async (request) => all({ ...request, query: searchRequest(request) }),
  };
}

function allSchemas({ schemas }: ScimRequest): readonly ResourceSchema[] {
  return schemas.types.flatMap(({ name }) => schemas.get(name) ?? []);
}

type Views = ReadonlyMap<string, View>;

/** Members of groups may be far more than the page, so a list with them is sent in pieces. */
async function listOf(
  provisioning: Provisioning,
  views: Views,
  head: ListHead,
  resources: readonly Resource[],
): Promise<ScimResponse> {
  const groups = views.get(GROUP);
  const hasMembers = ({ resourceType }: Resource): boolean => resourceType === GROUP;
  if (groups !== undefined && showsMemberships(groups) && resources.some(hasMembers)) {
    return { status: 200, chunks: listChunks(head, inPieces(provisioning, views, resources)) };
  }
  const shown = await shownOfTypes(provisioning, views, resources);
  return { status: 200, body: listResponse(head, shown) };
}

/** The resources in their order; what is shown with them is read type by type. */
async function shownOfTypes(
  provisioning: Provisioning,
  views: Views,
  resources: readonly Resource[],
): Promise<readonly object[]> {
  const shown = new Map<string, object>();
  for (const [type, view] of views) {
    const ofType = resources.filter(({ resourceType }) => resourceType === type);
    if (ofType.length === 0) continue;
    const all: readonly ShownResource[] = await shownAll(provisioning, view, ofType);
    for (const each of all) shown.set(each.resource.id, represent(view, each));
  }
  return resources.flatMap(({ id }) => shown.get(id) ?? []);
}

async function* inPieces(
  provisioning: Provisioning,
  views: Views,
  resources: readonly Resource[],
): AsyncGenerator<string | AsyncIterable<string>> {
  for (const run of runs(resources)) {
    const type = run[0]?.resourceType ?? '';
    const view = views.get(type);
    if (view === undefined) continue;
    if (type === GROUP) yield* groupsAsJson(provisioning, view, run);
    else {
      for (const shown of await shownOfTypes(provisioning, views, run)) yield JSON.stringify(shown);
    }
  }
}

/** Neighbours of the same type. */
function runs(resources: readonly Resource[]): readonly (readonly Resource[])[] {
  const result: Resource[][] = [];
  for (const resource of resources) {
    const last = result.at(-1);
    if (last?.[0]?.resourceType === resource.resourceType) last.push(resource);
    else result.push([resource]);
  }
  return result;
}

type Criteria = Pick<ResourceQuery, 'filter' | 'sortBy' | 'descending'>;

function criteria({ query, profile }: ScimRequest, schemas: readonly ResourceSchema[]): Criteria {
  const filter = query.get('filter');
  const sortBy = query.get('sortby');
  return {
    // Not even an empty filter is passed over: a client that filters must never get everybody.
    ...(filter === undefined ? {} : { filter: filterOf(filter, profile, schemas) }),
    ...(sortBy === undefined || sortBy.trim() === ''
      ? {}
      : sorting(query, sortByOf(sortBy, profile, schemas), schemas)),
  };
}

function filterOf(
  text: string,
  profile: ValidationProfile,
  schemas: readonly ResourceSchema[],
): Filter {
  const filter = parseFilter(text, profile.grammar);
  profile.checkFilter(filter, schemas);
  return filter;
}

/** At the root it need not be an attribute of every type. */
function sortByOf(
  text: string,
  profile: ValidationProfile,
  schemas: readonly ResourceSchema[],
): AttributePath {
  const path = parseAttributePath(text);
  for (const schema of schemas) {
    if (schema.resolve(path) !== undefined) profile.checkPath(schema, { path });
  }
  return path;
}

function sorting(
  query: QueryParameters,
  path: AttributePath,
  schemas: readonly ResourceSchema[],
): Criteria {
  const sortBy = printAttributePath(path);
  const known = schemas.flatMap((schema) => schema.resolveComparable(path) ?? []);
  if (!known.some(({ attribute }) => attribute.returned !== 'never')) {
    const types = schemas.map(({ type }) => type.name).join(' or ');
    throw invalidParameter('sortBy', `"${sortBy}" is not an attribute of ${types}`);
  }
  if (known.some(({ attribute, subAttribute }) => (subAttribute ?? attribute).type === 'complex')) {
    throw invalidParameter('sortBy', `"${sortBy}" is complex: name one of its sub-attributes`);
  }
  const order = (query.get('sortorder') ?? 'ascending').trim().toLowerCase();
  if (order !== 'ascending' && order !== 'descending') {
    throw invalidParameter('sortOrder', 'must be "ascending" or "descending"');
  }
  return { sortBy: path, descending: order === 'descending' };
}

/** A SearchRequest message has the parameters of a GET request as members of an object. */
function searchRequest({ body, profile }: ScimRequest): QueryParameters {
  profile.checkMessage(SEARCH_REQUEST, body);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new DomainError('invalidSyntax', 'The body must be a JSON object, a SearchRequest.');
  }
  const parameters = new Map<string, string>();
  for (const [name, value] of Object.entries(body) as [string, unknown][]) {
    const key = name.toLowerCase();
    const text = parameterText(value);
    if (text !== undefined) parameters.set(key, text);
    else if (value !== null && PARAMETERS.has(key)) throw notText(name);
  }
  return parameters;
}

/** What decides on the list must not be passed over because it is of another type: see {@link criteria}. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'filter',
  'sortby',
  'sortorder',
  'startindex',
  'count',
  'cursor',
  'attributes',
  'excludedattributes',
]);

function notText(name: string): DomainError {
  const isFilter = name.toLowerCase() === 'filter';
  return isFilter
    ? new DomainError('invalidFilter', '"filter" must be a string.', { field: name })
    : invalidParameter(name, 'must be a string, a number or a list of names');
}

function parameterText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join(',');
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}
