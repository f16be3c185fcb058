/** Sync rules in MongoDB: the port `SyncRuleStore`. */
import { type Model } from 'mongoose';
import { v7 as timeOrderedId } from 'uuid';
import { type Page, type SyncRuleStore } from '../domain/ports';
import {
  type DeletePolicy,
  RULE_DEFAULTS,
  type SyncRule,
  type SyncRuleChange,
  type SyncRuleDraft,
} from '../domain/sync-rule';
import { type Query } from './filter-comparison';
import { type AdministrationModels, type SyncRuleDocument } from './models/administration.model';
import { type GuardModel } from './models/guard.model';
import { type MembershipModel } from './models/membership.model';
import { type ResourceModel } from './models/resource.model';
import { type TokenModel } from './models/token.model';
import { nameKey, nameSearch, pageById, refuseTakenName } from './named-documents';
import { tombstone } from './resources';
import { rolloutField, rolloutFields, toRollouts } from './rollout-fields';

export class MongoSyncRuleStore implements SyncRuleStore {
  private readonly model: Model<SyncRuleDocument>;
  private readonly lastTouched = new Map<string, number>();

  constructor(
    private readonly administration: AdministrationModels,
    private readonly resources: ResourceModel,
    /** What goes with a rule. */
    private readonly belongings: {
      readonly members: MembershipModel;
      readonly tokens: TokenModel;
      readonly guards: GuardModel;
    },
    /** The time of day as the database has it: the engine compares by it. */
    private readonly now: () => Date,
  ) {
    this.model = administration.syncRules;
  }

