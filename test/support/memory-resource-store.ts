/** The port ResourceStore in memory, with the semantics the port promises, for tests without a database. */
import { randomUUID } from 'node:crypto';
import { valuesAt } from '../../src/domain/attribute-values';
import { DomainError } from '../../src/domain/error';
import { type AttributePath } from '../../src/domain/filter/ast';
import { fold } from '../../src/domain/filter/fold';
import { matches } from '../../src/domain/filter/match';
import {
  type Page,
  type ResourceListFilter,
  type ResourceListQuery,
  type ResourcePage,
  type ResourceQuery,
  type ResourceStore,
} from '../../src/domain/ports';
import {
  GROUP,
  USER,
  type Membership,
  type MembershipDelta,
  type NewResource,
  type Resource,
  type ResourceChange,
  type ResourceScope,
  type ScimObject,
} from '../../src/domain/resource';
import { type ResourceSchema } from '../../src/domain/schema-table';

const UNIQUE: Readonly<Record<string, string>> = { [USER]: 'userName', [GROUP]: 'displayName' };

export class MemoryResourceStore implements ResourceStore {
  /** How often each method was called, so that tests can tell what was not read. */
  readonly calls = new Map<keyof ResourceStore, number>();
  private readonly resources = new Map<string, Resource>();
  private readonly memberIds = new Map<string, Set<string>>();

  async insert(resource: NewResource, schema: ResourceSchema): Promise<Resource> {
    this.note('insert');
    const { ruleId, resourceType, attributes, members = [], importRole } = resource;
    this.refuseDuplicate(resource, schema);
    const now = new Date();
    const inserted: Resource = {
      id: randomUUID(),
      ruleId,
      resourceType,
      attributes,
      generation: 1,
      createdAt: now,
      lastModified: now,
      ...(importRole === undefined ? {} : { importRole }),
    };
    this.resources.set(inserted.id, inserted);
    this.memberIds.set(inserted.id, new Set(members));
    return inserted;
  }

  async find(scope: ResourceScope, id: string): Promise<Resource | undefined> {
    this.note('find');
    return this.live(scope, id);
  }

  async findAll(ids: readonly string[]): Promise<readonly Resource[]> {
    this.note('findAll');
    return ids.flatMap((id) => this.resources.get(id) ?? []);
  }

  async search(query: ResourceQuery, schemas: readonly ResourceSchema[]): Promise<ResourcePage> {
    this.note('search');
    const { ruleId, filter, sortBy, from } = query;
    const [schema, another] = schemas;
    if (schema === undefined || another !== undefined || 'after' in from) {
      throw new Error('Lists of several types and cursors are tested on the real store.');
    }
    const found = this.all({ ruleId, resourceType: schema.type.name }).filter(
      (resource) => filter === undefined || matches(filter, this.shown(resource), schema),
    );
    if (sortBy !== undefined) this.sort(found, sortBy, schema, query.descending ?? false);
    return {
      total: found.length,
      resources: found.slice(from.offset, from.offset + query.limit),
    };
  }

  async update(
    current: Resource,
    attributes: ScimObject,
    schema: ResourceSchema,
    { members }: ResourceChange = {},
  ): Promise<Resource | undefined> {
    this.note('update');
    const stored = this.live(current, current.id);
    if (stored?.generation !== current.generation) return undefined;
    this.refuseDuplicate({ ...current, attributes }, schema, current.id);
    if (members !== undefined) this.applyDelta(current.id, members);
    return this.save({ ...stored, attributes });
  }

  async changeMembers(
    scope: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
  ): Promise<Resource | undefined> {
    this.note('changeMembers');
    const group = this.live(scope, groupId);
    if (group === undefined) return undefined;
    return this.applyDelta(groupId, delta) ? this.save(group) : group;
  }

  async remove(scope: ResourceScope, id: string, expectedGeneration?: number): Promise<boolean> {
    this.note('remove');
    const resource = this.live(scope, id);
    if (resource === undefined) return false;
    if (expectedGeneration !== undefined && resource.generation !== expectedGeneration) {
      throw new DomainError('preconditionFailed', 'The resource was changed since that version.');
    }
    this.resources.set(id, { ...this.save(resource), deletedAt: new Date() });
    for (const [groupId, members] of this.memberIds) {
      const group = this.resources.get(groupId);
      if (members.delete(id) && group !== undefined) this.save(group);
    }
    return true;
  }

  async typesOf(ruleId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    this.note('typesOf');
    const types = new Map<string, string>();
    for (const id of ids) {
      const resource = this.resources.get(id);
      if (resource?.ruleId === ruleId && resource.deletedAt === undefined) {
        types.set(id, resource.resourceType);
      }
    }
    return types;
  }

