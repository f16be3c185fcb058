/** The entries of one open transaction in the tables. Names and values are clear outside and encoded inside. */
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { EntryKind, EntryRef } from '../../spi';
import { chunks } from '../../sql/paging';
import type { Transaction } from '../../sql/transaction';
import { rowValue } from '../expiration';
import type { Place, Slot } from '../names';
import { PLACES, type Profile, type Row } from '../profile';
import type { Realm } from '../realm';
import { referenceOf } from '../reference';
import {
  type Known,
  type Profiles,
  type StoredProfile,
  type StoredRow,
  type StoredRows,
  type Subject,
  taken,
} from '../store';
import { decodeName, decodeValue, encodeName, encodeValue } from './encoding';
import { DISABLED, isDisabling, isMark, MARKS } from './means';
import { type RadiusSchema, TABLES } from './tables';

/** A row with the table it is from and the stored name it belongs to. */
interface OwnedRow extends StoredRow {
  readonly owner: string;
  readonly place: Place;
}

const CANDIDATES = 50;
const KEY = { user: 'username', group: 'groupname' } as const;

/** PostgreSQL wants to know the type of a bare value in a SELECT; what MySQL calls so is no type of a value. */
function text({ dialect }: Transaction<RadiusSchema>, value: string): RawBuilder<unknown> {
  return dialect === 'mysql' ? sql`${value}` : sql`CAST(${value} AS text)`;
}

/** Parts the rows of an entry into its content and the connector's means. */
function sort(kind: EntryKind, rows: StoredRows): StoredProfile {
  const isMeans = (place: Place, row: Row): boolean =>
    isMark(kind, place, row) || (kind === 'user' && isDisabling(place, row));
  const part = (means: boolean): StoredRows => ({
    check: rows.check.filter((row) => isMeans('check', row) === means),
    reply: rows.reply.filter((row) => isMeans('reply', row) === means),
  });
  const active = kind === 'group' || !rows.check.some((row) => isDisabling('check', row));
  return { rows: part(false), means: part(true), active };
}

/** Reads and writes entries inside one transaction. */
export class SqlProfiles implements Profiles {
  private readonly marked = new Set<string>();

  constructor(
    private readonly transaction: Transaction<RadiusSchema>,
    private readonly safeCharacters: string,
    private readonly realm: Realm,
  ) {}

  async locate(
    kind: EntryKind,
    ref: EntryRef,
    intent: 'read' | 'remove' | 'adopt',
  ): Promise<Known | undefined> {
    const query = this.entries(kind).where('id', '=', ref.reference);
    const lock = intent !== 'read' && this.transaction.dialect !== 'sqlite';
    const found = await (lock ? query.forUpdate() : query).executeTakeFirst();
    if (found || ref.reference !== referenceOf(kind, ref.name)) return found;
    const stray = await this.stray(kind, ref.name);
    if (stray && intent === 'adopt') await this.insertEntry(kind, stray);
    return stray;
  }

  async named(kind: EntryKind, name: string): Promise<Known | undefined> {
    const found = await this.entries(kind).where('name', '=', name).executeTakeFirst();
    return found ?? (await this.stray(kind, name));
  }

  /** In the order of their keys, so that two writers cannot wait for each other. */
  async users(refs: readonly EntryRef[], intent: 'remove' | 'adopt'): Promise<Known[]> {
    if (refs.length === 0) return [];
    const references = refs.map((ref) => ref.reference);
    const query = this.entries('user').where('id', 'in', references).orderBy('id');
    const lock = this.transaction.dialect !== 'sqlite';
    const found = await (lock ? query.forShare() : query).execute();
    const known = new Set(found.map((one) => one.id));
    for (const ref of refs.filter((one) => !known.has(one.reference))) {
      const stray = await this.locate('user', ref, intent);
      if (stray) found.push(stray);
    }
    return found;
  }

  page(kind: EntryKind, after: string, limit: number): Promise<Known[]> {
    return this.entries(kind).where('id', '>', after).orderBy('id').limit(limit).execute();
  }

  async holders(kind: EntryKind, _name: string, slot: Slot, value: string): Promise<string[]> {
    const key = sql.ref(KEY[kind]);
    const { rows } = await sql<{ name: string }>`
      SELECT DISTINCT ${key} AS name FROM ${this.table(kind, slot.place)}
      WHERE lower(attribute) = ${slot.attribute.toLowerCase()} AND value = ${encodeValue(rowValue(slot.attribute, value))}
      LIMIT ${sql.lit(CANDIDATES)}`.execute(this.transaction.db);
    return rows.map((row) => this.decode(kind, row.name));
  }

  /** The groups of a user, also those made by hand. */
  async groupsOf(user: Known): Promise<Known[]> {
    const rows = await this.transaction.db
      .selectFrom('radusergroup')
      .select('groupname')
      .distinct()
      .where('username', '=', this.encode('user', user.name))
      .execute();
    const found = await Promise.all(rows.map((row) => this.named('group', row.groupname)));
    return found.flatMap((group) => group ?? []);
  }

  async load(kind: EntryKind, known: readonly Known[]): Promise<StoredProfile[]> {
    if (known.length === 0) return [];
    const keys = known.map(({ name }) => this.encode(kind, name));
    const found = new Map<string, Record<Place, StoredRow[]>>();
    for (const key of keys) found.set(key, { check: [], reply: [] });
    for (const { owner, place, ...row } of await this.select(kind, [...new Set(keys)])) {
      found.get(owner)?.[place].push({ ...row, value: decodeValue(row.value) });
    }
    return keys.map((key) => sort(kind, found.get(key) as StoredRows));
  }

