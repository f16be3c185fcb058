/** Rules whose values have changed, and the users that have to hear of it: the port `RuleReviews`. */
import { type RuleReviews } from '../domain/delivery-ports';
import { USER } from '../domain/resource';
import { documents } from './documents';
import { type AdministrationModels, type SyncRuleDocument } from './models/administration.model';
import { type ResourceModel } from './models/resource.model';
import { type TokenModel } from './models/token.model';
import { FREED } from './tokens';

type Open = Pick<SyncRuleDocument, '_id' | 'valuesChangedAt' | 'reviewedTo' | 'otpMethods'>;

export class MongoRuleReviews implements RuleReviews {
  constructor(
    private readonly administration: AdministrationModels,
    private readonly resources: ResourceModel,
    private readonly tokens: TokenModel,
  ) {}

  async step(before: Date, limit: number): Promise<boolean> {
    const [rule] = await this.administration.syncRules
      .find(
        { valuesChangedAt: { $lte: before }, deletion: null },
        { valuesChangedAt: 1, reviewedTo: 1, otpMethods: 1 },
      )
      .limit(1)
      .lean<Open[]>();
    if (!rule) return false;
    const { _id: ruleId, valuesChangedAt, reviewedTo = '', otpMethods = [] } = rule;
    const page = await this.resources
      .find({ ruleId, resourceType: USER, live: true, _id: { $gt: reviewedTo } }, { _id: 1 })
      .sort({ _id: 1 })
      .limit(limit)
      .lean<{ _id: string }[]>();
    const ids = page.map(({ _id }) => _id);
    const none = otpMethods.length === 0;
    await documents(this.resources).updateMany(
      { _id: { $in: ids }, live: true },
      {
        $set: { pending: new Date() },
        $inc: { generation: 1 },
        ...(none ? { $unset: { otp: '' } } : {}),
      },
    );
    if (none) {
      await documents(this.tokens).updateMany(
        { userId: { $in: ids }, retired: { $exists: false } },
        FREED,
      );
    }
    // Last: a crash before this repeats the page. A change meanwhile has begun anew.
    const last = ids.length < limit ? undefined : ids.at(-1);
    await this.administration.syncRules.updateOne(
      { _id: ruleId, valuesChangedAt },
      last === undefined
        ? { $unset: { valuesChangedAt: 1, reviewedTo: 1 } }
        : { $set: { reviewedTo: last } },
    );
    return true;
  }
}
