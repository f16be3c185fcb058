/** What operations found or did, in MongoDB: each thing once, however often it is noted. */
import { type Model } from 'mongoose';
import { type OperationItem, type OperationItemFilter } from '../domain/operation';
import { type Page } from '../domain/ports';
import { documents } from './documents';
import { type OperationItemDocument } from './models/operation.model';

const ERASED_AT_ONCE = 1_000;

export class OperationItems {
  constructor(private readonly model: Model<OperationItemDocument>) {}

  async list(
    query: OperationItemFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<OperationItem>> {
    const { after, limit } = query;
    const found = await this.collection
      .find(itemQuery(query, after))
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray();
    return { items: found.slice(0, limit).map(toItem), hasMore: found.length > limit };
  }

  count(filter: OperationItemFilter): Promise<number> {
    return this.collection.countDocuments(itemQuery(filter));
  }

  async countOutcomes(
    itemsOf: string,
    outcomes: readonly string[],
    targetId?: string,
  ): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    const about = targetId === undefined ? {} : { targetId };
    for (const outcome of outcomes) {
      const count = await this.count({ itemsOf, outcomes: [outcome], ...about });
      if (count > 0) counts[outcome] = count;
    }
    return counts;
  }

  async put(itemsOf: string, items: readonly OperationItem[]): Promise<number> {
    if (items.length === 0) return 0;
    const { upsertedCount } = await this.collection.bulkWrite(
      items.map(({ key, ...fields }) => ({
        replaceOne: {
          filter: { _id: idOf(itemsOf, key) },
          replacement: { itemsOf, ...fields },
          upsert: true,
        },
      })),
      { ordered: false },
    );
    return upsertedCount;
  }

  async drop(itemsOf: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.collection.deleteMany({ _id: { $in: keys.map((key) => idOf(itemsOf, key)) } });
  }

  async find(itemsOf: string, keys: readonly string[]): Promise<readonly OperationItem[]> {
    if (keys.length === 0) return [];
    const ids = keys.map((key) => idOf(itemsOf, key));
    const found = await this.collection.find({ _id: { $in: ids } }).toArray();
    return found.map(toItem);
  }

  async claimants(itemsOf: string, claims: readonly string[]): Promise<readonly OperationItem[]> {
    if (claims.length === 0) return [];
    const found = await this.collection.find({ itemsOf, claim: { $in: [...claims] } }).toArray();
    return found.map(toItem);
  }

  /** In portions: no command may keep others waiting. */
  async erase(itemsOf: string): Promise<void> {
    for (;;) {
      const some = await this.collection
        .find({ itemsOf }, { projection: { _id: 1 } })
        .limit(ERASED_AT_ONCE)
        .toArray();
      if (some.length > 0) {
        await this.collection.deleteMany({ _id: { $in: some.map(({ _id }) => _id) } });
      }
      if (some.length < ERASED_AT_ONCE) return;
    }
  }

  private get collection() {
    return documents(this.model);
  }
}

function idOf(itemsOf: string, key: string): string {
  return `${itemsOf}:${key}`;
}

/** The items of a target stand together, since its id begins their keys. */
function itemQuery({ itemsOf, outcomes, targetId }: OperationItemFilter, after?: string) {
  const behind = after === undefined ? undefined : idOf(itemsOf, after);
  const first = targetId === undefined ? undefined : idOf(itemsOf, `${targetId}:`);
  const from = behind === undefined || (first !== undefined && first > behind) ? first : behind;
  const range = {
    ...(from === undefined ? {} : { $gt: from }),
    ...(targetId === undefined ? {} : { $lt: idOf(itemsOf, `${targetId};`) }),
  };
  return {
    itemsOf,
    ...(outcomes === undefined ? {} : { outcome: { $in: [...outcomes] } }),
    ...(Object.keys(range).length === 0 ? {} : { _id: range }),
  };
}

function toItem({ _id, itemsOf, ...fields }: OperationItemDocument): OperationItem {
  return { key: _id.slice(itemsOf.length + 1), ...fields };
}
