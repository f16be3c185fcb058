/** Immutable attributes: once they have a value they keep it (RFC 7643 section 2.2, RFC 7644 sections 3.5.1 and 3.5.2). */
import {
  attributeValue,
  equalAttributes,
  isObject,
  property,
  withAttribute,
  withProperty,
  type AttributePlace,
} from '../attribute-values';
import { DomainError } from '../error';
import { type ScimObject, type ScimValue } from '../resource';
import { type AttributeDefinition, type ResolvedPath } from '../schema';
import { type ResourceSchema } from '../schema-table';

/** What a PUT makes of a resource: it may leave immutable attributes out, but not change them. Throws `mutability`. */
export function keepImmutable(
  schema: ResourceSchema,
  before: ScimObject,
  after: ScimObject,
): ScimObject {
  let result = after;
  for (const path of immutablePaths(schema)) {
    const old = valueOf(before, path);
    if (old === undefined) continue;
    const value = valueOf(result, path);
    if (value === undefined) result = withValue(result, path, old);
    else if (!equalAttributes(old, value)) throw immutable(nameOf(path));
  }
  return result;
}

/** A PATCH names what it changes, so it may not remove them either. Throws `mutability`. */
export function checkImmutable(
  schema: ResourceSchema,
  before: ScimObject,
  after: ScimObject,
): void {
  for (const path of immutablePaths(schema)) {
    const old = valueOf(before, path);
    if (old === undefined) continue;
    const value = valueOf(after, path);
    if (value === undefined || !equalAttributes(old, value)) throw immutable(nameOf(path));
  }
}

export function immutable(name: string): DomainError {
  return new DomainError(
    'mutability',
    `"${name}" is immutable: it cannot be changed once it is set.`,
    {
      field: name,
    },
  );
}

/** Few schemas have any, so they are looked for once. */
const found = new WeakMap<ResourceSchema, readonly ResolvedPath[]>();

function immutablePaths(schema: ResourceSchema): readonly ResolvedPath[] {
  let paths = found.get(schema);
  if (paths === undefined) {
    paths = [
      ...schema.attributes.flatMap((attribute) => pathsIn({ attribute })),
      ...schema.extensions.flatMap(({ id, attributes }) =>
        attributes.flatMap((attribute) => pathsIn({ extension: id, attribute })),
      ),
    ];
    found.set(schema, paths);
  }
  return paths;
}

/** Values of a list come and go; what is immutable inside of one is up to whoever changes that value. */
function pathsIn(place: AttributePlace): readonly ResolvedPath[] {
  const { attribute } = place;
  if (attribute.mutability === 'immutable') return [place];
  if (attribute.multiValued) return [];
  return (attribute.subAttributes ?? [])
    .filter((subAttribute: AttributeDefinition) => subAttribute.mutability === 'immutable')
    .map((subAttribute) => ({ ...place, subAttribute }));
}

function valueOf(resource: ScimObject, path: ResolvedPath): ScimValue | undefined {
  const value = attributeValue(resource, path);
  if (path.subAttribute === undefined || value === undefined) return value;
  return isObject(value) ? property(value, path.subAttribute.name) : undefined;
}

function withValue(resource: ScimObject, path: ResolvedPath, value: ScimValue): ScimObject {
  if (path.subAttribute === undefined) return withAttribute(resource, path, value);
  const current = attributeValue(resource, path);
  const object = isObject(current) ? current : {};
  return withAttribute(resource, path, withProperty(object, path.subAttribute.name, value));
}

function nameOf({ extension, attribute, subAttribute }: ResolvedPath): string {
  const name =
    subAttribute === undefined ? attribute.name : `${attribute.name}.${subAttribute.name}`;
  return extension === undefined ? name : `${extension}:${name}`;
}
