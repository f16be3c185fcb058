/** PATCH on the values of a multi-valued attribute. */
import {
  elementsOf,
  equalAttributes,
  isObject,
  property,
  withProperty,
} from '../../domain/attribute-values';
import { DomainError } from '../../domain/error';
import { matchesElement } from '../../domain/filter/match';
import { type ScimObject, type ScimValue } from '../../domain/resource';
import { type AttributeDefinition } from '../../domain/schema';
import {
  checkLength,
  coerceAttribute,
  coerceElement,
  coerceSubAttributes,
  invalid,
  isHollow,
  isPrimary,
  tolerant,
} from '../../domain/validation';
import { type Step } from './step';
import { elementOfFilter } from './value-filter';

/** The new values; undefined: none are left. */
export type List = readonly ScimValue[] | undefined | 'unchanged';

export function applyToList(current: ScimValue | undefined, step: Step): List {
  const elements = elementsOf(current);
  const changed =
    step.filter === undefined && step.target.subAttribute === undefined
      ? applyToWhole(elements, step)
      : applyToSelected(elements, step);
  if (changed === 'unchanged' || changed === undefined) return changed;
  checkLength(changed, step.name);
  return changed.length > 0 ? changed : undefined;
}

/** A path without a value filter and without a sub-attribute: the list as a whole. */
function applyToWhole(elements: readonly ScimValue[], step: Step): List {
  const { op, value, name } = step;
  const { attribute } = step.target;
  if (op === 'remove') return removeFromWhole(elements, step);
  const list = coerceAttribute(attribute, value, tolerant, name) as
    readonly ScimValue[] | undefined;
  if (op === 'replace') return list;
  return list === undefined ? 'unchanged' : addAll(elements, list);
}

/** Without a value all values go; with one, which RFC 7644 does not define, only those it lists (Entra). */
function removeFromWhole(elements: readonly ScimValue[], { target, value, name }: Step): List {
  if (value === undefined || value === null) return undefined;
  const listed = tolerant.list(value).filter((item) => !tolerant.unassigned(item));
  const unwanted = listed.map((item) => descriptionOf(target.attribute, item, name));
  return elements.filter((element) => !unwanted.some((one) => isDescribedBy(element, one)));
}

function descriptionOf(attribute: AttributeDefinition, item: unknown, name: string): ScimValue {
  if (attribute.type !== 'complex') {
    return coerceElement(attribute, item, tolerant, name) ?? '';
  }
  let description: ScimObject = {};
  for (const [key, value] of coerceSubAttributes(attribute, item, tolerant, name)) {
    description = withProperty(description, key, value);
  }
  return description;
}

/** `value` and `type` tell values apart; only a description without `value` is compared in full. */
function isDescribedBy(element: ScimValue, description: ScimValue): boolean {
  if (!isObject(element) || !isObject(description)) return equalAttributes(element, description);
  const names = Object.keys(description);
  const compared = 'value' in description ? names.filter(isIdentity) : names;
  return (
    compared.length > 0 &&
    compared.every((name) => sameText(property(element, name), property(description, name)))
  );
}

function isIdentity(name: string): boolean {
  return name === 'value' || name === 'type';
}

/** `type` and the like are compared regardless of case, but never `value`, which the server must not change. */
function sameText(left: ScimValue | undefined, right: ScimValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return equalAttributes(left, right);
}

/** Adds values that are not there yet; one that is there takes over what the new one says beyond `value` and `type`. */
function addAll(elements: readonly ScimValue[], added: readonly ScimValue[]): List {
  let result = [...elements];
  for (const element of added) {
    const index = result.findIndex((other) => isSameElement(other, element));
    const existing = result[index];
    if (existing === undefined) result.push(element);
    else if (isObject(existing) && isObject(element)) result[index] = { ...existing, ...element };
    if (isPrimary(element)) result = demoteOthers(result, index < 0 ? result.length - 1 : index);
  }
  return equalAttributes(result, elements) ? 'unchanged' : result;
}

function isSameElement(left: ScimValue, right: ScimValue): boolean {
  if (!isObject(left) || !isObject(right)) return equalAttributes(left, right);
  const value = property(left, 'value');
  if (value === undefined) return equalAttributes(left, right);
  return (
    value === property(right, 'value') && sameText(property(left, 'type'), property(right, 'type'))
  );
}

