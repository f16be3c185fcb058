/** The users of one open transaction. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { type Attributes, ConnectorError, type Entry, type EntryRef } from '../spi';
import type { Transaction } from '../sql/transaction';
import { chunks } from '../sql/paging';
import { mappingName, NAME_ID, NAMING, NOT_ON_OR_AFTER, samlName } from './names';
import { NAME_ID_FORMATS, type SamlSettings } from './settings';
import type { SamlSchema } from './tables';

/** A row of saml_user. */
export type User = Selectable<SamlSchema['saml_user']>;

/** The columns of a user that a mapping can fill. */
export type UserColumns = Partial<
  Pick<User, 'username' | 'name_id' | 'not_on_or_after' | 'active'>
>;

/** Random, as SAML core 8.3.7 asks: nobody can tell from it who it is. */
function randomNameId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

/** Reads and writes users inside one transaction; only those of the configured identity provider exist for it. */
export class Users {
  constructor(
    private readonly transaction: Transaction<SamlSchema>,
    private readonly settings: SamlSettings,
  ) {}

  /** The user behind a reference, locked when it is to be written. */
  async locate(ref: EntryRef, intent: 'read' | 'write'): Promise<User | undefined> {
    const query = this.own().where('id', '=', ref.reference);
    const lock = intent === 'write' && this.transaction.dialect === 'postgresql';
    return (lock ? query.forUpdate() : query).executeTakeFirst();
  }

  /** Those of the references that exist, kept from being deleted meanwhile, in the order of their keys. */
  async present(refs: readonly EntryRef[]): Promise<User[]> {
    if (refs.length === 0) return [];
    const references = refs.map((ref) => ref.reference);
    const query = this.own().where('id', 'in', references).orderBy('id');
    return (this.transaction.dialect === 'postgresql' ? query.forShare() : query).execute();
  }

  page(after: string, limit: number): Promise<User[]> {
    return this.own().where('id', '>', after).orderBy('id').limit(limit).execute();
  }

  /** Users that may have the value; the caller looks at all keys. */
  async candidates(attribute: string, value: string): Promise<User[]> {
    if (attribute === NAMING.user) return this.own().where('username', '=', value).execute();
    if (attribute === NAME_ID) return this.own().where('name_id', '=', value).execute();
    const holders = this.transaction.db
      .selectFrom('saml_attribute')
      .select('user_id')
      .where('value', '=', value)
      .where('name', '=', samlName(attribute).name);
    return this.own().where('id', 'in', holders).limit(50).execute();
  }

  /** The users with all their attributes. */
  async load(users: readonly User[]): Promise<Entry[]> {
    const attributes = new Map(users.map((user) => [user.id, new Map<string, string[]>()]));
    const rows = users.length === 0 ? [] : await this.attributeRows([...attributes.keys()]);
    for (const row of rows) {
      const own = attributes.get(row.user_id) as Map<string, string[]>;
      const name = mappingName(row.name);
      own.set(name, [...(own.get(name) ?? []), row.value]);
    }
    return users.map((user) => ({
      reference: user.id,
      name: user.username,
      active: user.active !== 0,
      attributes: { ...Object.fromEntries(attributes.get(user.id) ?? []), ...columnsOf(user) },
      ...(user.owner === null ? {} : { owner: user.owner }),
    }));
  }

  /** Makes the user; fails with `conflict` when the name or the NameID is taken, by another provider's user too. */
  async create(columns: UserColumns & { username: string }, owner: string): Promise<User> {
    await this.checkFree(columns);
    const user: User = {
      id: randomUUID(),
      idp_entity_id: this.settings.idpEntityId,
      sp_entity_id: this.settings.spEntityId ?? null,
      name_id: columns.name_id ?? this.nameId(),
      name_id_format: NAME_ID_FORMATS[this.settings.nameIdFormat],
      active: 1,
      not_on_or_after: null,
      owner,
      version: 1,
      ...columns,
    };
    await this.transaction.db.insertInto('saml_user').values(user).execute();
    return user;
  }

  /** Changes columns and counts the version up. */
  async change(user: User, columns: UserColumns): Promise<void> {
    await this.checkFree(columns, user);
    await this.transaction.db
      .updateTable('saml_user')
      .set({ ...columns, version: user.version + 1 })
      .where('id', '=', user.id)
      .execute();
  }

  /** The values of one attribute. */
  async values(user: User, attribute: string): Promise<string[]> {
    const rows = await this.transaction.db
      .selectFrom('saml_attribute')
      .select('value')
      .where('user_id', '=', user.id)
      .where('name', '=', samlName(attribute).name)
      .execute();
    return rows.map((row) => row.value);
  }

  async addValues(user: User, attribute: string, values: readonly string[]): Promise<void> {
    const { name, friendlyName, nameFormat } = samlName(attribute);
    const rest = { user_id: user.id, name, friendly_name: friendlyName, name_format: nameFormat };
    for (const some of chunks(values)) {
      await this.transaction.db
        .insertInto('saml_attribute')
        .values(some.map((value) => ({ ...rest, value })))
        .execute();
    }
  }

  async removeValues(user: User, attribute: string, values: readonly string[]): Promise<void> {
    if (values.length === 0) return;
    await this.transaction.db
      .deleteFrom('saml_attribute')
      .where('user_id', '=', user.id)
      .where('name', '=', samlName(attribute).name)
      .where('value', 'in', values)
      .execute();
  }

  /** Deletes the user with all attributes. */
  async remove(user: User): Promise<void> {
    const { db } = this.transaction;
    // Said explicitly: tables made by hand may lack the cascade.
    await db.deleteFrom('saml_attribute').where('user_id', '=', user.id).execute();
    await db.deleteFrom('saml_user').where('id', '=', user.id).execute();
  }

  private own() {
    return this.transaction.db
      .selectFrom('saml_user')
      .selectAll()
      .where('idp_entity_id', '=', this.settings.idpEntityId);
  }

  private attributeRows(ids: readonly string[]) {
    return this.transaction.db
      .selectFrom('saml_attribute')
      .select(['user_id', 'name', 'value'])
      .where('user_id', 'in', ids)
      .orderBy('name')
      .orderBy('value')
      .execute();
  }

  private nameId(): string {
    if (this.settings.nameIdFormat === 'persistent') return randomNameId();
    throw new ConnectorError(
      'invalid',
      `${NAME_ID} must be mapped and have a value, because its format is ${this.settings.nameIdFormat}`,
      { attribute: NAME_ID },
    );
  }

  private async checkFree(columns: UserColumns, self?: User): Promise<void> {
    const { db } = this.transaction;
    const conflict = (attribute: string): ConnectorError =>
      new ConnectorError('conflict', `${attribute} belongs to another user`, { attribute });
    const { username, name_id: nameId } = columns;
    const all = db
      .selectFrom('saml_user')
      .select('id')
      .where('id', '!=', self?.id ?? '');
    if (username !== undefined) {
      const other = await all.where('username', '=', username).executeTakeFirst();
      if (other) throw conflict(NAMING.user);
    }
    if (nameId !== undefined) {
      const other = await all
        .where('idp_entity_id', '=', this.settings.idpEntityId)
        .where('name_id', '=', nameId)
        .executeTakeFirst();
      if (other) throw conflict(NAME_ID);
    }
  }
}

function columnsOf(user: User): Attributes {
  return {
    [NAMING.user]: [user.username],
    [NAME_ID]: [user.name_id],
    ...(user.not_on_or_after === null ? {} : { [NOT_ON_OR_AFTER]: [user.not_on_or_after] }),
  };
}
