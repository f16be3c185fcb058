/** How much there is that could be destroyed: the port `GuardedAmounts`. Every count ends where nobody asks further. */
import { type GuardedAmounts, type Turnover } from '../domain/guard';
import { documents } from './documents';
import { type BindingModel } from './models/binding.model';
import { type MembershipModel } from './models/membership.model';

export class MongoGuardedAmounts implements GuardedAmounts {
  constructor(
    private readonly bindings: BindingModel,
    private readonly members: MembershipModel,
  ) {}

  entries(
    of: { readonly ruleId: string; readonly targetId: string; readonly resourceType: string },
    most: number,
  ): Promise<number> {
    const { ruleId, targetId, resourceType } = of;
    return documents(this.bindings).countDocuments(
      {
        targetId,
        resourceType,
        reference: { $exists: true },
        ruleId,
        inactive: { $exists: false },
      },
      { limit: most },
    );
  }

  memberships(ruleId: string, most: number): Promise<number> {
    return documents(this.members).countDocuments({ ruleId, present: true }, { limit: most });
  }

  membersOf(groupId: string, most: number): Promise<number> {
    return documents(this.members).countDocuments({ groupId, present: true }, { limit: most });
  }

  async turnoverOf(groupId: string, after: number, upTo: number): Promise<Turnover> {
    const changed = { groupId, generation: { $gt: after, $lte: upTo } };
    const [leaving = 0, coming = 0] = await Promise.all(
      [false, true].map((present) =>
        documents(this.members).countDocuments({ ...changed, present }),
      ),
    );
    return { leaving, coming };
  }
}
