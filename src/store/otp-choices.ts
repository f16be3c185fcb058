/** What was decided for users, in their documents: the port `OtpChoiceStore`. */
import { type OtpChoice, type TokenKind } from '../domain/otp';
import { USER, type Resource } from '../domain/resource';
import { type OtpChoiceStore } from '../domain/token-pool';
import { documents } from './documents';
import { type ResourceModel } from './models/resource.model';

export class MongoOtpChoiceStore implements OtpChoiceStore {
  constructor(private readonly resources: ResourceModel) {}

  async choose(
    { id, generation, otp }: Resource,
    choice: OtpChoice | undefined,
  ): Promise<number | undefined> {
    const isFirst = otp === undefined;
    const { matchedCount } = await documents(this.resources).updateOne(
      { _id: id, generation, live: true },
      {
        ...(choice === undefined ? { $unset: { otp: '' as const } } : {}),
        $set: {
          ...(choice === undefined ? {} : { otp: choice }),
          ...(isFirst ? {} : { pending: new Date() }),
        },
        ...(isFirst ? {} : { $inc: { generation: 1 } }),
      },
    );
    if (matchedCount === 0) return undefined;
    return isFirst ? generation : generation + 1;
  }

  async review(userId: string): Promise<void> {
    await this.resources.updateOne(
      { _id: userId, live: true },
      { $set: { pending: new Date() }, $inc: { generation: 1 } },
    );
  }

  async waiting(
    ruleId: string,
    kinds: readonly TokenKind[],
    after: string | undefined,
    limit: number,
  ): Promise<readonly string[]> {
    const found = await this.resources
      .find(
        {
          ruleId,
          'otp.waitingFor': { $in: [...kinds] },
          resourceType: USER,
          live: true,
          ...(after === undefined ? {} : { _id: { $gt: after } }),
        },
        { _id: 1 },
      )
      .sort({ _id: 1 })
      .limit(limit)
      .lean<{ _id: string }[]>();
    return found.map(({ _id }) => _id);
  }
}
