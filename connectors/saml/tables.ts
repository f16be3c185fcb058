/** The tables a SAML identity provider or proxy reads. */
import type { Selectable } from 'kysely';
import type { AddedColumn, Table } from '../sql/tables';

/** The tables, for the query builder. */
export interface SamlSchema {
  saml_user: {
    id: string;
    username: string;
    idp_entity_id: string;
    sp_entity_id: string | null;
    name_id: string;
    name_id_format: string;
    active: number;
    not_on_or_after: string | null;
    owner: string | null;
    version: number;
    external_id: string | null;
    role: string | null;
    match_attribute: string | null;
    match_value: string | null;
  };
  saml_attribute: {
    user_id: string;
    name: string;
    value: string;
    friendly_name: string | null;
    name_format: string;
  };
  saml_group: {
    id: string;
    idp_entity_id: string;
    name: string;
    owner: string | null;
    version: number;
  };
  saml_name_id: {
    user_id: string;
    sp_entity_id: string;
    idp_entity_id: string;
    name_id: string;
  };
}

/** A row of saml_user. */
export type User = Selectable<SamlSchema['saml_user']>;

/** One statement for SQLite and PostgreSQL, and its like for MySQL. */
interface Definition {
  readonly columns: readonly string[];
  readonly create: readonly string[];
  readonly added?: readonly {
    readonly column: string;
    readonly add: readonly string[];
    readonly mysql: string;
  }[];
  /**
   * MySQL cannot index texts as long as these: what must be unique is a hash of them. Engine, character set and collation
   * are added.
   */
  readonly mysql: string;
  /** Columns that must tell `a` from `A` and `a `. */
  readonly keys: readonly string[];
}

function dialects(statements: readonly string[], mysql: string): AddedColumn['add'] {
  return { sqlite: statements, postgresql: statements, mysql: [mysql] };
}

/** Describes one table of the connector. */
export function table(name: string, definition: Definition): Table {
  const { columns, create, added = [], mysql, keys } = definition;
  return {
    name,
    columns: [...columns, ...added.map(({ column }) => column)],
    keys,
    create: dialects(create, mysql),
    added: added.map((one) => ({ column: one.column, add: dialects(one.add, one.mysql) })),
  };
}

const USER = table('saml_user', {
  columns: [
    ...['id', 'username', 'idp_entity_id', 'sp_entity_id', 'name_id', 'name_id_format'],
    ...['active', 'not_on_or_after', 'owner', 'version'],
  ],
  create: [
    `CREATE TABLE saml_user (
      id varchar(36) PRIMARY KEY,
      username text NOT NULL UNIQUE,
      idp_entity_id text NOT NULL,
      sp_entity_id text,
      name_id text NOT NULL,
      name_id_format text NOT NULL,
      active integer NOT NULL DEFAULT 1,
      not_on_or_after text,
      owner text,
      version integer NOT NULL DEFAULT 1)`,
    'CREATE UNIQUE INDEX saml_user_name_id ON saml_user (idp_entity_id, name_id)',
  ],
  keys: ['id', 'username', 'idp_entity_id', 'name_id', 'match_attribute', 'match_value'],
  mysql: `CREATE TABLE IF NOT EXISTS saml_user (
    id varchar(36) PRIMARY KEY,
    username varchar(256) NOT NULL UNIQUE,
    idp_entity_id varchar(1024) NOT NULL,
    sp_entity_id varchar(1024),
    name_id varchar(256) NOT NULL,
    name_id_format varchar(256) NOT NULL,
    active integer NOT NULL DEFAULT 1,
    not_on_or_after varchar(32),
    owner text,
    version integer NOT NULL DEFAULT 1,
    idp_hash binary(32) AS (UNHEX(SHA2(idp_entity_id, 256))) STORED,
    UNIQUE KEY saml_user_name_id (idp_hash, name_id),
    KEY saml_user_name (name_id))`,
  added: [
    {
      column: 'external_id',
      add: [
        'ALTER TABLE saml_user ADD COLUMN external_id text',
        'CREATE INDEX saml_user_external_id ON saml_user (external_id)',
      ],
      mysql:
        'ALTER TABLE saml_user ADD COLUMN external_id varchar(256), ADD KEY saml_user_external_id (external_id)',
    },
    {
      column: 'role',
      add: ['ALTER TABLE saml_user ADD COLUMN role text'],
      mysql: 'ALTER TABLE saml_user ADD COLUMN role varchar(256)',
    },
    {
      column: 'match_attribute',
      add: ['ALTER TABLE saml_user ADD COLUMN match_attribute text'],
      mysql: 'ALTER TABLE saml_user ADD COLUMN match_attribute varchar(256)',
    },
    {
      column: 'match_value',
      add: [
        'ALTER TABLE saml_user ADD COLUMN match_value text',
        'CREATE UNIQUE INDEX saml_user_match ON saml_user (idp_entity_id, match_attribute, match_value)',
      ],
      mysql: `ALTER TABLE saml_user ADD COLUMN match_value varchar(256),
        ADD UNIQUE KEY saml_user_match (idp_hash, match_attribute, match_value)`,
    },
  ],
});

