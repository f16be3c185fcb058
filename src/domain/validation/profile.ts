/**
 * How values that are not quite as RFC 7643 has them are read. A strict reading of values would differ from the tolerant
 * one here and nowhere else.
 */
import { booleanOf, numberOf } from '../filter/literal';
import { type AttributeDefinition } from '../schema';

export interface ValidationProfile {
  /** The boolean a client meant; undefined: none. */
  boolean(value: unknown): boolean | undefined;
  /** The number a client meant; undefined: none. */
  number(value: unknown): number | undefined;
  /** A list for a multi-valued attribute. */
  list(value: unknown): readonly unknown[];
  /** The one value of a singular attribute; undefined when there is more than one. */
  single(value: unknown): { readonly value: unknown } | undefined;
  /** The sub-attributes of a complex attribute; undefined when the value has none. */
  complex(attribute: AttributeDefinition, value: unknown): Record<string, unknown> | undefined;
  /** Whether the value stands for "no value" (RFC 7643 section 2.5: null and the empty list do). */
  unassigned(value: unknown): boolean;
  /** Called for a name that no schema of the resource type has. */
  unknownAttribute(name: string): void;
  /** Called for an attribute that only the service provider may write. */
  readOnlyAttribute(name: string): void;
}

/** What real clients need (rules 2, 17, 18, 21, 22, 24 and 25 of the tolerant-reader table in docs/scim.md). */
export const tolerant: ValidationProfile = {
  boolean: booleanOf,
  number: numberOf,
  list: (value) => (Array.isArray(value) ? (value as readonly unknown[]) : [value]),
  single: (value) => {
    if (!Array.isArray(value)) return { value };
    return value.length <= 1 ? { value: value[0] as unknown } : undefined;
  },
  complex: (attribute, value) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    // Entra sends the manager as a bare id; an e-mail address may come as a bare string too.
    const hasValue = attribute.subAttributes?.some((sub) => sub.name === 'value') ?? false;
    return hasValue && typeof value === 'string' ? { value } : undefined;
  },
  unassigned: (value) =>
    value === null ||
    value === undefined ||
    (typeof value === 'string' && value.trim() === '') ||
    (Array.isArray(value) && value.length === 0),
  // RFC 7644 section 3.3: what the service provider does not know it may ignore, and what is read-only it shall.
  unknownAttribute: () => undefined,
  readOnlyAttribute: () => undefined,
};
