/** Bindings in MongoDB: what administrators read of them, and the work queue the delivery engine lives on. */
import { randomUUID } from 'node:crypto';
import { type Binding, type HeldFor } from '../domain/binding';
import {
  type Claim,
  type ClaimRequest,
  type Completion,
  type DeliveryRequest,
  type Failure,
  type KnownEntry,
  type Possession,
  type WorkItem,
  type WorkQueue,
} from '../domain/delivery-ports';
import { type Passed } from '../domain/guard';
import { type BindingFilter, type BindingReader, type Page } from '../domain/ports';
import { bindingQuery, CHANGED, FREE, pending, toBinding, toQueued } from './binding-mapping';
import { ClaimedWrites } from './claimed-writes';
import { completionUpdates } from './completion-updates';
import { correctDates, correctLeases } from './date-corrections';
import { documents } from './documents';
import { failureUpdates } from './failure-updates';
import { isDuplicateKey } from './duplicate-key';
import { enqueue } from './enqueue';
import { leasing, claimable } from './leasing';
import { type BindingDocument, type BindingModel } from './models/binding.model';
import { requeueUnblocked } from './unblocked';

/** What a binding remembers while the deletion of its entry is delayed. */
const DELAYED = { heldFor: 1, condemnedAt: 1, vacant: 1, outside: 1 } as const;

/** Others claim at the same time; who meets them so often takes what comes. */
const MOST_ATTEMPTS = 3;

export class MongoBindingStore implements BindingReader, WorkQueue {
  private readonly claimed: ClaimedWrites;

  constructor(private readonly model: BindingModel) {
    this.claimed = new ClaimedWrites(model);
  }

  async find(id: string): Promise<Binding | undefined> {
    const document = await this.model.findById(id).lean<BindingDocument>();
    return document ? toBinding(document) : undefined;
  }

  async findAll(ids: readonly string[]): Promise<readonly Binding[]> {
    const found = await this.model.find({ _id: { $in: [...ids] } }).lean<BindingDocument[]>();
    return found.map(toBinding);
  }

