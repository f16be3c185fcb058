/**
 * How strictly a request is read. The two profiles stand side by side here, and every difference between them is a member
 * of {@link ValidationProfile}: nothing else may ask which profile a rule has. Rows are those of the table of clients in
 * docs/scim.md; test/conformance/profiles.test.ts has a test for each member.
 *
 * | member | tolerant | strict |
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
 * | `checkMessage` | `schemas` and other members not looked at (23) | required, known, of their type (RFC 7644 sections 3.1, 3.4.3, 3.5.2, 3.7) |
 * | `operator` | any case (1) | `add`, `remove`, `replace` (RFC 7644 section 3.5.2, RFC 6902 section 4) |
 * | `checkRemoval` | `remove` with a value removes what it lists (10, 11, 14) | a value is 400 (RFC 7644 section 3.5.2.2 has none) |
 * | `replaceCreates` | what the filter describes (9) | nothing: 400 `noTarget` (RFC 7644 section 3.5.2.3) |
 * | `members` | `{"members": [...]}` and bare ids too (11) | a list of objects (RFC 7643 section 4.2) |
 * | `unknownMembers` | left out | 400 (RFC 7643 section 4.2: "members" are resources) |
 * | `grammar` | strings without quotes, `True`, `emails[...].value eq` (20, 30, 31) | RFC 7644 section 3.4.2.2, figure 1 |
 * | `checkFilter` | literals of another type are converted (20); `manager eq`; see `checkPath` | 400 `invalidFilter` (RFC 7644 section 3.4.2.2) |
 * | `checkPath` | a dot behind the URN, `urn:...:User.manager` (34) | 400 `invalidPath` (RFC 7644 section 3.10) |
 * | `plusIsBlank` | `+` in a query is a blank, a broken `%` is itself (28) | percent-encoding (RFC 3986 section 2.1, RFC 7644 section 1.1) |
 * | `bothProjections` | `attributes` less `excludedAttributes` | 400 (RFC 7644 section 3.9: "mutually exclusive") |
 * | `untypedBody` | JSON without a Content-Type (26) | 415 (RFC 7644 sections 3.1, 8.1) |
 * | `groupNames` | unique | any (RFC 7643 sections 4.2, 8.7.1: "uniqueness": "none") |
 *
 * Both ignore read-only attributes in POST, PUT and in a PATCH without a path (RFC 7644 sections 3.3 and 3.5.1), and both
 * keep `active` when a PUT leaves it out: RFC 7644 section 3.5.1 leaves the choice, and nobody may be reactivated silently.
 */
import { type Filter, type ScimPath } from '../filter/ast';
import { EXTENDED_GRAMMAR, type Grammar, RFC_GRAMMAR } from '../filter/grammar';
import { booleanOf, numberOf } from '../filter/literal';
import { type GroupNames, type ScimObject } from '../resource';
import { type AttributeDefinition } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { type ScimProfile } from '../sync-rule';
import { DomainError } from '../error';
import { isCanonical } from './canonical';
import { invalid } from './invalid';
import { checkMessage, type MessageDefinition } from './message';
import { checkFilter, checkPath } from './notation';
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
  /** Called for the body of a request that is no resource. */
  checkMessage(definition: MessageDefinition, body: unknown): void;
  /** The operator of a PATCH operation as the RFC writes it. */
  operator(op: string): string;
  /** Called for the value of a PATCH operation that removes. */
  checkRemoval(value: unknown): void;
  /** Whether `replace` makes a value when its filter selects none, and describes this one. */
  replaceCreates(described: ScimObject, attribute: AttributeDefinition): boolean;
  /** The list of members a client meant; undefined: it is none. */
  members(value: unknown): readonly unknown[] | undefined;
  /** Called for ids of members that are no resources of the rule. */
  unknownMembers(ids: readonly string[]): void;
  readonly grammar: Grammar;
  /** Called for a filter over resources of these types. */
  checkFilter(filter: Filter, schemas: readonly ResourceSchema[]): void;
  /** Called for a path of a PATCH operation and an attribute to sort by. */
  checkPath(schema: ResourceSchema, path: ScimPath): void;
  /** Whether queries are encoded as forms are. */
  readonly plusIsBlank: boolean;
  /** Whether a request may name attributes to be shown and not to be shown. */
  readonly bothProjections: boolean;
  /** Whether a body without a Content-Type is JSON. */
  readonly untypedBody: boolean;
  readonly groupNames: GroupNames;
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
  checkMessage: () => undefined,
  operator: (op) => op.toLowerCase(),
  checkRemoval: () => undefined,
  // Entra means "create the work e-mail".
  replaceCreates: isCanonical,
  members: (value) => {
    const list = unwrapped(value);
    if (tolerant.unassigned(list)) return [];
    return Array.isArray(list) ? (list as readonly unknown[]) : [list];
  },
  unknownMembers: () => undefined,
  grammar: EXTENDED_GRAMMAR,
  checkFilter: () => undefined,
  checkPath: () => undefined,
  plusIsBlank: true,
  bothProjections: true,
  untypedBody: true,
  // Entra and others recognise groups by it.
  groupNames: 'unique',
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
  checkMessage,
  operator: (op) => op,
  checkRemoval: (value) => {
    if (value === undefined || value === null) return;
    throw invalid('value', 'has no place in a "remove" operation: select with a filter in "path"');
  },
  replaceCreates: () => false,
  members: (value) => (Array.isArray(value) && value.every(isJsonObject) ? value : undefined),
  unknownMembers: ([id]) => {
    if (id !== undefined) throw invalid('members', `has "${id}", which is no resource`);
  },
  grammar: RFC_GRAMMAR,
  checkFilter,
  checkPath,
  plusIsBlank: false,
  bothProjections: false,
  untypedBody: false,
  groupNames: 'any',
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

/** Salesforce wraps the list of members once more: `{"members": [...]}`. */
function unwrapped(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const wrapped = Object.entries(value).find(([name]) => name.toLowerCase() === 'members');
  return wrapped === undefined ? value : wrapped[1];
}
