/** The changes an entry would undergo, as LDIF (RFC 2849). Pure: nothing is asked of the directory. */
import { type Attribute } from 'ldapts';
import { type DesiredEntry, type Entry, type EntryKind, type NativeChange } from '../spi';
import { formatRdn, isDn } from './dn';
import {
  addition,
  LOCK_ATTRIBUTE,
  LOCKED_FOR_GOOD,
  namingAttribute,
  renamed,
  valuesOf,
} from './entry';
import { type LdapSettings } from './settings';

const SECRET = new Set(['userpassword', 'unicodepwd']);

function line(name: string, value: string): string {
  if (SECRET.has(name.toLowerCase())) return `${name}: ********`;
  // RFC 2849, SAFE-STRING: anything else is written in base64.
  return /^(?![ :<])[\x20-\x7e]*(?<! )$/.test(value)
    ? `${name}: ${value}`
    : `${name}:: ${Buffer.from(value).toString('base64')} (${JSON.stringify(value)})`;
}

function lines({ type, values }: Pick<Attribute, 'type' | 'values'>): string[] {
  return values.map((value) => line(type, String(value)));
}

function sameValues(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [new Set(one), new Set(other)];
  return a.size === b.size && [...a].every((value) => b.has(value));
}

function replacement(type: string, values: readonly string[]): string {
  return [`replace: ${type}`, ...values.map((value) => line(type, value)), '-'].join('\n');
}

function locks(kind: EntryKind, settings: LdapSettings): boolean {
  return kind === 'user' && settings.activation !== 'none';
}

function planAddition(
  kind: EntryKind,
  desired: DesiredEntry,
  settings: LdapSettings,
): NativeChange {
  const lock = locks(kind, settings) && !desired.active;
  const { dn, attributes } = addition(
    kind,
    desired,
    lock ? { [LOCK_ATTRIBUTE]: [LOCKED_FOR_GOOD] } : {},
    settings,
  );
  return { operation: 'add', object: dn, detail: attributes.flatMap(lines).join('\n') };
}

/** Attributes that the desired entry does not name are nobody's business here and stay as they are. */
export function planChanges(
  kind: EntryKind,
  current: Entry | undefined,
  desired: DesiredEntry,
  settings: LdapSettings,
): readonly NativeChange[] {
  if (!current) return [planAddition(kind, desired, settings)];
  const naming = namingAttribute(kind, settings);
  const differs = Object.keys(desired.attributes).filter(
    (name) => !sameValues(valuesOf(desired.attributes, name), valuesOf(current.attributes, name)),
  );
  const changes: NativeChange[] = [];
  let object = current.name;
  const isNaming = (name: string): boolean => name.toLowerCase() === naming.toLowerCase();
  if (differs.some(isNaming)) {
    const rdn = formatRdn(naming, valuesOf(desired.attributes, naming)[0]);
    const detail = [`newrdn: ${rdn}`, 'deleteoldrdn: 1'].join('\n');
    changes.push({ operation: 'modifyDN', object, detail });
    if (isDn(object)) object = renamed(object, rdn);
  }
  const parts = differs
    .filter((name) => !isNaming(name))
    .map((name) => replacement(name, valuesOf(desired.attributes, name)));
  if (locks(kind, settings) && desired.active !== current.active) {
    parts.push(replacement(LOCK_ATTRIBUTE, desired.active ? [] : [LOCKED_FOR_GOOD]));
  }
  if (parts.length > 0) changes.push({ operation: 'modify', object, detail: parts.join('\n') });
  return changes;
}
