/** Reading and writing attributes of a resource by resolved path. Resources are values: writing makes a new one. */
import { type ScimObject, type ScimValue } from './resource';
import { type ResolvedPath } from './schema';

/** Where an attribute stands: its canonical name and, for an attribute of an extension, the extension's URN. */
export type AttributePlace = Pick<ResolvedPath, 'extension' | 'attribute'>;

/** An own property: a name like `constructor` must not reach the prototype. */
export function property(object: ScimObject, name: string): ScimValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function isObject(value: ScimValue | undefined): value is ScimObject {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The values of a multi-valued attribute, or the one value of another; none when it is unassigned. */
export function elementsOf(value: ScimValue | undefined): readonly ScimValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly ScimValue[]) : [value];
}

export function attributeValue(
  resource: ScimObject,
  { extension, attribute }: AttributePlace,
): ScimValue | undefined {
  if (extension === undefined) return property(resource, attribute.name);
  const container = property(resource, extension);
  return isObject(container) ? property(container, attribute.name) : undefined;
}

/** All values a path leads to: of a sub-attribute, one of every element that has it. */
export function valuesAt(resource: ScimObject, path: ResolvedPath): readonly ScimValue[] {
  const elements = elementsOf(attributeValue(resource, path));
  const { subAttribute } = path;
  if (subAttribute === undefined) return elements;
  return elements.flatMap((element) =>
    isObject(element) ? elementsOf(property(element, subAttribute.name)) : [],
  );
}

/** The resource with another value of one attribute; undefined: without the attribute. */
export function withAttribute(
  resource: ScimObject,
  { extension, attribute }: AttributePlace,
  value: ScimValue | undefined,
): ScimObject {
  if (extension === undefined) return withProperty(resource, attribute.name, value);
  const container = property(resource, extension);
  const changed = withProperty(isObject(container) ? container : {}, attribute.name, value);
  // An extension without attributes is not there at all, so that `schemas` does not list it.
  return withProperty(resource, extension, Object.keys(changed).length > 0 ? changed : undefined);
}

export function withProperty(
  object: ScimObject,
  name: string,
  value: ScimValue | undefined,
): ScimObject {
  if (value !== undefined) return { ...object, [name]: value };
  if (!Object.hasOwn(object, name)) return object;
  const { [name]: _removed, ...rest } = object;
  return rest;
}

/** Whether two values say the same. The order of names means nothing, the order of a list does. */
export function equalAttributes(left: ScimValue, right: ScimValue): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    const others = right as readonly ScimValue[];
    return (left as readonly ScimValue[]).every((element, index) => {
      const other = others[index];
      return other !== undefined && equalAttributes(element, other);
    });
  }
  return equalObjects(left as ScimObject, right as ScimObject);
}

function equalObjects(left: ScimObject, right: ScimObject): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const value = left[name];
      const other = property(right, name);
      return value !== undefined && other !== undefined && equalAttributes(value, other);
    })
  );
}
