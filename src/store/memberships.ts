/**
 * Members of groups. A change is first written, atomically with the group's new generation, into the group's journal;
 * then carried over to one small document for each member. Whoever finds a journal left by a crash carries it over.
 *
 * Carrying over is idempotent and needs no order between processes: everybody folds the whole journal in its order and
 * writes the outcome under the group's generation at which it was read, and a higher generation always wins. Who read
 * later saw all that an earlier reader saw, so the highest generation carries the truth.
 */
import { type mongo } from 'mongoose';
import { v4 as randomId } from 'uuid';
import { composeDeltas } from '../domain/membership-delta';
import { type Membership, type MembershipDelta } from '../domain/resource';
import { type Page } from '../domain/ports';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type Query } from './filter-comparison';
import { LookUps } from './look-ups';
import { type MembershipAttribute } from './membership-query';
import { expulsion } from './noted-changes';
import {
  membershipId,
  type MembershipDocument,
  type MembershipModel,
} from './models/membership.model';
import {
  type JournalEntry,
  type ResourceDocument,
  type ResourceModel,
} from './models/resource.model';

/** What carrying over needs of a group document. */
export type JournaledGroup = Pick<ResourceDocument, '_id' | 'ruleId' | 'generation' | 'journal'>;

export class Memberships {
  private readonly groupsByMember: LookUps<Membership>;

  constructor(
    private readonly resources: ResourceModel,
    private readonly memberships: MembershipModel,
  ) {
    this.groupsByMember = new LookUps({
      find: (memberIds) =>
        documents(memberships)
          .find<Membership>(
            { memberId: { $in: [...memberIds] }, present: true },
            { projection: MEMBERSHIP },
          )
          .toArray(),
      keysOf: ({ memberId }) => [memberId],
    });
  }

  /**
   * Carries over what stands in the group's journal. Answers the generation up to which the group's membership documents
   * are now complete; undefined when there is no such group.
   */
  async applyJournal(groupId: string): Promise<number | undefined> {
    const group = await documents(this.resources).findOne<JournaledGroup>(
      { _id: groupId },
      { projection: JOURNALED },
    );
    if (!group) return undefined;
    await this.carryOver(group);
    return group.generation;
  }

  /** Carries the journal of a group that was just read over to the membership documents, then empties it. */
  async carryOver(group: JournaledGroup): Promise<void> {
    const entries = group.journal ?? [];
    const [first, ...others] = entries;
    if (!first) return;
    const delta = others.reduce<MembershipDelta>(composeDeltas, first);
    if (delta.replaceAll) await this.removeAllBut(group, delta.add);
    // Members that are there already must not look changed to the directories; but beside an unfinished change of
    // somebody else "there already" may be about to change, and then only writing settles it.
    const settled = delta.replaceAll && others.length === 0;
    const added = settled
      ? (await this.effective(group._id, { ...delta, replaceAll: false })).add
      : delta.add;
    await this.write(group, { ...delta, add: added });
    if (await this.expelDeleted(group, added)) return;
    await documents(this.resources).updateOne(
      { _id: group._id },
      { $pull: { journal: { token: { $in: entries.map((entry) => entry.token) } } } },
    );
  }

  /**
   * Takes out again who was deleted while it was being added. A deletion first marks the resource and then looks for its
   * memberships; here the memberships are written first and the mark is looked at then: one side always sees the other.
   */
  private async expelDeleted(group: JournaledGroup, added: readonly string[]): Promise<boolean> {
    const gone = added.length === 0 ? [] : await this.notLive(added);
    if (gone.length === 0) return false;
    const now = new Date();
    const updated = await documents(this.resources).findOneAndUpdate(
      { _id: group._id, live: true },
      {
        $inc: { generation: 1 },
        $set: { lastModified: now, pending: now },
        $push: {
          journal: journalEntry({ replaceAll: false, add: [], remove: gone }),
          noted: expulsion(gone, now),
        },
      },
      { returnDocument: 'after', projection: JOURNALED },
    );
    // Folding the journal puts the removal behind the addition, and empties it of both.
    if (updated) await this.carryOver(updated);
    return updated !== null;
  }

  private async notLive(ids: readonly string[]): Promise<string[]> {
    const found = await documents(this.resources)
      .find({ _id: { $in: [...ids] }, live: true }, { projection: { _id: 1 } })
      .toArray();
    const live = new Set(found.map(({ _id }) => _id));
    return ids.filter((id) => !live.has(id));
  }

  /** Which of the delta's additions and removals would change anything. */
  async effective(groupId: string, delta: MembershipDelta): Promise<MembershipDelta> {
    return effectiveIn(delta, await this.presentAmong(groupId, [...delta.add, ...delta.remove]));
  }

  /** Which of them are members. */
  async presentAmong(groupId: string, memberIds: readonly string[]): Promise<ReadonlySet<string>> {
    const ids = memberIds.map((memberId) => membershipId(groupId, memberId));
    const present = new Set<string>();
    for (let start = 0; start < ids.length; start += LOOK_UP) {
      const some = { $in: ids.slice(start, start + LOOK_UP) };
      const found = documents(this.memberships).find(
        { _id: some, present: true },
        { projection: { memberId: 1 } },
      );
      for (const { memberId } of await found.toArray()) present.add(memberId);
    }
    return present;
  }

