/** The entries of one open transaction: found, read, written. Names are clear here and encoded in the tables. */
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { ConnectorError, type Entry, type EntryKind, type EntryRef } from '../spi';
import type { Transaction } from '../sql/transaction';
import { chunks } from '../sql/paging';
import { decodeName, encodeName, encodeValue } from './encoding';
import { NAMING, type Place, type Slot } from './names';
import { referenceOf } from './reference';
import { attributesOf, isActive, type Row } from './rows';
import { type RadiusSchema, TABLES } from './tables';

/** An entry row, or what it would be for an entry nobody has adopted yet. */
export interface Known {
  readonly id: string;
  readonly name: string;
  readonly owner: string | null;
}

/** A row with its key, by which it is deleted. */
export interface StoredRow extends Row {
  readonly id: number;
}

/** All rows of one entry. */
export type StoredRows = Readonly<Record<Place, readonly StoredRow[]>>;

/** A row with the table it is from and the stored name it belongs to. */
interface OwnedRow extends StoredRow {
  readonly owner: string;
  readonly place: Place;
}

const PLACES: readonly Place[] = ['check', 'reply'];
const CANDIDATES = 50;
const KEY = { user: 'username', group: 'groupname' } as const;

/** The failure for a name that is already used. */
export function taken(kind: EntryKind): ConnectorError {
  const attribute = NAMING[kind];
  return new ConnectorError(
    'conflict',
    `${attribute} is taken by another entry, or by rows made by hand`,
    {
      attribute,
    },
  );
}

/** PostgreSQL wants to know the type of a bare value in a SELECT. */
function text(value: string): RawBuilder<unknown> {
  return sql`CAST(${value} AS text)`;
}

/** Reads and writes entries inside one transaction. */
export class Profiles {
  constructor(
    private readonly transaction: Transaction<RadiusSchema>,
    private readonly safeCharacters: string,
  ) {}

  /** The entry behind a reference, locked when it is to be written; a stray one becomes ours with `adopt`. */
  async locate(
    kind: EntryKind,
    ref: EntryRef,
    intent: 'read' | 'remove' | 'adopt',
  ): Promise<Known | undefined> {
    const query = this.entries(kind).where('id', '=', ref.reference);
    const lock = intent !== 'read' && this.transaction.dialect === 'postgresql';
    const found = await (lock ? query.forUpdate() : query).executeTakeFirst();
    if (found || ref.reference !== referenceOf(kind, ref.name)) return found;
    const stray = await this.stray(kind, ref.name);
    if (stray && intent === 'adopt') await this.insertEntry(kind, stray);
    return stray;
  }

  /** The entry with that name, ours or not. */
  async named(kind: EntryKind, name: string): Promise<Known | undefined> {
    const found = await this.entries(kind).where('name', '=', name).executeTakeFirst();
    return found ?? (await this.stray(kind, name));
  }

  /** Users among the references, in the order of their keys so that two writers cannot wait for each other. */
  async users(refs: readonly EntryRef[], intent: 'remove' | 'adopt'): Promise<Known[]> {
    if (refs.length === 0) return [];
    const references = refs.map((ref) => ref.reference);
    const query = this.entries('user').where('id', 'in', references).orderBy('id');
    const lock = this.transaction.dialect === 'postgresql';
    const found = await (lock ? query.forShare() : query).execute();
    const known = new Set(found.map((one) => one.id));
    for (const ref of refs.filter((one) => !known.has(one.reference))) {
      const stray = await this.locate('user', ref, intent);
      if (stray) found.push(stray);
    }
    return found;
  }

  /** Our entries after the given key. */
  page(kind: EntryKind, after: string, limit: number): Promise<Known[]> {
    return this.entries(kind).where('id', '>', after).orderBy('id').limit(limit).execute();
  }

  /** Names of entries that have the value in the slot. */
  async holders(kind: EntryKind, name: string, slot: Slot, value: string): Promise<string[]> {
    const key = sql.ref(KEY[kind]);
    const { rows } = await sql<{ name: string }>`
      SELECT DISTINCT ${key} AS name FROM ${this.table(kind, slot.place)}
      WHERE lower(attribute) = ${slot.attribute.toLowerCase()} AND value = ${encodeValue(name, value)}
      LIMIT ${sql.lit(CANDIDATES)}`.execute(this.transaction.db);
    return rows.map((row) => decodeName(kind, row.name));
  }

