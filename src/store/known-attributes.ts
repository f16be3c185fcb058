/** Attributes without what the schemas of their resource type do not have. */
import { isObject } from '../domain/attribute-values';
import { type ScimObject, type ScimValue } from '../domain/resource';
import { type AttributeDefinition } from '../domain/schema';
import { type ResourceSchema } from '../domain/schema-table';
import { byName } from '../domain/sub-attributes';

type Definitions = ReadonlyMap<string, AttributeDefinition>;

export function knownAttributes(schema: ResourceSchema, attributes: ScimObject): ScimObject {
  return picked(attributes, (name, value) => {
    const extension = schema.extension(name);
    if (extension === undefined) return knownValue(schema.attribute(name), value);
    return isObject(value) ? knownParts(definitionsOf(extension), value) : undefined;
  });
}

function knownValue(
  definition: AttributeDefinition | undefined,
  value: ScimValue,
): ScimValue | undefined {
  if (definition?.type !== 'complex') return definition && value;
  if (isObject(value)) return knownParts(definitionsOf(definition), value);
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly ScimValue[];
  const known = list.flatMap((element) => knownValue(definition, element) ?? []);
  return known.every((element, index) => element === list[index]) ? list : known;
}

/** Undefined when nothing is left. */
function knownParts(definitions: Definitions, object: ScimObject): ScimObject | undefined {
  const known = picked(object, (name, value) => knownValue(definitions.get(name), value));
  return Object.keys(known).length > 0 ? known : undefined;
}

/** The same object when nothing of it changes, as is mostly so. */
function picked(
  object: ScimObject,
  pick: (name: string, value: ScimValue) => ScimValue | undefined,
): ScimObject {
  let changed = false;
  const result: Record<string, ScimValue> = {};
  for (const [name, value] of Object.entries(object)) {
    const part = pick(name, value);
    if (part !== value) changed = true;
    if (part !== undefined) result[name] = part;
  }
  return changed ? result : object;
}

type Owner = {
  readonly attributes?: readonly AttributeDefinition[];
  readonly subAttributes?: readonly AttributeDefinition[];
};

/** Definitions never change, so the table of each is made once. */
const tables = new WeakMap<Owner, Definitions>();

function definitionsOf(owner: Owner): Definitions {
  let table = tables.get(owner);
  if (table === undefined) {
    table = byName(owner.attributes ?? owner.subAttributes ?? []);
    tables.set(owner, table);
  }
  return table;
}