/** A path with a value filter, or with a sub-attribute of all values. */
function applyToSelected(elements: readonly ScimValue[], step: Step): List {
  const { filter, target } = step;
  const selected = elements.flatMap((element, index) =>
    filter === undefined || matchesElement(filter, element, target.attribute) ? [index] : [],
  );
  if (selected.length === 0) {
    // Removing what is not there is done already.
    return step.op === 'remove' ? 'unchanged' : create(elements, step);
  }
  const result: (ScimValue | undefined)[] = [...elements];
  for (const index of selected) {
    const element = elements[index];
    if (element !== undefined) result[index] = changeElement(element, step);
  }
  return settlePrimary(elements, result, selected, step.name);
}

function changeElement(element: ScimValue, step: Step): ScimValue | undefined {
  const { op, target, filter, value, name } = step;
  const { attribute, subAttribute } = target;
  if (subAttribute === undefined && op === 'remove') return undefined;
  if (!isObject(element)) return coerceElement(attribute, value, tolerant, name);
  const single = tolerant.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  if (subAttribute === undefined) {
    if (tolerant.unassigned(single.value)) return undefined;
    // A replaced value stays what the filter selected it for, unless the new one says otherwise.
    const kept = op === 'add' ? element : ((filter && elementOfFilter(filter, attribute)) ?? {});
    return merge(kept, attribute, single.value, name);
  }
  const item = op === 'remove' ? null : value;
  return merge(element, attribute, { [subAttribute.name]: item }, name);
}

function merge(
  element: ScimObject,
  attribute: AttributeDefinition,
  value: unknown,
  name: string,
): ScimObject | undefined {
  let result = element;
  for (const [key, item] of coerceSubAttributes(attribute, value, tolerant, name)) {
    result = withProperty(result, key, item);
  }
  return isHollow(result) ? undefined : result;
}

/**
 * No value matches. RFC 7644 section 3.5.2.3 wants `noTarget`, but Entra means "create the work e-mail": that is done when
 * the filter says completely what to create.
 */
function create(elements: readonly ScimValue[], step: Step): List {
  const { op, target, filter, value, name } = step;
  const { attribute, subAttribute } = target;
  const described = filter === undefined ? {} : elementOfFilter(filter, attribute);
  if (described === undefined || (op === 'replace' && !isCanonical(described, attribute))) {
    throw new DomainError('noTarget', `"${name}" matches no value of "${attribute.name}".`);
  }
  const single = tolerant.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  if (tolerant.unassigned(single.value)) return 'unchanged';
  const element =
    attribute.type === 'complex'
      ? merge(
          described,
          attribute,
          subAttribute === undefined ? single.value : { [subAttribute.name]: single.value },
          name,
        )
      : coerceElement(attribute, single.value, tolerant, name);
  if (element === undefined) return 'unchanged';
  const result = [...elements, element];
  return isPrimary(element) ? demoteOthers(result, result.length - 1) : result;
}

/** A literal that is none of the canonical values (`type eq "nonexistent"`) rather means a value that should exist. */
function isCanonical(described: ScimObject, attribute: AttributeDefinition): boolean {
  return (attribute.subAttributes ?? []).every(({ name, canonicalValues }) => {
    const value = property(described, name);
    if (typeof value !== 'string' || canonicalValues === undefined) return true;
    const text = value.toLowerCase();
    return canonicalValues.some((canonical) => canonical.toLowerCase() === text);
  });
}

/** When a changed value is now the primary one, the others no longer are (RFC 7644 section 3.5.2). */
function settlePrimary(
  before: readonly ScimValue[],
  after: readonly (ScimValue | undefined)[],
  selected: readonly number[],
  name: string,
): List {
  const isNow = (index: number): boolean => {
    const element = after[index];
    return element !== undefined && isPrimary(element);
  };
  const primaries = selected.filter(isNow);
  const index = primaries.find((one) => !isPrimary(before[one] ?? ''));
  if (index !== undefined && primaries.length > 1) {
    throw invalid(name, 'may have "primary": true in one value only');
  }
  const settled = index === undefined ? after : demoteOthers(after, index);
  const result = settled.filter((element) => element !== undefined);
  return equalAttributes(result, before) ? 'unchanged' : result;
}

function demoteOthers<Element extends ScimValue | undefined>(
  elements: readonly Element[],
  primary: number,
): Element[] {
  return elements.map((element, index) =>
    index !== primary && element !== undefined && isPrimary(element)
      ? { ...(element as ScimObject), primary: false }
      : element,
  ) as Element[];
}
