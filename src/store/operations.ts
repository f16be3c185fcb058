/** Operations in MongoDB: what administrators read and ask for, and the work several processes share. */
import { type mongo } from 'mongoose';
import { v7 as timeOrderedId } from 'uuid';
import {
  type ClaimedOperation,
  type Operation,
  type OperationClaim,
  type OperationDraft,
  type OperationEnd,
  type OperationFilter,
  type OperationItem,
  type OperationItemFilter,
  type OperationQueue,
  type OperationRequester,
  type OperationStep,
  type OperationStore,
} from '../domain/operation';
import { type Page } from '../domain/ports';
import { FREE } from './binding-mapping';
import { hasCome, latestLease } from './date-corrections';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type OperationDocument, type OperationModels } from './models/operation.model';
import { OperationItems } from './operation-items';

interface Started {
  readonly operation: Operation;
  readonly isNew: boolean;
}

const ERASED_AT_ONCE = 50;

/** No operation waits as long before it is looked at again. */
const LONGEST_PAUSE_MS = 900_000;

/** Whoever is in the way may end between the two looks at it. */
const MOST_ATTEMPTS = 5;

export class MongoOperationStore implements OperationStore, OperationQueue {
  private readonly ownItems: OperationItems;

  constructor(private readonly models: OperationModels) {
    this.ownItems = new OperationItems(models.items);
  }

  async findAll(ids: readonly string[]): Promise<readonly Operation[]> {
    const found = await this.collection.find({ _id: { $in: [...ids] } }).toArray();
    return found.map(toOperation);
  }

  async list(
    query: OperationFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Operation>> {
    const filter = operationQuery(query);
    const found = await this.collection
      .find(query.after === undefined ? filter : { ...filter, _id: { $lt: query.after } })
      .sort({ _id: -1 })
      .limit(query.limit + 1)
      .toArray();
    return {
      items: found.slice(0, query.limit).map(toOperation),
      hasMore: found.length > query.limit,
    };
  }

  count(filter: OperationFilter): Promise<number> {
    return this.collection.countDocuments(operationQuery(filter));
  }

  items(
    query: OperationItemFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<OperationItem>> {
    return this.ownItems.list(query);
  }

  countItems(filter: OperationItemFilter): Promise<number> {
    return this.ownItems.count(filter);
  }

  async version(id: string): Promise<number | undefined> {
    const found = await this.collection.findOne({ _id: id }, { projection: { version: 1 } });
    return found?.version;
  }

  start(draft: OperationDraft, now: Date): Promise<Started> {
    const id = timeOrderedId();
    return this.insert({
      _id: id,
      kind: draft.kind,
      input: draft.input,
      ...(draft.ruleId === undefined ? {} : { ruleId: draft.ruleId }),
      ...(draft.targetId === undefined ? {} : { targetId: draft.targetId }),
      requestedBy: draft.requestedBy,
      done: 0,
      counts: {},
      itemsOf: id,
      exclusive: draft.exclusive ?? `items ${id}`,
      ...queued(now),
    });
  }

  async resume(ended: Operation, requestedBy: OperationRequester, now: Date): Promise<Started> {
    const document = await this.collection.findOne({ _id: ended.id });
    if (!document) throw new Error('An operation is gone before it is resumed');
    const { kind, input, ruleId, targetId, done, total, counts, itemsOf, position } = document;
    return this.insert({
      _id: timeOrderedId(),
      kind,
      input,
      ...(ruleId === undefined ? {} : { ruleId }),
      ...(targetId === undefined ? {} : { targetId }),
      requestedBy,
      done,
      ...(total === undefined ? {} : { total }),
      counts,
      ...(position === undefined ? {} : { position }),
      resumes: ended.id,
      itemsOf,
      exclusive: document.exclusive,
      ...queued(now),
    });
  }

  async cancel(id: string, now: Date): Promise<Operation | undefined> {
    // Nobody works on it: it ends at once.
    const ended = await this.collection.findOneAndUpdate(
      { _id: id, state: 'QUEUED' },
      {
        $set: { state: 'CANCELLED', cancelledAt: now, finishedAt: now },
        $unset: { dueAt: 1 },
        $inc: { version: 1 },
      },
      { returnDocument: 'after' },
    );
    if (ended) return toOperation(ended);
    // Whoever works on it hears of it with the next step; whoever takes it over, at once.
    await this.collection.updateOne(
      { _id: id, state: 'RUNNING', cancelledAt: { $exists: false } },
      { $set: { cancelledAt: now, dueAt: now }, $inc: { version: 1 } },
    );
    return (await this.findAll([id]))[0];
  }

  async claim(owner: string, now: Date, leaseUntil: Date): Promise<ClaimedOperation | undefined> {
    const document = await this.collection.findOneAndUpdate(
      {
        dueAt: { $exists: true },
        $and: [
          hasCome('dueAt', now, new Date(now.getTime() + LONGEST_PAUSE_MS)),
          hasCome('leaseUntil', now, latestLease(leaseUntil)),
        ],
      },
      { $set: { state: 'RUNNING', owner, leaseUntil }, $inc: { fence: 1 } },
      { sort: { dueAt: 1 }, returnDocument: 'after' },
    );
    if (!document) return undefined;
    if (document.startedAt === undefined) {
      const { _id, fence } = document;
      await this.collection.updateOne(
        { _id, fence },
        { $set: { startedAt: now }, $inc: { version: 1 } },
      );
    }
    return toClaimed(document);
  }

  renew(claim: OperationClaim, leaseUntil: Date): Promise<boolean> {
    return this.write(claim, { $set: { leaseUntil } });
  }

  async note(claim: OperationClaim, step: OperationStep): Promise<'noted' | 'cancelled' | 'lost'> {
    const document = await this.collection.findOneAndUpdate(
      held(claim),
      { $set: { ...step, attempts: 0 }, $inc: { version: 1 } },
      { projection: { cancelledAt: 1 }, returnDocument: 'after' },
    );
    if (!document) return 'lost';
    return document.cancelledAt === undefined ? 'noted' : 'cancelled';
  }

  release(claim: OperationClaim, dueAt: Date, attempts: number): Promise<boolean> {
    return this.write(claim, {
      $set: { leaseUntil: FREE, dueAt, attempts },
      $unset: { owner: 1 },
    });
  }

  finish(
    claim: OperationClaim,
    end: OperationEnd,
    at: Date,
    last: Pick<OperationStep, 'counts' | 'message'>,
  ): Promise<boolean> {
    return this.write(claim, {
      $set: { ...last, state: end, finishedAt: at, leaseUntil: FREE },
      $unset: { owner: 1, dueAt: 1 },
      $inc: { version: 1 },
    });
  }

  putItems(itemsOf: string, items: readonly OperationItem[]): Promise<number> {
    return this.ownItems.put(itemsOf, items);
  }

  dropItems(itemsOf: string, keys: readonly string[]): Promise<void> {
    return this.ownItems.drop(itemsOf, keys);
  }

  findItems(itemsOf: string, keys: readonly string[]): Promise<readonly OperationItem[]> {
    return this.ownItems.find(itemsOf, keys);
  }

  claimants(itemsOf: string, claims: readonly string[]): Promise<readonly OperationItem[]> {
    return this.ownItems.claimants(itemsOf, claims);
  }

  countOutcomes(
    itemsOf: string,
    outcomes: readonly string[],
    targetId?: string,
  ): Promise<Readonly<Record<string, number>>> {
    return this.ownItems.countOutcomes(itemsOf, outcomes, targetId);
  }

  async erase(before: Date): Promise<boolean> {
    const old = await this.collection
      .find({ finishedAt: { $lt: before } }, { projection: { itemsOf: 1 } })
      .sort({ finishedAt: 1 })
      .limit(ERASED_AT_ONCE)
      .toArray();
    for (const { _id, itemsOf } of old) {
      // The document last: a crash before that repeats the rest.
      const others = { itemsOf, _id: { $ne: _id } };
      if (!(await this.collection.findOne(others, { projection: { _id: 1 } }))) {
        await this.ownItems.erase(itemsOf);
      }
      await this.collection.deleteOne({ _id });
    }
    return old.length === ERASED_AT_ONCE;
  }

  private get collection() {
    return documents(this.models.operations);
  }

  private async insert(document: OperationDocument): Promise<Started> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      try {
        await this.collection.insertOne(document);
        return { operation: toOperation(document), isNew: true };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const { exclusive } = document;
        const other = await this.collection.findOne({ exclusive, dueAt: { $exists: true } });
        if (other) return { operation: toOperation(other), isNew: false };
      }
    }
    throw new Error('Operations of which there may be only one keep coming and going');
  }

