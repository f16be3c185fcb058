/** The schemas of every rule: what all rules have, and what a rule adds. */
import { type ResourceTypeDefinition } from './schema';
import { SchemaTable } from './schema-table';
import { type ScimDefinitions, type SyncRule } from './sync-rule';

/** Rules with definitions of their own whose tables are kept ready. */
const MOST_KEPT = 500;

/**
 * Tables are made once for each version of a rule. Whoever holds a rule gets the table that belongs to exactly this
 * version of it, however many processes there are and whatever has become of the rule meanwhile.
 */
export class RuleSchemas {
  private readonly tables = new Map<string, SchemaTable>();

  /** `base`: what every rule has. */
  constructor(readonly base: SchemaTable) {}

  of(rule: SyncRule): SchemaTable {
    if (isPlain(rule)) return this.base;
    const key = `${rule.id} ${String(rule.version)}`;
    const known = this.tables.get(key);
    if (known !== undefined) return known;
    const table = extendedTable(this.base, rule);
    // Old versions are never asked for again.
    if (this.tables.size >= MOST_KEPT) this.tables.clear();
    this.tables.set(key, table);
    return table;
  }
}

/** The base with more definitions, which must have been checked against it. */
export function extendedTable(base: SchemaTable, added: ScimDefinitions): SchemaTable {
  if (isPlain(added)) return base;
  const types = [...base.types, ...added.resourceTypes].map((type) => extended(type, added));
  return new SchemaTable(types, [...base.schemas, ...added.schemas]);
}

function isPlain({ schemas, resourceTypes, schemaExtensions }: ScimDefinitions): boolean {
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
