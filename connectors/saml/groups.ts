/** The groups of one open transaction: a row each, and an isMemberOf value with every member. */
import { randomUUID } from 'node:crypto';
import { type Selectable, sql, type WhereInterface } from 'kysely';
import { ConnectorError, type Entry, type EntryRef } from '../spi';
import type { Transaction } from '../sql/transaction';
import { MEMBER_OF, NAMING, samlName } from './names';
import type { SamlSettings } from './settings';
import type { SamlSchema, User } from './tables';

/** A row of saml_group. */
export type Group = Selectable<SamlSchema['saml_group']>;

const SAML_NAME = samlName(MEMBER_OF);

/** A group as an entry. */
export function toEntry(group: Group): Entry {
  return {
    reference: group.id,
    name: group.name,
    attributes: { [NAMING.group]: [group.name] },
    active: true,
    ...(group.owner === null ? {} : { owner: group.owner }),
  };
}

/** Reads and writes groups inside one transaction; only those of the configured identity provider exist for it. */
export class Groups {
  constructor(
    private readonly transaction: Transaction<SamlSchema>,
    private readonly settings: SamlSettings,
  ) {}

  /** The group behind a reference, locked when it is to be written. */
  async locate(ref: EntryRef, intent: 'read' | 'write'): Promise<Group | undefined> {
    const query = this.own().where('id', '=', ref.reference);
    const lock = intent === 'write' && this.transaction.dialect !== 'sqlite';
    return (lock ? query.forUpdate() : query).executeTakeFirst();
  }

  page(after: string, limit: number): Promise<Group[]> {
    return this.own().where('id', '>', after).orderBy('id').limit(limit).execute();
  }

  named(name: string): Promise<Group | undefined> {
    return this.own().where('name', '=', name).executeTakeFirst();
  }

  async create(name: string, owner: string): Promise<Group> {
    await this.checkFree(name);
    const group = {
      id: randomUUID(),
      idp_entity_id: this.settings.idpEntityId,
      name,
      owner,
      version: 1,
    };
    await this.transaction.db.insertInto('saml_group').values(group).execute();
    return group;
  }

  /** Gives the group and every isMemberOf value of it another name. */
  async rename(group: Group, name: string): Promise<void> {
    await this.checkFree(name);
    const { db } = this.transaction;
    // A member may have the new value already, by hand; it must not have it twice.
    await db
      .insertInto('saml_attribute')
      .columns(['user_id', 'name', 'value', 'friendly_name', 'name_format'])
      .expression(
        this.held(db.selectFrom('saml_attribute'), group.name).select([
          'user_id',
          'name',
          sql.val(name).as('value'),
          'friendly_name',
          'name_format',
        ]),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await this.clear(group.name);
    await db
      .updateTable('saml_group')
      .set({ name, version: group.version + 1 })
      .where('id', '=', group.id)
      .execute();
  }

  async remove(group: Group): Promise<void> {
    await this.clear(group.name);
    await this.transaction.db.deleteFrom('saml_group').where('id', '=', group.id).execute();
  }

  async addMembers(group: Group, users: readonly User[]): Promise<void> {
    if (users.length === 0) return;
    const values = users.map((user) => ({
      user_id: user.id,
      name: SAML_NAME.name,
      value: group.name,
      friendly_name: SAML_NAME.friendlyName,
      name_format: SAML_NAME.nameFormat,
    }));
    await this.transaction.db
      .insertInto('saml_attribute')
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async removeMembers(group: Group, refs: readonly EntryRef[]): Promise<void> {
    if (refs.length === 0) return;
    await this.transaction.db
      .deleteFrom('saml_attribute')
      .where('name', '=', SAML_NAME.name)
      .where('value', '=', group.name)
      .where(
        'user_id',
        'in',
        refs.map((ref) => ref.reference),
      )
      .execute();
  }

  private own() {
    return this.transaction.db
      .selectFrom('saml_group')
      .selectAll()
      .where('idp_entity_id', '=', this.settings.idpEntityId);
  }

  /** Only isMemberOf rows with that value, of this provider's users. */
  private held<Query extends WhereInterface<SamlSchema, 'saml_attribute'>>(
    query: Query,
    value: string,
  ): Query {
    const users = this.transaction.db
      .selectFrom('saml_user')
      .select('id')
      .where('idp_entity_id', '=', this.settings.idpEntityId);
    return query
      .where('name', '=', SAML_NAME.name)
      .where('value', '=', value)
      .where('user_id', 'in', users) as Query;
  }

  private async clear(value: string): Promise<void> {
    await this.held(this.transaction.db.deleteFrom('saml_attribute'), value).execute();
  }

  private async checkFree(name: string): Promise<void> {
    if (!(await this.named(name))) return;
    const attribute = NAMING.group;
    throw new ConnectorError('conflict', `${attribute} belongs to another group`, { attribute });
  }
}
