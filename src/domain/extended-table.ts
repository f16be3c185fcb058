/** Schemas and resource types with more of them. */
import { type ResourceTypeDefinition } from './schema';
import { SchemaTable } from './schema-table';
import { type ScimDefinitions } from './sync-rule';

/** The base with more definitions, which must have been checked against it. */
export function extendedTable(base: SchemaTable, added: ScimDefinitions): SchemaTable {
  if (isPlain(added)) return base;
  const types = [...base.types, ...added.resourceTypes].map((type) => extended(type, added));
  return new SchemaTable(types, [...base.schemas, ...added.schemas]);
}

export function isPlain({ schemas, resourceTypes, schemaExtensions }: ScimDefinitions): boolean {
  return schemas.length === 0 && resourceTypes.length === 0 && schemaExtensions.length === 0;
}

function extended(
  type: ResourceTypeDefinition,
  { schemaExtensions }: ScimDefinitions,
): ResourceTypeDefinition {
  const more = schemaExtensions.filter(({ resourceType }) => resourceType === type.name);
  if (more.length === 0) return type;
  const added = more.map(({ schema, required }) => ({ schema, required }));
  return { ...type, schemaExtensions: [...type.schemaExtensions, ...added] };
}
