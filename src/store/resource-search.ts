/**
 * Lists of resources (RFC 7644 section 3.4.2). A list is made of parts, one behind the other: resources of one type, or
 * those that have a value of the attribute the list is sorted by and those that have none. Each part has an order that
 * an index or the id fixes, so a page can begin behind a number of resources or behind a place.
 */
import { DomainError } from '../domain/error';
import { type AttributePath, type Filter } from '../domain/filter/ast';
import { filterForTypes } from '../domain/filter/for-types';
import { type ListPosition, type ResourcePage, type ResourceQuery } from '../domain/ports';
import { GROUP, type Resource, USER } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { type Query } from './filter-comparison';
import { compileFilter, sortField, type SortField } from './filter-query';
import { type Memberships } from './memberships';
import { type ResourceModel } from './models/resource.model';
import { isUnique, toResource } from './resource-mapping';
import { type ResourceReader } from './resource-reader';
import { SearchedMemberships } from './searched-memberships';

/** A resource and what its part is sorted by. */
interface Listed {
  readonly resource: Resource;
  readonly position: Omit<ListPosition, 'part'>;
}

interface Start {
  readonly after?: ListPosition;
  readonly skip: number;
  readonly limit: number;
}

interface Part {
  count(): Promise<number>;
  read(start: Start): Promise<readonly Listed[]>;
}

/** The resources of one type that a filter may select; `filter` is undefined where it selects them all. */
interface TypeQuery {
  readonly schema: ResourceSchema;
  readonly filter: Filter | undefined;
}

const WITH_NORM = { unique: 0, journal: 0, pending: 0 } as const;
const WITHOUT_NORM = { ...WITH_NORM, norm: 0 } as const;

export class ResourceSearch {
  constructor(
    private readonly model: ResourceModel,
    private readonly memberships: Memberships,
    private readonly reader: ResourceReader,
  ) {}

