/** Entries that name those of other resources: the port `EntryReferences`. */
import { bindingId, type Binding } from '../domain/binding';
import { type EntryReferences } from '../domain/delivery-ports';
import { Batcher } from './batcher';
import { CHANGED, pending } from './binding-mapping';
import { documents } from './documents';
import { type BindingDocument, type BindingModel } from './models/binding.model';

/** Bindings looked at to learn who is referred to at all. */
const MOST_LOOKED_AT = 1_000;

export class MongoEntryReferences implements EntryReferences {
  /** Most are referred to by nobody, and many are asked about at the same time. */
  private readonly areReferred: Batcher<string, boolean>;

  constructor(private readonly bindings: BindingModel) {
    this.areReferred = new Batcher((ids) => this.referredTo(ids));
  }

  async namesOf(
    ruleId: string,
    targetId: string,
    resourceIds: readonly string[],
  ): Promise<ReadonlyMap<string, string>> {
    const ids = resourceIds.map((resourceId) => bindingId(targetId, resourceId));
    const found = await documents(this.bindings)
      .find<Pick<BindingDocument, 'resourceId' | 'name'>>(
        {
          _id: { $in: ids },
          ruleId,
          reference: { $exists: true },
          outside: { $exists: false },
        },
        { projection: { resourceId: 1, name: 1 } },
      )
      .toArray();
    return new Map(
      found.flatMap(({ resourceId, name }) =>
        name === undefined ? [] : [[resourceId, name] as const],
      ),
    );
  }

  async announce(
    { ruleId, targetId, resourceId }: Pick<Binding, 'ruleId' | 'targetId' | 'resourceId'>,
    now: Date,
  ): Promise<boolean> {
    if (!(await this.areReferred.submit(resourceId))) return false;
    // Those in other states have a time of their own, or nothing to deliver.
    const { matchedCount } = await documents(this.bindings).updateMany(
      {
        references: resourceId,
        targetId,
        ruleId,
        state: { $in: ['SYNCED', 'PENDING', 'DELIVERING', 'PARKED'] },
      },
      { ...pending(now), $inc: { revision: 1 }, ...CHANGED },
    );
    return matchedCount > 0;
  }

  private async referredTo(resourceIds: readonly string[]): Promise<readonly boolean[]> {
    const found = await documents(this.bindings)
      .find<Pick<BindingDocument, 'references'>>(
        { references: { $in: [...resourceIds] } },
        {
          projection: { references: 1 },
          limit: MOST_LOOKED_AT,
          batchSize: MOST_LOOKED_AT + 1,
        },
      )
      .toArray();
    // Some are referred to by very many: what is said of the others was not seen.
    if (found.length === MOST_LOOKED_AT) return resourceIds.map(() => true);
    const referred = new Set(found.flatMap(({ references = [] }) => references));
    return resourceIds.map((id) => referred.has(id));
  }
}
