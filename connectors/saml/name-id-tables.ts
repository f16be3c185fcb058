/** The tables in which SimpleSAMLphp and the Shibboleth IdP keep persistent NameIDs: copies of saml_name_id. */
import { type RawBuilder, sql } from 'kysely';
import type { Table } from '../sql/tables';
import type { Transaction } from '../sql/transaction';
import type { SamlSettings } from './settings';
import { SAML_TABLES, type SamlSchema, table, type User } from './tables';

/** What a user is called at one service provider. */
interface Pairwise {
  readonly serviceProvider: string;
  readonly nameId: string;
}

/** One such table. */
export interface NameIdTable {
  readonly tables: readonly Table[];
  /** Makes the table say what the user, as it is now, is called. */
  write(transaction: Transaction<SamlSchema>, user: User, pairwise: Pairwise): Promise<void>;
  remove(transaction: Transaction<SamlSchema>, user: User, pairwise: Pairwise): Promise<void>;
  /** Whether the NameID `n` of the user `u` is in the table. */
  isCopied(serviceProvider: string): RawBuilder<boolean>;
}

/**
 * What the filter saml:SQLPersistentNameID reads and, left alone, fills with NameIDs of its own making. With a prefix it is
 * SimpleSAMLphp's session store, which makes the table itself unless a second one says that it is there.
 */
class SimpleSamlPhp implements NameIdTable {
  readonly tables: readonly Table[];
  private readonly name: string;
  private readonly versions: string | undefined;
  private readonly idp: string;

  constructor(
    settings: SamlSettings,
    { tablePrefix, idpEntityId }: { tablePrefix: string; idpEntityId?: string | undefined },
  ) {
    // SimpleSAMLphp quotes no names, and PostgreSQL folds those to lower case.
    const fold = (name: string): string =>
      settings.database.kind === 'postgresql' ? name.toLowerCase() : name;
    this.name = fold(`${tablePrefix}_saml_PersistentNameID`);
    this.versions = tablePrefix === '' ? undefined : fold(`${tablePrefix}_tableVersion`);
    this.idp = idpEntityId ?? settings.idpEntityId;
    this.tables = [
      table(this.name, {
        columns: ['_idp', '_sp', '_user', '_value'],
        create: [
          `CREATE TABLE ${this.name} (
            _idp varchar(256) NOT NULL,
            _sp varchar(256) NOT NULL,
            _user varchar(256) NOT NULL,
            _value varchar(256) NOT NULL,
            UNIQUE (_idp, _sp, _user))`,
          `CREATE INDEX ${this.name}_idp_sp ON ${this.name} (_idp, _sp)`,
        ],
        keys: ['_idp', '_sp', '_user', '_value'],
        mysql: `CREATE TABLE IF NOT EXISTS ${this.name} (
          _idp varchar(256) NOT NULL,
          _sp varchar(256) NOT NULL,
          _user varchar(256) NOT NULL,
          _value varchar(256) NOT NULL,
          UNIQUE (_idp, _sp, _user))`,
      }),
      ...(this.versions === undefined
        ? []
        : [
            table(this.versions, {
              columns: ['_name', '_version'],
              create: [
                `CREATE TABLE ${this.versions} (_name varchar(30) NOT NULL UNIQUE, _version integer NOT NULL)`,
              ],
              keys: [],
              mysql: `CREATE TABLE IF NOT EXISTS ${this.versions} (_name varchar(30) NOT NULL UNIQUE, _version integer NOT NULL)`,
            }),
          ]),
    ];
  }

  async write({ db }: Transaction<SamlSchema>, user: User, pairwise: Pairwise): Promise<void> {
    const { serviceProvider, nameId } = pairwise;
    const [name, key] = [sql.table(this.name), this.key(serviceProvider)];
    if (this.versions !== undefined) {
      const versions = sql.table(this.versions);
      await sql`INSERT INTO ${versions} (_name, _version) SELECT 'saml_PersistentNameID', 1
        WHERE NOT EXISTS (SELECT 1 FROM ${versions} WHERE _name = 'saml_PersistentNameID')`.execute(
        db,
      );
    }
    await sql`DELETE FROM ${name} WHERE ${key} AND (_value = ${nameId} OR _user = ${user.username})`.execute(
      db,
    );
    await sql`INSERT INTO ${name} (_idp, _sp, _user, _value)
      VALUES (${this.idp}, ${serviceProvider}, ${user.username}, ${nameId})`.execute(db);
  }

  async remove(
    { db }: Transaction<SamlSchema>,
    user: User,
    { serviceProvider, nameId }: Pairwise,
  ): Promise<void> {
    await sql`DELETE FROM ${sql.table(this.name)} WHERE ${this.key(serviceProvider)} AND (_value = ${nameId} OR _user = ${user.username})`.execute(
      db,
    );
  }

