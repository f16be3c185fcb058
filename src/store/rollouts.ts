/** Rollouts in MongoDB: the port `RolloutStore`. */
import { bindingId } from '../domain/binding';
import {
  type Redelivered,
  type RolloutPage,
  type RolloutProgress,
  type RolloutStore,
} from '../domain/delivery-ports';
import { GROUP, USER } from '../domain/resource';
import { rollout as newRollout } from '../domain/rollout';
import { type DeletePolicy, type Rollout } from '../domain/sync-rule';
import { CHANGED, FREE, pending } from './binding-mapping';
import { hasCome, latestLease } from './date-corrections';
import { documents } from './documents';
import { CHANGED_RETRY_MS, enqueue } from './enqueue';
import {
  type AdministrationModels,
  type RolloutDocument,
  type SyncRuleDocument,
} from './models/administration.model';
import { type BindingModel } from './models/binding.model';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import { rolloutField, rolloutFields } from './rollout-fields';

/** Resources are paged through by an index, which has them in these parts. */
const PARTS = [
  { resourceType: USER, live: true },
  { resourceType: GROUP, live: true },
  { resourceType: USER, live: false },
  { resourceType: GROUP, live: false },
] as const;

export class MongoRolloutStore implements RolloutStore {
  constructor(
    private readonly administration: AdministrationModels,
    private readonly resources: ResourceModel,
    private readonly bindings: BindingModel,
  ) {}

  async spread(): Promise<void> {
    const { targets, syncRules } = this.administration;
    const changed = await targets
      .find({ rolloutAt: { $exists: true } }, { rolloutAt: 1 })
      .lean<{ _id: string; rolloutAt: Date }[]>();
    for (const { _id: targetId, rolloutAt } of changed) {
      await syncRules.updateMany(
        { 'syncAs.targetId': targetId, deletion: null },
        { $set: rolloutFields([newRollout(targetId, rolloutAt)]) },
      );
      // Last, and only if it has not changed once more: a crash before this repeats the above.
      await targets.updateOne({ _id: targetId, rolloutAt }, { $unset: { rolloutAt: 1 } });
    }
  }

  async open(): Promise<readonly RolloutProgress[]> {
    const rules = await this.administration.syncRules
      .find(
        { rolloutAt: { $exists: true } },
        { rollouts: 1, rolloutAt: 1, enabled: 1, deletion: 1 },
      )
      .lean<OpenRule[]>();
    for (const { _id, rollouts, rolloutAt } of rules) {
      if (Object.keys(rollouts ?? {}).length > 0) continue;
      const none = { _id, rolloutAt, $or: [{ rollouts: {} }, { rollouts: { $exists: false } }] };
      await this.administration.syncRules.updateOne(none, { $unset: { rolloutAt: 1 } });
    }
    return rules.flatMap(toProgress);
  }

  claim(rollout: RolloutProgress, now: Date, until: Date): Promise<boolean> {
    const free = hasCome(`${rolloutField(rollout.targetId)}.freeAt`, now, latestLease(until));
    return this.write(rollout, { $set: { freeAt: until } }, free);
  }

  async page(ruleId: string, after: string | undefined, limit: number): Promise<RolloutPage> {
    const resources: RolloutPage['resources'][number][] = [];
    let { part, id } = positionOf(after);
    for (; part < PARTS.length; part += 1, id = '') {
      const { resourceType, live } = PARTS[part] ?? PARTS[0];
      const found = await this.resources
        .find(
          { ruleId, resourceType, live, _id: { $gt: id } },
          { generation: 1, 'journal.token': 1 },
        )
        .sort({ _id: 1 })
        .limit(limit - resources.length)
        .lean<Paged[]>();
      for (const { _id, generation, journal = [] } of found) {
        const hasJournal = journal.length > 0;
        resources.push({ id: _id, ruleId, generation, resourceType, deleted: !live, hasJournal });
      }
      const last = resources.at(-1);
      if (last && resources.length === limit) {
        return { resources, next: `${String(part)}:${last.id}` };
      }
    }
    return { resources };
  }

  async advance(rollout: RolloutProgress, after: string, leftOver: boolean): Promise<void> {
    await this.write(rollout, {
      $set: { after, leftOver: rollout.leftOver || leftOver, freeAt: FREE },
    });
  }

  async repeat(rollout: RolloutProgress, at: Date, onRemoved?: DeletePolicy): Promise<void> {
    const policy = onRemoved === undefined ? {} : { onRemoved };
    const rounds = onRemoved === undefined ? rollout.rounds + 1 : 0;
    await this.write(rollout, {
      $set: { leftOver: false, freeAt: at, rounds, ...policy },
      $unset: { after: 1 },
    });
  }

  async finish({ ruleId, targetId, token }: RolloutProgress): Promise<void> {
    const field = rolloutField(targetId);
    await this.administration.syncRules.updateOne(
      { _id: ruleId, [`${field}.token`]: token },
      { $unset: { [field]: 1 } },
    );
  }

