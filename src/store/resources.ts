/** Resources in MongoDB: the port `ResourceStore`. Every write is one atomic document. */
import { v7 as timeOrderedId } from 'uuid';
import { DomainError } from '../domain/error';
import { isEmptyDelta } from '../domain/membership-delta';
import {
  type Page,
  type ResourceListFilter,
  type ResourceListQuery,
  type ResourcePage,
  type ResourceQuery,
  type ResourceStore,
} from '../domain/ports';
import {
  GROUP,
  type Membership,
  type MembershipDelta,
  type NewResource,
  type Resource,
  type ResourceScope,
  type ScimObject,
} from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { isDuplicateKey } from './duplicate-key';
import { type Query } from './filter-comparison';
import { listQuery } from './resource-list-query';
import { journalEntry, type Memberships } from './memberships';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import {
  attributeFields,
  toResource,
  uniquePrefix,
  type AttributeFields,
} from './resource-mapping';
import { ResourceSearch } from './resource-search';

export class MongoResourceStore implements ResourceStore {
  private readonly searching: ResourceSearch;

  constructor(
    private readonly model: ResourceModel,
    private readonly memberships: Memberships,
  ) {
    this.searching = new ResourceSearch(model, memberships);
  }

  async insert(resource: NewResource, schema: ResourceSchema): Promise<Resource> {
    const now = new Date();
    const id = timeOrderedId();
    const members = resource.members ?? [];
    const document: ResourceDocument = {
      _id: id,
      ruleId: resource.ruleId,
      resourceType: resource.resourceType,
      ...fieldsOf(id, schema, resource.attributes),
      generation: 1,
      createdAt: now,
      lastModified: now,
      live: true,
      pending: now,
      ...(members.length > 0
        ? { journal: [journalEntry({ replaceAll: false, add: members, remove: [] })] }
        : {}),
    };
    await this.refuseDuplicates(schema, () => this.model.insertMany([document], { lean: true }));
    await this.memberships.carryOver(document);
    return toResource(document);
  }

  async find(scope: ResourceScope, id: string): Promise<Resource | undefined> {
    const document = await this.model.findOne(liveFilter(scope, id), SHOWN).lean();
    return document ? toResource(document) : undefined;
  }

  async findAll(ids: readonly string[]): Promise<readonly Resource[]> {
    const documents = await this.model.find({ _id: { $in: ids } }, SHOWN).lean();
    return documents.map(toResource);
  }

  search(query: ResourceQuery, schemas: readonly ResourceSchema[]): Promise<ResourcePage> {
    return this.searching.search(query, schemas);
  }

  async update(
    current: Resource,
    attributes: ScimObject,
    schema: ResourceSchema,
    members?: MembershipDelta,
  ): Promise<Resource | undefined> {
    const fields = fieldsOf(current.id, schema, attributes);
    const lastModified = new Date();
    const update = {
      $set: { ...fields, lastModified, pending: lastModified },
      $inc: { generation: 1 },
      ...(members && !isEmptyDelta(members) ? { $push: { journal: journalEntry(members) } } : {}),
    };
    const filter = { ...liveFilter(current, current.id), generation: current.generation };
    const { matchedCount } = await this.refuseDuplicates(schema, () =>
      this.model.updateOne(filter, update),
    );
    if (matchedCount === 0) return undefined;
    if (members) await this.memberships.applyJournal(current.id);
    return { ...current, attributes, lastModified, generation: current.generation + 1 };
  }

  async changeMembers(
    scope: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
  ): Promise<Resource | undefined> {
    const [group, effective, unchanged] = await Promise.all([
      this.model.findOne(liveFilter(scope, groupId), { norm: 0, unique: 0 }).lean(),
      this.memberships.effective(groupId, delta),
      delta.replaceAll ? this.memberships.areExactly(groupId, delta.add) : false,
    ]);
    if (!group) return undefined;
    // Beside an unfinished change of somebody else, "no change" could be wrong a moment later: then it is written.
    const settled = (group.journal ?? []).length === 0;
    if (settled && (unchanged || isEmptyDelta(effective))) return toResource(group);
    // What is effective was found beside the group, not in one look with it: it holds only if nothing came between.
    const updated =
      (settled && (await this.pushMembers(scope, groupId, effective, group.generation))) ||
      (await this.pushMembers(scope, groupId, delta));
    if (!updated) return undefined;
    await this.memberships.carryOver(updated);
    return toResource(updated);
  }

  private async pushMembers(
    scope: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
    generation?: number,
  ): Promise<ResourceDocument | null> {
    const now = new Date();
    return this.model
      .findOneAndUpdate(
        { ...liveFilter(scope, groupId), ...(generation === undefined ? {} : { generation }) },
        {
          $inc: { generation: 1 },
          $set: { lastModified: now, pending: now },
          $push: { journal: journalEntry(delta) },
        },
        { returnDocument: 'after', projection: { norm: 0, unique: 0 } },
      )
      .lean<ResourceDocument>();
  }