  async insert(draft: SyncRuleDraft): Promise<SyncRule> {
    const now = this.now();
    const document: SyncRuleDocument = {
      _id: timeOrderedId(),
      ...RULE_DEFAULTS,
      ...draft,
      nameKey: nameKey(draft.name),
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    await refuseTakenName(draft.name, () => this.model.insertMany([document], { lean: true }));
    return toSyncRule(document);
  }

  async find(id: string): Promise<SyncRule | undefined> {
    const document = await this.model.findById(id).lean<SyncRuleDocument>();
    return document ? toSyncRule(document) : undefined;
  }

  async findAll(ids: readonly string[]): Promise<readonly SyncRule[]> {
    const documents = await this.model.find({ _id: { $in: ids } }).lean<SyncRuleDocument[]>();
    return documents.map(toSyncRule);
  }

  async list(query: Parameters<SyncRuleStore['list']>[0]): Promise<Page<SyncRule>> {
    const page = await pageById(this.model, ruleQuery(query), query);
    return { ...page, items: page.items.map(toSyncRule) };
  }

  count(filter: Parameters<SyncRuleStore['count']>[0]): Promise<number> {
    return this.model.countDocuments(ruleQuery(filter)).exec();
  }

  async setEnabled(id: string, enabled: boolean): Promise<SyncRule | undefined> {
    const document = await this.model
      .findOneAndUpdate(
        { _id: id, deletion: null },
        { $set: { enabled, updatedAt: this.now() }, $inc: { version: 1 } },
        { returnDocument: 'after' },
      )
      .lean<SyncRuleDocument>();
    return document ? toSyncRule(document) : undefined;
  }

  async update(current: SyncRule, change: SyncRuleChange): Promise<SyncRule | undefined> {
    const { id, version } = current;
    const { rollouts = [], ...fields } = change;
    const set = {
      ...fields,
      ...(fields.name === undefined ? {} : { nameKey: nameKey(fields.name) }),
      ...rolloutFields(rollouts),
      updatedAt: this.now(),
    };
    const document = await refuseTakenName(change.name ?? current.name, () =>
      this.model
        .findOneAndUpdate(
          { _id: id, version, deletion: null },
          {
            $set: set,
            ...(change.valuesChangedAt === undefined ? {} : { $unset: { reviewedTo: 1 } }),
            $inc: { version: 1 },
          },
          { returnDocument: 'after' },
        )
        .lean<SyncRuleDocument>(),
    );
    return document ? toSyncRule(document) : undefined;
  }

  async startDeletion(id: string, policy: DeletePolicy): Promise<SyncRule | undefined> {
    // A directory that is gone for good must not keep the rule for ever: KEEP may follow the other policies.
    const startable: (DeletePolicy | null)[] =
      policy === 'KEEP' ? [null, 'DELETE', 'DISABLE'] : [null];
    // The rule first: from here on nothing new comes in, and `finishDeletions` repeats the rest after a crash.
    const before = await this.model
      .findOneAndUpdate(
        { _id: id, deletion: { $in: startable } },
        { $set: { deletion: policy, updatedAt: this.now() }, $inc: { version: 1 } },
        { returnDocument: 'before' },
      )
      .lean<SyncRuleDocument>();
    if (!before) return undefined;
    await this.emptyRule(id);
    if (before.deletion) await this.deliverAgain(id);
    return this.find(id);
  }

  async underDeletion(): Promise<readonly Pick<SyncRule, 'id' | 'version'>[]> {
    const rules = await this.model
      .find({ deletion: { $in: ['DELETE', 'DISABLE', 'KEEP'] } }, { version: 1 })
      .lean<{ _id: string; version: number }[]>();
    return rules.map(({ _id: id, version }) => ({ id, version }));
  }

  async finishDeletions(): Promise<readonly string[]> {
    const erased: string[] = [];
    const rules = await this.model
      .find({ deletion: { $in: ['DELETE', 'DISABLE', 'KEEP'] } }, { updatedAt: 1 })
      .lean<{ _id: string; updatedAt: Date }[]>();
    for (const { _id: id, updatedAt } of rules) {
      await this.emptyRule(id);
      if (await this.resources.exists({ ruleId: id })) continue;
      // Another process may let a request in until it hears of the deletion.
      if (updatedAt.getTime() > Date.now() - HEARD_OF_MS) continue;
      await this.belongings.members.deleteMany({ ruleId: id });
      await this.belongings.tokens.deleteMany({ ruleId: id });
      await this.belongings.guards.deleteOne({ _id: id });
      await this.model.deleteOne({ _id: id });
      erased.push(id);
    }
    return erased;
  }

  async touch(id: string, userAgent: string | undefined): Promise<void> {
    const now = Date.now();
    if (now - (this.lastTouched.get(id) ?? 0) < TOUCH_EVERY_MS) return;
    this.lastTouched.set(id, now);
    const lastSyncFrom = userAgent?.slice(0, 200);
    await this.model.updateOne(
      { _id: id },
      { $set: { lastSyncAt: new Date(now), ...(lastSyncFrom ? { lastSyncFrom } : {}) } },
    );
  }

  usesOfTarget(targetId: string): Promise<number> {
    return this.model.countDocuments({ 'syncAs.targetId': targetId }).exec();
  }

  usesOfLogo(tokenLogoId: string): Promise<number> {
    return this.model.countDocuments({ tokenLogoId }).exec();
  }

  async usersOfTarget(targetId: string, limit: number): Promise<readonly SyncRule[]> {
    const leaving = { rolloutAt: { $exists: true }, [rolloutField(targetId)]: { $exists: true } };
    const documents = await this.model
      .find({ $or: [{ 'syncAs.targetId': targetId }, leaving] })
      .sort({ _id: 1 })
      .limit(limit)
      .lean<SyncRuleDocument[]>();
    return documents.map(toSyncRule);
  }

  /** Makes every removal that is still under way look at the policy again. */
  private async deliverAgain(ruleId: string): Promise<void> {
    await this.resources.updateMany(
      { ruleId, live: false },
      { $set: { pending: this.now() }, $inc: { generation: 1 } },
    );
  }

  /** Revokes the credentials and tombstones every resource; repeating it is harmless. */
  private async emptyRule(ruleId: string): Promise<void> {
    await this.administration.ruleCredentials.deleteMany({ ruleId });
    // Each kind of resource for itself: the index on (rule, type, live) then finds what is left at once.
    const types = await this.resources.distinct('resourceType', { ruleId });
    for (const resourceType of types) {
      await this.resources.updateMany({ ruleId, resourceType, live: true }, tombstone(this.now()));
    }
  }
}

const TOUCH_EVERY_MS = 5_000;
/** Longer than `RuleAccessCache` remembers. */
const HEARD_OF_MS = 3_000;

function ruleQuery(filter: { readonly search?: string; readonly enabled?: boolean }): Query {
  return {
    ...nameSearch(filter.search),
    ...(filter.enabled === undefined ? {} : { enabled: filter.enabled }),
  };
}

function toSyncRule(document: SyncRuleDocument): SyncRule {
  const { rollouts, rolloutAt: _rolloutAt, ...plain } = document;
  const { _id, nameKey: _nameKey, valuesChangedAt: _at, reviewedTo: _to, ...fields } = plain;
  // Rules that were made before these fields came to be lack them.
  return { id: _id, ...RULE_DEFAULTS, ...fields, ...toRollouts(rollouts) };
}
