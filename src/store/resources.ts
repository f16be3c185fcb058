/** Resources in MongoDB: the port `ResourceStore`. Every write is one atomic document. */
import { v7 as timeOrderedId } from 'uuid';
import { type NotedChange, SYSTEM_ACTOR } from '../domain/audit';
import { DomainError } from '../domain/error';
import { composeDeltas, isEmptyDelta } from '../domain/membership-delta';
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
  type GroupNames,
  type Membership,
  type MembershipDelta,
  type NewResource,
  type Resource,
  type ResourceChange,
  type ResourceScope,
  type ScimObject,
} from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { Batcher } from './batcher';
import { checkSize } from './document-size';
import { documents } from './documents';
import { refusals } from './duplicate-key';
import { type Query } from './filter-comparison';
import { listQuery } from './resource-list-query';
import { MemberChanges, type MemberRequest } from './member-changes';
import { effectiveIn, journalEntry, type Memberships } from './memberships';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import * as noted from './noted-changes';
import { attributeFields, toResource, type AttributeFields } from './resource-mapping';
import { ResourceReader, SHOWN } from './resource-reader';
import { ResourceSearch } from './resource-search';
import { keepsGroupName, UniqueNames } from './unique-names';

export class MongoResourceStore implements ResourceStore {
  private readonly searching: ResourceSearch;
  private readonly reader: ResourceReader;
  private readonly names: UniqueNames;
  private readonly inserts: Batcher<ResourceDocument, Error | undefined>;
  private readonly memberChanges = new MemberChanges((scope, groupId, requests) =>
    this.changeMembersNow(scope, groupId, requests),
  );

  constructor(
    private readonly model: ResourceModel,
    private readonly memberships: Memberships,
  ) {
    this.reader = new ResourceReader(model);
    this.names = new UniqueNames(model);
    this.searching = new ResourceSearch(model, memberships, this.reader);
    this.inserts = new Batcher((inserted) => insertAll(model, inserted));
  }

