/** Entries between LDAP's shapes and the connector interface: always arrays of strings, empty means absent. */
import { type Attribute, Change, type Entry as LdapEntry } from 'ldapts';
import {
  type AttributeChange,
  type Attributes,
  ConnectorError,
  type DesiredEntry,
  type Entry,
  type EntryKind,
} from '../spi';
import { type ActivationStrategy } from './activation/strategy';
import {
  formatRdn,
  isAttributeDescription,
  isWithin,
  parentDn,
  refuseHalfCharacters,
  sameDn,
} from './dn';
import { namingAttribute, objectClasses } from './entry-kinds';
import { CONTAINER, containerOf, desiredParent, isContainer } from './placement';
import { SentAttribute } from './sent-attribute';
import { type LdapSettings } from './settings';
import { attributeValues, rangeOf, valuesOf } from './values';
import { settledProfile } from './vendor';
import { checkAttributes } from './vendor/check';
import { type VendorProfile } from './vendor/profile';

/** Shown in other ways or to nobody. */
const HIDDEN = new Set([
  ...['dn', 'entryuuid', 'nsuniqueid', 'objectguid', 'userpassword', 'unicodepwd'],
  ...['pwdaccountlockedtime', 'nsaccountlock'],
]);

/** The attributes to ask for when an entry is read: all, or these. */
export function requestedAttributes(
  settings: LdapSettings,
  activation: ActivationStrategy,
  wanted: readonly string[] = ['*'],
): string[] {
  const { reference, valuesPerRange } = settledProfile(settings.vendor);
  const member = settings.memberAttribute;
  const ranged = (name: string): readonly string[] => {
    if (valuesPerRange === undefined) return [name];
    const range = rangeOf(member, 0, valuesPerRange);
    if (name === '*') return [name, range];
    return [name.toLowerCase() === member.toLowerCase() ? range : name];
  };
  return [
    ...wanted.filter((name) => !isContainer(name)).flatMap(ranged),
    reference.attribute,
    ...activation.attributes,
    ...(settings.ownerAttribute === undefined ? [] : [settings.ownerAttribute]),
  ];
}

/** The bases to look under, without those that lie within another. */
export function outermostBases(settings: LdapSettings): readonly string[] {
  const { userBaseDN, groupBaseDN } = settings;
  if (isWithin(groupBaseDN, userBaseDN)) return [userBaseDN];
  return isWithin(userBaseDN, groupBaseDN) ? [groupBaseDN] : [userBaseDN, groupBaseDN];
}

/** What stands in the member attribute of a group that has nobody in it. */
export function fillerMember(groupDn: string, settings: LdapSettings): string {
  return settings.emptyGroupMember ?? groupDn;
}

/** RFC 4519 sections 3.5 and 3.6: these two classes demand a member. */
export function demandsMember(settings: LdapSettings): boolean {
  return settings.groupObjectClasses.some((name) =>
    ['groupofnames', 'groupofuniquenames'].includes(name.toLowerCase()),
  );
}

/** All the attributes as strings, as they come. */
export function toAttributes(raw: LdapEntry): Attributes {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, attributeValues(value)]),
  );
}

/** The entry as the gateway sees it. `requestedAttributes` must have been asked for. */
export function toEntry(
  kind: EntryKind,
  raw: LdapEntry,
  settings: LdapSettings,
  activation: ActivationStrategy,
): Entry {
  const attributes: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (HIDDEN.has(name.toLowerCase())) continue;
    const values = visibleValues(kind, raw.dn, name, attributeValues(value), settings);
    if (values.length > 0) attributes[name] = values;
  }
  const container = containerOf(kind, raw.dn, settings);
  if (container.length > 0) attributes[CONTAINER] = container;
  const owner = settings.ownerAttribute && valuesOf(attributes, settings.ownerAttribute)[0];
  return {
    reference: settledProfile(settings.vendor).reference.of(raw),
    name: raw.dn,
    attributes,
    active: kind === 'group' || activation.isActive(raw),
    ...(owner ? { owner } : {}),
  };
}

