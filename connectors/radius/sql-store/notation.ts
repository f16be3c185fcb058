/** Changes of the tables as SQL, for previews. */
import type { EntryKind, NativeChange } from '../../spi';
import type { Place } from '../names';
import { PLACES, type Row } from '../profile';
import type { Notation } from '../store';
import { encodeValue } from './encoding';
import { DISABLED, MARKS } from './means';
import { TABLES } from './tables';

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function insert(kind: EntryKind, place: Place, name: string, row: Row): NativeChange {
  return {
    operation: 'INSERT',
    object: TABLES[kind][place],
    detail: `VALUES (${[name, row.attribute, row.op, encodeValue(row.value)].map(literal).join(', ')})`,
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

function setActive(name: string, active: boolean): NativeChange[] {
  return PLACES.flatMap((place) =>
    DISABLED[place].map((row) =>
      active ? remove('user', place, name, row.attribute) : insert('user', place, name, row),
    ),
  );
}

export const SQL_NOTATION: Notation = {
  create: (kind, name, active) => [
    {
      operation: 'INSERT',
      object: 'usher_radius_entry',
      detail: `VALUES (${literal(kind)}, ${literal(name)})`,
    },
    ...PLACES.flatMap((place) => MARKS[kind][place].map((row) => insert(kind, place, name, row))),
    ...(active ? [] : setActive(name, false)),
  ],
  rename: (kind, from, to) => ({
    operation: 'UPDATE',
    object: [...Object.values(TABLES[kind]), 'radusergroup', 'usher_radius_entry'].join(', '),
    detail: `SET name = ${literal(to)} WHERE name = ${literal(from)}`,
  }),
  insert,
  remove,
  setActive,
};
