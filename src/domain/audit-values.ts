/** What the audit trail shows of values: short, and without secrets. */
import { equalAttributes, isObject, property } from './attribute-values';
import { type AuditChange, type AuditSample } from './audit';
import { type ScimObject, type ScimValue } from './resource';
import { type AttributeDefinition } from './schema';
import { type ResourceSchema } from './schema-table';

export const MASK = '********';

const LONGEST_VALUE = 1_000;
const MOST_CHANGES = 50;
const MOST_SAMPLES = 20;
const LONGEST_ID = 200;

/** Attributes of a resource that became others; those of an extension each by itself. Secrets are masked. */
export function attributeChanges(
  before: ScimObject,
  after: ScimObject,
  secret: readonly string[],
): readonly AuditChange[] {
  const changes: AuditChange[] = [];
  const [old, now] = [flattened(before), flattened(after)];
  for (const attribute of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(attribute), now.get(attribute)];
    if (was !== undefined && is !== undefined && equalAttributes(was, is)) continue;
    changes.push({
      attribute,
      ...(was === undefined ? {} : { before: shown(attribute, was, secret) }),
      ...(is === undefined ? {} : { after: shown(attribute, is, secret) }),
    });
  }
  return bounded(changes);
}

/** Paths of values that are never returned (RFC 7643 section 7, "returned"), as {@link attributeChanges} takes them. */
export function secretAttributes(schema: ResourceSchema): readonly string[] {
  const known = secretsOf.get(schema);
  if (known !== undefined) return known;
  const found = [
    ...secretIn('', schema.attributes),
    ...schema.extensions.flatMap(({ id, attributes }) => secretIn(`${id}:`, attributes)),
  ];
  secretsOf.set(schema, found);
  return found;
}

const secretsOf = new WeakMap<ResourceSchema, readonly string[]>();

function secretIn(prefix: string, definitions: readonly AttributeDefinition[]): string[] {
  return definitions.flatMap(({ name, returned, subAttributes = [] }) =>
    returned === 'never' ? [`${prefix}${name}`] : secretIn(`${prefix}${name}.`, subAttributes),
  );
}

/** The attributes, those of extensions as `<URN>:<name>`. */
function flattened(attributes: ScimObject): ReadonlyMap<string, ScimValue> {
  const flat = new Map<string, ScimValue>();
  for (const [name, value] of Object.entries(attributes)) {
    // Only URNs have colons.
    if (!name.includes(':') || !isObject(value)) flat.set(name, value);
    else for (const [part, inner] of Object.entries(value)) flat.set(`${name}:${part}`, inner);
  }
  return flat;
}

function shown(attribute: string, value: ScimValue, secret: readonly string[]): string {
  if (secret.includes(attribute)) return JSON.stringify(MASK);
  const below = secret.filter((path) => path.startsWith(`${attribute}.`));
  if (below.length === 0) return jsonText(value);
  return jsonText(
    without(
      value,
      below.map((path) => path.slice(attribute.length + 1)),
    ),
  );
}

function without(value: ScimValue, secret: readonly string[]): ScimValue {
  if (Array.isArray(value)) {
    return (value as readonly ScimValue[]).map((element) => without(element, secret));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, secret.includes(name) ? MASK : part]),
  );
}

/** A value as JSON. A long one is an object that says how long it is, and how it begins. */
export function jsonText(value: unknown, longest = LONGEST_VALUE): string {
  const text = JSON.stringify(value);
  if (text.length <= longest) return text;
  return JSON.stringify({ truncated: text.length, beginning: text.slice(0, longest) });
}

/** So many changes as fit, and how many there are beyond them. */
export function bounded(changes: readonly AuditChange[]): readonly AuditChange[] {
  if (changes.length <= MOST_CHANGES) return changes;
  const more = changes.length - MOST_CHANGES;
  return [
    ...changes.slice(0, MOST_CHANGES),
    { attribute: '...', after: JSON.stringify(`and ${String(more)} more`) },
  ];
}

export function sampleOf(ids: readonly string[]): AuditSample {
  const first = ids.slice(0, MOST_SAMPLES).map((id) => id.slice(0, LONGEST_ID));
  return { count: ids.length, first };
}

/** What people call a resource. */
export function nameIn(attributes: ScimObject): string | undefined {
  const name = property(attributes, 'userName') ?? property(attributes, 'displayName');
  return typeof name === 'string' ? name.slice(0, LONGEST_ID) : undefined;
}

const SECRET_NAME =
  /passw|pwd|passphrase|secret|token|seed|credential|private|\bpin\b|api_?key|basic_?key|access_?key/i;
/** Ids and counts of such things are none. */
const NO_SECRET = /(Id|Ids|Serial|Serials|Count|Seconds)$|^tokenLogo|^tokenKind/;
const DEEPEST = 8;
const LONGEST_TEXT = 500;

/** An input of a command without secrets: those with telling names, and those `isSecret` knows. */
export function maskedInput(
  value: unknown,
  isSecret: (name: string) => boolean,
  depth = 0,
): unknown {
  if (typeof value === 'string') return value.slice(0, LONGEST_TEXT);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '...';
  if (Array.isArray(value)) {
    const some = value.slice(0, MOST_SAMPLES).map((one) => maskedInput(one, isSecret, depth + 1));
    const more = value.length - some.length;
    return more > 0 ? [...some, `... and ${String(more)} more`] : some;
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .slice(0, MOST_CHANGES)
      .map(([name, part]) => [
        name,
        isSecretName(name, isSecret) ? masked(part) : maskedInput(part, isSecret, depth + 1),
      ]),
  );
}

function isSecretName(name: string, isSecret: (name: string) => boolean): boolean {
  return isSecret(name) || (SECRET_NAME.test(name) && !NO_SECRET.test(name));
}

/** Which secrets are given is no secret. */
function masked(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || Array.isArray(value)) return MASK;
  const names = Object.keys(value).slice(0, MOST_CHANGES);
  return Object.fromEntries(names.map((name) => [name, MASK]));
}