const ATTRIBUTE = table('saml_attribute', {
  columns: ['user_id', 'name', 'value', 'friendly_name', 'name_format'],
  create: [
    `CREATE TABLE saml_attribute (
      user_id varchar(36) NOT NULL REFERENCES saml_user (id) ON DELETE CASCADE,
      name text NOT NULL,
      value text NOT NULL,
      friendly_name text,
      name_format text NOT NULL,
      PRIMARY KEY (user_id, name, value))`,
    'CREATE INDEX saml_attribute_value ON saml_attribute (value, name)',
  ],
  keys: ['user_id', 'name', 'value'],
  mysql: `CREATE TABLE IF NOT EXISTS saml_attribute (
    user_id varchar(36) NOT NULL,
    name varchar(256) NOT NULL,
    value varchar(2048) NOT NULL,
    friendly_name varchar(256),
    name_format varchar(256) NOT NULL,
    value_hash binary(32) AS (UNHEX(SHA2(value, 256))) STORED,
    UNIQUE KEY saml_attribute_once (user_id, name, value_hash),
    KEY saml_attribute_value (value(128), name(128)),
    FOREIGN KEY (user_id) REFERENCES saml_user (id) ON DELETE CASCADE)`,
});

const GROUP = table('saml_group', {
  columns: ['id', 'idp_entity_id', 'name', 'owner', 'version'],
  create: [
    `CREATE TABLE saml_group (
      id varchar(36) PRIMARY KEY,
      idp_entity_id text NOT NULL,
      name text NOT NULL,
      owner text,
      version integer NOT NULL DEFAULT 1,
      UNIQUE (idp_entity_id, name))`,
  ],
  keys: ['id', 'idp_entity_id', 'name'],
  mysql: `CREATE TABLE IF NOT EXISTS saml_group (
    id varchar(36) PRIMARY KEY,
    idp_entity_id varchar(1024) NOT NULL,
    name varchar(1024) NOT NULL,
    owner text,
    version integer NOT NULL DEFAULT 1,
    idp_hash binary(32) AS (UNHEX(SHA2(idp_entity_id, 256))) STORED,
    name_hash binary(32) AS (UNHEX(SHA2(name, 256))) STORED,
    UNIQUE KEY saml_group_name (idp_hash, name_hash),
    KEY saml_group_start (name(128)))`,
});

/** Pairwise identifiers (SAML core 8.3.7): what a user is called at one service provider. */
const NAME_ID = table('saml_name_id', {
  columns: ['user_id', 'sp_entity_id', 'idp_entity_id', 'name_id'],
  create: [
    `CREATE TABLE saml_name_id (
      user_id varchar(36) NOT NULL REFERENCES saml_user (id) ON DELETE CASCADE,
      sp_entity_id varchar(1024) NOT NULL,
      idp_entity_id text NOT NULL,
      name_id text NOT NULL,
      PRIMARY KEY (user_id, sp_entity_id))`,
    'CREATE UNIQUE INDEX saml_name_id_value ON saml_name_id (idp_entity_id, sp_entity_id, name_id)',
  ],
  keys: ['user_id', 'sp_entity_id', 'idp_entity_id', 'name_id'],
  mysql: `CREATE TABLE IF NOT EXISTS saml_name_id (
    user_id varchar(36) NOT NULL,
    sp_entity_id varchar(1024) NOT NULL,
    idp_entity_id varchar(1024) NOT NULL,
    name_id varchar(256) NOT NULL,
    sp_hash binary(32) AS (UNHEX(SHA2(sp_entity_id, 256))) STORED,
    idp_hash binary(32) AS (UNHEX(SHA2(idp_entity_id, 256))) STORED,
    UNIQUE KEY saml_name_id_user (user_id, sp_hash),
    UNIQUE KEY saml_name_id_value (idp_hash, sp_hash, name_id),
    KEY saml_name_id_start (name_id),
    FOREIGN KEY (user_id) REFERENCES saml_user (id) ON DELETE CASCADE)`,
});

/** Everything the connector needs in the database. */
export const SAML_TABLES: readonly Table[] = [USER, ATTRIBUTE, GROUP, NAME_ID];
