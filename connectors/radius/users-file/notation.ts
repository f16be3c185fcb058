/** Changes of a users file, for previews. */
import type { NativeChange } from '../../spi';
import type { Notation } from '../store';

/** The lines of one entry, in words close to the file's. */
export function fileNotation(file: string): Notation {
  const change = (operation: string, detail: string): NativeChange => ({
    operation,
    object: file,
    detail,
  });
  const setActive = (name: string, active: boolean): NativeChange[] => [
    change(active ? 'REMOVE' : 'ADD', `"${name}" Auth-Type := Reject`),
  ];
  return {
    create: (kind, name, active) => [
      change('ADD', `${kind} "${name}"`),
      ...(active ? [] : setActive(name, false)),
    ],
    rename: (kind, from, to) => change('RENAME', `${kind} "${from}" to "${to}"`),
    insert: (_kind, place, name, row) =>
      change('ADD', `"${name}" ${place} ${row.attribute} ${row.op} '${row.value}'`),
    remove: (_kind, place, name, attribute) => change('REMOVE', `"${name}" ${place} ${attribute}`),
    setActive,
  };
}
