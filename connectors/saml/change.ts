/** What desired attributes and changes mean in columns, NameIDs and attribute rows. */
import { type AttributeChange, type Attributes, ConnectorError } from '../spi';
import { changedValues, single } from '../sql/delta';
import {
  checkAttribute,
  checkValue,
  EXTERNAL_ID,
  MATCH_VALUE,
  NAME_ID,
  NAMING,
  NOT_ON_OR_AFTER,
  ROLE,
  samlName,
  serviceProviderOf,
} from './names';
import type { SamlSettings } from './settings';
import type { User } from './tables';
import type { UserColumns, Users } from './users';

/** The columns of saml_user that a mapping fills, by what a mapping calls them. */
export const COLUMNS: ReadonlyMap<
  string,
  Exclude<keyof UserColumns, 'active' | 'match_attribute'>
> = new Map([
  [NAMING.user, 'username'],
  [NAME_ID, 'name_id'],
  [MATCH_VALUE, 'match_value'],
  [ROLE, 'role'],
  [EXTERNAL_ID, 'external_id'],
  [NOT_ON_OR_AFTER, 'not_on_or_after'],
] as const);

/** A new user, checked. */
export interface NewUser {
  readonly columns: UserColumns & { username: string };
  /** Mapped NameIDs by service provider. */
  readonly nameIds: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

/** The configured service provider whose NameID the attribute is. */
export function pairwiseOf(attribute: string, settings: SamlSettings): string | undefined {
  const found = serviceProviderOf(attribute);
  return found !== undefined && settings.serviceProviders.includes(found) ? found : undefined;
}

function optional(attribute: string, values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : single(attribute, values);
}

/** Refuses what a mapping cannot fill, and values that cannot be stored or asserted. */
function check(attribute: string, values: readonly string[], settings: SamlSettings): void {
  for (const value of values) checkValue(attribute, value, settings);
  if (attribute === MATCH_VALUE && settings.matchAttribute === undefined) {
    throw new ConnectorError(
      'invalid',
      `${MATCH_VALUE} is mapped, but the settings name no matchAttribute`,
      { attribute },
    );
  }
  if (COLUMNS.has(attribute) || pairwiseOf(attribute, settings) !== undefined) return;
  checkAttribute('user', attribute);
}

/** Whoever is recognised by an attribute needs a value of it. */
function matchColumns(values: readonly string[], settings: SamlSettings): UserColumns {
  if (settings.matchAttribute === undefined) return {};
  return {
    match_attribute: samlName(settings.matchAttribute).name,
    match_value: single(MATCH_VALUE, values),
  };
}

/** The user that the attributes describe; fails with `invalid` before anything is written. */
export function newUser(desired: Attributes, active: boolean, settings: SamlSettings): NewUser {
  const attributes = new Map<string, readonly string[]>();
  const nameIds = new Map<string, string>();
  for (const [attribute, given] of Object.entries(desired)) {
    check(attribute, given, settings);
    const serviceProvider = pairwiseOf(attribute, settings);
    if (serviceProvider !== undefined) {
      const nameId = optional(attribute, given);
      if (nameId !== undefined) nameIds.set(serviceProvider, nameId);
    } else if (!COLUMNS.has(attribute)) {
      attributes.set(attribute, [...new Set(given)]);
    }
  }
  const nameId = optional(NAME_ID, desired[NAME_ID]);
  const columns = {
    username: single(NAMING.user, desired[NAMING.user]),
    active: active ? 1 : 0,
    not_on_or_after: optional(NOT_ON_OR_AFTER, desired[NOT_ON_OR_AFTER]) ?? null,
    role: optional(ROLE, desired[ROLE]) ?? null,
    external_id: optional(EXTERNAL_ID, desired[EXTERNAL_ID]) ?? null,
    ...matchColumns(desired[MATCH_VALUE] ?? [], settings),
    ...(nameId === undefined ? {} : { name_id: nameId }),
  };
  return { columns, nameIds, attributes };
}

/** The name of a new group; it has nothing else. */
export function newGroup(desired: Attributes): string {
  for (const attribute of Object.keys(desired)) {
    if (attribute !== NAMING.group) checkAttribute('group', attribute);
  }
  const name = single(NAMING.group, desired[NAMING.group]);
  checkValue(NAMING.group, name);
  return name;
}

/** The name a group has after the changes. */
export function changedGroup(current: string, changes: readonly AttributeChange[]): string {
  let name = current;
  for (const change of changes) {
    if (change.attribute !== NAMING.group) checkAttribute('group', change.attribute);
    name = single(NAMING.group, changedValues([name], change));
  }
  checkValue(NAMING.group, name);
  return name;
}

function changedNameId(current: string, change: AttributeChange, settings: SamlSettings): string {
  const { attribute } = change;
  // A NameID that is no longer mapped stays: there is no user without one.
  const next = optional(attribute, changedValues([current], change)) ?? current;
  if (next === current || settings.allowNameIdChange) return next;
  throw new ConnectorError(
    'invalid',
    `${attribute} would change, and to every service provider the user would be somebody else; undo it at the source or set allowNameIdChange`,
    { attribute },
  );
}

/** The columns that the changes give other values. */
export function changedColumns(
  user: User,
  changes: readonly AttributeChange[],
  settings: SamlSettings,
): UserColumns {
  const columns: UserColumns = {};
  for (const change of changes) {
    const column = COLUMNS.get(change.attribute);
    if (column === undefined) continue;
    const value = user[column];
    const next = changedValues(value === null ? [] : [value], change);
    if (column === 'username') columns.username = single(change.attribute, next);
    else if (column === 'name_id') columns.name_id = changedNameId(user.name_id, change, settings);
    else if (column === 'match_value') Object.assign(columns, matchColumns(next, settings));
    else columns[column] = optional(change.attribute, next) ?? null;
  }
  const differing = Object.entries(columns).filter(
    ([column, value]) => user[column as keyof UserColumns] !== value,
  );
  return Object.fromEntries(differing);
}

/** Refuses changes that can never be made. */
export function checkChanges(changes: readonly AttributeChange[], settings: SamlSettings): void {
  for (const change of changes) {
    check(change.attribute, 'replace' in change ? change.replace : change.add, settings);
  }
}

/** Brings the NameIDs for single service providers to their new values; answers whether any changed. */
export async function changeNameIds(
  users: Users,
  user: User,
  changes: readonly AttributeChange[],
  settings: SamlSettings,
): Promise<boolean> {
  let hasChanged = false;
  for (const change of changes) {
    const serviceProvider = pairwiseOf(change.attribute, settings);
    if (serviceProvider === undefined) continue;
    const current = await users.nameIds.of(user, serviceProvider);
    const next = changedNameId(current, change, settings);
    if (next === current) continue;
    await users.nameIds.replace(user, serviceProvider, next);
    hasChanged = true;
  }
  return hasChanged;
}

/** Brings the attribute rows to their new values; answers whether any row changed. */
export async function changeValues(
  users: Users,
  user: User,
  changes: readonly AttributeChange[],
): Promise<boolean> {
  let hasChanged = false;
  for (const change of changes) {
    const { attribute } = change;
    if (COLUMNS.has(attribute) || serviceProviderOf(attribute) !== undefined) continue;
    const current = await users.values(user, attribute);
    const next = changedValues(current, change);
    const [added, removed] = [
      next.filter((value) => !current.includes(value)),
      current.filter((value) => !next.includes(value)),
    ];
    await users.removeValues(user, attribute, removed);
    await users.addValues(user, attribute, added);
    hasChanged ||= added.length + removed.length > 0;
  }
  return hasChanged;
}
