/** Which attributes a response has (RFC 7644 section 3.9, RFC 7643 section 7 "returned"). */
import { isObject, type AttributePlace } from '../../domain/attribute-values';
import { DomainError } from '../../domain/error';
import { parseAttributePath } from '../../domain/filter/parser';
import { type ScimValue } from '../../domain/resource';
import { type AttributeDefinition, type ResolvedPath } from '../../domain/schema';
import { type ResourceSchema } from '../../domain/schema-table';
import { subAttributeNamed } from '../../domain/sub-attributes';

/** A whole attribute, or some sub-attributes of it. */
type Selection = 'all' | ReadonlySet<string>;
type Selections = ReadonlyMap<string, Selection>;

/** More names than any schema has are not looked at. */
const MAX_NAMES = 500;

export class Projection {
  private constructor(
    private readonly included: Selections | undefined,
    private readonly excluded: Selections,
  ) {}

  /** The names a client listed in `attributes` and `excludedAttributes`. Names the schema does not know are ignored. */
  static of(
    schema: ResourceSchema,
    attributes: readonly string[] | undefined,
    excludedAttributes: readonly string[] | undefined,
  ): Projection {
    if (attributes === undefined && excludedAttributes === undefined) return Projection.default;
    return new Projection(
      attributes && selections(schema, attributes),
      selections(schema, excludedAttributes ?? []),
    );
  }

  static readonly default = new Projection(undefined, new Map());

  /** Whether any part of the attribute is shown. */
  shows(place: AttributePlace): boolean {
    const { returned } = place.attribute;
    if (returned === 'never') return false;
    if (returned === 'always') return true;
    if (find(this.excluded, place) === 'all') return false;
    return this.included === undefined
      ? returned === 'default'
      : find(this.included, place) !== undefined;
  }

  /** The part of the value that is shown. */
  part(place: AttributePlace, value: ScimValue): ScimValue | undefined {
    if (!this.shows(place)) return undefined;
    if (place.attribute.type !== 'complex') return value;
    const included = this.included && find(this.included, place);
    const excluded = find(this.excluded, place);
    const onRequest = hasOnRequest(place.attribute);
    if (typeof included !== 'object' && excluded === undefined && !onRequest) return value;
    const keeps = (name: string): boolean => {
      const returned = subAttributeNamed(place.attribute, name)?.returned;
      if (returned === 'always') return true;
      if (typeof excluded === 'object' && excluded.has(name)) return false;
      return typeof included === 'object' ? included.has(name) : returned !== 'request';
    };
    return Array.isArray(value)
      ? (value as readonly ScimValue[]).map((element) => filterObject(element, keeps))
      : notEmpty(filterObject(value, keeps));
  }
}

/** Whether a sub-attribute is only shown to those who name it. */
function hasOnRequest({ subAttributes = [] }: AttributeDefinition): boolean {
  return subAttributes.some(({ returned }) => returned === 'request');
}

/** The list in a query parameter: `attributes=userName,name.givenName`. */
export function nameList(parameter: string | undefined): readonly string[] | undefined {
  const names = parameter
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names !== undefined && names.length > 0 ? names : undefined;
}

function selections(schema: ResourceSchema, names: readonly string[]): Selections {
  const result = new Map<string, Selection>();
  for (const name of names.slice(0, MAX_NAMES)) {
    const path = resolve(schema, name);
    if (path === undefined) continue;
    const key = keyOf(path);
    const existing = result.get(key);
    if (path.subAttribute === undefined) result.set(key, 'all');
    else if (existing === undefined) result.set(key, new Set([path.subAttribute.name]));
    else if (existing !== 'all') result.set(key, new Set([...existing, path.subAttribute.name]));
  }
  return result;
}

function resolve(schema: ResourceSchema, name: string): ResolvedPath | undefined {
  try {
    return schema.resolve(parseAttributePath(name));
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** An attribute of an extension is also selected by the extension's URN alone. */
function find(selected: Selections, place: AttributePlace): Selection | undefined {
  const selection = selected.get(keyOf(place));
  if (selection !== undefined || place.extension === undefined) return selection;
  return selected.get(place.extension);
}

function keyOf({ extension, attribute }: AttributePlace): string {
  return extension === undefined ? attribute.name : `${extension}:${attribute.name}`;
}

/** A complex attribute none of whose parts is shown is not shown. */
function notEmpty(value: ScimValue): ScimValue | undefined {
  return isObject(value) && Object.keys(value).length === 0 ? undefined : value;
}

function filterObject(value: ScimValue, keeps: (name: string) => boolean): ScimValue {
  if (!isObject(value)) return value;
  const result: Record<string, ScimValue> = {};
  for (const [name, item] of Object.entries(value)) {
    if (keeps(name)) result[name] = item;
  }
  return result;
}