  async remove(scope: ResourceScope, id: string, expectedGeneration?: number): Promise<boolean> {
    const now = new Date();
    const filter = {
      ...liveFilter(scope, id),
      ...(expectedGeneration === undefined ? {} : { generation: expectedGeneration }),
    };
    const { matchedCount } = await this.model.updateOne(filter, tombstone(now));
    if (matchedCount === 1) {
      await this.leaveGroups(scope.ruleId, id);
      return true;
    }
    if (expectedGeneration !== undefined && (await this.model.exists(liveFilter(scope, id)))) {
      throw new DomainError(
        'preconditionFailed',
        'The resource was changed since that version. Read it again and repeat the request with its new ETag.',
      );
    }
    return false;
  }

  /**
   * Takes a deleted resource out of every group it was in. Part of `remove`, and repeated by the dispatcher for
   * resources whose removal a crash cut short.
   */
  async leaveGroups(ruleId: string, memberId: string): Promise<void> {
    const scope = { ruleId, resourceType: GROUP };
    for (const { groupId } of await this.memberships.groupIdsOf([memberId])) {
      await this.changeMembers(scope, groupId, { replaceAll: false, add: [], remove: [memberId] });
    }
  }

  async typesOf(ruleId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const documents = await this.model
      .find({ _id: { $in: ids }, ruleId, live: true }, { resourceType: 1 })
      .lean();
    return new Map(documents.map((document) => [document._id, document.resourceType]));
  }

  members(groupId: string, after: string | undefined, limit: number): Promise<Page<Membership>> {
    return this.memberships.page(groupId, after, limit);
  }

  async groupsOf(memberIds: readonly string[]): Promise<ReadonlyMap<string, readonly Resource[]>> {
    const found = await this.memberships.groupIdsOf(memberIds);
    if (found.length === 0) return new Map();
    const groupIds = [...new Set(found.map((membership) => membership.groupId))];
    const groups = await this.model.find({ _id: { $in: groupIds }, live: true }, SHOWN).lean();
    const byId = new Map(groups.map((group) => [group._id, toResource(group)]));
    const result = new Map<string, Resource[]>();
    for (const { memberId, groupId } of found) {
      const group = byId.get(groupId);
      if (group) result.set(memberId, [...(result.get(memberId) ?? []), group]);
    }
    return result;
  }

  async list(query: ResourceListQuery): Promise<Page<Resource>> {
    const filter = listQuery(query);
    const documents = await this.model
      .find(
        query.after === undefined ? filter : { $and: [filter, { _id: { $gt: query.after } }] },
        SHOWN,
      )
      .sort({ _id: 1 })
      .limit(query.limit + 1)
      .lean();
    return {
      items: documents.slice(0, query.limit).map(toResource),
      hasMore: documents.length > query.limit,
    };
  }

  count(query: ResourceListFilter): Promise<number> {
    return this.model.countDocuments(listQuery(query)).exec();
  }

  private async refuseDuplicates<Result>(
    schema: ResourceSchema,
    write: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await write();
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      throw duplicate(schema, error);
    }
  }
}

/** Everything but what filters and the delivery engine keep in the document. */
const SHOWN = { norm: 0, unique: 0, journal: 0, pending: 0 } as const;

function liveFilter(scope: ResourceScope, id: string): Query {
  return { _id: id, ruleId: scope.ruleId, resourceType: scope.resourceType, live: true };
}

/** The update that makes a resource vanish from SCIM and free its names. */
export function tombstone(now: Date): Query {
  return {
    $set: { live: false, deletedAt: now, lastModified: now, pending: now },
    $inc: { generation: 1 },
    $unset: { norm: 1, unique: 1, journal: 1 },
  };
}

/** To the index of names an empty list is a name, too: what has none gets one that nobody else can have. */
function fieldsOf(id: string, schema: ResourceSchema, attributes: ScimObject): AttributeFields {
  const fields = attributeFields(schema, attributes);
  return fields.unique.length > 0 ? fields : { ...fields, unique: [`:${id}`] };
}

/** The attribute is named: the client sent it, and has to know which one to change. */
function duplicate(schema: ResourceSchema, cause: unknown): DomainError {
  // The message has the key that is taken, and nothing else says it in every kind of write.
  const { message } = cause as Error;
  const place = schema.unique.find((one) => message.includes(`"${uniquePrefix(schema, one)}`));
  const { extension, attribute } = place ?? { attribute: { name: 'unique attribute' } };
  const name = extension === undefined ? attribute.name : `${extension}:${attribute.name}`;
  return new DomainError(
    'uniqueness',
    `Another ${schema.type.name} already has this ${name}. Use a different one, or update the existing resource: find it with filter=${name} eq "...".`,
    { cause, field: name },
  );
}
