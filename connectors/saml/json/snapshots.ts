/** Keeps files and index in step. The files are what counts; the index keeps names unique and writers apart. */
import { type CallContext, type ConnectorContext, type Entry, type EntryKind } from '../../spi';
import type { Database } from '../../sql/database';
import type { Transaction } from '../../sql/transaction';
import { Groups } from '../groups';
import { NAMING } from '../names';
import type { SamlSettings } from '../settings';
import type { SamlSchema } from '../tables';
import { Users } from '../users';
import { type SnapshotFolder } from './folder';
import type { IndexSchema } from './index-tables';
import {
  groupRecord,
  groupToRecord,
  recordToRows,
  userRecord,
  userToEntry,
  userToRecord,
} from './record';

/** Files that are written, or taken up, while the lock is held. */
const AT_ONCE = 200;

type Index = Transaction<IndexSchema>;

/** The snapshots of one folder. */
export class Snapshots {
  private hasLooked = false;

  constructor(
    private readonly database: Database<IndexSchema>,
    private readonly folder: SnapshotFolder,
    private readonly settings: SamlSettings,
    private readonly context: ConnectorContext,
  ) {}

  /** Takes up files the index does not know, and writes those that are older than their rows: killed writers left them. */
  async settle(call: CallContext): Promise<void> {
    await this.folder.prepare();
    for (;;) {
      const { isPending, isImported } = await this.database.read(call, async ({ db }) => ({
        isPending: await db.selectFrom('saml_pending').select('id').limit(1).executeTakeFirst(),
        isImported: await db.selectFrom('saml_imported').select('id').executeTakeFirst(),
      }));
      if (isPending) await this.writePending(call);
      else if (this.hasLooked && isImported) return;
      else await this.takeUp(call);
    }
  }

  /** Makes sure that the file is written anew, whatever it holds. */
  async mark(kind: EntryKind, id: string, call: CallContext): Promise<void> {
    await this.database.write(call, async ({ db }) => {
      const rows = db.selectFrom(kind === 'user' ? 'saml_user' : 'saml_group').where('id', '=', id);
      if (!(await rows.select('id').executeTakeFirst())) return;
      await this.insertPending(db, kind, id);
    });
  }

  /** The entry as its file has it; undefined when somebody has removed the file. */
  async show(kind: EntryKind, entry: Entry): Promise<Entry | undefined> {
    const content = await this.folder.read(kind, entry.reference);
    if (content === undefined) return undefined;
    const damaged = { ...entry, attributes: {}, active: kind === 'group' };
    if (kind === 'user') {
      const { data } = userRecord.safeParse(content);
      return data?.id === entry.reference ? userToEntry(data, this.settings) : damaged;
    }
    const { data } = groupRecord.safeParse(content);
    if (data?.id !== entry.reference) return damaged;
    return { ...entry, name: data.name, attributes: { [NAMING.group]: [data.name] } };
  }

  /** Forgets an entry whose file has gone, and not only has not been written yet. */
  forgetLost(kind: EntryKind, entry: Entry, call: CallContext): Promise<boolean> {
    // Under the lock: nobody writes files meanwhile.
    return this.database.write(call, async (index) => {
      const pending = index.db.selectFrom('saml_pending').where('kind', '=', kind);
      const own = pending.where('id', '=', entry.reference).select('id');
      if (await own.executeTakeFirst()) return false;
      if ((await this.folder.read(kind, entry.reference)) !== undefined) return false;
      const tables = index as unknown as Transaction<SamlSchema>;
      if (kind === 'user') {
        const users = new Users(tables, this.settings);
        const user = await users.locate(entry, 'write');
        if (user) await users.remove(user);
      } else {
        const groups = new Groups(tables, this.settings);
        const group = await groups.locate(entry, 'write');
        if (group) await groups.remove(group);
      }
      return true;
    });
  }

  /** A killed writer leaves the marks, and the next one does its work again. */
  private writePending(call: CallContext): Promise<void> {
    return this.database.write(call, async (index) => {
      const { db } = index;
      const marks = await db.selectFrom('saml_pending').selectAll().limit(AT_ONCE).execute();
      for (const kind of ['user', 'group'] as const) {
        const ids = marks.filter((mark) => mark.kind === kind).map((mark) => mark.id);
        if (ids.length === 0) continue;
        const records = kind === 'user' ? await users(index, ids) : await groups(index, ids);
        await this.folder.replace(kind, records);
        const done = db.deleteFrom('saml_pending').where('kind', '=', kind);
        await done.where('id', 'in', ids).execute();
      }
    });
  }

