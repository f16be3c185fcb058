/** What a desired entry and a change of one attribute mean in rows. */
import type { AttributeChange, DesiredEntry, EntryKind } from '../spi';
import { changedValues, sameValues } from '../sql/delta';
import type { Dictionary } from './dictionary';
import { decodeValue } from './encoding';
import type { Place } from './names';
import type { Known, Profiles, StoredRows } from './profiles';
import {
  DISABLED,
  isDisabling,
  isMark,
  MARKS,
  type Named,
  parseNames,
  type Row,
  rowsFor,
  slotKey,
  spell,
} from './rows';

/** Every row a new entry starts with; fails with `invalid` before anything is written. */
export function rowsOf(
  kind: EntryKind,
  desired: DesiredEntry,
  dictionary: Dictionary | undefined,
): Record<Place, Row[]> {
  const { check, reply } = MARKS[kind];
  const rows: Record<Place, Row[]> = { check: [...check], reply: [...reply] };
  for (const { name, slot } of parseNames(kind, Object.keys(desired.attributes))) {
    const values = [...new Set(desired.attributes[name] ?? [])];
    dictionary?.check(name, slot.attribute, values);
    rows[slot.place].push(...rowsFor(kind, name, slot, values));
  }
  if (kind === 'user' && !desired.active) {
    rows.check.push(...DISABLED.check);
    rows.reply.push(...DISABLED.reply);
  }
  return rows;
}

/** An entry with the rows it has. */
export interface Target {
  readonly kind: EntryKind;
  readonly entry: Known;
  readonly rows: StoredRows;
}

/** Makes sure that the replies of a user are read, also of one that was adopted. */
export async function mark(profiles: Profiles, { kind, entry, rows }: Target): Promise<void> {
  if (kind === 'group' || rows.check.some((row) => isMark(kind, 'check', row))) return;
  await profiles.insertRows(kind, entry.name, 'check', MARKS.user.check);
}

/** Brings one attribute to its new values; rows that already say so are left alone. */
export async function rewrite(
  profiles: Profiles,
  { kind, entry, rows }: Target,
  { name, slot }: Named,
  change: AttributeChange,
  dictionary: Dictionary | undefined,
): Promise<void> {
  const key = slotKey(slot.place, slot.attribute, slot.operator).toLowerCase();
  const own = rows[slot.place].filter(
    (row) =>
      slotKey(slot.place, row.attribute, row.op).toLowerCase() === key &&
      !isDisabling(slot.place, row),
  );
  const current = own.map((row) => decodeValue(row.value));
  const values = changedValues(current, change);
  const isSpelled = own.length === 0 || spell(kind, slot.place, slot.attribute, own) === name;
  if (isSpelled && current.length === values.length && sameValues(current, values)) return;
  dictionary?.check(name, slot.attribute, values);
  await profiles.deleteRows(kind, slot.place, own);
  await profiles.insertRows(kind, entry.name, slot.place, rowsFor(kind, name, slot, values));
}
