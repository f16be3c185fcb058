/** Changes of bindings for those who watch: the port `BindingChanges`. */
import { type Binding } from '../domain/binding';
import { type BindingChange, type BindingChangeQuery, type BindingChanges } from '../domain/ports';
import { toBinding } from './binding-mapping';
import { documents } from './documents';
import { type BindingDocument, type BindingModel } from './models/binding.model';

/** An index has what was ever marked, in the order of the marks, so that looking costs as much as there is to see. */
export class MongoBindingChanges implements BindingChanges {
  constructor(private readonly model: BindingModel) {}

  async last(): Promise<Date | undefined> {
    const [youngest] = await documents(this.model)
      .find<Pick<BindingDocument, 'changedAt'>>(
        { changedAt: { $exists: true } },
        { projection: { changedAt: 1 }, sort: { changedAt: -1 }, limit: 1 },
      )
      .toArray();
    return youngest?.changedAt;
  }

  async since(query: BindingChangeQuery): Promise<readonly BindingChange[]> {
    const { after, upTo, limit } = query;
    // The rest of the same moment first, then later ones: each is a plain range of the index.
    const same =
      after.id === undefined
        ? []
        : await this.page(query, { changedAt: after.at, _id: { $gt: after.id } }, limit);
    if (same.length === limit) return same;
    const later = { changedAt: { $gt: after.at, $lte: upTo } };
    return [...same, ...(await this.page(query, later, limit - same.length))];
  }

  private async page(
    { ruleId }: BindingChangeQuery,
    range: Readonly<Record<string, unknown>>,
    limit: number,
  ): Promise<readonly BindingChange[]> {
    const found = await documents(this.model)
      .find<BindingDocument & { changedAt: Date }>(
        { ...range, ...(ruleId === undefined ? {} : { ruleId }) },
        { sort: { changedAt: 1, _id: 1 }, limit, batchSize: limit + 1 },
      )
      .toArray();
    return found.map((document) => {
      const binding: Binding = toBinding(document);
      return { binding, at: document.changedAt };
    });
  }
}