  /** The rows of several entries, by clear name. */
  async rows(kind: EntryKind, names: readonly string[]): Promise<Map<string, StoredRows>> {
    const result = new Map<string, Record<Place, StoredRow[]>>();
    const clear = new Map<string, string>();
    for (const name of names) {
      clear.set(this.encode(kind, name), name);
      result.set(name, { check: [], reply: [] });
    }
    if (names.length === 0) return result;
    for (const { owner, place, ...row } of await this.select(kind, [...clear.keys()])) {
      result.get(clear.get(owner) as string)?.[place].push(row);
    }
    return result;
  }

  /** The entries with all their attributes. */
  async load(kind: EntryKind, known: readonly Known[]): Promise<Entry[]> {
    const rows = await this.rows(
      kind,
      known.map((one) => one.name),
    );
    return known.map(({ id, name, owner }) => {
      const own = rows.get(name) as StoredRows;
      return {
        reference: id,
        name,
        attributes: attributesOf(kind, name, own),
        active: isActive(own),
        ...(owner === null ? {} : { owner }),
      };
    });
  }

  /** Makes the entry row; fails with `conflict` when the name is used, by us or by hand. */
  async create(kind: EntryKind, name: string, owner: string): Promise<Known> {
    const id = randomUUID();
    const { numAffectedRows } = await sql`
      INSERT INTO usher_radius_entry (id, kind, name, owner)
      SELECT ${text(id)}, ${text(kind)}, ${text(name)}, ${text(owner)}
      WHERE NOT EXISTS (${this.uses(kind, name)})`.execute(this.transaction.db);
    if (numAffectedRows !== 1n) throw taken(kind);
    return { id, name, owner };
  }

  /** Gives the entry, its rows and its memberships another name. */
  async rename(kind: EntryKind, entry: Known, name: string): Promise<void> {
    if (await this.isUsed(kind, name)) throw taken(kind);
    const { db } = this.transaction;
    const key = sql.ref(KEY[kind]);
    for (const place of PLACES) {
      await sql`UPDATE ${this.table(kind, place)} SET ${key} = ${this.encode(kind, name)}
        WHERE ${key} = ${this.encode(kind, entry.name)}`.execute(db);
    }
    await sql`UPDATE radusergroup SET ${key} = ${this.memberKey(kind, name)}
      WHERE ${key} = ${this.memberKey(kind, entry.name)}`.execute(db);
    await db.updateTable('usher_radius_entry').set({ name }).where('id', '=', entry.id).execute();
  }

  async insertRows(
    kind: EntryKind,
    name: string,
    place: Place,
    rows: readonly Row[],
  ): Promise<void> {
    for (const some of chunks(rows)) {
      const tuples = some.map(
        (row) => sql`(${this.encode(kind, name)}, ${row.attribute}, ${row.op}, ${row.value})`,
      );
      await sql`INSERT INTO ${this.table(kind, place)} (${sql.ref(KEY[kind])}, attribute, op, value)
        VALUES ${sql.join(tuples)}`.execute(this.transaction.db);
    }
  }

  async deleteRows(kind: EntryKind, place: Place, rows: readonly StoredRow[]): Promise<void> {
    if (rows.length === 0) return;
    await sql`DELETE FROM ${this.table(kind, place)}
      WHERE id IN (${sql.join(rows.map((row) => row.id))})`.execute(this.transaction.db);
  }

  /** Deletes the entry with all rows of its name. */
  async remove(kind: EntryKind, entry: Known): Promise<void> {
    const { db } = this.transaction;
    const key = sql.ref(KEY[kind]);
    for (const place of PLACES) {
      await sql`DELETE FROM ${this.table(kind, place)} WHERE ${key} = ${this.encode(kind, entry.name)}`.execute(
        db,
      );
    }
    await sql`DELETE FROM radusergroup WHERE ${key} = ${this.memberKey(kind, entry.name)}`.execute(
      db,
    );
    await db.deleteFrom('usher_radius_entry').where('id', '=', entry.id).execute();
  }