function visibleValues(
  kind: EntryKind,
  dn: string,
  name: string,
  values: readonly string[],
  settings: LdapSettings,
): readonly string[] {
  if (kind !== 'group' || name.toLowerCase() !== settings.memberAttribute.toLowerCase()) {
    return values;
  }
  const filler = fillerMember(dn, settings);
  return values.filter((value) => value !== '' && !sameDn(value, filler));
}

function checkedName(attribute: string): string {
  if (isAttributeDescription(attribute)) return attribute;
  throw new ConnectorError('invalid', `"${attribute}" is no attribute name (RFC 4512).`, {
    attribute,
  });
}

/** The DN and the attributes of a new entry. */
export interface Addition {
  readonly dn: string;
  readonly attributes: readonly Attribute[];
}

/** What an add request must hold. `disabled` is set by who knows how the directory disables accounts. */
export function addition(
  kind: EntryKind,
  desired: Pick<DesiredEntry, 'attributes'> & Partial<DesiredEntry>,
  extra: Attributes,
  settings: LdapSettings,
  profile: VendorProfile = settledProfile(settings.vendor),
): Addition {
  checkAttributes(profile, kind, desired.attributes);
  const naming = namingAttribute(kind, settings);
  const rdn = formatRdn(naming, valuesOf(desired.attributes, naming)[0]);
  const dn = `${rdn},${desiredParent(kind, desired, settings)}`;
  const merged = new Map<string, { type: string; values: Set<string> }>();
  const put = (type: string, values: readonly string[]): void => {
    const key = checkedName(type).toLowerCase();
    const known = merged.get(key) ?? { type, values: new Set<string>() };
    for (const value of values) {
      refuseHalfCharacters(type, value);
      if (value !== '') known.values.add(value);
    }
    merged.set(key, known);
  };
  put('objectClass', objectClasses(kind, settings));
  for (const [type, values] of Object.entries(desired.attributes)) {
    if (!isContainer(type)) put(type, values);
  }
  for (const [type, values] of Object.entries(extra)) put(type, values);
  if (kind === 'group' && demandsMember(settings) && !profile.emptyGroups) {
    const members = merged.get(settings.memberAttribute.toLowerCase());
    if (!members?.values.size) put(settings.memberAttribute, [fillerMember(dn, settings)]);
  }
  return {
    dn,
    attributes: [...merged.values()]
      .filter(({ values }) => values.size > 0)
      .map(({ type, values }) => new SentAttribute({ type, values: [...values] })),
  };
}

/** One part of a modify request. */
export function change(
  operation: 'add' | 'delete' | 'replace',
  type: string,
  values: readonly string[],
): Change {
  for (const value of values) refuseHalfCharacters(type, value);
  const modification = new SentAttribute({ type: checkedName(type), values: [...values] });
  return new Change({ operation, modification });
}

/** The same for a value that is no text. */
export function bytesChange(operation: 'replace', type: string, value: Buffer): Change {
  return new Change({ operation, modification: new SentAttribute({ type, values: [value] }) });
}

const filled = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value) => value !== '')),
];

/** A delta as parts of one modify request. Removal is `replace` by nothing, which is no error on a missing attribute. */
export function toChanges(changes: readonly AttributeChange[]): Change[] {
  return changes.flatMap((one) => {
    if (isContainer(one.attribute)) return [];
    if ('replace' in one) return [change('replace', one.attribute, filled(one.replace))];
    const [add, remove] = [filled(one.add), filled(one.remove)];
    return [
      ...(remove.length > 0 ? [change('delete', one.attribute, remove)] : []),
      ...(add.length > 0 ? [change('add', one.attribute, add)] : []),
    ];
  });
}

/** Where an entry stands after its RDN has changed. */
export function renamed(dn: string, rdn: string): string {
  const parent = parentDn(dn);
  return parent === '' ? rdn : `${rdn},${parent}`;
}
