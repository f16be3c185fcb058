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
import { subAttributeNamed } from '../../domain/sub-attributes';
import {
  checkLength,
  coerceAttribute,
  coerceElement,
  coerceSubAttributes,
  immutable,
  invalid,
  isHollow,
  isPrimary,
} from '../../domain/validation';
import { workOf, workOfFilter, type WorkBudget } from './budget';
import { Descriptions, identityOf } from './identity';
import { type Step } from './step';
import { elementOfFilter } from './value-filter';

/** The new values; undefined: none are left. */
export type List = readonly ScimValue[] | undefined | 'unchanged';

/** Spends of the budget what depends on the values there are; what depends on the body alone is bounded by its size. */
export function applyToList(current: ScimValue | undefined, step: Step, budget: WorkBudget): List {
  const elements = elementsOf(current);
  const changed =
    step.filter === undefined && step.target.subAttribute === undefined
      ? applyToWhole(elements, step, budget)
      : applyToSelected(elements, step, budget);
  if (changed === 'unchanged' || changed === undefined) return changed;
  checkLength(changed, step.name);
  return changed.length > 0 ? changed : undefined;
}

/** A path without a value filter and without a sub-attribute: the list as a whole. */
function applyToWhole(elements: readonly ScimValue[], step: Step, budget: WorkBudget): List {
  const { op, value, profile, name } = step;
  const { attribute } = step.target;
  if (op === 'remove') return removeFromWhole(elements, step, budget);
  // One value may be added without a list around it (RFC 7644 section 3.5.2.1: "a new value is added").
  const added = op === 'add' && !Array.isArray(value) && value !== null ? [value] : value;
  const list = coerceAttribute(attribute, added, profile, name) as readonly ScimValue[] | undefined;
  if (op === 'replace') return list;
  if (list === undefined) return 'unchanged';
  budget.spend(workOf(elements));
  return addAll(elements, list, step);
}

/** Without a value all values go; with one, which RFC 7644 does not define, only those it lists (Entra). */
function removeFromWhole(elements: readonly ScimValue[], step: Step, budget: WorkBudget): List {
  const { value, profile } = step;
  if (value === undefined || value === null) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const listed = list.filter((item) => !profile.unassigned(item));
  const unwanted = new Descriptions(listed.map((item) => descriptionOf(step, item)));
  budget.spend(workOf(elements) * unwanted.lookUps);
  return elements.filter((element) => !unwanted.describe(element));
}

function descriptionOf({ target, profile, name }: Step, item: unknown): ScimValue {
  const { attribute } = target;
  if (attribute.type !== 'complex') {
    return coerceElement(attribute, item, profile, name) ?? '';
  }
  let description: ScimObject = {};
  for (const [key, value] of coerceSubAttributes(attribute, item, profile, name)) {
    description = withProperty(description, key, value);
  }
  return description;
}

/** Adds values that are not there yet; one that is there takes over what the new one says beyond `value` and `type`. */
function addAll(elements: readonly ScimValue[], added: readonly ScimValue[], step: Step): List {
  let result = [...elements];
  let places = placesOf(result);
  for (const element of added) {
    const identity = identityOf(element);
    const index = places.get(identity) ?? result.length;
    const existing = result[index];
    if (existing === undefined) places.set(identity, result.push(element) - 1);
    else if (isObject(existing) && isObject(element)) {
      for (const [key, item] of Object.entries(element)) refuseToChange(existing, step, key, item);
      result[index] = { ...existing, ...element };
    }
    if (!isPrimary(element)) continue;
    // Once at most: a list has one primary value. What has no `value` is another one when it is demoted.
    result = demoteOthers(result, index);
    places = placesOf(result);
  }
  return equalAttributes(result, elements) ? 'unchanged' : result;
}

/** Where each value stands; of several that are the same, the first. */
function placesOf(elements: readonly ScimValue[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const [index, element] of elements.entries()) {
    const identity = identityOf(element);
    if (!places.has(identity)) places.set(identity, index);
  }
  return places;
}

/** A path with a value filter, or with a sub-attribute of all values. */
function applyToSelected(elements: readonly ScimValue[], step: Step, budget: WorkBudget): List {
  const { filter, target } = step;
  budget.spend(workOf(elements) * (filter === undefined ? 1 : workOfFilter(filter)));
  const selected = elements.flatMap((element, index) =>
    filter === undefined || matchesElement(filter, element, target.attribute) ? [index] : [],
  );
  if (selected.length === 0) {
    // Removing what is not there is done already.
    return step.op === 'remove' ? 'unchanged' : create(elements, step);
  }
  budget.spend(selected.length * workOf(step.value));
  const result: (ScimValue | undefined)[] = [...elements];
  for (const index of selected) {
    const element = elements[index];
    if (element !== undefined) result[index] = changeElement(element, step);
  }
  return settlePrimary(elements, result, selected, step.name);
}

function changeElement(element: ScimValue, step: Step): ScimValue | undefined {
  const { op, target, filter, value, profile, name } = step;
  const { attribute, subAttribute } = target;
  if (subAttribute === undefined && op === 'remove') return undefined;
  if (!isObject(element)) return coerceElement(attribute, value, profile, name);
  const single = profile.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  if (subAttribute === undefined) {
    if (profile.unassigned(single.value)) return undefined;
    // A replaced value stays what the filter selected it for, unless the new one says otherwise.
    const kept = op === 'add' ? element : ((filter && elementOfFilter(filter, attribute)) ?? {});
    return merge(kept, step, single.value);
  }
  const item = op === 'remove' ? null : value;
  return merge(element, step, { [subAttribute.name]: item });
}

function merge(element: ScimObject, step: Step, value: unknown): ScimObject | undefined {
  const { target, profile, name } = step;
  let result = element;
  for (const [key, item] of coerceSubAttributes(target.attribute, value, profile, name)) {
    refuseToChange(result, step, key, item);
    result = withProperty(result, key, item);
  }
  return isHollow(result) ? undefined : result;
}

/** A value keeps what is immutable in it; it can be removed and another one added (RFC 7643 section 2.2). */
function refuseToChange(
  element: ScimObject,
  { target, name }: Step,
  key: string,
  item: ScimValue | undefined,
): void {
  if (subAttributeNamed(target.attribute, key)?.mutability !== 'immutable') return;
  const was = property(element, key);
  if (was === undefined || (item !== undefined && equalAttributes(was, item))) return;
  throw immutable(`${name}.${key}`);
}

/**
 * No value matches: what does not exist is added (RFC 7644 section 3.5.2.1) when the filter says completely what to add. A
 * `replace` with a filter is up to the profile.
 */
function create(elements: readonly ScimValue[], step: Step): List {
  const { op, target, filter, value, profile, name } = step;
  const { attribute, subAttribute } = target;
  const described = filter === undefined ? {} : elementOfFilter(filter, attribute);
  const creates = (it: ScimObject): boolean =>
    op === 'add' || filter === undefined || profile.replaceCreates(it, attribute);
  if (described === undefined || !creates(described)) {
    throw new DomainError('noTarget', `"${name}" matches no value of "${attribute.name}".`);
  }
  const single = profile.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  if (profile.unassigned(single.value)) return 'unchanged';
  const element =
    attribute.type === 'complex'
      ? merge(
          described,
          step,
          subAttribute === undefined ? single.value : { [subAttribute.name]: single.value },
        )
      : coerceElement(attribute, single.value, profile, name);
  if (element === undefined) return 'unchanged';
  const result = [...elements, element];
  return isPrimary(element) ? demoteOthers(result, result.length - 1) : result;
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
