/** What the settings say about users on the one hand and groups on the other. */
import { type EntryKind } from '../spi';
import { type LdapSettings } from './settings';

export function namingAttribute(kind: EntryKind, settings: LdapSettings): string {
  return kind === 'user' ? settings.userRdnAttribute : settings.groupRdnAttribute;
}

export function baseDn(kind: EntryKind, settings: LdapSettings): string {
  return kind === 'user' ? settings.userBaseDN : settings.groupBaseDN;
}

export function objectClasses(kind: EntryKind, settings: LdapSettings): readonly string[] {
  return kind === 'user' ? settings.userObjectClasses : settings.groupObjectClasses;
}

/** The object class by which entries of that kind are told from others. */
export function tellingClass(kind: EntryKind, settings: LdapSettings): string {
  return objectClasses(kind, settings).at(-1) ?? 'top';
}

/** What every new entry gets beside the mapping. */
export function extraAttributes(
  kind: EntryKind,
  settings: LdapSettings,
): Readonly<Record<string, readonly string[]>> {
  return kind === 'user' ? settings.userExtraAttributes : settings.groupExtraAttributes;
}
