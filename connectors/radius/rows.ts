/** Between the attributes of an entry and the rows of the two tables they stand in. */
import { ConnectorError, type Attributes, type EntryKind } from '../spi';
import { decodeValue, encodeValue } from './encoding';
import { isAssigning, NAMING, parseName, type Place, type Slot, usualOperator } from './names';

/** A row of radcheck, radreply, radgroupcheck or radgroupreply, without the name it belongs to. */
export interface Row {
  readonly attribute: string;
  readonly op: string;
  readonly value: string;
}

/** The rows of one entry in both tables. */
export type Rows = Readonly<Record<Place, readonly Row[]>>;

/** Disables a user. It has to be rejected, and no group may have the last word on how it is authenticated. */
export const DISABLED: Rows = {
  check: [{ attribute: 'Auth-Type', op: ':=', value: 'Reject' }],
  reply: [{ attribute: 'Fall-Through', op: ':=', value: 'No' }],
};

/**
 * What every entry has besides its attributes. FreeRADIUS reads the replies of a user only when there is a check row, so
 * there is one that every request meets; and it reads a user's next group only when the one before says so.
 */
export const MARKS: Readonly<Record<EntryKind, Rows>> = {
  user: { check: [{ attribute: 'User-Name', op: '=*', value: 'ANY' }], reply: [] },
  group: { check: [], reply: [{ attribute: 'Fall-Through', op: '=', value: 'Yes' }] },
};

/** Whether the row is there for the connector's own purpose. */
export function isMark(kind: EntryKind, place: Place, row: Row): boolean {
  return MARKS[kind][place].some(
    (mark) =>
      mark.attribute.toLowerCase() === row.attribute.toLowerCase() &&
      (kind === 'group' || mark.op === row.op),
  );
}

/** Whether the row is one of those that disable. Case does not matter to FreeRADIUS. */
export function isDisabling(place: Place, row: Row): boolean {
  return DISABLED[place].some(
    (one) =>
      one.attribute.toLowerCase() === row.attribute.toLowerCase() &&
      one.value.toLowerCase() === decodeValue(row.value).toLowerCase(),
  );
}

/** Whether the account is let in as far as its rows say. */
export function isActive(rows: Rows): boolean {
  return !rows.check.some((row) => isDisabling('check', row));
}

/** Rows that belong together: one attribute with all its assigning rows, or with those of one comparison. */
export function slotKey(place: Place, attribute: string, operator: string | undefined): string {
  const family = operator === undefined || isAssigning(operator) ? '=' : operator;
  return `${place}:${attribute} ${family}`;
}

/** How a mapping would have to name the attribute for the connector to write these rows. */
export function spell(
  kind: EntryKind,
  place: Place,
  attribute: string,
  rows: readonly Row[],
): string {
  const isUsual = rows.every((row, index) => row.op === usualOperator(kind, place, index));
  const operators = new Set(rows.map((row) => row.op));
  // Operators somebody mixed by hand have no spelling of their own.
  if (isUsual || operators.size > 1) return `${place}:${attribute}`;
  return `${place}:${attribute} ${rows[0]?.op ?? ''}`;
}

/** The attributes that rows amount to; what the connector writes for itself is left out. */
export function attributesOf(kind: EntryKind, name: string, rows: Rows): Attributes {
  const attributes: Record<string, readonly string[]> = { [NAMING[kind]]: [name] };
  for (const place of ['check', 'reply'] as const) {
    const slots = new Map<string, Row[]>();
    for (const row of rows[place]) {
      if (isMark(kind, place, row) || (kind === 'user' && isDisabling(place, row))) continue;
      const key = slotKey(place, row.attribute, row.op);
      slots.set(key, [...(slots.get(key) ?? []), row]);
    }
    for (const own of slots.values()) {
      const { attribute } = own[0] as Row;
      attributes[spell(kind, place, attribute, own)] = own.map((row) => decodeValue(row.value));
    }
  }
  return attributes;
}

/** The rows for the values of one slot. */
export function rowsFor(
  kind: EntryKind,
  name: string,
  { place, attribute, operator }: Slot,
  values: readonly string[],
): Row[] {
  return values.map((value, index) => ({
    attribute,
    op: operator ?? usualOperator(kind, place, index),
    value: encodeValue(name, value),
  }));
}

/** One attribute of a mapping with its meaning. */
export interface Named {
  readonly name: string;
  readonly slot: Slot;
}

/** The meaning of several attribute names; two that would fight over the same rows are refused. */
export function parseNames(kind: EntryKind, names: readonly string[]): Named[] {
  const taken = new Map<string, string>();
  return names
    .filter((name) => name !== NAMING[kind])
    .map((name) => {
      const slot = parseName(kind, name);
      const key = slotKey(slot.place, slot.attribute, slot.operator).toLowerCase();
      const other = taken.get(key);
      if (other !== undefined && other !== name) {
        throw new ConnectorError('invalid', `${name} and ${other} write the same rows`, {
          attribute: name,
        });
      }
      taken.set(key, name);
      return { name, slot };
    });
}
