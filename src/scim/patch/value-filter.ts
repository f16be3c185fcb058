/** What a value filter says about the value it looks for. */
import { type Filter } from '../../domain/filter/ast';
import { subAttributeOf } from '../../domain/filter/match';
import { type ScimObject, type ScimValue } from '../../domain/resource';
import { type AttributeDefinition } from '../../domain/schema';
import { coerceAttribute, tolerant } from '../../domain/validation';

/**
 * The value a conjunction of `eq` describes: `type eq "work"` is `{"type": "work"}`. Undefined: the filter says
 * anything else, so there is no one value it means.
 */
export function elementOfFilter(
  filter: Filter,
  attribute: AttributeDefinition,
): ScimObject | undefined {
  const element: Record<string, ScimValue> = {};
  for (const part of filter.type === 'and' ? filter.filters : [filter]) {
    if (part.type !== 'compare' || part.operator !== 'eq') return undefined;
    const sub = subAttributeOf(attribute, part.path);
    const value = coerceAttribute(sub, part.value, tolerant, `${attribute.name}.${sub.name}`);
    if (value === undefined) return undefined;
    element[sub.name] = value;
  }
  return element;
}

/** The ids that `value eq "a"`, or several of it joined by `or`, name; undefined: the filter is about more than ids. */
export function idsOfFilter(filter: Filter): readonly string[] | undefined {
  const ids: string[] = [];
  for (const part of filter.type === 'or' ? filter.filters : [filter]) {
    if (part.type !== 'compare' || part.operator !== 'eq' || part.value === null) return undefined;
    if (part.path.attribute.toLowerCase() !== 'value') return undefined;
    if (part.path.schema !== undefined || part.path.subAttribute !== undefined) return undefined;
    ids.push(String(part.value));
  }
  return ids;
}
