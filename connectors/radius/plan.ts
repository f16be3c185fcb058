/** The rows a change would touch, as SQL, for previews. */
import type { DesiredEntry, Entry, EntryKind, NativeChange } from '../spi';
import { changesBetween, single } from '../sql/delta';
import { isSecret, NAMING, type Place } from './names';
import { DISABLED, MARKS, parseNames, type Row, rowsFor } from './rows';
import { TABLES } from './tables';

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function insert(kind: EntryKind, place: Place, name: string, row: Row): NativeChange {
  const value = isSecret(row.attribute) ? '***' : row.value;
  return {
    operation: 'INSERT',
    object: TABLES[kind][place],
    detail: `VALUES (${[name, row.attribute, row.op, value].map(literal).join(', ')})`,
  };
}

function remove(kind: EntryKind, place: Place, name: string, attribute: string): NativeChange {
  const key = kind === 'user' ? 'username' : 'groupname';
  return {
    operation: 'DELETE',
    object: TABLES[kind][place],
    detail: `WHERE ${key} = ${literal(name)} AND attribute = ${literal(attribute)}`,
  };
}

function planCreate(kind: EntryKind, desired: DesiredEntry): NativeChange[] {
  const name = single(NAMING[kind], desired.attributes[NAMING[kind]]);
  const changes: NativeChange[] = [
    {
      operation: 'INSERT',
      object: 'usher_radius_entry',
      detail: `VALUES (${literal(kind)}, ${literal(name)})`,
    },
  ];
  for (const { name: attribute, slot } of parseNames(kind, Object.keys(desired.attributes))) {
    const rows = rowsFor(kind, attribute, slot, desired.attributes[attribute] ?? []);
    changes.push(...rows.map((row) => insert(kind, slot.place, name, row)));
  }
  for (const place of ['check', 'reply'] as const) {
    changes.push(...MARKS[kind][place].map((row) => insert(kind, place, name, row)));
  }
  return changes;
}

function planActivation(kind: EntryKind, name: string, active: boolean): NativeChange[] {
  return (['check', 'reply'] as const).flatMap((place) =>
    DISABLED[place].map((row) =>
      active ? remove(kind, place, name, row.attribute) : insert(kind, place, name, row),
    ),
  );
}

function planUpdate(kind: EntryKind, current: Entry, desired: DesiredEntry): NativeChange[] {
  const changes: NativeChange[] = [];
  const differing = changesBetween(current.attributes, desired.attributes);
  const values = new Map(
    differing.map((change) => [change.attribute, 'replace' in change ? change.replace : []]),
  );
  const to = values.get(NAMING[kind]);
  const name = to ? single(NAMING[kind], to) : current.name;
  if (name !== current.name) {
    changes.push({
      operation: 'UPDATE',
      object: [...Object.values(TABLES[kind]), 'radusergroup', 'usher_radius_entry'].join(', '),
      detail: `SET name = ${literal(name)} WHERE name = ${literal(current.name)}`,
    });
  }
  for (const { name: attribute, slot } of parseNames(kind, [...values.keys()])) {
    if (current.attributes[attribute]?.length) {
      changes.push(remove(kind, slot.place, name, slot.attribute));
    }
    const rows = rowsFor(kind, attribute, slot, values.get(attribute) ?? []);
    changes.push(...rows.map((row) => insert(kind, slot.place, name, row)));
  }
  return changes;
}

/** The changes that would turn `current` into `desired`; attributes `desired` does not mention stay. */
export function plan(
  kind: EntryKind,
  current: Entry | undefined,
  desired: DesiredEntry,
): NativeChange[] {
  const changes = current ? planUpdate(kind, current, desired) : planCreate(kind, desired);
  if (kind === 'group' || desired.active === (current?.active ?? true)) return changes;
  const name = desired.attributes[NAMING[kind]]?.[0] ?? current?.name ?? '';
  return [...changes, ...planActivation(kind, name, desired.active)];
}
