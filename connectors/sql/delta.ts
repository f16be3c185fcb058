/** Attribute values before and after a change. */
import {
  type AttributeChange,
  type Attributes,
  ConnectorError,
  type CorrelationKey,
  type Entry,
} from '../spi';

/** The values an attribute has after the change: each once, in the order they came. */
export function changedValues(
  current: readonly string[],
  change: AttributeChange,
): readonly string[] {
  if ('replace' in change) return [...new Set(change.replace)];
  const removed = new Set(change.remove);
  const kept = current.filter((value) => !removed.has(value));
  return [...new Set([...kept, ...change.add])];
}

/** Whether both hold the same values, in whatever order. */
export function sameValues(left: readonly string[], right: readonly string[]): boolean {
  const [first, second] = [new Set(left), new Set(right)];
  return first.size === second.size && [...first].every((value) => second.has(value));
}

/** The one value an attribute must have. */
export function single(attribute: string, values: readonly string[] | undefined): string {
  const [value, ...more] = values ?? [];
  if (value === undefined || more.length > 0) {
    throw new ConnectorError('invalid', `${attribute} must have exactly one value`, { attribute });
  }
  return value;
}

/** The values that differ from what stands, as replacements; attributes that are not mentioned stay. */
export function changesBetween(current: Attributes, desired: Attributes): AttributeChange[] {
  return Object.entries(desired)
    .filter(([attribute, values]) => !sameValues(valuesOf(current, attribute), values))
    .map(([attribute, replace]) => ({ attribute, replace }));
}

/** Whether the entry has every one of the values. */
export function matches(entry: Entry, keys: readonly CorrelationKey[]): boolean {
  return keys.every(({ attribute, value }) =>
    valuesOf(entry.attributes, attribute).includes(value),
  );
}

/** Not a plain look-up: an attribute may be called `constructor`. */
function valuesOf(attributes: Attributes, attribute: string): readonly string[] {
  return Object.hasOwn(attributes, attribute) ? (attributes[attribute] ?? []) : [];
}
