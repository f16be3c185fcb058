/** What becomes of stored values when definitions change. */
import { type AddedAttributes } from '../added-attributes';
import { type AttributePlace } from '../attribute-values';
import { type AttributeDefinition, type SchemaDefinition } from '../schema';
import { type ResourceSchema, type SchemaTable } from '../schema-table';

/**
 * Stored values are kept with a copy for filters and keys for uniqueness, both made by the definitions of the time. So
 * definitions may come and go, but what stays must go on to mean the same.
 */
export interface DefinitionChanges {
  /** Attributes that are there before and after and whose values would be kept differently. */
  readonly redefined: readonly RedefinedAttribute[];
  /** Resource types with attributes that were not there before: values from an earlier time may be. */
  readonly added: readonly AddedAttributes[];
}

export interface RedefinedAttribute {
  readonly schema: string;
  /** `name`, or `name.subAttribute`. */
  readonly attribute: string;
  readonly characteristic: string;
}

/** Characteristics that decide how values are kept. */
const KEPT_BY = {
  type: ({ type }: AttributeDefinition) => type,
  multiValued: ({ multiValued }: AttributeDefinition) => multiValued,
  caseExact: ({ caseExact }: AttributeDefinition) => caseExact,
  uniqueness: ({ uniqueness = 'none' }: AttributeDefinition) => uniqueness !== 'none',
  returned: ({ returned }: AttributeDefinition) => returned === 'never',
} as const;

export function changesOf(before: SchemaTable, after: SchemaTable): DefinitionChanges {
  const redefined = new Map<string, RedefinedAttribute>();
  const added: AddedAttributes[] = [];
  for (const { name } of after.types) {
    const schema = after.get(name);
    if (schema === undefined) continue;
    const old = before.get(name);
    const places: AttributePlace[] = [];
    for (const [definition, extension] of schemasOf(schema)) {
      const former = old && schemasOf(old).find(([one]) => one.id === definition.id)?.[0];
      for (const attribute of definition.attributes) {
        const known = former?.attributes.find((one) => one.name === attribute.name);
        if (known === attribute) continue;
        if (known === undefined || hasMoreInside(known, attribute)) {
          places.push(extension === undefined ? { attribute } : { extension, attribute });
        }
        for (const change of known ? redefinitions(known, attribute) : []) {
          redefined.set(JSON.stringify([definition.id, ...change]), {
            schema: definition.id,
            attribute: change[0],
            characteristic: change[1],
          });
        }
      }
    }
    if (places.length > 0) added.push({ schema, places });
  }
  return { redefined: [...redefined.values()], added };
}

/** The core schema, and the extensions with their URNs. */
function schemasOf({ core, extensions }: ResourceSchema) {
  return [
    [core, undefined] as const,
    ...extensions.map((extension) => [extension, extension.id] as const),
  ];
}

function hasMoreInside(before: AttributeDefinition, after: AttributeDefinition): boolean {
  const names = new Set(before.subAttributes?.map(({ name }) => name));
  return (after.subAttributes ?? []).some(({ name }) => !names.has(name));
}

function redefinitions(
  before: AttributeDefinition,
  after: AttributeDefinition,
  parent = '',
): readonly (readonly [string, string])[] {
  const name = `${parent}${after.name}`;
  const own = Object.entries(KEPT_BY)
    .filter(([, of]) => of(before) !== of(after))
    .map(([characteristic]) => [name, characteristic] as const);
  const inside = (after.subAttributes ?? []).flatMap((sub) => {
    const known = before.subAttributes?.find((one) => one.name === sub.name);
    return known === undefined ? [] : redefinitions(known, sub, `${name}.`);
  });
  return [...own, ...inside];
}

/** Where an attribute of a schema stands in the definitions, if it is one of them. */
export function placeOf(
  schemas: readonly SchemaDefinition[],
  urn: string,
  name: string,
): readonly string[] | undefined {
  const index = schemas.findIndex(({ id }) => id === urn);
  const [attribute, subAttribute] = name.split('.');
  const attributes = schemas[index]?.attributes ?? [];
  const at = attributes.findIndex((one) => one.name === attribute);
  if (at < 0) return undefined;
  const path = ['schemas', String(index), 'attributes', String(at)];
  if (subAttribute === undefined) return path;
  const subs = attributes[at]?.subAttributes ?? [];
  const inside = subs.findIndex((one) => one.name === subAttribute);
  return [...path, 'subAttributes', String(inside)];
}
