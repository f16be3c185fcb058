/** What the filter of one search asks of memberships and of those who take part in them. */
import { DomainError } from '../domain/error';
import { GROUP } from '../domain/resource';
import { type Query } from './filter-comparison';
import { type MembershipAttribute, type MembershipSource } from './membership-query';
import { type Memberships } from './memberships';
import { type ResourceModel } from './models/resource.model';

/** As many ids as one query can carry to the next: a query has at most 16 MiB. */
const MAX_IDS = 200_000;

/** The ids that a filter finds on its way, all of which stand in the query it becomes. */
export class FoundIds {
  private count = 0;

  /** How many to ask for: one more than there may be. */
  get limit(): number {
    return MAX_IDS - this.count + 1;
  }

  /** Throws `tooMany` for more than {@link MAX_IDS} in all. */
  add(ids: readonly string[]): readonly string[] {
    this.count += ids.length;
    if (this.count <= MAX_IDS) return ids;
    throw new DomainError(
      'tooMany',
      `The filter on members or groups is true of more than ${String(MAX_IDS)} resources. Narrow it, or filter by 'groups.value eq "<id>"' alone.`,
    );
  }
}

export class SearchedMemberships implements MembershipSource {
  private readonly found = new FoundIds();

  constructor(
    private readonly model: ResourceModel,
    private readonly memberships: Memberships,
    private readonly ruleId: string,
  ) {}

  async owners(attribute: MembershipAttribute, query: Query): Promise<readonly string[]> {
    const gone = attribute === 'groups' ? await this.deletedGroups() : [];
    const living = gone.length === 0 ? query : { $and: [query, { groupId: { $nin: gone } }] };
    const { limit } = this.found;
    return this.found.add(await this.memberships.owners(this.ruleId, attribute, living, limit));
  }

  async resources(query: Query): Promise<readonly string[]> {
    return this.named({ live: true, ...query });
  }

  /** Their memberships stay until every directory has heard of the end, but nobody is in them any more. */
  private deletedGroups(): Promise<readonly string[]> {
    return this.named({ resourceType: GROUP, live: false });
  }

  private async named(query: Query): Promise<readonly string[]> {
    const named = this.model.find({ ruleId: this.ruleId, ...query }, { _id: 1 });
    const documents = await named.limit(this.found.limit).lean();
    return this.found.add(documents.map(({ _id }) => _id));
  }
}