  count(groupId: string): Promise<number> {
    return this.memberships.countDocuments({ groupId, present: true }).exec();
  }

  async page(groupId: string, after: string | undefined, limit: number): Promise<Page<Membership>> {
    const page = await documents(this.memberships)
      .find<Membership>(
        { groupId, present: true, ...(after === undefined ? {} : { memberId: { $gt: after } }) },
        { projection: MEMBERSHIP, sort: { memberId: 1 }, limit: limit + 1, batchSize: limit + 2 },
      )
      .toArray();
    return { items: page.slice(0, limit), hasMore: page.length > limit };
  }

  /** Members of one type by ascending id: after the given one, then leaving out so many. */
  async idsOfType(
    {
      ruleId,
      groupId,
      memberType,
    }: Pick<Membership, 'groupId' | 'memberType'> & {
      readonly ruleId: string;
    },
    page: { readonly after?: string; readonly skip: number; readonly limit: number },
  ): Promise<readonly string[]> {
    const documents = await this.memberships
      .find(
        {
          groupId,
          present: true,
          memberType,
          ruleId,
          ...(page.after === undefined ? {} : { memberId: { $gt: page.after } }),
        },
        { memberId: 1 },
      )
      .sort({ memberId: 1 })
      .skip(page.skip)
      .limit(page.limit)
      .lean();
    return documents.map((document) => document.memberId);
  }

  countOfType(ruleId: string, groupId: string, memberType: string): Promise<number> {
    return this.memberships.countDocuments({ groupId, present: true, memberType, ruleId }).exec();
  }

  async groupIdsOf(memberIds: readonly string[]): Promise<readonly Membership[]> {
    return this.groupsByMember.read('', memberIds);
  }

  /** Ids of the rule's groups, or of its members, that have a membership the query matches; at most so many. */
  async owners(
    ruleId: string,
    attribute: MembershipAttribute,
    query: Query,
    limit: number,
  ): Promise<readonly string[]> {
    const owner = attribute === 'members' ? '$groupId' : '$memberId';
    const found = await this.memberships.aggregate<{ _id: string }>([
      { $match: { ruleId, present: true, ...query } },
      { $group: { _id: owner } },
      { $limit: limit },
    ]);
    return found.map(({ _id }) => _id);
  }

  private async removeAllBut(group: JournaledGroup, kept: readonly string[]): Promise<void> {
    await documents(this.memberships).updateMany(
      {
        groupId: group._id,
        present: true,
        generation: { $lt: group.generation },
        memberId: { $nin: [...kept] },
      },
      { $set: { present: false, generation: group.generation, changedAt: new Date() } },
    );
  }

  private async write(group: JournaledGroup, delta: MembershipDelta): Promise<void> {
    const types = await this.typesOf(delta.add);
    const changedAt = new Date();
    const operations = [
      ...delta.add.map((id) =>
        this.upsert(group, id, { present: true, changedAt, memberType: types.get(id) ?? 'User' }),
      ),
      ...delta.remove.map((id) =>
        this.upsert(group, id, { present: false, changedAt, memberType: types.get(id) ?? 'User' }),
      ),
    ];
    for (let start = 0; start < operations.length; start += BATCH) {
      await this.writeBatch(operations.slice(start, start + BATCH));
    }
  }

  private upsert(
    group: JournaledGroup,
    memberId: string,
    state: Pick<MembershipDocument, 'present' | 'changedAt' | 'memberType'>,
  ): mongo.AnyBulkWriteOperation<MembershipDocument> {
    return {
      updateOne: {
        filter: { _id: membershipId(group._id, memberId), generation: { $lt: group.generation } },
        update: {
          $set: { ...state, generation: group.generation },
          $setOnInsert: { ruleId: group.ruleId, groupId: group._id, memberId },
        },
        upsert: true,
      },
    };
  }

  private async writeBatch(
    operations: mongo.AnyBulkWriteOperation<MembershipDocument>[],
  ): Promise<void> {
    try {
      await documents(this.memberships).bulkWrite(operations, { ordered: false });
    } catch (error) {
      // The document exists with a higher generation: somebody who knew more was here first.
      if (!isDuplicateKey(error)) throw error;
    }
  }

  private async typesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const found = await documents(this.resources)
      .find({ _id: { $in: [...ids] } }, { projection: { resourceType: 1 } })
      .toArray();
    return new Map(found.map(({ _id, resourceType }) => [_id, resourceType]));
  }
}

const BATCH = 1_000;
/** Ids in one query: those of members that a client makes up may be long. */
const LOOK_UP = 20_000;
const JOURNALED = { ruleId: 1, generation: 1, journal: 1 } as const;
const MEMBERSHIP = { _id: 0, groupId: 1, memberId: 1, memberType: 1 } as const;

/** The delta without what is so already; where all are replaced, everybody who stays has to be named. */
export function effectiveIn(delta: MembershipDelta, present: ReadonlySet<string>): MembershipDelta {
  return {
    replaceAll: delta.replaceAll,
    add: delta.replaceAll ? delta.add : delta.add.filter((id) => !present.has(id)),
    remove: delta.remove.filter((id) => present.has(id)),
  };
}

/** A change on its way through the journal. */
export function journalEntry(delta: MembershipDelta): JournalEntry {
  return { ...delta, token: randomId() };
}
