/** Rows the connector needs for itself in the tables, which no mapping writes. */
import type { EntryKind } from '../../spi';
import type { Place } from '../names';
import type { Row, Rows } from '../profile';

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
      one.value.toLowerCase() === row.value.toLowerCase(),
  );
}
