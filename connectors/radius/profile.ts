/** What a profile is, whatever it is stored in: check and reply rows with operators, and whether the account is let in. */
import { ConnectorError, type Attributes, type EntryKind } from '../spi';
import { rowValue, shownValue } from './expiration';
import { isAssigning, NAMING, parseName, type Place, type Slot, usualOperator } from './names';

/** One RADIUS attribute with an operator and its value in clear, as it has to come out of the server. */
export interface Row {
  readonly attribute: string;
  readonly op: string;
  readonly value: string;
}

/** The rows of one entry: what has to hold or is set before the login is decided, and what is answered. */
export type Rows = Readonly<Record<Place, readonly Row[]>>;

/** The content of a user or group. Groups are always active. */
export interface Profile {
  readonly rows: Rows;
  readonly active: boolean;
}

export const PLACES: readonly Place[] = ['check', 'reply'];

/** Fails with `invalid` for a row that cannot be written; `name` is what the mapping calls the attribute. */
export type RowRule = (kind: EntryKind, name: string, place: Place, row: Row) => void;

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

/** The attributes that rows amount to. */
export function attributesOf(kind: EntryKind, name: string, rows: Rows): Attributes {
  const attributes: Record<string, readonly string[]> = { [NAMING[kind]]: [name] };
  for (const place of ['check', 'reply'] as const) {
    const slots = new Map<string, Row[]>();
    for (const row of rows[place]) {
      const key = slotKey(place, row.attribute, row.op);
      slots.set(key, [...(slots.get(key) ?? []), row]);
    }
    for (const own of slots.values()) {
      const { attribute } = own[0] as Row;
      attributes[spell(kind, place, attribute, own)] = own.map(shownValue);
    }
  }
  return attributes;
}

/** The rows for the values of one slot. */
export function rowsFor(
  kind: EntryKind,
  { place, attribute, operator }: Slot,
  values: readonly string[],
): Row[] {
  return values.map((value, index) => ({
    attribute,
    op: operator ?? usualOperator(kind, place, index),
    value: rowValue(attribute, value),
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
