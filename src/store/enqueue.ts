/** Notes in bindings that there is something to deliver. Repeating it, or coming late with an old generation, changes nothing. */
import { type mongo } from 'mongoose';
import { bindingId } from '../domain/binding';
import { type DeliveryRequest } from '../domain/delivery-ports';
import { CHANGED, newBinding, settledBinding } from './binding-mapping';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type BindingDocument, type BindingModel } from './models/binding.model';

/** A change brings what is being retried forward to this long from now. */
export const CHANGED_RETRY_MS = 2_000;

type Operation = mongo.AnyBulkWriteOperation<BindingDocument>;
type Known = Pick<BindingDocument, '_id' | 'generation' | 'state'>;

/** Others may insert the same bindings at the same time; the next attempt finds them. */
const MOST_ATTEMPTS = 5;

/** Answers the requests that somebody has to look at. */
export async function enqueue(
  model: BindingModel,
  requests: readonly DeliveryRequest[],
  now: Date,
): Promise<readonly DeliveryRequest[]> {
  if (requests.length === 0) return [];
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    // What is new has no bindings yet. Should it have them all the same, the next attempt finds them.
    const older = attempt === 0 ? requests.filter(({ generation }) => generation > 1) : requests;
    const known = await knownBindings(model, older);
    const newcomers: Operation[] = [];
    const changes: Operation[] = [];
    for (const request of requests) {
      const binding = known.get(idOf(request));
      if (!binding) newcomers.push(insertion(request, now));
      else if (binding.generation < request.generation)
        changes.push(...changesOf(request, binding, now));
    }
    const [complete] = await Promise.all([insert(model, newcomers), update(model, changes)]);
    if (complete)
      return requests.filter((request) => !isSettled(request, known.get(idOf(request))));
  }
  throw new Error('Bindings keep coming and going while work is noted in them');
}

function idOf({ targetId, resourceId }: DeliveryRequest): string {
  return bindingId(targetId, resourceId);
}

/** Reading costs little beside writing, and most of what might have to be written is then known not to be needed. */
async function knownBindings(
  model: BindingModel,
  requests: readonly DeliveryRequest[],
): Promise<ReadonlyMap<string, Known>> {
  if (requests.length === 0) return new Map();
  const found = await documents(model)
    .find<Known>(
      { _id: { $in: requests.map(idOf) } },
      { projection: { generation: 1, state: 1 }, batchSize: requests.length + 1 },
    )
    .toArray();
  return new Map(found.map((binding) => [binding._id, binding]));
}

function insertion(request: DeliveryRequest, now: Date): Operation {
  const binding = request.outOfScope ? settledBinding(request, now) : newBinding(request, now);
  return {
    updateOne: {
      filter: { _id: idOf(request) },
      update: { $setOnInsert: binding, ...CHANGED },
      upsert: true,
    },
  };
}

/** At most one of them finds its binding: each makes the binding as new as the request. */
function changesOf(request: DeliveryRequest, binding: Known, now: Date): Operation[] {
  const { _id, state } = binding;
  const { generation } = request;
  const older = { _id, generation: { $lt: generation } };
  const again: Operation = {
    updateOne: {
      filter: older,
      update: {
        $set: { generation, state: 'PENDING' },
        $min: { dueAt: now },
        $inc: { revision: 1 },
        ...CHANGED,
      },
    },
  };
  if (isSettled(request, binding)) {
    // Without an entry, and without any to be made, there is nothing to deliver.
    const settled: Operation = {
      updateOne: {
        filter: { ...older, state, reference: { $exists: false }, creating: { $exists: false } },
        update: {
          $set: { generation, observedGeneration: generation, lastSyncedAt: now },
          $inc: { revision: 1 },
          ...CHANGED,
        },
      },
    };
    return [settled, again];
  }
  if (state !== 'RETRYING' && state !== 'DELIVERING' && state !== 'PENDING') return [again];
  // A deprovisioning must not wait minutes for its turn, nor a busy resource hammer a target in trouble.
  const soon = new Date(now.getTime() + CHANGED_RETRY_MS);
  const forward: Operation = {
    updateOne: {
      filter: { ...older, state: 'RETRYING' },
      update: {
        $set: { generation },
        $min: { dueAt: soon, nextAttemptAt: soon },
        $inc: { revision: 1 },
        ...CHANGED,
      },
    },
  };
  return [forward, again];
}

/** What was out of scope, or is new, and still is. */
function isSettled({ outOfScope }: DeliveryRequest, binding: Known | undefined): boolean {
  return outOfScope === true && (binding === undefined || binding.state === 'OUT_OF_SCOPE');
}

/** False: some were there already. */
async function insert(model: BindingModel, operations: Operation[]): Promise<boolean> {
  if (operations.length === 0) return true;
  try {
    const { upsertedCount } = await documents(model).bulkWrite(operations, { ordered: false });
    return upsertedCount === operations.length;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return false;
  }
}

async function update(model: BindingModel, operations: Operation[]): Promise<void> {
  if (operations.length > 0) await documents(model).bulkWrite(operations);
}
