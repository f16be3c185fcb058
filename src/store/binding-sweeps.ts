/** Many bindings at a time: the port `BindingSweeps`. */
import { randomUUID } from 'node:crypto';
import { type mongo } from 'mongoose';
import { bindingId, type BindingState } from '../domain/binding';
import { type BindingSweeps, type MemberRepair, type SweptBinding } from '../domain/binding-sweep';
import { type DeliveryRequest, type WorkItem } from '../domain/delivery-ports';
import { CHANGED, FREE, newBinding, pending, toBinding, toQueued } from './binding-mapping';
import { documents } from './documents';
import { BY_GUARD } from './held-bindings';
import { type BindingDocument, type BindingModel } from './models/binding.model';

export class MongoBindingSweeps implements BindingSweeps {
  constructor(private readonly model: BindingModel) {}

  byReferences(
    targetId: string,
    resourceType: string,
    references: readonly string[],
  ): Promise<readonly SweptBinding[]> {
    return this.find({ targetId, resourceType, reference: { $in: [...references] } });
  }

  ofResources(targetId: string, resourceIds: readonly string[]): Promise<readonly SweptBinding[]> {
    return this.find({ _id: { $in: resourceIds.map((id) => bindingId(targetId, id)) } });
  }

  async workOf(requests: readonly DeliveryRequest[]): Promise<readonly WorkItem[]> {
    const ids = requests.map(({ targetId, resourceId }) => bindingId(targetId, resourceId));
    const found = await documents(this.model)
      .find({ _id: { $in: ids } })
      .toArray();
    const byId = new Map(found.map((document) => [document._id, document]));
    return requests.map((request, index) => {
      const _id = ids[index] ?? '';
      const document = byId.get(_id) ?? { _id, ...newBinding(request, FREE) };
      return { ...toQueued(document), generation: request.generation };
    });
  }

  async ofTarget(
    targetId: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly SweptBinding[]> {
    // The bindings of a target stand together, since its id begins theirs.
    const range = { $gt: after ?? bindingId(targetId, ''), $lt: `${targetId};` };
    const found = await documents(this.model)
      .find({ _id: range }, { projection: { resend: 0 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray();
    return found.map(toSwept);
  }

  async markSeen(ids: readonly string[], operationId: string): Promise<void> {
    if (ids.length === 0) return;
    await documents(this.model).updateMany(
      { _id: { $in: [...ids] } },
      { $set: { seenBy: operationId } },
    );
  }

  async redeliver(
    ids: readonly string[],
    states: readonly BindingState[],
    now: Date,
  ): Promise<number> {
    if (ids.length === 0) return 0;
    const { modifiedCount } = await documents(this.model).updateMany(
      { _id: { $in: [...ids] }, state: { $in: [...states] } },
      {
        $set: { state: 'PENDING', attempts: 0 },
        $min: { dueAt: now },
        $unset: { nextAttemptAt: 1 },
        $inc: { revision: 1 },
        ...CHANGED,
      },
    );
    return modifiedCount;
  }

  countDue(ids: readonly string[], now: Date): Promise<number> {
    return documents(this.model).countDocuments({ _id: { $in: [...ids] }, dueAt: { $lte: now } });
  }

  async repairMembers(id: string, repairs: readonly MemberRepair[], now: Date): Promise<boolean> {
    const resend = repairs.map((repair) => ({ ...repair, mark: randomUUID() }));
    const { matchedCount } = await documents(this.model).updateOne(
      // Who has something to deliver will be looked at again afterwards.
      { _id: id, state: 'SYNCED', resend: [] },
      {
        $push: { resend: { $each: resend } },
        ...pending(now),
        $inc: { revision: 1 },
        ...CHANGED,
      },
    );
    return matchedCount === 1;
  }

  async lookAgain(id: string, members: readonly MemberRepair[], now: Date): Promise<void> {
    const resend = members.map((member) => ({ ...member, mark: randomUUID() }));
    await documents(this.model).bulkWrite([
      // Whoever is at work learns that there is more to do.
      {
        updateOne: {
          filter: { _id: id },
          update: { $push: { resend: { $each: resend } }, $inc: { revision: 1 } },
        },
      },
      // What failed comes to it by itself, and what the guard holds with its approval.
      {
        updateOne: {
          filter: {
            _id: id,
            state: { $ne: 'RETRYING' },
            $or: [{ state: { $ne: 'HELD' } }, { heldFor: { $nin: [...BY_GUARD] } }],
          },
          update: { ...pending(now), ...CHANGED },
        },
      },
    ]);
  }

  private async find(filter: mongo.Filter<BindingDocument>): Promise<readonly SweptBinding[]> {
    const found = await documents(this.model)
      .find(filter, { projection: { resend: 0 } })
      .toArray();
    return found.map(toSwept);
  }
}

function toSwept(document: BindingDocument): SweptBinding {
  const { dueAt, leaseUntil, revision, membersObserved, seenBy, vacant } = document;
  const binding = toBinding(document);
  const isAsked = dueAt !== undefined && binding.heldFor !== 'DELETION_DELAY';
  return {
    ...binding,
    isUnderWay: isAsked || leaseUntil > FREE,
    revision,
    membersObserved,
    isVacant: document.state === 'HELD' && vacant === true,
    ...(seenBy === undefined ? {} : { seenBy }),
  };
}
