/** What a user and its groups amount to, for stores in which FreeRADIUS sees no groups. */
import type { Place } from './names';
import { isAssigning } from './names';
import { refuse } from './text';
import { PLACES, type Profile, type Row, type RowRule, type Rows } from './profile';

/** A group a user is in. */
export interface GroupProfile {
  readonly name: string;
  readonly rows: Rows;
}

/** Applies rows one after the other, as FreeRADIUS does: `:=` sets anew, `=` only what is absent, `+=` adds. */
function merge(lists: readonly (readonly Row[])[]): Row[] {
  const merged: Row[] = [];
  for (const row of lists.flat()) {
    const same = merged.filter((one) => isSame(one, row));
    if (!isAssigning(row.op)) merged.push(row);
    else if (row.op === ':=') {
      merged.splice(0, merged.length, ...merged.filter((one) => !same.includes(one)), row);
    } else if (row.op === '+=' || same.length === 0) {
      merged.push(same.length > 0 ? { ...row, op: '+=' } : row);
    }
  }
  return merged;
}

function isSame(one: Row, other: Row): boolean {
  return (
    isAssigning(one.op) &&
    isAssigning(other.op) &&
    one.attribute.toLowerCase() === other.attribute.toLowerCase()
  );
}

/** Groups in the order of their names: whoever is asked twice must get the same answer. */
export function resolve(user: Profile, groups: readonly GroupProfile[]): Rows {
  const ordered = [...groups].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const of = (place: Place): Row[] =>
    merge([user.rows[place], ...ordered.map((group) => group.rows[place])]);
  const [check, reply] = PLACES.map(of) as [Row[], Row[]];
  return { check, reply };
}

/** A comparison of a group would have to hold for that group alone, which such a store cannot say. */
export const groupRule: RowRule = (kind, name, place, { op }) => {
  if (kind === 'user' || place === 'reply' || isAssigning(op)) return;
  refuse(name, `compares with ${op}, which this store can do for users only; map it to the users`);
};
