/** Values a client sent, checked against an attribute's definition and brought into canonical form. */
import { isObject, property } from '../attribute-values';
import { instantOf } from '../date-time';
import { type ScimObject, type ScimValue } from '../resource';
import { type AttributeDefinition } from '../schema';
import { subAttributeNamed } from '../sub-attributes';
import { invalid } from './invalid';
import { type ValidationProfile } from './profile';

/** More values of one attribute than any directory could use. */
const MAX_VALUES = 1000;
const MAX_STRING_LENGTH = 256 * 1024;
/** Unique attributes are indexed and become names in directories. */
const MAX_UNIQUE_LENGTH = 1024;

/** Neither BSON nor UTF-8 can carry these. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** The value in canonical form; undefined: unassigned. Throws `invalidValue` naming the attribute. */
export function coerceAttribute(
  attribute: AttributeDefinition,
  value: unknown,
  profile: ValidationProfile,
  name: string = attribute.name,
): ScimValue | undefined {
  if (profile.unassigned(value)) return undefined;
  if (attribute.multiValued) {
    const list = profile.list(value);
    if (list === undefined) throw invalid(name, 'must be a list');
    return coerceList(attribute, list, profile, name);
  }
  const single = profile.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  return coerceElement(attribute, single.value, profile, name);
}

/** One value of an attribute, multi-valued or not. */
export function coerceElement(
  attribute: AttributeDefinition,
  value: unknown,
  profile: ValidationProfile,
  name: string = attribute.name,
): ScimValue | undefined {
  if (profile.unassigned(value)) return undefined;
  switch (attribute.type) {
    case 'complex':
      return coerceComplex(attribute, value, profile, name);
    case 'boolean':
      return expectValue(profile.boolean(value), name, 'true or false');
    case 'decimal':
      return expectValue(profile.number(value), name, 'a number');
    case 'integer': {
      const number = profile.number(value);
      return expectValue(Number.isSafeInteger(number) ? number : undefined, name, 'an integer');
    }
    case 'dateTime': {
      const text = coerceString(attribute, value, name);
      const valid = instantOf(text) !== undefined;
      return expectValue(valid ? text : undefined, name, 'a time like "2030-01-31T12:00:00Z"');
    }
    case 'binary': {
      const text = coerceString(attribute, value, name);
      return expectValue(profile.binary(text) ? text : undefined, name, 'base64');
    }
    case 'string':
    case 'reference':
      return coerceString(attribute, value, name);
  }
}

/** The sub-attributes a client sent, by canonical name; undefined: to be unassigned. Unknown ones are left out. */
export function coerceSubAttributes(
  attribute: AttributeDefinition,
  value: unknown,
  profile: ValidationProfile,
  name: string = attribute.name,
): ReadonlyMap<string, ScimValue | undefined> {
  const object = profile.complex(attribute, value);
  if (object === undefined) throw invalid(name, 'must be an object');
  // The name of a whole extension is its URN.
  const prefix = attribute.name.includes(':') ? `${name}:` : `${name}.`;
  const result = new Map<string, ScimValue | undefined>();
  for (const [key, item] of Object.entries(object)) {
    const sub = subAttributeNamed(attribute, key);
    if (sub === undefined) {
      profile.unknownAttribute(`${prefix}${key}`);
    } else if (sub.mutability !== 'readOnly') {
      const coerced = coerceAttribute(sub, item, profile, `${prefix}${sub.name}`);
      if (!isDerived(sub) && sub.returned !== 'never') result.set(sub.name, coerced);
    }
  }
  return result;
}

/** `$ref` follows from `value` and is made when a resource is shown. */
export function isDerived(subAttribute: AttributeDefinition): boolean {
  return subAttribute.name === '$ref';
}

/** Whether a value of a multi-valued attribute says nothing: a label (`type`, `primary`) with nothing labelled. */
export function isHollow(element: ScimObject): boolean {
  return Object.keys(element).every((name) => name === 'type' || name === 'primary');
}

/** At most one value is the primary one (RFC 7643 section 2.4). */
export function checkPrimary(values: readonly ScimValue[], name: string): void {
  const primaries = values.filter(isPrimary).length;
  if (primaries > 1) throw invalid(name, 'may have "primary": true in one value only');
}

export function isPrimary(value: ScimValue): boolean {
  return isObject(value) && property(value, 'primary') === true;
}

/** Refuses a list that has grown too long, by one request or by many. */
export function checkLength(values: readonly unknown[], name: string): void {
  if (values.length > MAX_VALUES) {
    throw invalid(name, `may have at most ${String(MAX_VALUES)} values`);
  }
}

function coerceList(
  attribute: AttributeDefinition,
  list: readonly unknown[],
  profile: ValidationProfile,
  name: string,
): readonly ScimValue[] | undefined {
  checkLength(list, name);
  const values: ScimValue[] = [];
  for (const item of list) {
    const value = coerceElement(attribute, item, profile, name);
    if (value !== undefined) values.push(value);
  }
  checkPrimary(values, name);
  return values.length > 0 ? values : undefined;
}

function coerceComplex(
  attribute: AttributeDefinition,
  value: unknown,
  profile: ValidationProfile,
  name: string,
): ScimObject | undefined {
  const result: Record<string, ScimValue> = {};
  for (const [key, item] of coerceSubAttributes(attribute, value, profile, name)) {
    if (item !== undefined) result[key] = item;
  }
  const nothing = attribute.multiValued ? isHollow(result) : Object.keys(result).length === 0;
  return nothing ? undefined : result;
}

function coerceString(attribute: AttributeDefinition, value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalid(name, 'must be a string');
  const unique = attribute.uniqueness !== undefined && attribute.uniqueness !== 'none';
  const longest = unique ? MAX_UNIQUE_LENGTH : MAX_STRING_LENGTH;
  if (value.length > longest) {
    throw invalid(name, `may have at most ${String(longest)} characters`);
  }
  if (UNSTORABLE.test(value)) {
    throw invalid(name, 'has characters that cannot be stored: NUL or an unpaired surrogate');
  }
  return value;
}

function expectValue<Value>(value: Value | undefined, name: string, expected: string): Value {
  if (value === undefined) throw invalid(name, `must be ${expected}`);
  return value;
}
