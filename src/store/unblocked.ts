/** Bindings that are parked because of another resource's entry, and no longer need be. */
import { CHANGED, pending } from './binding-mapping';
import { documents } from './documents';
import { type BindingDocument, type BindingModel } from './models/binding.model';

type Blocked = Pick<
  BindingDocument,
  '_id' | 'ruleId' | 'targetId' | 'resourceType' | 'reference' | 'blockedBy'
>;

/** Looks at some after the given one; answers where to go on, or nothing at the end. */
export async function requeueUnblocked(
  model: BindingModel,
  { after, limit, now }: { readonly after: string | undefined; limit: number; now: Date },
): Promise<string | undefined> {
  const page = await documents(model)
    .find<Blocked>(
      { state: 'PARKED', blockedBy: { $exists: true }, _id: { $gt: after ?? '' } },
      {
        projection: { ruleId: 1, targetId: 1, resourceType: 1, reference: 1, blockedBy: 1 },
        sort: { _id: 1 },
        limit,
      },
    )
    .toArray();
  const standing = await holders(model, page);
  const free = page.filter((binding) => !isBlocked(binding, standing.get(keyOf(binding))));
  if (free.length > 0) {
    await documents(model).updateMany(
      { _id: { $in: free.map(({ _id }) => _id) }, state: 'PARKED' },
      { ...pending(now), $inc: { revision: 1 }, ...CHANGED },
    );
  }
  return page.length < limit ? undefined : page.at(-1)?._id;
}

function isBlocked(blocked: Blocked, holder: BindingDocument | undefined): boolean {
  if (!holder || holder.name !== blocked.blockedBy?.name) return false;
  // What waits for its deletion is let go of for who needs an entry, and not for who has one and wants its name.
  if (blocked.reference !== undefined) return true;
  return holder.ruleId !== blocked.ruleId || holder.state !== 'HELD' || holder.vacant !== true;
}

/** Bindings that have the entries now. */
async function holders(
  model: BindingModel,
  blocked: readonly Blocked[],
): Promise<ReadonlyMap<string, BindingDocument>> {
  const groups = new Map<string, Blocked[]>();
  for (const binding of blocked) {
    const key = `${binding.targetId} ${binding.resourceType}`;
    groups.set(key, [...(groups.get(key) ?? []), binding]);
  }
  const found = new Map<string, BindingDocument>();
  for (const [first, ...rest] of groups.values()) {
    if (!first) continue;
    const references = [first, ...rest].flatMap(({ blockedBy }) => blockedBy?.reference ?? []);
    const { targetId, resourceType } = first;
    const bound = { targetId, resourceType, reference: { $in: references } };
    for (const holder of await documents(model).find(bound).toArray()) {
      const { reference, name = '' } = holder;
      if (reference === undefined) continue;
      found.set(keyOf({ targetId, resourceType, blockedBy: { reference, name } }), holder);
    }
  }
  return found;
}

function keyOf({
  targetId,
  resourceType,
  blockedBy,
}: Pick<Blocked, 'targetId' | 'resourceType' | 'blockedBy'>): string {
  return [targetId, resourceType, blockedBy?.reference].join(' ');
}
