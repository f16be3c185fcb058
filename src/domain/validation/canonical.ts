/** Canonical values (RFC 7643 section 7): suggestions, so that nothing is refused for having others. */
import { property } from '../attribute-values';
import { type ScimObject } from '../resource';
import { type AttributeDefinition } from '../schema';

/** A literal that is none of the canonical values (`type eq "nonexistent"`) rather means a value that should exist. */
export function isCanonical(described: ScimObject, attribute: AttributeDefinition): boolean {
  return (attribute.subAttributes ?? []).every(({ name, canonicalValues }) => {
    const value = property(described, name);
    if (typeof value !== 'string' || canonicalValues === undefined) return true;
    const text = value.toLowerCase();
    return canonicalValues.some((canonical) => canonical.toLowerCase() === text);
  });
}
