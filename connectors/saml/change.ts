/** What desired attributes and changes mean in columns and attribute rows. */
import { type AttributeChange, type Attributes, ConnectorError } from '../spi';
import { changedValues, single } from '../sql/delta';
import { checkAttribute, checkValue, NAME_ID, NAMING, NOT_ON_OR_AFTER } from './names';
import type { SamlSettings } from './settings';
import type { User, UserColumns, Users } from './users';

const COLUMNS: readonly string[] = [NAMING.user, NAME_ID, NOT_ON_OR_AFTER];

/** A new user, checked. */
export interface NewUser {
  readonly columns: UserColumns & { username: string };
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

function optional(attribute: string, values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : single(attribute, values);
}

function checkAll(attribute: string, values: readonly string[]): void {
  for (const value of values) checkValue(attribute, value);
}

/** The user that the attributes describe; fails with `invalid` before anything is written. */
export function newUser(desired: Attributes, active: boolean): NewUser {
  const attributes = new Map<string, readonly string[]>();
  for (const [attribute, given] of Object.entries(desired)) {
    checkAll(attribute, given);
    if (COLUMNS.includes(attribute)) continue;
    checkAttribute('user', attribute);
    attributes.set(attribute, [...new Set(given)]);
  }
  const nameId = optional(NAME_ID, desired[NAME_ID]);
  return {
    columns: {
      username: single(NAMING.user, desired[NAMING.user]),
      active: active ? 1 : 0,
      not_on_or_after: optional(NOT_ON_OR_AFTER, desired[NOT_ON_OR_AFTER]) ?? null,
      ...(nameId === undefined ? {} : { name_id: nameId }),
    },
    attributes,
  };
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

function changedNameId(current: string, values: readonly string[], settings: SamlSettings): string {
  // A NameID that is no longer mapped stays: there is no user without one.
  const next = optional(NAME_ID, values) ?? current;
  if (next === current || settings.allowNameIdChange) return next;
  throw new ConnectorError(
    'invalid',
    `${NAME_ID} would change, and to every service provider the user would be somebody else; undo it at the source or set allowNameIdChange`,
    { attribute: NAME_ID },
  );
}

/** The columns that the changes give other values. */
export function changedColumns(
  user: User,
  changes: readonly AttributeChange[],
  settings: SamlSettings,
): UserColumns {
  const columns: UserColumns = {};
  for (const change of changes.filter(({ attribute }) => COLUMNS.includes(attribute))) {
    if (change.attribute === NAMING.user) {
      columns.username = single(NAMING.user, changedValues([user.username], change));
    } else if (change.attribute === NAME_ID) {
      columns.name_id = changedNameId(
        user.name_id,
        changedValues([user.name_id], change),
        settings,
      );
    } else {
      const current = user.not_on_or_after === null ? [] : [user.not_on_or_after];
      columns.not_on_or_after = optional(NOT_ON_OR_AFTER, changedValues(current, change)) ?? null;
    }
  }
  const differing = Object.entries(columns).filter(
    ([column, value]) => user[column as keyof UserColumns] !== value,
  );
  return Object.fromEntries(differing);
}

/** Refuses changes that can never be made. */
export function checkChanges(changes: readonly AttributeChange[]): void {
  for (const change of changes) {
    if (!COLUMNS.includes(change.attribute)) checkAttribute('user', change.attribute);
    checkAll(change.attribute, 'replace' in change ? change.replace : change.add);
  }
}

/** Brings the attribute rows to their new values; answers whether any row changed. */
export async function changeValues(
  users: Users,
  user: User,
  changes: readonly AttributeChange[],
): Promise<boolean> {
  let hasChanged = false;
  for (const change of changes.filter(({ attribute }) => !COLUMNS.includes(attribute))) {
    const current = await users.values(user, change.attribute);
    const next = changedValues(current, change);
    const [added, removed] = [
      next.filter((value) => !current.includes(value)),
      current.filter((value) => !next.includes(value)),
    ];
    await users.removeValues(user, change.attribute, removed);
    await users.addValues(user, change.attribute, added);
    hasChanged ||= added.length + removed.length > 0;
  }
  return hasChanged;
}
