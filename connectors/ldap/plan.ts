/** The changes an entry would undergo, as LDIF (RFC 2849). Pure: nothing is asked of the directory. */
import { type Attribute } from 'ldapts';
import { type DesiredEntry, type Entry, type EntryKind, type NativeChange } from '../spi';
import { formatRdn, isDn } from './dn';
import { type ActivationStrategy, chooseActivation } from './activation';
import { addition, namingAttribute, renamed } from './entry';
import { type LdapSettings } from './settings';
import { valuesOf } from './values';
import { checkChanges } from './vendor/check';
import { type VendorProfile } from './vendor/profile';

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

/** What is known of the target without asking it. */
export interface Known {
  readonly settings: LdapSettings;
  readonly profile: VendorProfile;
}

/** How accounts are disabled there, taking for granted that the server can. */
function switchOf(kind: EntryKind, { settings, profile }: Known): ActivationStrategy | undefined {
  if (kind === 'group' || settings.activation === 'none') return undefined;
  return chooseActivation(settings, profile, { passwordPolicy: true }).strategy;
}

function planAddition(kind: EntryKind, desired: DesiredEntry, known: Known): NativeChange {
  const extra = switchOf(kind, known)?.atCreation(desired.active) ?? {};
  const { dn, attributes } = addition(kind, desired, extra, known.settings, known.profile);
  return { operation: 'add', object: dn, detail: attributes.flatMap(lines).join('\n') };
}

/** Attributes that the desired entry does not name are nobody's business here and stay as they are. */
export function planChanges(
  kind: EntryKind,
  current: Entry | undefined,
  desired: DesiredEntry,
  known: Known,
): readonly NativeChange[] {
  if (!current) return [planAddition(kind, desired, known)];
  const naming = namingAttribute(kind, known.settings);
  const differs = Object.keys(desired.attributes).filter(
    (name) => !sameValues(valuesOf(desired.attributes, name), valuesOf(current.attributes, name)),
  );
  const replaced = differs.map((attribute) => ({
    attribute,
    replace: valuesOf(desired.attributes, attribute),
  }));
  checkChanges(known.profile, kind, replaced);
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
  const activation = desired.active === current.active ? undefined : switchOf(kind, known);
  for (const one of activation?.changes(desired.active, current.attributes) ?? []) {
    parts.push(replacement(one.attribute, one.values));
  }
  if (parts.length > 0) changes.push({ operation: 'modify', object, detail: parts.join('\n') });
  return changes;
}
