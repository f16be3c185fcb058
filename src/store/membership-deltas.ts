/** Membership changes as the directories need them: what changed since a target looked last, and where members stand in it. */
import { randomUUID } from 'node:crypto';
import { type AnyBulkWriteOperation } from 'mongoose';
import { bindingId } from '../domain/binding';
import {
  type Announcement,
  type MemberChange,
  type MemberChangeQuery,
  type MemberEntry,
  type MembershipDeltas,
} from '../domain/delivery-ports';
import { type BindingDocument, type BindingModel } from './models/binding.model';
import { Batcher } from './batcher';
import { CHANGED, pending } from './binding-mapping';
import { documents } from './documents';
import {
  membershipId,
  type MembershipDocument,
  type MembershipModel,
} from './models/membership.model';

/** So many requests for single members are more work than delivering all members again. */
const MOST_RESENDS = 1_000;
/** While a group is being delivered, those that are being delivered are still among them. */
const MOST_UNDER_WAY = 5_000;
const GROUPS_AT_ONCE = 500;

/** Memberships looked at to learn who is in any group at all. */
const MOST_LOOKED_AT = 1_000;

export class MongoMembershipDeltas implements MembershipDeltas {
  /** Whether a member may be in a group: most who are new are in none, and many are asked about at the same time. */
  private readonly inGroups: Batcher<string, boolean>;

  constructor(
    private readonly memberships: MembershipModel,
    private readonly bindings: BindingModel,
  ) {
    this.inGroups = new Batcher((memberIds) => this.areInGroups(memberIds));
  }

  /** Changes of a group's members by ascending generation and id, after the last one of the page before. */
  async changes(query: MemberChangeQuery): Promise<readonly MemberChange[]> {
    const { groupId, last, limit } = query;
    // The rest of the same generation first, then later ones: each is a plain range of the index.
    const same = last
      ? await this.page({ groupId, generation: last.generation, _id: { $gt: last.id } }, limit)
      : [];
    if (same.length === limit) return same;
    const generation = { $gt: last?.generation ?? query.after, $lte: query.upTo };
    return [...same, ...(await this.page({ groupId, generation }, limit - same.length))];
  }

  /** Which of them are members of the group now. */
  async presentAmong(groupId: string, memberIds: readonly string[]): Promise<ReadonlySet<string>> {
    const ids = memberIds.map((memberId) => membershipId(groupId, memberId));
    const documents = await this.memberships
      .find({ _id: { $in: ids }, present: true }, { memberId: 1 })
      .lean<{ memberId: string }[]>();
    return new Set(documents.map((document) => document.memberId));
  }

  async entriesOf(
    targetId: string,
    memberIds: readonly string[],
  ): Promise<ReadonlyMap<string, MemberEntry>> {
    const ids = memberIds.map((memberId) => bindingId(targetId, memberId));
    const entries = await this.entries({ _id: { $in: ids } });
    return new Map(entries.map((entry) => [entry.memberId, entry]));
  }

  /** Members whose entries have one of these names now. */
  async entriesNamed(targetId: string, names: readonly string[]): Promise<readonly MemberEntry[]> {
    return this.entries({
      targetId,
      name: { $in: [...names] },
      reference: { $exists: true },
    });
  }

  /**
   * Asks the groups of a member to deliver it again. Answers how many. A former name is told also to groups that the member
   * has left: they may have taken out the new name only.
   */
  async announce(announcement: Announcement): Promise<number> {
    const { memberId, formerName } = announcement;
    if (formerName === undefined && !(await this.inGroups.submit(memberId))) return 0;
    const concerned = formerName === undefined ? { memberId, present: true } : { memberId };
    let count = 0;
    for (let last = ''; ;) {
      const documents = await this.memberships
        .find({ ...concerned, _id: { $gt: last } }, { groupId: 1 })
        .sort({ _id: 1 })
        .limit(GROUPS_AT_ONCE)
        .lean<Pick<MembershipDocument, '_id' | 'groupId'>[]>();
      const groupIds = documents.map((document) => document.groupId);
      await this.announceTo(groupIds, announcement);
      count += groupIds.length;
      const final = documents.at(-1);
      if (!final || documents.length < GROUPS_AT_ONCE) return count;
      last = final._id;
    }
  }

