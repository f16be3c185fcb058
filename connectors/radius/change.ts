/** What a desired entry and a change of one attribute mean in rows. */
import type { AttributeChange, DesiredEntry, EntryKind } from '../spi';
import { changedValues, sameValues } from '../sql/delta';
import { shownValue } from './expiration';
import type { Place } from './names';
import {
  type Named,
  parseNames,
  type Profile,
  type Row,
  type RowRule,
  rowsFor,
  slotKey,
  spell,
} from './profile';
import type { Profiles, Subject } from './store';

/** The content a new entry starts with; fails with `invalid` before anything is written. */
export function profileOf(kind: EntryKind, desired: DesiredEntry, rule: RowRule): Profile {
  const rows: Record<Place, Row[]> = { check: [], reply: [] };
  for (const { name, slot } of parseNames(kind, Object.keys(desired.attributes))) {
    const own = rowsFor(kind, slot, [...new Set(desired.attributes[name] ?? [])]);
    for (const row of own) rule(kind, name, slot.place, row);
    rows[slot.place].push(...own);
  }
  return { rows, active: kind === 'group' || desired.active };
}

/** Brings one attribute to its new values; rows that already say so are left alone. */
export async function rewrite(
  profiles: Profiles,
  subject: Subject,
  { name, slot }: Named,
  change: AttributeChange,
  rule: RowRule,
): Promise<void> {
  const { kind, profile } = subject;
  const key = slotKey(slot.place, slot.attribute, slot.operator).toLowerCase();
  const own = profile.rows[slot.place].filter(
    (row) => slotKey(slot.place, row.attribute, row.op).toLowerCase() === key,
  );
  const current = own.map(shownValue);
  const values = changedValues(current, change);
  const isSpelled = own.length === 0 || spell(kind, slot.place, slot.attribute, own) === name;
  if (isSpelled && current.length === values.length && sameValues(current, values)) return;
  const rows = rowsFor(kind, slot, values);
  for (const row of rows) rule(kind, name, slot.place, row);
  await profiles.replace(subject, slot.place, { remove: own, add: rows });
}
