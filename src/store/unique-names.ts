/** Values that resources of a rule may not share, and names of groups, which they may where the rule allows it. */
import { DomainError } from '../domain/error';
import { type GroupNames, type Resource } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import {
  type AttributeFields,
  groupNameIn,
  havingName,
  sharedKeys,
  uniqueKeys,
  uniquePrefix,
} from './resource-mapping';

type Named = Pick<ResourceDocument, '_id' | 'ruleId' | 'unique'>;

export class UniqueNames {
  constructor(private readonly model: ResourceModel) {}

  /** Writes with names nobody else has or, where the rule allows it, with the name of another group. */
  async write<Result>(
    { _id, ruleId, unique = [] }: Named,
    schema: ResourceSchema,
    names: GroupNames,
    write: (unique: string[]) => Promise<Result>,
  ): Promise<Result> {
    const choices = names === 'any' ? [unique, sharedKeys(unique, _id)] : [unique];
    if (names === 'unique') await this.refuseShared({ _id, ruleId, unique }, schema);
    let taken: unknown;
    for (const keys of choices) {
      try {
        return await write(keys);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        taken = error;
      }
    }
    throw duplicate(schema, taken);
  }

  /**
   * A rule that allowed groups to share a name may have left one whose key nobody else can have, and so no index refuses
   * another group of the name when the first one is gone.
   */
  private async refuseShared(
    { _id, ruleId, unique }: Named,
    schema: ResourceSchema,
  ): Promise<void> {
    const name = groupNameIn(unique ?? []);
    if (name === undefined) return;
    const other = { ruleId, unique: havingName(name), _id: { $ne: _id } };
    const found = await documents(this.model).findOne(other, { projection: { _id: 1 } });
    if (found !== null) throw duplicate(schema, new Error(`"${name}"`));
  }
}

/** Whether a resource is a group that has the same name as before. */
export function keepsGroupName(
  { attributes }: Resource,
  schema: ResourceSchema,
  { unique }: AttributeFields,
): boolean {
  const name = groupNameIn(unique);
  return name !== undefined && groupNameIn(uniqueKeys(schema, attributes)) === name;
}

/** The attribute is named: the client sent it, and has to know which one to change. */
function duplicate(schema: ResourceSchema, cause: unknown): DomainError {
  // The message has the key that is taken, and nothing else says it in every kind of write.
  const { message } = cause as Error;
  const place = schema.unique.find((one) => message.includes(`"${uniquePrefix(schema, one)}`));
  const { extension, attribute } = place ?? { attribute: { name: 'unique attribute' } };
  const name = extension === undefined ? attribute.name : `${extension}:${attribute.name}`;
  return new DomainError(
    'uniqueness',
    `Another ${schema.type.name} already has this ${name}. Use a different one, or update the existing resource: find it with filter=${name} eq "...".`,
    { cause, field: name },
  );
}
