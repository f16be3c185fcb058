/** The users of one open transaction. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Attributes, ConnectorError, type Entry, type EntryRef } from '../spi';
import type { Transaction } from '../sql/transaction';
import { chunks } from '../sql/paging';
import { NameIds } from './name-ids';
import {
  EXTERNAL_ID,
  mappingName,
  MATCH_VALUE,
  NAME_ID,
  NAMING,
  NOT_ON_OR_AFTER,
  pairwiseAttribute,
  ROLE,
  samlName,
  serviceProviderOf,
} from './names';
import { NAME_ID_FORMATS, type SamlSettings } from './settings';
import type { SamlSchema, User } from './tables';

/** The columns of a user that a mapping can fill. */
export type UserColumns = Partial<
  Pick<
    User,
    | 'username'
    | 'name_id'
    | 'not_on_or_after'
    | 'active'
    | 'role'
    | 'external_id'
    | 'match_attribute'
    | 'match_value'
  >
>;

/** Of the users that share a value no more are looked at: whoever asks wants one. */
const CANDIDATES = 50;

/** Users that get NameIDs in one transaction. */
const COMPLETED_AT_ONCE = 100;

/** Random, as SAML core 8.3.7 asks: nobody can tell from it who it is. */
function randomNameId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

/** Reads and writes users inside one transaction; only those of the configured identity provider exist for it. */
export class Users {
  readonly nameIds: NameIds;

  constructor(
    private readonly transaction: Transaction<SamlSchema>,
    private readonly settings: SamlSettings,
  ) {
    this.nameIds = new NameIds(transaction, settings);
  }

  /** The user behind a reference, locked when it is to be written. */
  async locate(ref: EntryRef, intent: 'read' | 'write'): Promise<User | undefined> {
    const query = this.own().where('id', '=', ref.reference);
    const lock = intent === 'write' && this.transaction.dialect !== 'sqlite';
    return (lock ? query.forUpdate() : query).executeTakeFirst();
  }

  /** Those of the references that exist, kept from being deleted meanwhile, in the order of their keys. */
  async present(refs: readonly EntryRef[]): Promise<User[]> {
    if (refs.length === 0) return [];
    const references = refs.map((ref) => ref.reference);
    const query = this.own().where('id', 'in', references).orderBy('id');
    return (this.transaction.dialect !== 'sqlite' ? query.forShare() : query).execute();
  }

  page(after: string, limit: number): Promise<User[]> {
    return this.own().where('id', '>', after).orderBy('id').limit(limit).execute();
  }

  /** Users that may have the value; the caller looks at all keys. */
  async candidates(attribute: string, value: string): Promise<User[]> {
    if (attribute === NAMING.user) return this.own().where('username', '=', value).execute();
    if (attribute === NAME_ID) return this.own().where('name_id', '=', value).execute();
    if (attribute === MATCH_VALUE) {
      const match = this.own().where('match_attribute', '=', this.matchAttribute());
      return match.where('match_value', '=', value).execute();
    }
    const others = {
      [EXTERNAL_ID]: 'external_id',
      [ROLE]: 'role',
      [NOT_ON_OR_AFTER]: 'not_on_or_after',
    } as const;
    const column = Object.entries(others).find(([name]) => name === attribute)?.[1];
    if (column !== undefined)
      return this.own().where(column, '=', value).limit(CANDIDATES).execute();
    const serviceProvider = serviceProviderOf(attribute);
    if (serviceProvider !== undefined) {
      const holder = await this.nameIds.holder(serviceProvider, value);
      return holder === undefined ? [] : this.own().where('id', '=', holder).execute();
    }
    const holders = this.transaction.db
      .selectFrom('saml_attribute')
      .select('user_id')
      .where('value', '=', value)
      .where('name', '=', samlName(attribute).name);
    return this.own().where('id', 'in', holders).limit(CANDIDATES).execute();
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
    const nameIds = await this.nameIds.load([...attributes.keys()]);
    for (const [id, byServiceProvider] of nameIds) {
      for (const [serviceProvider, nameId] of byServiceProvider) {
        attributes.get(id)?.set(pairwiseAttribute(serviceProvider), [nameId]);
      }
    }
    return users.map((user) => ({
      reference: user.id,
      name: user.username,
      active: user.active !== 0,
      attributes: { ...Object.fromEntries(attributes.get(user.id) ?? []), ...this.columnsOf(user) },
      ...(user.owner === null ? {} : { owner: user.owner }),
    }));
  }

