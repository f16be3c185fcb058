/** The beginning and the end of a resource's way to its targets: waiting to be fanned out, and waiting to be forgotten. */
import { type FanOutStore, type PendingResource } from '../domain/delivery-ports';
import { documents } from './documents';
import { type BindingModel } from './models/binding.model';
import { type MembershipDocument, type MembershipModel } from './models/membership.model';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import { membersObserved } from './membership-deltas';

/** What says whether a resource waits, without its attributes. */
const SHOWN = {
  ruleId: 1,
  resourceType: 1,
  generation: 1,
  pending: 1,
  live: 1,
  'journal.token': 1,
  noted: 1,
} as const;

type PendingDocument = Pick<
  ResourceDocument,
  '_id' | 'ruleId' | 'resourceType' | 'generation' | 'live' | 'noted'
> & { pending: Date; journal?: unknown[] };

export class MongoFanOutStore implements FanOutStore {
  constructor(
    private readonly resources: ResourceModel,
    private readonly memberships: MembershipModel,
    private readonly bindings: BindingModel,
  ) {}

  async pendingAmong(ids: readonly string[]): Promise<readonly PendingResource[]> {
    const pending = await documents(this.resources)
      .find<PendingDocument>(
        { _id: { $in: [...ids] }, pending: { $exists: true } },
        { projection: SHOWN, batchSize: ids.length + 1 },
      )
      .toArray();
    return pending.map(toPending);
  }

  /** By ascending time and id, after the given one. */
  async pendingBefore(
    before: Date,
    after: Pick<PendingResource, 'pending' | 'id'> | undefined,
    limit: number,
  ): Promise<readonly PendingResource[]> {
    // The rest of the same moment first, then later ones: each is a plain range of the index.
    const same = after
      ? await this.page({ pending: after.pending, _id: { $gt: after.id } }, limit)
      : [];
    if (same.length === limit) return same;
    const range = after ? { $gt: after.pending, $lte: before } : { $lte: before };
    return [...same, ...(await this.page({ pending: range }, limit - same.length))];
  }

  /**
   * Only those that are still at that generation: what changed meanwhile has to be fanned out again. What was noted since has
   * to wait, too, though it may not have made a new generation.
   */
  async clearPending(
    resources: readonly Pick<PendingResource, 'id' | 'generation' | 'noted'>[],
  ): Promise<void> {
    if (resources.length === 0) return;
    const byGeneration = new Map<number, string[]>();
    for (const { id, generation } of resources) {
      const ids = byGeneration.get(generation);
      if (ids) ids.push(id);
      else byGeneration.set(generation, [id]);
    }
    const all = resources.map(({ id }) => id);
    const recorded = resources.flatMap(({ noted }) => noted.map(({ id }) => id));
    const others = { noted: { $not: { $elemMatch: { id: { $nin: recorded } } } } };
    await documents(this.resources).bulkWrite([
      ...[...byGeneration].map(([generation, ids]) => ({
        updateMany: {
          filter: { _id: { $in: ids }, generation, ...others },
          update: { $unset: { pending: '' as const, noted: '' as const } },
        },
      })),
      {
        updateMany: {
          filter: { _id: { $in: all }, 'noted.id': { $in: recorded } },
          update: { $pull: { noted: { id: { $in: recorded } } } },
        },
      },
    ]);
  }

  countPending(): Promise<number> {
    return this.resources.countDocuments({ pending: { $exists: true } }).exec();
  }

  /** Deleted and fanned out resources, the longest deleted first, after the given one. */
  async deletedAfter(
    after: { readonly id: string; readonly deletedAt: Date } | undefined,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly deletedAt: Date }[]> {
    const same = after
      ? await this.deleted({ deletedAt: after.deletedAt, _id: { $gt: after.id } }, limit)
      : [];
    if (same.length === limit) return same;
    const range = after ? { $gt: after.deletedAt } : { $exists: true };
    return [...same, ...(await this.deleted({ deletedAt: range }, limit - same.length))];
  }

  /** Those of the deleted resources that no target and no group has to hear of any more. */
  async finished(ids: readonly string[]): Promise<readonly string[]> {
    const open = await this.bindings
      .find(
        {
          resourceId: { $in: [...ids] },
          $or: [{ state: { $ne: 'REMOVED' } }, { notedAt: { $exists: true } }],
        },
        { resourceId: 1 },
      )
      .lean<{ resourceId: string }[]>();
    const bound = new Set(open.map((binding) => binding.resourceId));
    const removed = ids.filter((id) => !bound.has(id));
    const missed = await this.missedByGroups(removed);
    return removed.filter((id) => !missed.has(id));
  }

  /** Forgets resources for good. Their documents go last, so that a crash leaves something to begin again with. */
  async erase(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const some = { $in: [...ids] };
    await this.memberships.deleteMany({ groupId: some });
    await this.bindings.deleteMany({
      resourceId: some,
      state: 'REMOVED',
      notedAt: { $exists: false },
    });
    await this.resources.deleteMany({
      _id: some,
      deletedAt: { $exists: true },
      pending: { $exists: false },
    });
  }

  /**
   * Members that some living group has, or had and some target has not yet heard of the end of. A deleted group may still
   * have to take its members out, and can do so only while it is known who they are and where.
   */
  private async missedByGroups(memberIds: readonly string[]): Promise<ReadonlySet<string>> {
    const documents = await this.memberships
      .find(
        { memberId: { $in: [...memberIds] } },
        { groupId: 1, memberId: 1, present: 1, generation: 1 },
      )
      .lean<Pick<MembershipDocument, 'groupId' | 'memberId' | 'present' | 'generation'>[]>();
    if (documents.length === 0) return new Set();
    const groupIds = [...new Set(documents.map((document) => document.groupId))];
    const groups = await this.resources
      .find({ _id: { $in: groupIds }, live: true }, { _id: 1 })
      .lean<{ _id: string }[]>();
    const live = new Set(groups.map((group) => group._id));
    const observed = await membersObserved(this.bindings, groupIds);
    const missed = documents.filter(({ groupId, present, generation }) =>
      live.has(groupId)
        ? present || generation > (observed.get(groupId) ?? Infinity)
        : observed.has(groupId),
    );
    return new Set(missed.map((document) => document.memberId));
  }

  private async page(
    filter: Record<string, unknown>,
    limit: number,
  ): Promise<readonly PendingResource[]> {
    const documents = await this.resources
      .find(filter, SHOWN)
      .sort({ pending: 1, _id: 1 })
      .limit(limit)
      .lean<PendingDocument[]>();
    return documents.map(toPending);
  }

  private async deleted(filter: Record<string, unknown>, limit: number) {
    const documents = await this.resources
      .find({ ...filter, pending: { $exists: false } }, { deletedAt: 1 })
      .sort({ deletedAt: 1, _id: 1 })
      .limit(limit)
      .lean<{ _id: string; deletedAt: Date }[]>();
    return documents.map(({ _id, deletedAt }) => ({ id: _id, deletedAt }));
  }
}

function toPending(document: PendingDocument): PendingResource {
  return {
    id: document._id,
    ruleId: document.ruleId,
    resourceType: document.resourceType,
    generation: document.generation,
    pending: document.pending,
    deleted: !document.live,
    hasJournal: (document.journal ?? []).length > 0,
    noted: document.noted ?? [],
  };
}