  async search(query: ResourceQuery, schemas: readonly ResourceSchema[]): Promise<ResourcePage> {
    if ('offset' in query.from) {
      const { offset } = query.from;
      const exact = await this.exact(query, schemas);
      if (exact === undefined) {
        return byOffset(await this.partsOf(query, schemas), offset, query.limit);
      }
      return { total: exact.length, resources: exact.slice(offset, offset + query.limit) };
    }
    const parts = await this.partsOf(query, schemas);
    const [found, totals] = await Promise.all([
      query.limit === 0 ? [] : readAfter(parts, query.from.after, query.limit + 1),
      countsOf(parts),
    ]);
    const shown = found.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      total: sum(totals),
      resources: shown.map(({ resource }) => resource),
      ...(last !== undefined && found.length > query.limit ? { next: last.position } : {}),
    };
  }

  /** What clients ask for before every change: who has this name, or this id in the client's own books. */
  private async exact(
    { ruleId, filter, sortBy }: ResourceQuery,
    [schema, ...others]: readonly ResourceSchema[],
  ): Promise<readonly Resource[] | undefined> {
    if (filter?.type !== 'compare' || filter.operator !== 'eq') return undefined;
    if (sortBy !== undefined || schema === undefined || others.length > 0) return undefined;
    const place = schema.resolveComparable(filter.path);
    if (!place || (place.attribute.name !== 'externalId' && !isUnique(schema, place))) {
      return undefined;
    }
    const memberships = this.searched(ruleId);
    const query = await compileFilter(filter, { schema, memberships });
    return this.reader.matching({ ruleId, resourceType: schema.type.name }, query);
  }

  private async partsOf(
    query: ResourceQuery,
    schemas: readonly ResourceSchema[],
  ): Promise<readonly Part[]> {
    const types = typesOf(query, schemas);
    if (types.length === 0) return [];
    if (query.sortBy !== undefined) {
      const direction = query.descending ? -1 : 1;
      const sorting = { ...sortFieldOf(query.sortBy, schemas), direction } as const;
      return this.sortedParts(await this.conditions(query.ruleId, types), sorting);
    }
    return Promise.all(
      types.map(async (type) => {
        const groupId = membersOnly(type);
        if (groupId !== undefined) return this.partOfMembers(query.ruleId, groupId);
        return this.part(await this.conditions(query.ruleId, [type]), BY_ID);
      }),
    );
  }

  /** Who has no value comes last, or first when the order is descending (RFC 7644 section 3.4.2.3). */
  private sortedParts(conditions: Query, sorting: Sorting): readonly Part[] {
    if (!sorting.field.startsWith('norm.')) return [this.part(conditions, sorting)];
    const having = (value: boolean): Query => ({
      $and: [conditions, { [sorting.field]: { $exists: value } }],
    });
    const withValue = this.part(having(true), sorting);
    const without = this.part(having(false), BY_ID);
    return sorting.direction === 1 ? [withValue, without] : [without, withValue];
  }

  private async conditions(ruleId: string, types: readonly TypeQuery[]): Promise<Query> {
    const memberships = this.searched(ruleId);
    const [first, ...others] = await Promise.all(
      types.map(async ({ schema, filter }): Promise<Query> => {
        const resourceType = schema.type.name;
        if (filter === undefined) return { resourceType };
        return { resourceType, $and: [await compileFilter(filter, { schema, memberships })] };
      }),
    );
    const type = others.length === 0 ? first : { $or: [first, ...others] };
    return { ruleId, live: true, ...type };
  }

  private part(filter: Query, sorting: Sorting): Part {
    const { field, direction } = sorting;
    return {
      count: () => this.model.countDocuments(filter).exec(),
      read: async ({ after, skip, limit }) => {
        const documents = await this.model
          // The value a place is known by is taken from `norm`.
          .find(
            after ? { $and: [filter, beyond(sorting, after)] } : filter,
            field.startsWith('norm.') ? WITH_NORM : WITHOUT_NORM,
          )
          .sort(field === '_id' ? { _id: direction } : { [field]: direction, _id: 1 })
          .skip(skip)
          .limit(limit)
          .lean();
        return documents.map((document) => {
          const value = field === '_id' ? undefined : keyIn(document, field);
          const position = { id: document._id, ...(value === undefined ? {} : { value }) };
          return { resource: toResource(document), position };
        });
      },
    };
  }

  /** The users of a group, which may be all there are: its membership documents are the list. */
  private async partOfMembers(ruleId: string, groupId: string): Promise<Part> {
    const group = await this.reader.live({ ruleId, resourceType: GROUP }, groupId);
    if (group === undefined) return NOBODY;
    const key = { ruleId, groupId, memberType: USER };
    return {
      count: () => this.memberships.countOfType(ruleId, groupId, USER),
      read: async ({ after, skip, limit }) => {
        const listed: Listed[] = [];
        let from: string | undefined = after?.id;
        let ids: readonly string[];
        do {
          const wanted = limit - listed.length;
          const page = {
            skip: listed.length === 0 && from === after?.id ? skip : 0,
            limit: wanted,
          };
          ids = await this.memberships.idsOfType(
            key,
            from === undefined ? page : { ...page, after: from },
          );
          listed.push(...(await this.users(ruleId, ids)));
          from = ids.at(-1);
          // Who was deleted a moment ago is still a member; the page is filled up all the same.
        } while (ids.length > 0 && listed.length < limit);
        return listed;
      },
    };
  }

  /** Those of the ids that are users, in the order of the ids. */
  private async users(ruleId: string, ids: readonly string[]): Promise<readonly Listed[]> {
    if (ids.length === 0) return [];
    const documents = await this.model
      .find({ _id: { $in: ids }, ruleId, resourceType: USER, live: true }, WITHOUT_NORM)
      .lean();
    const byId = new Map(documents.map((document) => [document._id, document]));
    return ids.flatMap((id) => {
      const document = byId.get(id);
      return document ? [{ resource: toResource(document), position: { id } }] : [];
    });
  }

  private searched(ruleId: string): SearchedMemberships {
    return new SearchedMemberships(this.model, this.memberships, ruleId);
  }
}

function sortFieldOf(sortBy: AttributePath, schemas: readonly ResourceSchema[]): SortField {
  const fields = new Map<string, SortField>();
  for (const schema of schemas) {
    if (schema.resolveComparable(sortBy) === undefined) continue;
    const field = sortField(sortBy, schema);
    fields.set(`${field.type} ${field.field}`, field);
  }
  const [field, another] = fields.values();
  if (field !== undefined && another === undefined) return field;
  throw new DomainError(
    'invalidValue',
    'The parameter "sortBy" means different attributes in different resource types. Name it with the URN of its schema.',
    { field: 'sortBy' },
  );
}

