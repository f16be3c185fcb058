/** What has to change in an entry. Values are compared exactly, without regard to their order. */
import { type AttributeChange, type Attributes } from '../../../connectors/spi';

/** The changes that give the entry what is desired; attributes that are not desired are not looked at. */
export function diffAttributes(
  current: Attributes,
  desired: Readonly<Record<string, readonly string[]>>,
): readonly AttributeChange[] {
  const byName = new Map(
    Object.entries(current).map(([name, values]) => [name.toLowerCase(), values]),
  );
  const changes: AttributeChange[] = [];
  for (const [attribute, values] of Object.entries(desired)) {
    if (!sameValues(byName.get(attribute.toLowerCase()) ?? [], values)) {
      changes.push({ attribute, replace: [...new Set(values)] });
    }
  }
  return changes;
}

/** The values of an attribute; directories do not agree on the case of names. */
export function valuesOf(attributes: Attributes, name: string): readonly string[] {
  const exact = attributes[name];
  if (exact) return exact;
  const wanted = name.toLowerCase();
  return (
    Object.entries(attributes).find(([candidate]) => candidate.toLowerCase() === wanted)?.[1] ?? []
  );
}

function sameValues(left: readonly string[], right: readonly string[]): boolean {
  const wanted = new Set(right);
  return new Set(left).size === wanted.size && left.every((value) => wanted.has(value));
}
