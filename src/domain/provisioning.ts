/** What a provisioning client can do with resources, whatever protocol it speaks. */
import { setTimeout as pause } from 'node:timers/promises';
import { equalAttributes } from './attribute-values';
import { DomainError } from './error';
import { checkUserRoles, type DraftScope, draftResource, withActivation } from './drafted-resource';
import { isEmptyDelta } from './membership-delta';
import {
  type ChangeListener,
  type Page,
  type ResourcePage,
  type ResourceQuery,
  type ResourceStore,
} from './ports';
import {
  GROUP,
  USER,
  type Membership,
  type MembershipDelta,
  type Resource,
  type ResourceScope,
  type ScimObject,
} from './resource';
import { type ResourceSchema } from './schema-table';
import { coerceResource, keepImmutable } from './validation';

/** What a request is about: the resources of one type of one rule, and how strictly they are read. */
export type ProvisioningScope = DraftScope;

/** What a modification makes of a resource. */
export interface Modified {
  readonly attributes: ScimObject;
  /** Absent: the members stay. */
  readonly members?: MembershipDelta;
}

/** One member as a value filter sees it: `value`, `type` and `display`. */
export type CurrentMembers = () => AsyncIterable<ScimObject>;

/** A change of a resource that can be computed again when somebody else was faster. */
export interface Modification {
  /** Nothing but members change, so that attributes need not be read: {@link apply} may be called with none. */
  readonly onlyMembers: boolean;
  apply(attributes: ScimObject, currentMembers: CurrentMembers): Promise<Modified>;
}

/** The generations an If-Match header allows (RFC 7232 section 3.1); absent: any. */
export type ExpectedGenerations = readonly number[] | undefined;

/** How often a change is computed again when others keep changing the same resource. */
const MAX_ATTEMPTS = 20;
const MEMBER_PAGE = 500;
/** What RFC 7643 section 4.2 lets a group have, and what directories know. */
const MEMBER_TYPES: ReadonlySet<string | undefined> = new Set([USER, GROUP]);

export interface ProvisioningDependencies {
  readonly store: ResourceStore;
  readonly changes: ChangeListener;
}

/** Errors are {@link DomainError}s: `notFound`, `uniqueness`, `preconditionFailed`, and what validation throws. */
export class Provisioning {
  constructor(private readonly deps: ProvisioningDependencies) {}

  async create(scope: ProvisioningScope, body: unknown): Promise<Resource> {
    const { schema, profile } = scope;
    const { members, ...draft } = draftResource(scope, body);
    checkSize(members?.length ?? 0);
    const ids = members && (await this.resolvable(scope, members));
    const resource = {
      ...draft,
      ...(ids && ids.length > 0 ? { members: ids } : {}),
      ...originOf(scope),
    };
    return this.changed(await this.deps.store.insert(resource, schema, profile.groupNames));
  }

  async get(scope: ResourceScope, id: string): Promise<Resource> {
    return found(await this.deps.store.find(scope, id), scope, id);
  }

  /** Resources of these types. */
  search(query: ResourceQuery, schemas: readonly ResourceSchema[]): Promise<ResourcePage> {
    return this.deps.store.search(query, schemas);
  }

  /**
   * Replaces all attributes (PUT). Members that are not mentioned leave, as RFC 7644 section 3.5.1 allows, but `active`
   * keeps its value, as {@link modify} sees to, and so do immutable attributes.
   */
  async replace(
    scope: ProvisioningScope,
    id: string,
    body: unknown,
    expected?: ExpectedGenerations,
  ): Promise<Resource> {
    const { schema, profile } = scope;
    const coerced = coerceResource(schema, body, profile);
    const members: MembershipDelta | undefined = schema.hasMembers
      ? { replaceAll: true, add: coerced.members ?? [], remove: [] }
      : undefined;
    const replacement: Modification = {
      onlyMembers: false,
      apply: async (current) => {
        const attributes = keepImmutable(schema, current, coerced.attributes);
        return members === undefined ? { attributes } : { attributes, members };
      },
    };
    return this.modify(scope, id, replacement, expected);
  }