function typesOf(
  { filter }: ResourceQuery,
  schemas: readonly ResourceSchema[],
): readonly TypeQuery[] {
  if (filter === undefined || schemas.length === 1) {
    return schemas.map((schema) => ({ schema, filter }));
  }
  const filters = filterForTypes(filter, schemas);
  return schemas.flatMap((schema, index) => {
    const own = filters[index] ?? false;
    return own === false ? [] : [{ schema, filter: own === true ? undefined : own }];
  });
}

interface Sorting extends SortField {
  readonly direction: 1 | -1;
}

const BY_ID: Sorting = { field: '_id', type: 'string', direction: 1 };

function countsOf(parts: readonly Part[]): Promise<readonly number[]> {
  return Promise.all(parts.map((part) => part.count()));
}

/** A part like any other, so that those behind it keep their place in cursors. */
const NOBODY: Part = { count: async () => 0, read: async () => [] };

async function byOffset(
  parts: readonly Part[],
  offset: number,
  limit: number,
): Promise<ResourcePage> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    const listed = limit === 0 ? [] : await only.read({ skip: offset, limit });
    // A first page that is not full has everything on it.
    const isAll = offset === 0 && listed.length < limit;
    return {
      total: isAll ? listed.length : await only.count(),
      resources: listed.map(({ resource }) => resource),
    };
  }
  const totals = await countsOf(parts);
  const resources: Resource[] = [];
  let skip = offset;
  for (const [index, part] of parts.entries()) {
    const total = totals[index] ?? 0;
    const wanted = limit - resources.length;
    if (skip < total && wanted > 0) {
      const listed = await part.read({ skip, limit: wanted });
      resources.push(...listed.map(({ resource }) => resource));
    }
    skip = Math.max(0, skip - total);
  }
  return { total: sum(totals), resources };
}

async function readAfter(
  parts: readonly Part[],
  after: ListPosition | undefined,
  limit: number,
): Promise<readonly { readonly resource: Resource; readonly position: ListPosition }[]> {
  const found: { resource: Resource; position: ListPosition }[] = [];
  const first = after?.part ?? 0;
  for (const [index, part] of parts.entries()) {
    const wanted = limit - found.length;
    if (index < first || wanted <= 0) continue;
    const place = after !== undefined && index === first ? { after } : {};
    for (const { resource, position } of await part.read({ ...place, skip: 0, limit: wanted })) {
      found.push({ resource, position: { ...position, part: index } });
    }
  }
  return found;
}

/** What comes behind a place in the order of a part. */
function beyond({ field, type, direction }: Sorting, { value, id }: ListPosition): Query {
  const operator = direction === 1 ? '$gt' : '$lt';
  if (field === '_id') return { _id: { [operator]: id } };
  const key = type === 'dateTime' && typeof value === 'number' ? new Date(value) : value;
  return { $or: [{ [field]: { [operator]: key } }, { [field]: key, _id: { $gt: id } }] };
}

/** The value a document is sorted by; a time as milliseconds. */
function keyIn(document: object, field: string): ListPosition['value'] {
  let value: unknown = document;
  for (const name of field.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? value : undefined;
}

/** The group when nothing is asked but who its members are: `groups eq "id"`, `groups.value eq "id"`, `groups[value eq "id"]`. */
function membersOnly({ schema, filter }: TypeQuery): string | undefined {
  if (schema.type.name !== USER || filter === undefined) return undefined;
  if (filter.type === 'valuePath') {
    const inner = filter.filter;
    const named = schema.resolve(filter.path)?.attribute.name === 'groups';
    const isValue = inner.type === 'compare' && inner.path.attribute.toLowerCase() === 'value';
    return named && isValue && inner.operator === 'eq' ? textOf(inner.value) : undefined;
  }
  if (filter.type !== 'compare' || filter.operator !== 'eq') return undefined;
  const resolved = schema.resolveComparable(filter.path);
  const isGroups = resolved?.attribute.name === 'groups' && resolved.subAttribute?.name === 'value';
  return isGroups ? textOf(filter.value) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
