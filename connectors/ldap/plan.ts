/** The changes an entry would undergo, as LDIF (RFC 2849). Pure: nothing is asked of the directory. */
import { type Attribute } from 'ldapts';
import { type DesiredEntry, type Entry, type EntryKind, type NativeChange } from '../spi';
import { formatRdn, isDn, parentDn, sameDn } from './dn';
import { desiredParent, isContainer, rdnOf, switchedParent } from './placement';
import { type ActivationStrategy, chooseActivation } from './activation';
import { addition, renamed } from './entry';
import { extraAttributes, namingAttribute } from './entry-kinds';
import { initialPassword } from './password';
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
  const extra = {
    ...extraAttributes(kind, known.settings),
    ...switchOf(kind, known)?.atCreation(desired.active),
  };
  const { dn, attributes } = addition(kind, desired, extra, known.settings, known.profile);
  const all = [...attributes, ...initialPassword(known.profile, kind)];
  return { operation: 'add', object: dn, detail: all.flatMap(lines).join('\n') };
}

/** Where the entry would be moved to, when it would. */
function plannedParent(
  kind: EntryKind,
  current: Entry,
  desired: DesiredEntry,
  settings: LdapSettings,
): string | undefined {
  if (!isDn(current.name)) return undefined;
  const placed = Object.keys(desired.attributes).some(isContainer);
  const parent = placed
    ? desiredParent(kind, desired, settings)
    : kind === 'user' && settings.activation === 'container' && desired.active !== current.active
      ? switchedParent(current.name, desired.active, settings)
      : undefined;
  return parent === undefined || sameDn(parent, parentDn(current.name)) ? undefined : parent;
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
  const rdn = differs.some(isNaming)
    ? formatRdn(naming, valuesOf(desired.attributes, naming)[0])
    : undefined;
  const parent = plannedParent(kind, current, desired, known.settings);
  if (rdn !== undefined || parent !== undefined) {
    const newRdn = rdn ?? (isDn(object) ? rdnOf(object) : object);
    const lines = [`newrdn: ${newRdn}`, 'deleteoldrdn: 1'];
    if (parent !== undefined) lines.push(`newsuperior: ${parent}`);
    changes.push({ operation: 'modifyDN', object, detail: lines.join('\n') });
    if (parent !== undefined) object = `${newRdn},${parent}`;
    else if (isDn(object)) object = renamed(object, newRdn);
  }
  const parts = differs
    .filter((name) => !isNaming(name) && !isContainer(name))
    .map((name) => replacement(name, valuesOf(desired.attributes, name)));
  const activation = desired.active === current.active ? undefined : switchOf(kind, known);
  for (const one of activation?.changes(desired.active, current.attributes) ?? []) {
    parts.push(replacement(one.attribute, one.values));
  }
  if (parts.length > 0) changes.push({ operation: 'modify', object, detail: parts.join('\n') });
  return changes;
}