  async members(
    groupId: string,
    after: string | undefined,
    limit: number,
  ): Promise<Page<Membership>> {
    this.note('members');
    const ids = [...(this.memberIds.get(groupId) ?? [])]
      .sort()
      .filter((id) => after === undefined || id > after);
    const items = ids.slice(0, limit).map((memberId) => ({
      groupId,
      memberId,
      memberType: this.resources.get(memberId)?.resourceType ?? USER,
    }));
    return { items, hasMore: ids.length > limit };
  }

  async groupsOf(memberIds: readonly string[]): Promise<ReadonlyMap<string, readonly Resource[]>> {
    this.note('groupsOf');
    return new Map(memberIds.map((id) => [id, this.groupsWith(id)]));
  }

  async list(query: ResourceListQuery): Promise<Page<Resource>> {
    const all = this.listed(query).filter(
      ({ id }) => query.after === undefined || id > query.after,
    );
    return { items: all.slice(0, query.limit), hasMore: all.length > query.limit };
  }

  async count(query: ResourceListFilter): Promise<number> {
    return this.listed(query).length;
  }

  callsOf(method: keyof ResourceStore): number {
    return this.calls.get(method) ?? 0;
  }

  private listed({ ruleId, resourceType, search = '', active }: ResourceListFilter): Resource[] {
    return [...this.resources.values()]
      .filter(
        (resource) =>
          resource.deletedAt === undefined &&
          resource.resourceType === resourceType &&
          (ruleId === undefined || resource.ruleId === ruleId) &&
          (active === undefined || resource.attributes['active'] === active) &&
          fold(this.uniqueName(resource)).startsWith(fold(search)),
      )
      .sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  private live(scope: ResourceScope, id: string): Resource | undefined {
    const resource = this.resources.get(id);
    const inScope =
      resource?.ruleId === scope.ruleId && resource.resourceType === scope.resourceType;
    return inScope && resource.deletedAt === undefined ? resource : undefined;
  }

  private all(scope: ResourceScope): Resource[] {
    return [...this.resources.values()].filter(({ id }) => this.live(scope, id) !== undefined);
  }

  /** What a filter may be about: attributes, common attributes and memberships. */
  private shown(resource: Resource): ScimObject {
    const members = [...(this.memberIds.get(resource.id) ?? [])].map((value) => ({ value }));
    return {
      ...resource.attributes,
      id: resource.id,
      meta: {
        resourceType: resource.resourceType,
        created: resource.createdAt.toISOString(),
        lastModified: resource.lastModified.toISOString(),
      },
      ...(resource.resourceType === GROUP
        ? { members }
        : { groups: this.groupsWith(resource.id).map(({ id }) => ({ value: id })) }),
    };
  }

  private sort(
    resources: Resource[],
    path: AttributePath,
    schema: ResourceSchema,
    descending: boolean,
  ): void {
    const resolved = schema.resolveComparable(path);
    if (resolved === undefined) throw new DomainError('invalidPath', 'Unknown sort attribute.');
    const keyOf = (resource: Resource): string => {
      const [value = ''] = valuesAt(this.shown(resource), resolved);
      return typeof value === 'object' ? '' : fold(String(value));
    };
    resources.sort((left, right) => keyOf(left).localeCompare(keyOf(right)));
    if (descending) resources.reverse();
  }

  private groupsWith(memberId: string): Resource[] {
    return [...this.memberIds].flatMap(([groupId, members]) => {
      const group = this.resources.get(groupId);
      return members.has(memberId) && group?.deletedAt === undefined ? (group ?? []) : [];
    });
  }

  /** Whether anything changed. */
  private applyDelta(groupId: string, delta: MembershipDelta): boolean {
    const before = this.memberIds.get(groupId) ?? new Set<string>();
    const after = new Set(delta.replaceAll ? [] : before);
    for (const id of delta.add) after.add(id);
    for (const id of delta.remove) after.delete(id);
    this.memberIds.set(groupId, after);
    return after.size !== before.size || [...after].some((id) => !before.has(id));
  }

  private save(resource: Resource): Resource {
    const saved = {
      ...resource,
      generation: resource.generation + 1,
      lastModified: new Date(),
    };
    this.resources.set(saved.id, saved);
    return saved;
  }

  private uniqueName(resource: Pick<Resource, 'resourceType' | 'attributes'>): string {
    const value = resource.attributes[UNIQUE[resource.resourceType] ?? ''];
    return typeof value === 'string' ? value : '';
  }

  private refuseDuplicate(resource: NewResource, schema: ResourceSchema, ownId?: string): void {
    for (const attribute of schema.core.attributes) {
      if (attribute.uniqueness !== 'server') continue;
      const keyOf = ({ attributes }: Pick<Resource, 'attributes'>): string | undefined => {
        const value = attributes[attribute.name];
        return typeof value === 'string' ? fold(value) : undefined;
      };
      const key = keyOf(resource);
      if (key === undefined) continue;
      if (this.all(resource).some((other) => other.id !== ownId && keyOf(other) === key)) {
        throw new DomainError('uniqueness', `Another one has this ${attribute.name}.`);
      }
    }
  }

  private note(method: keyof ResourceStore): void {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
  }
}