  /** Puts those users into the group who are not in it. */
  async addMembers(group: Known, users: readonly Known[]): Promise<void> {
    if (users.length === 0) return;
    const { db } = this.transaction;
    const names = users.map((user) => this.encode('user', user.name));
    const present = await db
      .selectFrom('radusergroup')
      .select('username')
      .where('groupname', '=', group.name)
      .where('username', 'in', names)
      .execute();
    const known = new Set(present.map((row) => row.username));
    const values = names
      .filter((name) => !known.has(name))
      .map((username) => ({ username, groupname: group.name, priority: 1 }));
    if (values.length > 0) await db.insertInto('radusergroup').values(values).execute();
  }

  async removeMembers(group: Known, users: readonly Known[]): Promise<void> {
    if (users.length === 0) return;
    await this.transaction.db
      .deleteFrom('radusergroup')
      .where('groupname', '=', group.name)
      .where(
        'username',
        'in',
        users.map((user) => this.encode('user', user.name)),
      )
      .execute();
  }

  private entries(kind: EntryKind) {
    return this.transaction.db
      .selectFrom('usher_radius_entry')
      .select(['id', 'name', 'owner'])
      .where('kind', '=', kind);
  }

  /** An entry somebody made by hand. Undefined too when its reference belongs to one that was adopted and renamed. */
  private async stray(kind: EntryKind, name: string): Promise<Known | undefined> {
    const id = referenceOf(kind, name);
    const ours = await this.entries(kind)
      .where((where) => where.or([where('id', '=', id), where('name', '=', name)]))
      .executeTakeFirst();
    if (ours || !(await this.hasRows(kind, name))) return undefined;
    return { id, name, owner: null };
  }

  private async isUsed(kind: EntryKind, name: string): Promise<boolean> {
    return (await this.uses(kind, name).execute(this.transaction.db)).rows.length > 0;
  }

  private async hasRows(kind: EntryKind, name: string): Promise<boolean> {
    return (await this.rowsByHand(kind, name).execute(this.transaction.db)).rows.length > 0;
  }

  /** Answers a row when the name is used, by us or by hand. */
  private uses(kind: EntryKind, name: string): RawBuilder<unknown> {
    return sql`SELECT 1 FROM usher_radius_entry WHERE kind = ${kind} AND name = ${name}
      UNION ALL ${this.rowsByHand(kind, name)}`;
  }

  private rowsByHand(kind: EntryKind, name: string): RawBuilder<unknown> {
    const key = sql.ref(KEY[kind]);
    const stored = this.encode(kind, name);
    return sql`SELECT 1 FROM ${this.table(kind, 'check')} WHERE ${key} = ${stored}
      UNION ALL SELECT 1 FROM ${this.table(kind, 'reply')} WHERE ${key} = ${stored}
      UNION ALL SELECT 1 FROM radusergroup WHERE ${key} = ${this.memberKey(kind, name)}
      LIMIT 1`;
  }

  private async insertEntry(kind: EntryKind, entry: Known): Promise<void> {
    await this.transaction.db
      .insertInto('usher_radius_entry')
      .values({ ...entry, kind })
      .execute();
  }

  private async select(kind: EntryKind, stored: readonly string[]): Promise<OwnedRow[]> {
    const key = sql.ref(KEY[kind]);
    const of = (place: Place): RawBuilder<unknown> =>
      sql`SELECT id, ${key} AS owner, ${sql.lit(place)} AS place, attribute, op, value
        FROM ${this.table(kind, place)} WHERE ${key} IN (${sql.join(stored)})`;
    const query = sql<OwnedRow>`${of('check')} UNION ALL ${of('reply')} ORDER BY place, id`;
    return (await query.execute(this.transaction.db)).rows;
  }

  private table(kind: EntryKind, place: Place): RawBuilder<unknown> {
    return sql.table(TABLES[kind][place]);
  }

  private encode(kind: EntryKind, name: string): string {
    return encodeName(kind, name, this.safeCharacters);
  }

  /** In radusergroup the user name is what FreeRADIUS asks for, the group name what it is told. */
  private memberKey(kind: EntryKind, name: string): string {
    return kind === 'user' ? this.encode(kind, name) : name;
  }
}