  async insert(
    resource: NewResource,
    schema: ResourceSchema,
    names: GroupNames = 'unique',
  ): Promise<Resource> {
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
      noted: [noted.creation(resource, schema, now)],
      ...(resource.importRole ? { importRole: resource.importRole } : {}),
      ...(members.length > 0
        ? { journal: [journalEntry({ replaceAll: false, add: members, remove: [] })] }
        : {}),
    };
    await this.names.write(document, schema, names, async (unique) => {
      const error = await this.inserts.submit({ ...document, unique });
      if (error !== undefined) throw error;
    });
    await this.memberships.carryOver(document);
    return toResource(document);
  }

  async find(scope: ResourceScope, id: string): Promise<Resource | undefined> {
    return this.reader.live(scope, id);
  }

  async findAll(ids: readonly string[]): Promise<readonly Resource[]> {
    return this.reader.all(ids);
  }

  search(query: ResourceQuery, schemas: readonly ResourceSchema[]): Promise<ResourcePage> {
    return this.searching.search(query, schemas);
  }

  async update(
    current: Resource,
    attributes: ScimObject,
    schema: ResourceSchema,
    change: ResourceChange = {},
  ): Promise<Resource | undefined> {
    const { members, names = 'unique' } = change;
    const fields = fieldsOf(current.id, schema, attributes);
    const lastModified = new Date();
    const filter = { ...liveFilter(current, current.id), generation: current.generation };
    const journal =
      members && !isEmptyDelta(members) ? { journal: journalEntry(members) } : undefined;
    const note = noted.update(current, attributes, schema, change, lastModified);
    const others = { $inc: { generation: 1 }, $push: { ...journal, noted: note } };
    // Who keeps a name is not asked whether it is shared: that was allowed when it was given.
    const rule = keepsGroupName(current, schema, fields) ? 'any' : names;
    const named = { _id: current.id, ruleId: current.ruleId, unique: fields.unique };
    const { matchedCount } = await this.names.write(named, schema, rule, (unique) =>
      documents(this.model).updateOne(filter, {
        $set: { ...fields, unique, lastModified, pending: lastModified },
        ...others,
      }),
    );
    if (matchedCount === 0) return undefined;
    if (members) await this.memberships.applyJournal(current.id);
    return { ...current, attributes, lastModified, generation: current.generation + 1 };
  }

  changeMembers(
    scope: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
  ): Promise<Resource | undefined> {
    return this.memberChanges.submit(scope, groupId, delta);
  }

  private async changeMembersNow(
    scope: ResourceScope,
    groupId: string,
    requests: readonly MemberRequest[],
  ): Promise<Resource | undefined> {
    const delta = requests.map((request) => request.delta).reduce(composeDeltas);
    const [group, present, total] = await Promise.all([
      documents(this.model).findOne(liveFilter(scope, groupId), { projection: CHANGED }),
      this.memberships.presentAmong(groupId, [...delta.add, ...delta.remove]),
      delta.replaceAll ? this.memberships.count(groupId) : 0,
    ]);
    if (!group) return undefined;
    // Beside an unfinished change of somebody else, "no change" could be wrong a moment later: then it is written.
    const settled = (group.journal ?? []).length === 0;
    const effective = effectiveIn(delta, present);
    const unchanged =
      delta.replaceAll && present.size === total && delta.add.every((id) => present.has(id));
    if (settled && (unchanged || isEmptyDelta(effective))) return toResource(group);
    // What is effective was found beside the group, not in one look with it: it holds only if nothing came between.
    const { generation } = group;
    const now = new Date();
    const notes = noted.memberChanges(requests, { generation, present, total }, now);
    const updated =
      (settled &&
        (await this.pushMembers(scope, groupId, { delta: effective, notes, generation }))) ||
      (await this.pushMembers(scope, groupId, {
        delta,
        notes: noted.requestedChanges(requests, now),
      }));
    if (!updated) return undefined;
    await this.memberships.carryOver(updated);
    return toResource(updated);
  }

  private async pushMembers(
    scope: ResourceScope,
    groupId: string,
    change: {
      readonly delta: MembershipDelta;
      readonly notes: readonly NotedChange[];
      readonly generation?: number;
    },
  ): Promise<ResourceDocument | null> {
    const { delta, notes, generation } = change;
    const now = new Date();
    return documents(this.model).findOneAndUpdate(
      { ...liveFilter(scope, groupId), ...(generation === undefined ? {} : { generation }) },
      {
        $inc: { generation: 1 },
        $set: { lastModified: now, pending: now },
        $push: { journal: journalEntry(delta), noted: { $each: [...notes] } },
      },
      { returnDocument: 'after', projection: CHANGED },
    );
  }

  async remove(
    scope: ResourceScope & { readonly schema?: ResourceSchema },
    id: string,
    expectedGeneration?: number,
  ): Promise<boolean> {
    const now = new Date();
    const note = noted.deletion(scope.origin, scope.schema, now);
    const filter = {
      ...liveFilter(scope, id),
      ...(expectedGeneration === undefined ? {} : { generation: expectedGeneration }),
    };
    const { matchedCount } = await documents(this.model).updateOne(filter, {
      ...tombstone(now),
      $push: { noted: note },
    });
    if (matchedCount === 1) {
      await this.leaveGroups(scope.ruleId, id, scope.origin?.requestId);
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
  async leaveGroups(ruleId: string, memberId: string, requestId?: string): Promise<void> {
    const origin = { actor: SYSTEM_ACTOR, ...(requestId === undefined ? {} : { requestId }) };
    const scope = { ruleId, resourceType: GROUP, origin };
    for (const { groupId } of await this.memberships.groupIdsOf([memberId])) {
      await this.changeMembers(scope, groupId, { replaceAll: false, add: [], remove: [memberId] });
    }
  }

  typesOf(ruleId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.reader.typesOf(ruleId, ids);
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
}

/** Everything but what filters look at. */
const CHANGED = { norm: 0, unique: 0, noted: 0 } as const;

function liveFilter(scope: ResourceScope, id: string): Query {
  return { _id: id, ruleId: scope.ruleId, resourceType: scope.resourceType, live: true };
}

/** Inserts documents that have nothing to do with each other. Answers for each why it was refused, if it was. */
async function insertAll(
  model: ResourceModel,
  inserted: readonly ResourceDocument[],
): Promise<readonly (Error | undefined)[]> {
  try {
    await documents(model).insertMany([...inserted], { ordered: false });
    return inserted.map(() => undefined);
  } catch (error) {
    const refused = refusals(error);
    if (refused.size === 0) throw error;
    return inserted.map((_, index) => refused.get(index));
  }
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
  checkSize(fields);
  return fields.unique.length > 0 ? fields : { ...fields, unique: [`:${id}`] };
}
