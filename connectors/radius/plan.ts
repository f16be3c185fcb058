/** What a change would do to the store, for previews. */
import type { DesiredEntry, Entry, EntryKind, NativeChange } from '../spi';
import { changesBetween, single } from '../sql/delta';
import { isSecret, NAMING } from './names';
import { parseNames, type Row, rowsFor } from './profile';
import type { Notation } from './store';

function masked(row: Row): Row {
  return isSecret(row.attribute) ? { ...row, value: '***' } : row;
}

function planCreate(notation: Notation, kind: EntryKind, desired: DesiredEntry): NativeChange[] {
  const name = single(NAMING[kind], desired.attributes[NAMING[kind]]);
  const changes = [...notation.create(kind, name, kind === 'group' || desired.active)];
  for (const { name: attribute, slot } of parseNames(kind, Object.keys(desired.attributes))) {
    const rows = rowsFor(kind, slot, desired.attributes[attribute] ?? []);
    changes.push(...rows.map((row) => notation.insert(kind, slot.place, name, masked(row))));
  }
  return changes;
}

function planUpdate(
  notation: Notation,
  kind: EntryKind,
  current: Entry,
  desired: DesiredEntry,
): NativeChange[] {
  const changes: NativeChange[] = [];
  const differing = changesBetween(current.attributes, desired.attributes);
  const values = new Map(
    differing.map((change) => [change.attribute, 'replace' in change ? change.replace : []]),
  );
  const to = values.get(NAMING[kind]);
  const name = to ? single(NAMING[kind], to) : current.name;
  if (name !== current.name) changes.push(notation.rename(kind, current.name, name));
  for (const { name: attribute, slot } of parseNames(kind, [...values.keys()])) {
    if (current.attributes[attribute]?.length) {
      changes.push(notation.remove(kind, slot.place, name, slot.attribute));
    }
    const rows = rowsFor(kind, slot, values.get(attribute) ?? []);
    changes.push(...rows.map((row) => notation.insert(kind, slot.place, name, masked(row))));
  }
  if (kind === 'user' && desired.active !== current.active) {
    changes.push(...notation.setActive(name, desired.active));
  }
  return changes;
}

/** The changes that would turn `current` into `desired`; attributes `desired` does not mention stay. */
export function plan(
  notation: Notation,
  kind: EntryKind,
  current: Entry | undefined,
  desired: DesiredEntry,
): NativeChange[] {
  return current
    ? planUpdate(notation, kind, current, desired)
    : planCreate(notation, kind, desired);
}
