/** Where entries stand: right below the base, or in one container there that the mapping chooses. */
import { ConnectorError, type Attributes, type EntryKind } from '../spi';
import { formatRdn, isWithin, namingValue, parentDn, parseDn, sameDn } from './dn';
import { baseDn } from './entry-kinds';
import { type LdapSettings } from './settings';
import { valuesOf } from './values';

/** No attribute can have this name (RFC 4512): the mapping gives it the name of the container. */
export const CONTAINER = '@container';

export function isContainer(attribute: string): boolean {
  return attribute.toLowerCase() === CONTAINER;
}

/** The attributes that are really attributes. */
export function withoutContainer(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !isContainer(name)));
}

/** Whether the account stands among the disabled ones. */
export function isDisabledPlace(dn: string, settings: LdapSettings): boolean {
  const { activation, disabledContainerDN } = settings;
  if (activation !== 'container' || disabledContainerDN === undefined) return false;
  return isWithin(dn, disabledContainerDN);
}

/** Below what the containers of that kind stand. */
export function rootFor(kind: EntryKind, active: boolean, settings: LdapSettings): string {
  const { activation, disabledContainerDN } = settings;
  const moved = kind === 'user' && !active && activation === 'container';
  return moved && disabledContainerDN !== undefined ? disabledContainerDN : baseDn(kind, settings);
}

/** The entry above a new or moved one. The value becomes a value in a name, never a name. */
export function parentFor(
  kind: EntryKind,
  values: readonly string[],
  active: boolean,
  settings: LdapSettings,
): string {
  const [value, ...more] = values.filter((one) => one !== '');
  if (more.length > 0) {
    const message = `${CONTAINER} has several values, and an entry stands in one place.`;
    throw new ConnectorError('invalid', message, { attribute: CONTAINER });
  }
  const root = rootFor(kind, active, settings);
  return value === undefined ? root : `${containerRdn(value, settings)},${root}`;
}

function containerRdn(value: string, settings: LdapSettings): string {
  try {
    return formatRdn(settings.containerAttribute, value);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    const message = `${CONTAINER} ${JSON.stringify(value.slice(0, 100))} names no container: ${error.message}`;
    throw new ConnectorError('invalid', message, { attribute: CONTAINER });
  }
}

/** The container a new entry is to stand in. */
export function desiredParent(
  kind: EntryKind,
  desired: { readonly attributes: Attributes; readonly active?: boolean },
  settings: LdapSettings,
): string {
  return parentFor(kind, valuesOf(desired.attributes, CONTAINER), desired.active ?? true, settings);
}

/** What the mapping would have to say for the entry to stand where it does; its whole place when no mapping could. */
export function containerOf(
  kind: EntryKind,
  dn: string,
  settings: LdapSettings,
): readonly string[] {
  const root = rootFor(kind, !isDisabledPlace(dn, settings), settings);
  const parent = parentDn(dn);
  if (sameDn(parent, root)) return [];
  const value = namingValue(parent, settings.containerAttribute);
  return value !== undefined && sameDn(parentDn(parent), root) ? [value] : [parent];
}

/** The entry's own name, spelled as the library can take it. */
export function rdnOf(dn: string): string {
  const [first = []] = parseDn(dn);
  return first.map(({ type, value }) => formatRdn(type, value)).join('+');
}

/** Above the entry once it is switched over: the same container, among the disabled or the others. */
export function switchedParent(dn: string, active: boolean, settings: LdapSettings): string {
  const [from, to] = [rootFor('user', !active, settings), rootFor('user', active, settings)];
  const above = parseDn(parentDn(dn));
  const between = above.slice(0, Math.max(0, above.length - parseDn(from).length));
  const names = between.map((rdn) =>
    rdn.map(({ type, value }) => formatRdn(type, value)).join('+'),
  );
  return [...names, to].join(',');
}
