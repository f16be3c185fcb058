/** Changing a group's members in chunks, each in a transaction of its own, so that no lock is held for long. */
import {
  ConnectorError,
  type EntryKind,
  type EntryRef,
  type MemberDelta,
  type Written,
} from '../spi';
import { chunks } from './paging';

/** What `remove` and `add` need to know of the group they change. */
interface Group {
  readonly id: string;
  readonly name: string;
}

/** The parts of the change that depend on the tables. `Store` is what works inside one transaction. */
export interface MemberTables<Store, Found extends Group> {
  /** Runs the work in a transaction of its own. */
  write<Result>(work: (store: Store) => Promise<Result>): Promise<Result>;
  locate(store: Store): Promise<Found | undefined>;
  remove(store: Store, group: Found, members: readonly EntryRef[]): Promise<unknown>;
  /** Answers how many of the members are in the database. */
  add(store: Store, group: Found, members: readonly EntryRef[]): Promise<number>;
}

/** The error for an entry somebody else removed. */
export function gone(kind: EntryKind): ConnectorError {
  return new ConnectorError('notFound', `the ${kind} is not in the database any more`);
}

/** Removes and adds members. The group is looked for in every transaction: it may be renamed or removed meanwhile. */
export async function changeMembers<Store, Found extends Group>(
  tables: MemberTables<Store, Found>,
  delta: MemberDelta,
): Promise<Written> {
  const inGroup = <Result>(
    work: (store: Store, group: Found) => Promise<Result>,
  ): Promise<Result> =>
    tables.write(async (store) => {
      const group = await tables.locate(store);
      if (!group) throw gone('group');
      return work(store, group);
    });
  for (const refs of chunks(delta.remove)) {
    await inGroup((store, group) => tables.remove(store, group, refs));
  }
  let absent = 0;
  for (const refs of chunks(delta.add)) {
    absent += refs.length - (await inGroup((store, group) => tables.add(store, group, refs)));
  }
  const { id, name } = await inGroup(async (_store, group) => group);
  const written = { reference: id, name };
  if (absent === 0) return written;
  return {
    ...written,
    warnings: [`${absent} members are not in the database and were left out`],
  };
}
