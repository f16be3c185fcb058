/**
 * How strictly a request is read. The two profiles stand side by side here, and every difference between them is a member
 * of {@link ValidationProfile}: nothing else may ask which profile a rule has.
 *
 * | member | tolerant (rows of the table in docs/scim.md) | strict |
 * |---|---|---|
 * | `boolean` | `"True"` too (2) | JSON booleans (RFC 7643 section 2.3.2) |
 * | `number` | digits in a string too | JSON numbers (RFC 7643 sections 2.3.3, 2.3.4) |
 * | `binary` | any string | base64 (RFC 7643 section 2.3.6) |
 * | `list` | one value is a list of one (22) | JSON arrays (RFC 7643 section 2.4) |
 * | `single` | a list of one is its value (21) | no arrays (RFC 7643 section 2.4) |
 * | `complex` | a string is the `value` (18) | JSON objects (RFC 7643 section 2.3.8) |
 * | `unassigned` | null, `[]` and blank strings (24) | null and `[]` (RFC 7643 section 2.5) |
 * | `pathsAsNames` | `name.givenName`, `urn:...:department`, `department` (5, 6) | names and URNs (RFC 7643 sections 2.1, 3.3) |
 * | `unknownAttribute` | ignored | 400 (RFC 7644 section 3.12: "did not conform to the request schema") |
 * | `checkSchemas` | not looked at (23) | required, of this type, complete (RFC 7643 section 3, RFC 7644 section 3.1) |
 *
 * Both ignore read-only attributes in POST, PUT and in a PATCH without a path (RFC 7644 sections 3.3 and 3.5.1).
 */
import { booleanOf, numberOf } from '../filter/literal';
import { type AttributeDefinition } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { type ScimProfile } from '../sync-rule';
import { DomainError } from '../error';
import { checkSchemas } from './schemas-attribute';

export interface ValidationProfile {
  /** The boolean a client meant; undefined: none. */
  boolean(value: unknown): boolean | undefined;
  /** The number a client meant; undefined: none. */
  number(value: unknown): number | undefined;
  /** Whether the text can be the value of a binary attribute. */
  binary(text: string): boolean;
  /** A list for a multi-valued attribute; undefined when it is none. */
  list(value: unknown): readonly unknown[] | undefined;
  /** The one value of a singular attribute; undefined when there is more than one. */
  single(value: unknown): { readonly value: unknown } | undefined;
  /** The sub-attributes of a complex attribute; undefined when the value has none. */
  complex(attribute: AttributeDefinition, value: unknown): Record<string, unknown> | undefined;
  /** Whether the value stands for "no value" (RFC 7643 section 2.5: null and the empty list do). */
  unassigned(value: unknown): boolean;
  /** Whether paths stand for attributes where the RFCs have names: `"name.givenName": "Kit"`. */
  readonly pathsAsNames: boolean;
  /** Called for a name that no schema of the resource type has. */
  unknownAttribute(name: string): void;
  /** Called for the body of POST and PUT. */
  checkSchemas(schema: ResourceSchema, body: object): void;
}

/** What real clients need. */
export const tolerant: ValidationProfile = {
  boolean: booleanOf,
  number: numberOf,
  binary: () => true,
  list: (value) => (Array.isArray(value) ? (value as readonly unknown[]) : [value]),
  single: (value) => {
    if (!Array.isArray(value)) return { value };
    return value.length <= 1 ? { value: value[0] as unknown } : undefined;
  },
  complex: (attribute, value) => {
    if (isJsonObject(value)) return value;
    // Entra sends the manager as a bare id; an e-mail address may come as a bare string too.
    const hasValue = attribute.subAttributes?.some((sub) => sub.name === 'value') ?? false;
    return hasValue && typeof value === 'string' ? { value } : undefined;
  },
  unassigned: (value) => isUnassigned(value) || (typeof value === 'string' && value.trim() === ''),
  pathsAsNames: true,
  // RFC 7644 section 3.3: what the service provider does not know it may ignore.
  unknownAttribute: () => undefined,
  checkSchemas: () => undefined,
};

/** The RFCs to the letter. */
export const strict: ValidationProfile = {
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  number: (value) => (typeof value === 'number' ? value : undefined),
  binary: (text) => BASE64.test(text),
  list: (value) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined),
  single: (value) => (Array.isArray(value) ? undefined : { value }),
  complex: (_attribute, value) => (isJsonObject(value) ? value : undefined),
  unassigned: isUnassigned,
  pathsAsNames: false,
  unknownAttribute: (name) => {
    throw new DomainError(
      'invalidSyntax',
      `"${name}" is not an attribute of this resource type. Leave it out, or add a schema that has it.`,
      { field: name },
    );
  },
  checkSchemas,
};

export const profiles: Readonly<Record<ScimProfile, ValidationProfile>> = { tolerant, strict };

/** Either alphabet of RFC 4648; the padding may be omitted. */
const BASE64 =
  /^(?:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?|(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?)={0,2}$/;

function isUnassigned(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
