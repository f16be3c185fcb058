/** Sub-attributes by name in any case, looked up in one step. */
import { type AttributeDefinition } from './schema';

/** Definitions never change, so the table of each is made once. */
const tables = new WeakMap<AttributeDefinition, ReadonlyMap<string, AttributeDefinition>>();

export function subAttributeNamed(
  attribute: AttributeDefinition,
  name: string,
): AttributeDefinition | undefined {
  let table = tables.get(attribute);
  if (table === undefined) {
    table = byName(attribute.subAttributes ?? []);
    tables.set(attribute, table);
  }
  return table.get(name) ?? table.get(name.toLowerCase());
}

/** Definitions under their canonical names, which most clients use, and in lower case for the others. */
export function byName(
  definitions: readonly AttributeDefinition[],
): ReadonlyMap<string, AttributeDefinition> {
  const table = new Map<string, AttributeDefinition>();
  for (const definition of definitions) {
    table.set(definition.name, definition);
    table.set(definition.name.toLowerCase(), definition);
  }
  return table;
}