  /**
   * Applies a modification to the current state, and again when that has changed meanwhile. Whatever it does, a user keeps
   * `active` unless it says so: a client that omits or unassigns it must not reactivate anybody.
   */
  async modify(
    scope: ProvisioningScope,
    id: string,
    modification: Modification,
    expected?: ExpectedGenerations,
  ): Promise<Resource> {
    const { schema } = scope;
    const currentMembers: CurrentMembers = () => this.currentMembers(id);
    if (modification.onlyMembers && expected === undefined) {
      const { members } = await modification.apply({}, () => this.membersOfFound(scope, id));
      return this.changeMembers(scope, id, await this.resolvableDelta(scope, id, members));
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (attempt > 0) await pause(Math.random() * Math.min(5 * 2 ** attempt, 100));
      const current = await this.get(scope, id);
      checkExpected(current, expected);
      const modified = await modification.apply(current.attributes, currentMembers);
      const attributes = withActivation(schema, current.attributes, modified.attributes);
      checkUserRoles(scope, current.attributes, attributes);
      const members = await this.resolvableDelta(scope, id, modified.members);
      const written = await this.write(scope, current, { attributes, members }, expected);
      if (written !== undefined) return written;
    }
    throw new DomainError(
      'conflict',
      `${scope.resourceType} "${id}" is being changed by many requests at once. Try again.`,
    );
  }

  async delete(
    scope: ResourceScope & { readonly schema?: ResourceSchema },
    id: string,
    expected?: ExpectedGenerations,
  ): Promise<void> {
    let generation: number | undefined;
    if (expected !== undefined) {
      const current = await this.get(scope, id);
      checkExpected(current, expected);
      generation = current.generation;
    }
    if (!(await this.deps.store.remove(scope, id, generation))) throw notFound(scope, id);
    this.deps.changes.resourceChanged({ id, ruleId: scope.ruleId });
  }

  /** A page of a group's members. */
  members(groupId: string, after: string | undefined, limit: number): Promise<Page<Membership>> {
    return this.deps.store.members(groupId, after, limit);
  }

  /** The groups of each of the members. */
  groupsOf(memberIds: readonly string[]): Promise<ReadonlyMap<string, readonly Resource[]>> {
    return this.deps.store.groupsOf(memberIds);
  }

  /** Undefined: somebody else was faster. */
  private async write(
    scope: ProvisioningScope,
    current: Resource,
    modified: { readonly attributes: ScimObject; readonly members: MembershipDelta | undefined },
    expected: ExpectedGenerations,
  ): Promise<Resource | undefined> {
    const { attributes, members } = modified;
    if (equalAttributes(current.attributes, attributes)) {
      if (members === undefined) return current;
      // The store finds out whether the members really change; with If-Match the change must meet this very version.
      if (expected === undefined) return this.changeMembers(scope, current.id, members);
      if (!(await this.changesMembers(current.id, members))) return this.ifUnchanged(current);
    }
    const updated = await this.deps.store.update(current, attributes, scope.schema, {
      ...(members === undefined ? {} : { members }),
      names: scope.profile.groupNames,
      ...originOf(scope),
    });
    return updated && this.changed(updated);
  }

  /** Whether the delta makes a difference; it costs as much as the delta is long, or the group when all are replaced. */
  private async changesMembers(groupId: string, delta: MembershipDelta): Promise<boolean> {
    if (delta.replaceAll) return !(await this.hasMembers(groupId, new Set(delta.add)));
    const groups = await this.groupsOf([...delta.add, ...delta.remove]);
    const isMember = (id: string): boolean =>
      groups.get(id)?.some((group) => group.id === groupId) ?? false;
    return delta.remove.some(isMember) || !delta.add.every(isMember);
  }

  /** Whether these are the members, and nobody else is. */
  private async hasMembers(groupId: string, ids: ReadonlySet<string>): Promise<boolean> {
    let after: string | undefined;
    let seen = 0;
    do {
      const { items, hasMore } = await this.members(groupId, after, MEMBER_PAGE);
      if (!items.every(({ memberId }) => ids.has(memberId))) return false;
      seen += items.length;
      after = hasMore ? items.at(-1)?.memberId : undefined;
    } while (after !== undefined);
    return seen === ids.size;
  }