  private async areInGroups(memberIds: readonly string[]): Promise<readonly boolean[]> {
    const found = await documents(this.memberships)
      .find<Pick<MembershipDocument, 'memberId'>>(
        { memberId: { $in: [...memberIds] }, present: true },
        { projection: { memberId: 1 }, limit: MOST_LOOKED_AT, batchSize: MOST_LOOKED_AT + 1 },
      )
      .toArray();
    // Some of them have very many: what the others have was not seen.
    if (found.length === MOST_LOOKED_AT) return memberIds.map(() => true);
    const members = new Set(found.map(({ memberId }) => memberId));
    return memberIds.map((memberId) => members.has(memberId));
  }

  /** Forgets who left before that time and is known everywhere to have left. */
  async purge(before: Date): Promise<number> {
    let count = 0;
    let last: Pick<MembershipDocument, '_id' | 'changedAt'> | undefined;
    do {
      const page = await this.left(before, last);
      const groupIds = [...new Set(page.map((document) => document.groupId))];
      const observed = await membersObserved(this.bindings, groupIds);
      for (const groupId of groupIds) {
        const ids = page.filter((item) => item.groupId === groupId).map((item) => item._id);
        const { deletedCount } = await this.memberships.deleteMany({
          _id: { $in: ids },
          present: false,
          generation: { $lte: observed.get(groupId) ?? Number.MAX_SAFE_INTEGER },
          changedAt: { $lt: before },
        });
        count += deletedCount;
      }
      last = page.length < PURGED_AT_ONCE ? undefined : page.at(-1);
    } while (last);
    return count;
  }

  private async left(
    before: Date,
    after: Pick<MembershipDocument, '_id' | 'changedAt'> | undefined,
  ): Promise<readonly Pick<MembershipDocument, '_id' | 'groupId' | 'changedAt'>[]> {
    const later = { changedAt: after ? { $gte: after.changedAt, $lt: before } : { $lt: before } };
    return this.memberships
      .find(
        {
          present: false,
          ...later,
          ...(after
            ? {
                $or: [
                  { changedAt: { $gt: after.changedAt } },
                  { changedAt: after.changedAt, _id: { $gt: after._id } },
                ],
              }
            : {}),
        },
        { groupId: 1, changedAt: 1 },
      )
      .sort({ changedAt: 1, _id: 1 })
      .limit(PURGED_AT_ONCE)
      .lean<Pick<MembershipDocument, '_id' | 'groupId' | 'changedAt'>[]>();
  }

  private async announceTo(
    groupIds: readonly string[],
    { targetId, memberId, formerName, now }: Parameters<MongoMembershipDeltas['announce']>[0],
  ): Promise<void> {
    if (groupIds.length === 0) return;
    const operations = groupIds.flatMap((groupId): AnyBulkWriteOperation<BindingDocument>[] => {
      const _id = bindingId(targetId, groupId);
      const [mark, everybody] = [randomUUID(), randomUUID()];
      const resend = { memberId, ...(formerName === undefined ? {} : { formerName }), mark };
      return [
        // Whatever the state is, and whatever becomes of it before the next operation: the request is kept, and who is
        // at work learns that there is more to do.
        {
          updateOne: {
            // A group that cannot have delivered any member yet, and is not about to, will come to this one anyway.
            filter: {
              _id,
              $or: [
                { membersObserved: { $gt: 0 } },
                { reference: { $exists: true } },
                { owner: { $exists: true } },
              ],
            },
            update: { $push: { resend }, $inc: { revision: 1 } },
          },
        },
        // What the request repeats, it replaces: somebody renamed to and fro needs no more than one for each name.
        {
          updateOne: {
            filter: { _id, 'resend.mark': mark },
            update: {
              $pull: {
                resend: { memberId, formerName: formerName ?? null, mark: { $ne: mark } },
              },
            },
          },
        },
        {
          updateOne: {
            filter: {
              _id,
              $or: [
                { owner: { $exists: false }, [`resend.${MOST_RESENDS}`]: { $exists: true } },
                { [`resend.${MOST_UNDER_WAY}`]: { $exists: true } },
              ],
            },
            update: { $set: { resend: [{ mark: everybody }] }, $inc: { revision: 1 } },
          },
        },
        // Other states have a time of their own, and the request waits for it.
        {
          updateOne: {
            filter: {
              _id,
              'resend.mark': { $in: [mark, everybody] },
              state: { $in: ['SYNCED', 'PENDING', 'DELIVERING'] },
            },
            update: { ...pending(now), ...CHANGED },
          },
        },
      ];
    });
    await this.bindings.bulkWrite(operations);
  }

