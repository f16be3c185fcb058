import { type Resource, type ScimObject } from '../../../src/domain/resource';
import { type ResourceSchema } from '../../../src/domain/schema-table';
import { standardSchemas } from '../../../src/domain/standard-schemas';

/** The schema of a resource type every rule has. */
function schemaOf(type: string): ResourceSchema {
  const schema = standardSchemas.get(type);
  if (schema === undefined) throw new Error(`There is no resource type ${type}`);
  return schema;
}

export const userSchema = schemaOf('User');
export const groupSchema = schemaOf('Group');

/** A user with the given attributes, to map from. */
export function mappingUser(attributes: ScimObject): Resource {
  return {
    id: '2819c223-7f76-453a-919d-413861904646',
    ruleId: 'rule',
    resourceType: 'User',
    attributes,
    generation: 1,
    createdAt: new Date('2024-01-23T04:56:22.000Z'),
    lastModified: new Date('2024-05-13T04:42:34.000Z'),
  };
}