  isCopied(serviceProvider: string): RawBuilder<boolean> {
    return sql<boolean>`EXISTS (SELECT 1 FROM ${sql.table(this.name)}
      WHERE ${this.key(serviceProvider)} AND _user = u.username AND _value = n.name_id)`;
  }

  private key(serviceProvider: string): RawBuilder<boolean> {
    return sql<boolean>`_idp = ${this.idp} AND _sp = ${serviceProvider}`;
  }
}

/** Shibboleth's stored IDs. One with a deactivation date counts no more: of a user that is disabled, or replaced. */
class Shibboleth implements NameIdTable {
  readonly tables = [
    table('shibpid', {
      columns: [
        ...['localentity', 'peerentity', 'persistentid', 'principalname', 'localid'],
        ...['peerprovidedid', 'creationdate', 'deactivationdate'],
      ],
      create: [
        `CREATE TABLE shibpid (
          localEntity varchar(255) NOT NULL,
          peerEntity varchar(255) NOT NULL,
          persistentId varchar(256) NOT NULL,
          principalName varchar(256) NOT NULL,
          localId varchar(256) NOT NULL,
          peerProvidedId varchar(256),
          creationDate timestamp NOT NULL,
          deactivationDate timestamp NULL,
          PRIMARY KEY (localEntity, peerEntity, persistentId))`,
        'CREATE INDEX shibpid_local_id ON shibpid (localEntity, peerEntity, localId)',
      ],
      keys: ['localentity', 'peerentity', 'persistentid', 'localid'],
      // Without a default the first timestamp of a table follows every change of the row.
      mysql: `CREATE TABLE IF NOT EXISTS shibpid (
        localEntity varchar(255) NOT NULL,
        peerEntity varchar(255) NOT NULL,
        persistentId varchar(256) NOT NULL,
        principalName varchar(256) NOT NULL,
        localId varchar(256) NOT NULL,
        peerProvidedId varchar(256),
        creationDate timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
        deactivationDate timestamp NULL,
        PRIMARY KEY (localEntity, peerEntity, persistentId),
        KEY shibpid_local_id (localEntity, peerEntity, localId))`,
    }),
  ];

  constructor(private readonly idp: string) {}

  async write({ db }: Transaction<SamlSchema>, user: User, pairwise: Pairwise): Promise<void> {
    const { serviceProvider, nameId } = pairwise;
    const key = this.key(serviceProvider);
    await sql`UPDATE shibpid SET deactivationdate = CURRENT_TIMESTAMP WHERE ${key}
      AND localid = ${user.username} AND persistentid <> ${nameId} AND deactivationdate IS NULL`.execute(
      db,
    );
    const deactivated =
      user.active === 0 ? sql`COALESCE(deactivationdate, CURRENT_TIMESTAMP)` : sql`NULL`;
    const { numAffectedRows } = await sql`UPDATE shibpid
      SET principalname = ${user.username}, localid = ${user.username}, deactivationdate = ${deactivated}
      WHERE ${key} AND persistentid = ${nameId}`.execute(db);
    if (numAffectedRows !== 0n) return;
    await sql`INSERT INTO shibpid
      (localentity, peerentity, persistentid, principalname, localid, creationdate, deactivationdate)
      VALUES (${this.idp}, ${serviceProvider}, ${nameId}, ${user.username}, ${user.username},
        CURRENT_TIMESTAMP, ${user.active === 0 ? sql`CURRENT_TIMESTAMP` : sql`NULL`})`.execute(db);
  }

  async remove(
    { db }: Transaction<SamlSchema>,
    user: User,
    { serviceProvider, nameId }: Pairwise,
  ): Promise<void> {
    await sql`DELETE FROM shibpid WHERE ${this.key(serviceProvider)} AND (persistentid = ${nameId} OR localid = ${user.username})`.execute(
      db,
    );
  }

  isCopied(serviceProvider: string): RawBuilder<boolean> {
    return sql<boolean>`EXISTS (SELECT 1 FROM shibpid
      WHERE ${this.key(serviceProvider)} AND localid = u.username AND persistentid = n.name_id)`;
  }

  private key(serviceProvider: string): RawBuilder<boolean> {
    return sql<boolean>`localentity = ${this.idp} AND peerentity = ${serviceProvider}`;
  }
}

/** The copies that the settings ask for. */
export function nameIdTables(settings: SamlSettings): readonly NameIdTable[] {
  const { simplesamlphp, shibboleth } = settings;
  return [
    ...(simplesamlphp ? [new SimpleSamlPhp(settings, simplesamlphp)] : []),
    ...(shibboleth ? [new Shibboleth(shibboleth.idpEntityId ?? settings.idpEntityId)] : []),
  ];
}

/** Everything a target with these settings needs in its database. */
export function tablesOf(settings: SamlSettings): readonly Table[] {
  return [...SAML_TABLES, ...nameIdTables(settings).flatMap(({ tables }) => tables)];
}