  private async entries(filter: Record<string, unknown>): Promise<readonly MemberEntry[]> {
    const found = await documents(this.bindings)
      .find(filter, {
        projection: {
          resourceId: 1,
          reference: 1,
          lastReference: 1,
          name: 1,
          outside: 1,
          announcedName: 1,
          untoldNames: 1,
          formerNames: 1,
        },
      })
      .toArray();
    return found.map(({ resourceId, name, outside = false, ...binding }) => {
      const reference = outside ? undefined : binding.reference;
      const lastReference = outside ? binding.reference : binding.lastReference;
      const formerNames = namesBefore(name, binding);
      return {
        memberId: resourceId,
        ...(formerNames.length === 0 ? {} : { formerNames }),
        ...(reference === undefined ? {} : { reference }),
        ...(lastReference === undefined ? {} : { lastReference }),
        ...(name === undefined ? {} : { name }),
      };
    });
  }

  private async page(
    filter: Record<string, unknown>,
    limit: number,
  ): Promise<readonly MemberChange[]> {
    const found = await documents(this.memberships)
      .find(filter, {
        projection: { memberId: 1, present: 1, generation: 1 },
        sort: { generation: 1, _id: 1 },
        limit,
      })
      .toArray();
    return found.map(({ _id, memberId, present, generation }) => ({
      id: _id,
      memberId,
      present,
      generation,
    }));
  }
}

const PURGED_AT_ONCE = 1_000;

/** Names other than the present one by which groups may know an entry, or may have done. */
function namesBefore(
  name: string | undefined,
  { announcedName, untoldNames = [], formerNames = [] }: Partial<BindingDocument>,
): readonly string[] {
  const all = [...formerNames, announcedName, ...untoldNames];
  return [...new Set(all)].filter((one) => one !== undefined && one !== name) as string[];
}

/**
 * For each group: the generation up to which every target has its members. Groups in no target are left out. One that has
 * to hear of everybody again still needs all who left.
 */
export async function membersObserved(
  bindings: BindingModel,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const there = { resourceId: { $in: [...groupIds] }, state: { $ne: 'REMOVED' as const } };
  const again = { ...there, resend: { $elemMatch: { memberId: { $exists: false } } } };
  const [documents, anew] = await Promise.all([
    bindings
      .find(there, { resourceId: 1, membersObserved: 1 })
      .lean<Pick<BindingDocument, 'resourceId' | 'membersObserved'>[]>(),
    bindings.find(again, { resourceId: 1 }).lean<Pick<BindingDocument, 'resourceId'>[]>(),
  ]);
  const lowest = new Map<string, number>();
  for (const { resourceId, membersObserved: observed } of documents) {
    lowest.set(resourceId, Math.min(observed, lowest.get(resourceId) ?? Infinity));
  }
  for (const { resourceId } of anew) lowest.set(resourceId, 0);
  return lowest;
}
