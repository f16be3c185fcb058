/** Required attributes (RFC 7643 section 2.2), in extensions (section 6) and inside of complex values as well. */
import { elementsOf, isObject, property } from '../attribute-values';
import { SCHEMAS } from '../common-attributes';
import { type ScimObject, type ScimValue } from '../resource';
import { type AttributeDefinition } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { invalid } from './invalid';

export interface MissingAttribute {
  readonly attribute: AttributeDefinition;
  /** As a client writes it. */
  readonly name: string;
}

/** Throws `invalidValue` for the first required attribute that has no value. */
export function checkRequired(schema: ResourceSchema, attributes: ScimObject): void {
  const missing = missingRequired(schema, attributes);
  if (missing !== undefined) throw isRequired(schema, missing);
}

export function isRequired(schema: ResourceSchema, { name }: MissingAttribute): Error {
  return invalid(name, `is required for a ${schema.type.name}`);
}

/** The first required attribute that has no value. */
export function missingRequired(
  schema: ResourceSchema,
  attributes: ScimObject,
): MissingAttribute | undefined {
  const ofCore = missingIn(schema.core.attributes, attributes, '');
  if (ofCore !== undefined) return ofCore;
  for (const { id, attributes: definitions } of schema.extensions) {
    const extension = property(attributes, id);
    if (extension === undefined && !isRequiredExtension(schema, id)) continue;
    const missing = missingIn(definitions, isObject(extension) ? extension : {}, `${id}:`);
    if (missing !== undefined) return missing;
    // Not even one of its optional attributes is there.
    if (extension === undefined) return { attribute: { ...SCHEMAS, name: id }, name: id };
  }
  return undefined;
}

function isRequiredExtension({ type }: ResourceSchema, urn: string): boolean {
  return type.schemaExtensions.some(({ schema, required }) => required && schema === urn);
}

function missingIn(
  definitions: readonly AttributeDefinition[],
  object: ScimObject,
  prefix: string,
): MissingAttribute | undefined {
  for (const attribute of definitions) {
    const value = property(object, attribute.name);
    const name = `${prefix}${attribute.name}`;
    if (value === undefined || isBlank(value)) {
      if (attribute.required && isKept(attribute)) return { attribute, name };
    } else if (attribute.subAttributes !== undefined) {
      for (const element of elementsOf(value)) {
        const missing = isObject(element)
          ? missingIn(attribute.subAttributes, element, `${name}.`)
          : undefined;
        if (missing !== undefined) return { attribute, name: missing.name };
      }
    }
  }
  return undefined;
}

/** A required value is not empty (RFC 7643 section 4.1.1, `userName`), whatever the profile takes for a value. */
function isBlank(value: ScimValue): boolean {
  return typeof value === 'string' && value.trim() === '';
}

/** What clients do not write, and what is not kept, cannot be looked for among what they wrote. */
function isKept({ mutability, returned, name }: AttributeDefinition): boolean {
  return mutability !== 'readOnly' && returned !== 'never' && name !== '$ref';
}