  private async write(
    claim: OperationClaim,
    update: mongo.UpdateFilter<OperationDocument>,
  ): Promise<boolean> {
    const { matchedCount } = await this.collection.updateOne(held(claim), update);
    return matchedCount === 1;
  }
}

/** What has ended, or was given back, is written no more. */
function held({ id, fence }: OperationClaim) {
  return { _id: id, fence, state: 'RUNNING', leaseUntil: { $gt: FREE } } as const;
}

function queued(now: Date) {
  return {
    state: 'QUEUED',
    createdAt: now,
    dueAt: now,
    leaseUntil: FREE,
    version: 1,
    attempts: 0,
    fence: 0,
  } as const;
}

function operationQuery({ kinds, states, ruleId, targetId }: OperationFilter) {
  return {
    ...(kinds === undefined ? {} : { kind: { $in: [...kinds] } }),
    ...(states === undefined ? {} : { state: { $in: [...states] } }),
    ...(ruleId === undefined ? {} : { ruleId }),
    ...(targetId === undefined ? {} : { targetId }),
  };
}

function toOperation(document: OperationDocument): Operation {
  const { ruleId, targetId, total, message, resumes } = document;
  const { startedAt, finishedAt, cancelledAt } = document;
  return {
    id: document._id,
    kind: document.kind,
    state: document.state,
    // Written by the same kind.
    input: document.input as Operation['input'],
    requestedBy: document.requestedBy,
    progress: {
      done: document.done,
      counts: document.counts,
      ...(total === undefined ? {} : { total }),
    },
    itemsOf: document.itemsOf,
    createdAt: document.createdAt,
    version: document.version,
    ...(ruleId === undefined ? {} : { ruleId }),
    ...(targetId === undefined ? {} : { targetId }),
    ...(message === undefined ? {} : { message }),
    ...(resumes === undefined ? {} : { resumes }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(cancelledAt === undefined ? {} : { cancelledAt }),
  };
}

function toClaimed(document: OperationDocument): ClaimedOperation {
  const { fence, attempts, position } = document;
  return {
    ...toOperation(document),
    fence,
    attempts,
    ...(position === undefined ? {} : { position }),
  };
}