  async create(kind: EntryKind, name: string, owner: string, profile: Profile): Promise<Known> {
    const id = randomUUID();
    const { numAffectedRows } = await sql`
      INSERT INTO usher_radius_entry (id, kind, name, owner)
      SELECT ${sql.join([id, kind, name, owner].map((value) => text(this.transaction, value)))}
      WHERE NOT EXISTS (${this.uses(kind, name)})`.execute(this.transaction.db);
    if (numAffectedRows !== 1n) throw taken(kind);
    for (const place of PLACES) {
      const means = profile.active ? [] : DISABLED[place];
      const rows = [...MARKS[kind][place], ...profile.rows[place], ...means];
      await this.insertRows(kind, name, place, rows);
    }
    return { id, name, owner };
  }

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

  async replace(
    subject: Subject,
    place: Place,
    rows: { readonly remove: readonly StoredRow[]; readonly add: readonly Row[] },
  ): Promise<void> {
    await this.mark(subject);
    await this.deleteRows(subject.kind, place, rows.remove);
    await this.insertRows(subject.kind, subject.entry.name, place, rows.add);
  }

  async setActive(subject: Subject, active: boolean): Promise<void> {
    const { kind, entry, profile } = subject;
    await this.mark(subject);
    for (const place of PLACES) {
      const present = profile.means[place].filter((row) => isDisabling(place, row));
      if (active) await this.deleteRows(kind, place, present);
      else if (present.length === 0) {
        await this.insertRows(kind, entry.name, place, DISABLED[place]);
      }
    }
  }

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
    if (!this.realm.covers(kind, name)) return undefined;
    const id = referenceOf(kind, name);
    const ours = await this.entries(kind)
      .where((where) => where.or([where('id', '=', id), where('name', '=', name)]))
      .executeTakeFirst();
    if (ours || !(await this.isStray(kind, name))) return undefined;
    return { id, name, owner: null };
  }

  private async isUsed(kind: EntryKind, name: string): Promise<boolean> {
    return (await this.uses(kind, name).execute(this.transaction.db)).rows.length > 0;
  }

  /** Whether there are rows of just that name. */
  private async isStray(kind: EntryKind, name: string): Promise<boolean> {
    const query = this.rowsByHand(kind, name, (key, stored) => this.exactly(key, stored));
    return (await query.execute(this.transaction.db)).rows.length > 0;
  }

  /** In MySQL a table of another collation also answers the rows of `ALICE` for `alice`. */
  private exactly(key: RawBuilder<unknown>, stored: string): RawBuilder<unknown> {
    const equal = sql`${key} = ${stored}`;
    if (this.transaction.dialect !== 'mysql') return equal;
    return sql`${equal} AND CAST(CONVERT(${key} USING utf8mb4) AS BINARY) = CAST(${stored} AS BINARY)`;
  }

  /** Answers a row when the name is used, by us or by hand, or when the database would take it for one that is. */
  private uses(kind: EntryKind, name: string): RawBuilder<unknown> {
    return sql`SELECT 1 FROM usher_radius_entry WHERE kind = ${kind} AND name = ${name}
      UNION ALL ${this.rowsByHand(kind, name)}`;
  }

  private rowsByHand(
    kind: EntryKind,
    name: string,
    same = (key: RawBuilder<unknown>, stored: string) => sql`${key} = ${stored}`,
  ): RawBuilder<unknown> {
    const key = sql.ref(KEY[kind]);
    const stored = this.encode(kind, name);
    return sql`SELECT 1 FROM ${this.table(kind, 'check')} WHERE ${same(key, stored)}
      UNION ALL SELECT 1 FROM ${this.table(kind, 'reply')} WHERE ${same(key, stored)}
      UNION ALL SELECT 1 FROM radusergroup WHERE ${same(key, this.memberKey(kind, name))}
      LIMIT 1`;
  }

  /** Makes sure that the replies of a user are read, also of one that was adopted. */
  private async mark({ kind, entry, profile }: Subject): Promise<void> {
    if (kind === 'group' || this.marked.has(entry.id)) return;
    this.marked.add(entry.id);
    if (profile.means.check.some((row) => isMark(kind, 'check', row))) return;
    await this.insertRows(kind, entry.name, 'check', MARKS.user.check);
  }

  private async insertRows(
    kind: EntryKind,
    name: string,
    place: Place,
    rows: readonly Row[],
  ): Promise<void> {
    const key = this.encode(kind, name);
    for (const some of chunks(rows)) {
      const tuples = some.map(
        (row) => sql`(${key}, ${row.attribute}, ${row.op}, ${encodeValue(row.value)})`,
      );
      await sql`INSERT INTO ${this.table(kind, place)} (${sql.ref(KEY[kind])}, attribute, op, value)
        VALUES ${sql.join(tuples)}`.execute(this.transaction.db);
    }
  }

  private async deleteRows(
    kind: EntryKind,
    place: Place,
    rows: readonly StoredRow[],
  ): Promise<void> {
    if (rows.length === 0) return;
    await sql`DELETE FROM ${this.table(kind, place)}
      WHERE id IN (${sql.join(rows.map((row) => row.id))})`.execute(this.transaction.db);
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
    return encodeName(kind, this.realm.stored(kind, name), this.safeCharacters);
  }

  private decode(kind: EntryKind, stored: string): string {
    return this.realm.clear(kind, decodeName(kind, stored));
  }

  /** In radusergroup the user name is what FreeRADIUS asks for, the group name what it is told. */
  private memberKey(kind: EntryKind, name: string): string {
    return kind === 'user' ? this.encode(kind, name) : name;
  }
}