  async list(
    query: BindingFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Binding>> {
    const filter = bindingQuery(query);
    const documents = await this.model
      .find(query.after === undefined ? filter : { ...filter, _id: { $gt: query.after } })
      .sort({ _id: 1 })
      .limit(query.limit + 1)
      .lean<BindingDocument[]>();
    return {
      items: documents.slice(0, query.limit).map(toBinding),
      hasMore: documents.length > query.limit,
    };
  }

  count(filter: BindingFilter): Promise<number> {
    return this.model.countDocuments(bindingQuery(filter)).exec();
  }

  async ofResources(
    resourceIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Binding[]>> {
    const documents = await this.model
      .find({ resourceId: { $in: [...resourceIds] } })
      .sort({ _id: 1 })
      .lean<BindingDocument[]>();
    const result = new Map<string, Binding[]>();
    for (const document of documents) {
      const bindings = result.get(document.resourceId);
      if (bindings) bindings.push(toBinding(document));
      else result.set(document.resourceId, [toBinding(document)]);
    }
    return result;
  }

  enqueue(requests: readonly DeliveryRequest[], now: Date): Promise<readonly DeliveryRequest[]> {
    return enqueue(this.model, requests, now);
  }

  /** Rules with work in the target that is due until then: one index look-up for each rule with any. */
  async rulesWithWork(targetId: string, dueBefore: Date): Promise<readonly string[]> {
    const ruleIds: string[] = [];
    for (let last = ''; ;) {
      const next = await documents(this.model).findOne<Pick<BindingDocument, 'ruleId' | 'dueAt'>>(
        { targetId, ruleId: { $gt: last }, dueAt: { $exists: true } },
        { projection: { ruleId: 1, dueAt: 1 }, sort: { ruleId: 1, dueAt: 1 } },
      );
      if (!next) return ruleIds;
      last = next.ruleId;
      // The first of the rule; what waits for days is not asked for until then.
      if (next.dueAt && next.dueAt <= dueBefore) ruleIds.push(last);
    }
  }

  /** Leases the bindings that have been due for longest. */
  async claim(request: ClaimRequest): Promise<readonly WorkItem[]> {
    for (let attempt = 0; request.most > 1 && attempt < MOST_ATTEMPTS; attempt += 1) {
      const due = await documents(this.model)
        .find<Pick<BindingDocument, '_id'>>(claimable(request), {
          projection: { _id: 1 },
          sort: { dueAt: 1 },
          limit: request.most,
          batchSize: request.most + 1,
        })
        .toArray();
      if (due.length === 0) return [];
      const ids = due.map(({ _id }) => _id);
      const items = await this.claimAmong(ids, request);
      if (items.length > 0) return items;
    }
    const document = await documents(this.model).findOneAndUpdate(
      claimable(request),
      leasing(request, request.owner),
      { sort: { dueAt: 1 }, returnDocument: 'after' },
    );
    return document ? [toQueued(document)] : [];
  }

  /** Each claim has a name of its own, by which it is known which bindings it got. */
  private async claimAmong(
    ids: readonly string[],
    request: ClaimRequest,
  ): Promise<readonly WorkItem[]> {
    const owner = `${request.owner} ${randomUUID()}`;
    const { matchedCount } = await documents(this.model).updateMany(
      { ...claimable(request), _id: { $in: [...ids] } },
      leasing(request, owner),
    );
    if (matchedCount === 0) return [];
    const leased = await documents(this.model)
      .find({ _id: { $in: [...ids] }, owner }, { batchSize: ids.length + 1 })
      .toArray();
    return leased.map(toQueued);
  }

  /** Only a lease that has not ended: one that comes to life after its delivery would hold up the next change. */
  async renew({ id, fence }: Claim, leaseUntil: Date): Promise<boolean> {
    const { matchedCount } = await documents(this.model).updateOne(
      { _id: id, fence, leaseUntil: { $gt: FREE } },
      { $set: { leaseUntil } },
    );
    return matchedCount === 1;
  }

  /** Remembers, before `create`, that an entry of that name may come into being. */
  markCreating(claim: Claim, name: string): Promise<boolean> {
    return this.claimed.write(claim, { $set: { creating: name } });
  }

  /** Remembers an entry that is new to the binding; `taken` when it already belongs to another resource. */
  async bindEntry(claim: Claim, { reference, name }: KnownEntry): Promise<boolean | 'taken'> {
    try {
      return await this.claimed.write(claim, {
        // A new entry of a group has none of the members that an earlier one had.
        $set: { reference, name, membersObserved: 0 },
        $unset: { creating: 1, inherits: 1, chosen: 1, outside: 1 },
        $addToSet: { untoldNames: name },
      });
    } catch (error) {
      if (isDuplicateKey(error)) return 'taken';
      throw error;
    }
  }

  /** Noted with whoever takes the entry before it is let go of: a crash between the two leaves no entry without an owner. */
  async possession(claim: WorkItem, reference: string): Promise<Possession> {
    const { ruleId, targetId, resourceType } = claim;
    const bound = { targetId, resourceType, reference };
    const holder = await documents(this.model).findOne(bound);
    if (!holder) return 'free';
    if (holder.ruleId !== ruleId || holder.state !== 'HELD' || holder.vacant !== true)
      return 'taken';
    if (!(await this.claimed.write(claim, { $set: { inherits: reference } }))) return 'taken';
    const { matchedCount } = await documents(this.model).updateOne(
      { _id: holder._id, state: 'HELD', vacant: true, reference },
      {
        $set: { state: 'REMOVED', lastReference: reference },
        $unset: { ...DELAYED, reference: 1, dueAt: 1, nextAttemptAt: 1 },
        $inc: { fence: 1, revision: 1 },
        ...CHANGED,
      },
    );
    return matchedCount === 1 ? 'released' : 'taken';
  }

  async isTaken({ id, targetId, resourceType }: WorkItem, reference: string): Promise<boolean> {
    const bound = { targetId, resourceType, reference, _id: { $ne: id } };
    return (await documents(this.model).findOne(bound, { projection: { _id: 1 } })) !== null;
  }

  noteReferences(claim: Claim, resourceIds: readonly string[]): Promise<boolean> {
    return this.claimed.write(
      claim,
      resourceIds.length === 0
        ? { $unset: { references: 1 } }
        : { $set: { references: [...resourceIds] } },
    );
  }

  markOutside(claim: Claim, outside: boolean): Promise<boolean> {
    return this.claimed.write(
      claim,
      outside ? { $set: { outside: true } } : { $unset: { outside: 1 } },
    );
  }

  renameEntry(claim: Claim, name: string): Promise<boolean> {
    return this.claimed.write(claim, { $set: { name }, $addToSet: { untoldNames: name } });
  }

  /** The entry is gone, or no longer ours: its reference stays known as the last one. */
  forgetEntry(claim: Claim, reference: string): Promise<boolean> {
    return this.claimed.write(claim, {
      $set: { lastReference: reference },
      $unset: { reference: 1, outside: 1 },
    });
  }

  markPassed(claim: Claim, passed: Passed): Promise<boolean> {
    return this.claimed.write(claim, { $set: { passed } });
  }

  /** Ends a delivery and the lease. The binding stays due when more was requested meanwhile. */
  complete(claim: Claim, completion: Completion): Promise<boolean> {
    const { done, changed } = completionUpdates(completion, claim.fence);
    return this.claimed.write(claim, done, changed);
  }

  /**
   * Ends a failed delivery and the lease. When more was requested meanwhile, a binding is not parked, and need not wait
   * for longer than the change would have let it had it come a moment later.
   */
  fail(claim: Claim, failure: Failure): Promise<boolean> {
    const { first, changed } = failureUpdates(failure, claim.fence);
    return this.claimed.write(claim, first, changed);
  }

  /** Removes a binding whose resource no longer exists, unless something in it still has to get into the audit trail. */
  async discard(claim: Claim): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({
      _id: claim.id,
      fence: claim.fence,
      notedAt: { $exists: false },
    });
    return deletedCount === 1;
  }

  /**
   * Gives a lease back unused. Not one that its delivery has ended, though nobody heard of it: what is held or parked since
   * would be pending, and due never more.
   */
  async release({ id, fence }: Claim): Promise<boolean> {
    const { matchedCount } = await documents(this.model).updateOne(
      { _id: id, fence, leaseUntil: { $gt: FREE } },
      { $set: { leaseUntil: FREE, state: 'PENDING' }, $unset: { owner: 1 } },
    );
    return matchedCount === 1;
  }

  async retry(id: string, now: Date): Promise<Binding | undefined> {
    const document = await this.model
      .findOneAndUpdate(
        { _id: id },
        {
          $set: { state: 'PENDING', attempts: 0 },
          $min: { dueAt: now },
          $unset: { nextAttemptAt: 1 },
          $inc: { revision: 1 },
          ...CHANGED,
        },
        { returnDocument: 'after' },
      )
      .lean<BindingDocument>();
    return document ? toBinding(document) : undefined;
  }

  /** What is held for its deletion was condemned at the beginning of time, then. */
  async deleteNow(id: string, now: Date): Promise<Binding | undefined> {
    const document = await this.model
      .findOneAndUpdate(
        { _id: id, state: 'HELD', heldFor: 'DELETION_DELAY' },
        {
          $set: { state: 'PENDING', condemnedAt: new Date(0) },
          $min: { dueAt: now },
          $inc: { revision: 1 },
          ...CHANGED,
        },
        { returnDocument: 'after' },
      )
      .lean<BindingDocument>();
    return document ? toBinding(document) : undefined;
  }

  requeueHeld(ruleId: string, heldFor: HeldFor, now: Date): Promise<number> {
    return this.requeue({ ruleId, heldFor, state: 'HELD' }, now);
  }

  requeueUnblocked(
    after: string | undefined,
    limit: number,
    now: Date,
  ): Promise<string | undefined> {
    return requeueUnblocked(this.model, { after, limit, now });
  }

  async choose(
    id: string,
    { reference, name }: KnownEntry,
    now: Date,
  ): Promise<Binding | 'taken' | undefined> {
    const known = await this.model
      .findById(id, { targetId: 1, resourceType: 1 })
      .lean<Pick<BindingDocument, 'targetId' | 'resourceType'>>();
    if (!known) return undefined;
    const { targetId, resourceType } = known;
    if (await this.model.exists({ targetId, resourceType, reference })) return 'taken';
    const document = await this.model
      .findOneAndUpdate(
        { _id: id, state: 'PARKED', candidates: { $exists: true } },
        {
          $set: { chosen: { reference, name }, state: 'PENDING', attempts: 0 },
          $min: { dueAt: now },
          $inc: { revision: 1 },
          ...CHANGED,
        },
        { returnDocument: 'after' },
      )
      .lean<BindingDocument>();
    return document ? toBinding(document) : undefined;
  }

  requeueParked(targetId: string, now: Date): Promise<number> {
    return this.requeue({ targetId, state: 'PARKED' }, now);
  }

  /** Bindings that failed only because the target was down need not wait any longer. */
  async hasten(targetId: string, now: Date): Promise<number> {
    const { modifiedCount } = await this.model.updateMany(
      { targetId, state: 'RETRYING', 'lastError.kind': { $in: ['unavailable', 'timeout'] } },
      { $set: { dueAt: now, nextAttemptAt: now }, ...CHANGED },
    );
    return modifiedCount;
  }

  correctDates(targetId: string, ruleId: string, now: Date): Promise<number> {
    return correctDates(this.model, { targetId, ruleId }, now);
  }

  correctLeases(targetId: string, leaseUntil: Date): Promise<number> {
    return correctLeases(this.model, targetId, leaseUntil);
  }

  /** How many bindings there is something to do for, now or after a failure. */
  countWork(): Promise<number> {
    return this.model.countDocuments({ dueAt: { $exists: true }, state: { $ne: 'HELD' } }).exec();
  }

  private async requeue(
    filter: Pick<Binding, 'state'> & Partial<Pick<Binding, 'ruleId' | 'targetId' | 'heldFor'>>,
    now: Date,
  ): Promise<number> {
    const { modifiedCount } = await this.model.updateMany(filter, {
      ...pending(now),
      $inc: { revision: 1 },
      ...CHANGED,
    });
    return modifiedCount;
  }
}