  countDue(
    { ruleId, targetId }: Rollout & { readonly ruleId: string },
    now: Date,
    most: number,
  ): Promise<number> {
    return documents(this.bindings).countDocuments(
      { targetId, ruleId, dueAt: { $lte: now } },
      { limit: most },
    );
  }

  async redeliver(targetId: string, resources: readonly Redelivered[], now: Date): Promise<void> {
    const ids = resources.map(({ id }) => bindingId(targetId, id));
    const known = await this.bindings
      .find({ _id: { $in: ids } }, { resourceId: 1 })
      .lean<{ _id: string; resourceId: string }[]>();
    const bound = new Set(known.map(({ resourceId }) => resourceId));
    const missing = resources.filter(({ id, deleted }) => !deleted && !bound.has(id));
    await enqueue(
      this.bindings,
      missing.map(({ id, deleted: _deleted, ...rest }) => ({ ...rest, targetId, resourceId: id })),
      now,
    );
    const live = resources.filter(({ id, deleted }) => !deleted && bound.has(id));
    const dying = resources.filter(({ id, deleted }) => deleted && bound.has(id));
    await this.again({ _id: { $in: live.map(({ id }) => bindingId(targetId, id)) } }, now);
    await this.again(
      { _id: { $in: dying.map(({ id }) => bindingId(targetId, id)) }, state: { $ne: 'REMOVED' } },
      now,
    );
  }

  async takeBack(ids: readonly string[], now: Date, parked: boolean): Promise<number> {
    const some = { $in: [...ids] };
    // What is due already will be looked at, and what is held for the rule as soon as that is enabled.
    const settled = ['SYNCED', 'OUT_OF_SCOPE', ...(parked ? ['PARKED'] : [])];
    const waiting = { state: 'HELD', heldFor: 'DELETION_DELAY' };
    await this.again({ _id: some, $or: [{ state: { $in: settled } }, waiting] }, now);
    return this.bindings.countDocuments({ _id: some, state: { $ne: 'REMOVED' } }).exec();
  }

  async forget(ids: readonly string[], now: Date): Promise<number> {
    const some = { $in: [...ids] };
    await this.bindings.deleteMany({
      _id: some,
      leaseUntil: { $lte: now },
      notedAt: { $exists: false },
    });
    return this.bindings.countDocuments({ _id: some }).exec();
  }

  private async again(filter: Readonly<Record<string, unknown>>, now: Date): Promise<void> {
    // What is being retried keeps its distance from a target in trouble.
    const soon = new Date(now.getTime() + CHANGED_RETRY_MS);
    await this.bindings.updateMany(
      { $and: [filter, { state: 'RETRYING' }] },
      { $min: { dueAt: soon, nextAttemptAt: soon }, $inc: { revision: 1 }, ...CHANGED },
    );
    await this.bindings.updateMany(
      { $and: [filter, { state: { $ne: 'RETRYING' } }] },
      { ...pending(now), $inc: { revision: 1 }, ...CHANGED },
    );
  }

  /** False: it is no longer this rollout, or not as the condition has it. */
  private async write(
    { ruleId, targetId, token }: RolloutProgress,
    update: {
      readonly $set: Readonly<Partial<RolloutDocument>>;
      readonly $unset?: { readonly after: 1 };
    },
    condition: Readonly<Record<string, unknown>> = {},
  ): Promise<boolean> {
    const field = rolloutField(targetId);
    const below = (members: object): Readonly<Record<string, unknown>> =>
      Object.fromEntries(
        Object.entries(members).map(([name, value]) => [`${field}.${name}`, value as unknown]),
      );
    const { matchedCount } = await this.administration.syncRules.updateOne(
      { _id: ruleId, [`${field}.token`]: token, ...condition },
      {
        $set: below(update.$set),
        ...(update.$unset === undefined ? {} : { $unset: below(update.$unset) }),
      },
    );
    return matchedCount === 1;
  }
}

type Paged = Pick<ResourceDocument, '_id' | 'generation'> & { readonly journal?: unknown[] };

type OpenRule = Pick<SyncRuleDocument, '_id' | 'rollouts' | 'rolloutAt' | 'enabled' | 'deletion'>;

function toProgress({ _id, rollouts, enabled, deletion }: OpenRule): readonly RolloutProgress[] {
  return Object.entries(rollouts ?? {}).map(([targetId, document]) => ({
    ...document,
    targetId,
    ruleId: _id,
    ruleEnabled: enabled,
    ruleDeleted: deletion !== undefined,
  }));
}

/** `0:<id>`: the part, and the last id of it. */
function positionOf(after = '0:'): { readonly part: number; readonly id: string } {
  const colon = after.indexOf(':');
  return { part: Number(after.slice(0, colon)), id: after.slice(colon + 1) };
}