  private async takeUp(call: CallContext): Promise<void> {
    let refused = 0;
    for (const kind of ['group', 'user'] as const) {
      let after = '';
      for (;;) {
        const found = await this.database.write(call, (index) =>
          this.takeUpSome(index, kind, after),
        );
        refused += found.refused;
        if (found.last === undefined) break;
        after = found.last;
      }
    }
    if (refused > 0) {
      this.context.log(
        'warn',
        'Snapshots were left alone: not records, or of names that are taken',
        {
          files: refused,
        },
      );
    }
    await this.database.write(call, ({ db }) =>
      db
        .insertInto('saml_imported')
        .values({ id: 1 })
        .onConflict((one) => one.doNothing())
        .execute(),
    );
    this.hasLooked = true;
  }

  private async takeUpSome(
    index: Index,
    kind: EntryKind,
    after: string,
  ): Promise<{ refused: number; last: string | undefined }> {
    const { db } = index;
    const name = kind === 'user' ? 'saml_user' : 'saml_group';
    const known = new Set((await db.selectFrom(name).select('id').execute()).map(({ id }) => id));
    const all = await this.folder.ids(kind);
    const ids = all.filter((id) => id > after && !known.has(id)).slice(0, AT_ONCE);
    let refused = 0;
    for (const id of ids) {
      const content = await this.folder.read(kind, id);
      const isTaken =
        kind === 'user' ? await addUser(index, id, content) : await addGroup(index, id, content);
      if (!isTaken) refused += 1;
      // What was taken up came from the file, which needs no writing.
      await db.deleteFrom('saml_pending').where('kind', '=', kind).where('id', '=', id).execute();
    }
    return { refused, last: ids.at(-1) };
  }

  private async insertPending(db: Index['db'], kind: EntryKind, id: string): Promise<void> {
    const row = db.insertInto('saml_pending').values({ kind, id });
    await row.onConflict((one) => one.doNothing()).execute();
  }
}

async function users(
  { db }: Index,
  ids: readonly string[],
): Promise<Map<string, object | undefined>> {
  const rows = await db.selectFrom('saml_user').selectAll().where('id', 'in', ids).execute();
  const of = db.selectFrom('saml_attribute').selectAll().where('user_id', 'in', ids);
  const attributes = await of.orderBy('name').orderBy('value').execute();
  const own = db.selectFrom('saml_name_id').selectAll().where('user_id', 'in', ids);
  const nameIds = await own.orderBy('sp_entity_id').execute();
  const records = new Map<string, object | undefined>(ids.map((id) => [id, undefined]));
  for (const user of rows) {
    const mine = ({ user_id: id }: { user_id: string }): boolean => id === user.id;
    records.set(user.id, userToRecord(user, attributes.filter(mine), nameIds.filter(mine)));
  }
  return records;
}

async function groups(
  { db }: Index,
  ids: readonly string[],
): Promise<Map<string, object | undefined>> {
  const rows = await db.selectFrom('saml_group').selectAll().where('id', 'in', ids).execute();
  const records = new Map<string, object | undefined>(ids.map((id) => [id, undefined]));
  for (const group of rows) records.set(group.id, groupToRecord(group));
  return records;
}

async function addUser({ db }: Index, id: string, content: unknown): Promise<boolean> {
  const { data } = userRecord.safeParse(content);
  if (data?.id !== id) return false;
  const { user, attributes, nameIds } = recordToRows(data);
  const inserted = await db
    .insertInto('saml_user')
    .values(user)
    .onConflict((one) => one.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 0n) return false;
  if (attributes.length > 0) await db.insertInto('saml_attribute').values(attributes).execute();
  for (const nameId of nameIds) {
    await db
      .insertInto('saml_name_id')
      .values(nameId)
      .onConflict((one) => one.doNothing())
      .execute();
  }
  return true;
}

async function addGroup({ db }: Index, id: string, content: unknown): Promise<boolean> {
  const { data } = groupRecord.safeParse(content);
  if (data?.id !== id) return false;
  const inserted = await db
    .insertInto('saml_group')
    .values({
      id,
      name: data.name,
      idp_entity_id: data.idp.entityId,
      owner: data.owner,
      version: data.version,
    })
    .onConflict((one) => one.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows !== 0n;
}
