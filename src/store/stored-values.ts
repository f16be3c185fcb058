/** What is stored under attributes that are defined anew or no longer: the port `StoredValues`. */
import { isDeepStrictEqual } from 'node:util';
import { type AddedAttributes } from '../domain/added-attributes';
import { attributeValue, equalAttributes, type AttributePlace } from '../domain/attribute-values';
import { DomainError } from '../domain/error';
import { type StoredValues } from '../domain/ports';
import { type ScimValue } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { coerceAttribute, isStored, strict } from '../domain/validation';
import { escapeKey, fromStored } from './attribute-keys';
import { type Query } from './filter-comparison';
import { knownAttributes } from './known-attributes';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';
import { attributeFields, type AttributeFields } from './resource-mapping';

type Kept = Pick<ResourceDocument, 'attributes' | 'norm' | 'unique'>;

export class MongoStoredValues implements StoredValues {
  constructor(private readonly model: ResourceModel) {}

  async countMisfits(ruleId: string, { schema, places }: AddedAttributes): Promise<number> {
    let misfits = 0;
    for await (const kept of this.resourcesWith(ruleId, schema, anyOf(places))) {
      const fields = attributeFields(schema, fromStored(kept.attributes));
      if (!places.every((place) => fits(kept, fields, place))) misfits += 1;
    }
    return misfits;
  }

  async countLosses(
    ruleId: string,
    { schema, places }: AddedAttributes,
    after: ResourceSchema | undefined,
  ): Promise<number> {
    let losses = 0;
    // A type that goes takes all its resources along, also those without any value.
    const condition = after === undefined ? {} : anyOf(places);
    for await (const kept of this.resourcesWith(ruleId, schema, condition)) {
      const known = knownAttributes(schema, fromStored(kept.attributes));
      if (after === undefined || knownAttributes(after, known) !== known) losses += 1;
    }
    return losses;
  }

  private resourcesWith(
    ruleId: string,
    { type }: ResourceSchema,
    condition: Query,
  ): AsyncIterable<Kept> {
    return this.model
      .find(
        { ruleId, resourceType: type.name, live: true, ...condition },
        { attributes: 1, norm: 1, unique: 1 },
      )
      .lean<Kept[]>()
      .cursor() as AsyncIterable<Kept>;
  }
}

function anyOf(places: readonly AttributePlace[]): Query {
  return { $or: places.map((place) => ({ [fieldOf('attributes', place)]: { $exists: true } })) };
}

/** Whether the value, its copy for filters and its key are what the definition makes of it. */
function fits(kept: Kept, fields: AttributeFields, place: AttributePlace): boolean {
  const value = attributeValue(fromStored(fields.attributes), place);
  if (value === undefined) return true;
  return (
    isStored(place) &&
    isCanonical(value, place) &&
    isDeepStrictEqual(normalised(kept.norm, place), normalised(fields.norm, place)) &&
    fields.unique.every((key) => kept.unique?.includes(key))
  );
}

function isCanonical(value: ScimValue, { attribute }: AttributePlace): boolean {
  try {
    const coerced = coerceAttribute(attribute, value, strict);
    return coerced !== undefined && equalAttributes(coerced, value);
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}

function normalised(norm: Record<string, unknown> | undefined, place: AttributePlace): unknown {
  const { extension, attribute } = place;
  const parent = extension === undefined ? norm : norm?.[escapeKey(extension)];
  return (parent as Record<string, unknown> | undefined)?.[attribute.name];
}

function fieldOf(root: string, { extension, attribute }: AttributePlace): string {
  const names = extension === undefined ? [attribute.name] : [escapeKey(extension), attribute.name];
  return [root, ...names].join('.');
}
