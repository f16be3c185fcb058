/** Persistent NameIDs for single service providers (SAML core 8.3.7), and the tables in which other software looks for them. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { ConnectorError } from '../spi';
import type { Transaction } from '../sql/transaction';
import { type NameIdTable, nameIdTables } from './name-id-tables';
import { pairwiseAttribute } from './names';
import type { SamlSettings } from './settings';
import type { SamlSchema, User } from './tables';

/** Random, so that nobody can tell who it is; SimpleSAMLphp's own table takes 40 characters. */
function randomPairwise(): string {
  return randomBytes(20).toString('hex');
}

/** Reads and writes the NameIDs inside one transaction. */
export class NameIds {
  private readonly copies: readonly NameIdTable[];

  constructor(
    private readonly transaction: Transaction<SamlSchema>,
    private readonly settings: SamlSettings,
  ) {
    this.copies = nameIdTables(settings);
  }

  /** The NameIDs of several users by service provider; those no longer in the settings are kept but not shown. */
  async load(ids: readonly string[]): Promise<Map<string, Map<string, string>>> {
    const found = new Map<string, Map<string, string>>(ids.map((id) => [id, new Map()]));
    const { serviceProviders } = this.settings;
    if (ids.length === 0 || serviceProviders.length === 0) return found;
    const rows = await this.transaction.db
      .selectFrom('saml_name_id')
      .select(['user_id', 'sp_entity_id', 'name_id'])
      .where('user_id', 'in', ids)
      .where('sp_entity_id', 'in', serviceProviders)
      .execute();
    for (const row of rows) found.get(row.user_id)?.set(row.sp_entity_id, row.name_id);
    return found;
  }

  /** The user with that NameID at the service provider. */
  async holder(serviceProvider: string, nameId: string): Promise<string | undefined> {
    const row = await this.transaction.db
      .selectFrom('saml_name_id')
      .select('user_id')
      .where('idp_entity_id', '=', this.settings.idpEntityId)
      .where('sp_entity_id', '=', serviceProvider)
      .where('name_id', '=', nameId)
      .executeTakeFirst();
    return row?.user_id;
  }

  /** What the user is called at the service provider. */
  async of(user: User, serviceProvider: string): Promise<string> {
    await this.complete(user);
    const found = (await this.load([user.id])).get(user.id);
    return found?.get(serviceProvider) as string;
  }

  async replace(user: User, serviceProvider: string, nameId: string): Promise<void> {
    await this.checkFree(serviceProvider, nameId);
    await this.transaction.db
      .updateTable('saml_name_id')
      .set({ name_id: nameId })
      .where('user_id', '=', user.id)
      .where('sp_entity_id', '=', serviceProvider)
      .execute();
  }

  /** Gives the user a NameID at every service provider, and every table a copy of it as the user is now. */
  async complete(user: User, given: ReadonlyMap<string, string> = new Map()): Promise<void> {
    if (this.settings.serviceProviders.length === 0) return;
    const present = (await this.load([user.id])).get(user.id) ?? new Map<string, string>();
    for (const serviceProvider of this.settings.serviceProviders) {
      let nameId = present.get(serviceProvider);
      if (nameId === undefined) {
        nameId = given.get(serviceProvider) ?? randomPairwise();
        await this.insert(user, serviceProvider, nameId);
      }
      for (const copy of this.copies) {
        await copy.write(this.transaction, user, { serviceProvider, nameId });
      }
    }
  }

  async remove(user: User): Promise<void> {
    const own = this.transaction.db.selectFrom('saml_name_id').where('user_id', '=', user.id);
    for (const row of await own.select(['sp_entity_id', 'name_id']).execute()) {
      const pairwise = { serviceProvider: row.sp_entity_id, nameId: row.name_id };
      for (const copy of this.copies) await copy.remove(this.transaction, user, pairwise);
    }
    await this.transaction.db.deleteFrom('saml_name_id').where('user_id', '=', user.id).execute();
  }

  /** Users of the identity provider that lack a NameID or a copy of one: a service provider or a table is new. */
  async incomplete(limit: number): Promise<string[]> {
    for (const serviceProvider of this.settings.serviceProviders) {
      const copied = this.copies.map((copy) => sql` OR NOT ${copy.isCopied(serviceProvider)}`);
      const { rows } = await sql<{ id: string }>`SELECT u.id AS id FROM saml_user u
        LEFT JOIN saml_name_id n ON n.user_id = u.id AND n.sp_entity_id = ${serviceProvider}
        WHERE u.idp_entity_id = ${this.settings.idpEntityId}
          AND (n.user_id IS NULL${copied.length > 0 ? sql.join(copied, sql``) : sql``})
        LIMIT ${sql.lit(limit)}`.execute(this.transaction.db);
      if (rows.length > 0) return rows.map(({ id }) => id);
    }
    return [];
  }

  private async insert(user: User, serviceProvider: string, nameId: string): Promise<void> {
    await this.checkFree(serviceProvider, nameId);
    await this.transaction.db
      .insertInto('saml_name_id')
      .values({
        user_id: user.id,
        sp_entity_id: serviceProvider,
        idp_entity_id: this.settings.idpEntityId,
        name_id: nameId,
      })
      .execute();
  }

  private async checkFree(serviceProvider: string, nameId: string): Promise<void> {
    if ((await this.holder(serviceProvider, nameId)) === undefined) return;
    const attribute = pairwiseAttribute(serviceProvider);
    throw new ConnectorError('conflict', `${attribute} belongs to another user`, { attribute });
  }
}
