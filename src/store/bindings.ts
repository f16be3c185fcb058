/** Bindings in MongoDB: what administrators read of them, and the work queue the delivery engine lives on. */
import { randomUUID } from 'node:crypto';
import { type Binding, type BindingState } from '../domain/binding';
import {
  type Claim,
  type ClaimRequest,
  type Completion,
  type DeliveryRequest,
  type Failure,
  type KnownEntry,
  type WorkItem,
  type WorkQueue,
} from '../domain/delivery-ports';
import { type BindingFilter, type BindingReader, type Page } from '../domain/ports';
import { bindingQuery, FREE, toBinding, toQueued } from './binding-mapping';
import { type BindingUpdate, ClaimedWrites } from './claimed-writes';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { CHANGED_RETRY_MS, enqueue } from './enqueue';
import { type BindingDocument, type BindingModel } from './models/binding.model';

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

  /** Rules with work in the target, due or not: one index look-up for each of them. */
  async rulesWithWork(targetId: string): Promise<readonly string[]> {
    const ruleIds: string[] = [];
    for (let last = ''; ;) {
      const next = await documents(this.model).findOne<Pick<BindingDocument, 'ruleId'>>(
        { targetId, ruleId: { $gt: last }, dueAt: { $exists: true } },
        { projection: { ruleId: 1 }, sort: { ruleId: 1, dueAt: 1 } },
      );
      if (!next) return ruleIds;
      last = next.ruleId;
      ruleIds.push(last);
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

  renew(claim: Claim, leaseUntil: Date): Promise<boolean> {
    return this.claimed.write(claim, { $set: { leaseUntil } });
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
        $unset: { creating: 1 },
      });
    } catch (error) {
      if (isDuplicateKey(error)) return 'taken';
      throw error;
    }
  }

  renameEntry(claim: Claim, name: string): Promise<boolean> {
    return this.claimed.write(claim, { $set: { name } });
  }

  /** The entry is gone, or no longer ours: its reference stays known as the last one. */
  forgetEntry(claim: Claim, reference: string): Promise<boolean> {
    return this.claimed.write(claim, {
      $set: { lastReference: reference },
      $unset: { reference: 1 },
    });
  }

  /** Ends a delivery and the lease. The binding stays due when more was requested meanwhile. */
  complete(claim: Claim, completion: Completion): Promise<boolean> {
    const { observedGeneration, membersObserved, announced, resent = [] } = completion;
    const set = {
      leaseUntil: FREE,
      attempts: 0,
      ...(observedGeneration === undefined
        ? {}
        : { observedGeneration, lastSyncedAt: completion.at }),
      ...(membersObserved === undefined ? {} : { membersObserved }),
      ...(announced?.reference === undefined ? {} : { announcedReference: announced.reference }),
      ...(announced?.name === undefined ? {} : { announcedName: announced.name }),
    };
    const unset = {
      owner: 1,
      nextAttemptAt: 1,
      lastError: 1,
      ...(announced && announced.reference === undefined ? { announcedReference: 1 as const } : {}),
      ...(announced && announced.name === undefined ? { announcedName: 1 as const } : {}),
    } as const;
    const pull = resent.length === 0 ? {} : { $pull: { resend: { mark: { $in: [...resent] } } } };
    return this.claimed.write(
      claim,
      { $set: { ...set, state: completion.state }, $unset: { ...unset, dueAt: 1 }, ...pull },
      { $set: { ...set, state: 'PENDING' }, $unset: unset, ...pull },
    );
  }

  /**
   * Ends a failed delivery and the lease. When more was requested meanwhile, a binding is not parked, and need not wait
   * for longer than the change would have let it had it come a moment later.
   */
  fail(claim: Claim, failure: Failure): Promise<boolean> {
    const { error, retryAt } = failure;
    const set = { leaseUntil: FREE, lastError: error };
    const unset = {
      owner: 1,
      ...(failure.nothingCreated ? { creating: 1 as const } : {}),
    } as const;
    const attempt = { $inc: { attempts: 1 } };
    const retrying = (at: Date): BindingUpdate => ({
      $set: { ...set, state: 'RETRYING', dueAt: at, nextAttemptAt: at },
      $unset: unset,
      ...attempt,
    });
    const parked: BindingUpdate = {
      $set: { ...set, state: 'PARKED' },
      $unset: { ...unset, dueAt: 1, nextAttemptAt: 1 },
      ...attempt,
    };
    if (!retryAt) {
      const pending: BindingUpdate = {
        $set: { ...set, state: 'PENDING' },
        $unset: unset,
        ...attempt,
      };
      return this.claimed.write(claim, parked, pending);
    }
    const soon = error.at.getTime() + CHANGED_RETRY_MS;
    const sooner = retrying(new Date(Math.min(retryAt.getTime(), soon)));
    return this.claimed.write(claim, retrying(retryAt), sooner);
  }

  /** Removes a binding whose resource no longer exists. */
  async discard(claim: Claim): Promise<boolean> {
    const { deletedCount } = await this.model.deleteOne({ _id: claim.id, fence: claim.fence });
    return deletedCount === 1;
  }

  /** Gives a lease back unused. */
  release(claim: Claim): Promise<boolean> {
    return this.claimed.write(claim, {
      $set: { leaseUntil: FREE, state: 'PENDING' },
      $unset: { owner: 1 },
    });
  }

  async retry(id: string, now: Date): Promise<Binding | undefined> {
    const document = await this.model
      .findOneAndUpdate(
        { _id: id },
        {
          $set: { state: 'PENDING', dueAt: now, attempts: 0 },
          $unset: { nextAttemptAt: 1 },
          $inc: { revision: 1 },
        },
        { returnDocument: 'after' },
      )
      .lean<BindingDocument>();
    return document ? toBinding(document) : undefined;
  }

  requeueHeld(ruleId: string, now: Date): Promise<number> {
    return this.requeue({ ruleId, state: 'HELD' }, now);
  }

  requeueParked(targetId: string, now: Date): Promise<number> {
    return this.requeue({ targetId, state: 'PARKED' }, now);
  }

  /** Bindings that failed only because the target was down need not wait any longer. */
  async hasten(targetId: string, now: Date): Promise<number> {
    const { modifiedCount } = await this.model.updateMany(
      { targetId, state: 'RETRYING', 'lastError.kind': { $in: ['unavailable', 'timeout'] } },
      { $set: { dueAt: now, nextAttemptAt: now } },
    );
    return modifiedCount;
  }

  /** How many bindings there is something to do for, now or later. */
  countWork(): Promise<number> {
    return this.model.countDocuments({ dueAt: { $exists: true } }).exec();
  }

  private async requeue(
    filter: { readonly state: BindingState; readonly ruleId?: string; readonly targetId?: string },
    now: Date,
  ): Promise<number> {
    const { modifiedCount } = await this.model.updateMany(filter, {
      $set: { state: 'PENDING', dueAt: now },
      $inc: { revision: 1 },
    });
    return modifiedCount;
  }
}

function claimable({ targetId, ruleId, dueBefore, now }: ClaimRequest) {
  return { targetId, ruleId, dueAt: { $lte: dueBefore }, leaseUntil: { $lte: now } };
}

function leasing({ leaseUntil }: ClaimRequest, owner: string): BindingUpdate {
  return { $set: { state: 'DELIVERING', leaseUntil, owner }, $inc: { fence: 1 } };
}