  /** Makes the user; fails with `conflict` when the name or the NameID is taken, by another provider's user too. */
  async create(
    columns: UserColumns & { username: string },
    nameIds: ReadonlyMap<string, string>,
    owner: string,
  ): Promise<User> {
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
      external_id: null,
      role: null,
      match_attribute: null,
      match_value: null,
      ...columns,
    };
    await this.transaction.db.insertInto('saml_user').values(user).execute();
    await this.nameIds.complete(user, nameIds);
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
    await this.nameIds.complete({ ...user, ...columns });
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
    await this.nameIds.remove(user);
    await db.deleteFrom('saml_attribute').where('user_id', '=', user.id).execute();
    await db.deleteFrom('saml_user').where('id', '=', user.id).execute();
  }

  /** Gives some of the users that lack NameIDs for service providers theirs; answers whether there may be more. */
  async completeSome(): Promise<boolean> {
    const ids = await this.nameIds.incomplete(COMPLETED_AT_ONCE);
    if (ids.length === 0) return false;
    for (const user of await this.own().where('id', 'in', ids).execute()) {
      await this.nameIds.complete(user);
    }
    return true;
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

  /** What a database calls a conflict of some key is told by its attribute. */
  private async checkFree(columns: UserColumns, self?: User): Promise<void> {
    const { username, name_id: nameId, match_attribute: by, match_value: value } = columns;
    const { idpEntityId } = this.settings;
    const others = () =>
      this.transaction.db
        .selectFrom('saml_user')
        .select('idp_entity_id')
        .where('id', '!=', self?.id ?? '');
    const conflict = (attribute: string, idp = idpEntityId): ConnectorError => {
      const whose = idp === idpEntityId ? '' : ` of another identity provider, ${idp}`;
      return new ConnectorError('conflict', `${attribute} belongs to another user${whose}`, {
        attribute,
      });
    };
    if (username !== undefined) {
      const other = await others().where('username', '=', username).executeTakeFirst();
      if (other) throw conflict(NAMING.user, other.idp_entity_id);
    }
    const own = () => others().where('idp_entity_id', '=', idpEntityId);
    if (nameId !== undefined) {
      if (await own().where('name_id', '=', nameId).executeTakeFirst()) throw conflict(NAME_ID);
    }
    if (value !== undefined) {
      const same = own().where('match_attribute', '=', by ?? this.matchAttribute());
      const other = await same.where('match_value', '=', value).executeTakeFirst();
      if (other) throw conflict(MATCH_VALUE);
    }
  }

  private matchAttribute(): string | null {
    const { matchAttribute } = this.settings;
    return matchAttribute === undefined ? null : samlName(matchAttribute).name;
  }

  private columnsOf(user: User): Attributes {
    const isMatch = user.match_attribute !== null && user.match_attribute === this.matchAttribute();
    const columns = {
      [NAMING.user]: user.username,
      [NAME_ID]: user.name_id,
      [MATCH_VALUE]: isMatch ? user.match_value : null,
      [ROLE]: user.role,
      [EXTERNAL_ID]: user.external_id,
      [NOT_ON_OR_AFTER]: user.not_on_or_after,
    };
    return Object.fromEntries(
      Object.entries(columns).flatMap(([name, value]) => (value === null ? [] : [[name, [value]]])),
    );
  }
}
