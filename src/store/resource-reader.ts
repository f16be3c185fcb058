/** Reads of single resources, which is what most requests ask for. Many at the same time are one command. */
import { type Resource, type ResourceScope } from '../domain/resource';
import { documents } from './documents';
import { type Query } from './filter-comparison';
import { LookUps } from './look-ups';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import { toResource } from './resource-mapping';

/** What a resource is made of, and what look-ups find it by. Nothing that only the delivery engine needs. */
export const SHOWN = {
  ruleId: 1,
  resourceType: 1,
  attributes: 1,
  generation: 1,
  createdAt: 1,
  lastModified: 1,
  live: 1,
  deletedAt: 1,
  importRole: 1,
  otp: 1,
} as const;

export type ShownDocument = Pick<ResourceDocument, '_id' | keyof typeof SHOWN | 'unique'> & {
  readonly norm?: { readonly externalId?: unknown };
};

/** Fields that one value leads to one resource by, or to a few. */
type ExactField = 'unique' | 'norm.externalId';

/** More resources with one externalId are a list, not a look-up. */
const MOST_EXACT = 500;

export class ResourceReader {
  private readonly byId: LookUps<ShownDocument>;
  private readonly byAnyId: LookUps<ShownDocument>;
  private readonly types: LookUps<Pick<ResourceDocument, '_id' | 'resourceType'>>;
  private readonly exact: Readonly<Record<ExactField, LookUps<ShownDocument>>>;

  constructor(private readonly model: ResourceModel) {
    const keysOf = ({ _id }: ShownDocument): readonly string[] => [_id];
    this.byId = new LookUps({
      find: (ids, ruleId) => this.find({ _id: { $in: ids }, ruleId }, ids.length),
      keysOf,
    });
    this.byAnyId = new LookUps({
      find: (ids) => this.find({ _id: { $in: ids } }, ids.length),
      keysOf,
    });
    this.types = new LookUps({
      find: (ids, ruleId) =>
        documents(model)
          .find<Pick<ResourceDocument, '_id' | 'resourceType'>>(
            { _id: { $in: [...ids] }, ruleId, live: true },
            { projection: { resourceType: 1 }, batchSize: ids.length + 1 },
          )
          .toArray(),
      keysOf: ({ _id }) => [_id],
    });
    this.exact = {
      unique: this.exactly('unique', ({ unique = [] }) => unique),
      'norm.externalId': this.exactly('norm.externalId', ({ norm }) =>
        typeof norm?.externalId === 'string' ? [norm.externalId] : [],
      ),
    };
  }

  async live(scope: ResourceScope, id: string): Promise<Resource | undefined> {
    const [document] = await this.byId.read(scope.ruleId, [id]);
    return document && isIn(scope, document) ? toResource(document) : undefined;
  }

  /** Of those that are live resources of the rule. */
  async typesOf(ruleId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await this.types.read(ruleId, ids);
    return new Map(found.map(({ _id, resourceType }) => [_id, resourceType]));
  }

  /** Of any rule, deleted ones too. */
  async all(ids: readonly string[]): Promise<readonly Resource[]> {
    return (await this.byAnyId.read('', ids)).map(toResource);
  }

  /**
   * All resources that a compiled filter matches, by ascending id; undefined when the filter is not one that looks for
   * one exact value, or matches too many.
   */
  async matching(scope: ResourceScope, filter: Query): Promise<readonly Resource[] | undefined> {
    const [condition, ...others] = Object.entries(filter);
    if (condition === undefined || others.length > 0) return undefined;
    const [field, value] = condition;
    if (typeof value !== 'string' || !isExactField(field)) return undefined;
    const found = await this.exact[field].read(scope.ruleId, [value]);
    if (found.length >= MOST_EXACT) return undefined;
    return found
      .filter((document) => isIn(scope, document))
      .sort((left, right) => (left._id < right._id ? -1 : 1))
      .map(toResource);
  }

  private exactly(
    field: ExactField,
    keysOf: (document: ShownDocument) => readonly string[],
  ): LookUps<ShownDocument> {
    return new LookUps({
      find: async (values, ruleId) => {
        const together = await this.find({ ruleId, [field]: { $in: values } }, MOST_EXACT, field);
        if (together.length < MOST_EXACT || values.length === 1) return together;
        // One of them has very many: it must not hide what the others have.
        const each = values.map((value) =>
          this.find({ ruleId, [field]: value }, MOST_EXACT, field),
        );
        return (await Promise.all(each)).flat();
      },
      keysOf,
    });
  }

  private async find(
    filter: Query,
    most: number,
    ...also: readonly string[]
  ): Promise<readonly ShownDocument[]> {
    const projection = { ...SHOWN, ...Object.fromEntries(also.map((field) => [field, 1])) };
    return documents(this.model)
      .find<ShownDocument>(filter, { projection, limit: most, batchSize: most + 1 })
      .toArray();
  }
}

function isExactField(field: string): field is ExactField {
  return field === 'unique' || field === 'norm.externalId';
}

function isIn(scope: ResourceScope, document: ShownDocument): boolean {
  return (
    document.live &&
    document.ruleId === scope.ruleId &&
    document.resourceType === scope.resourceType
  );
}