  /** Undefined: it has changed since it was read, so what was found out about its members may not be true of it. */
  private async ifUnchanged(current: Resource): Promise<Resource | undefined> {
    const now = await this.get(current, current.id);
    return now.generation === current.generation ? current : undefined;
  }

  private async changeMembers(
    scope: ResourceScope,
    id: string,
    delta: MembershipDelta | undefined,
  ): Promise<Resource> {
    if (delta === undefined) return this.get(scope, id);
    const { ruleId, resourceType } = scope;
    const group = await this.deps.store.changeMembers(
      { ruleId, resourceType, ...originOf(scope) },
      id,
      delta,
    );
    return this.changed(found(group, scope, id));
  }

  /** Members that are live users and groups of the rule; others the profile refuses, or the response shows they are left out. */
  private async resolvable(
    { ruleId, profile }: ProvisioningScope,
    ids: readonly string[],
  ): Promise<readonly string[]> {
    if (ids.length === 0) return ids;
    const types = await this.deps.store.typesOf(ruleId, ids);
    const known = ids.filter((id) => MEMBER_TYPES.has(types.get(id)));
    if (known.length < ids.length) {
      profile.unknownMembers(ids.filter((id) => !MEMBER_TYPES.has(types.get(id))));
    }
    return known;
  }

  /** A group that is its own member would never end, so it is left out too. Undefined: nothing changes. */
  private async resolvableDelta(
    scope: ProvisioningScope,
    groupId: string,
    delta: MembershipDelta | undefined,
  ): Promise<MembershipDelta | undefined> {
    if (delta === undefined) return undefined;
    const others = delta.add.filter((id) => id !== groupId);
    checkSize(delta.add.length + delta.remove.length);
    const resolved = { ...delta, add: await this.resolvable(scope, others) };
    return isEmptyDelta(resolved) ? undefined : resolved;
  }

  /** Of a group nobody has looked for yet: it may be of another rule, of which not even an error may tell. */
  private async *membersOfFound(scope: ResourceScope, id: string): AsyncGenerator<ScimObject> {
    await this.get(scope, id);
    yield* this.currentMembers(id);
  }

  private async *currentMembers(groupId: string): AsyncGenerator<ScimObject> {
    const { store } = this.deps;
    let after: string | undefined;
    do {
      const page = await store.members(groupId, after, MEMBER_PAGE);
      const resources = await store.findAll(page.items.map((item) => item.memberId));
      const names = new Map(resources.map((one) => [one.id, one.attributes['displayName']]));
      for (const { memberId, memberType } of page.items) {
        const display = names.get(memberId);
        const member = { value: memberId, type: memberType };
        yield typeof display === 'string' ? { ...member, display } : member;
      }
      after = page.hasMore ? page.items.at(-1)?.memberId : undefined;
    } while (after !== undefined);
  }

  private changed(resource: Resource): Resource {
    this.deps.changes.resourceChanged({ id: resource.id, ruleId: resource.ruleId });
    return resource;
  }
}

/** A change of members is one document of the database, which has at most 16 MiB. */
const MAX_MEMBERS_AT_ONCE = 150_000;

function checkSize(members: number): void {
  if (members <= MAX_MEMBERS_AT_ONCE) return;
  throw new DomainError(
    'tooLarge',
    `One request may name at most ${String(MAX_MEMBERS_AT_ONCE)} members, and this one names ${String(members)}. Add the others by further PATCH requests.`,
    { field: 'members' },
  );
}

function checkExpected(current: Resource, expected: ExpectedGenerations): void {
  if (expected === undefined || expected.includes(current.generation)) return;
  throw new DomainError(
    'preconditionFailed',
    'The resource was changed since that version. Read it again and repeat the request with its new ETag.',
  );
}

function originOf({ origin }: ResourceScope): Pick<ResourceScope, 'origin'> {
  return origin === undefined ? {} : { origin };
}

function found(resource: Resource | undefined, scope: ResourceScope, id: string): Resource {
  if (resource === undefined) throw notFound(scope, id);
  return resource;
}

function notFound({ resourceType }: ResourceScope, id: string): DomainError {
  return new DomainError('notFound', `There is no ${resourceType} with the id "${id}".`);
}
