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

interface Definition {
  readonly columns: readonly string[];
  readonly create: readonly string[];
  readonly added?: readonly { readonly column: string; readonly add: readonly string[] }[];
}

/** The same statements serve every database. */
function everywhere(statements: readonly string[]): AddedColumn['add'] {
  return { sqlite: statements, postgresql: statements };
}

/** Describes one table of the connector. */
export function table(name: string, { columns, create, added = [] }: Definition): Table {
  return {
    name,
    columns: [...columns, ...added.map(({ column }) => column)],
    create: everywhere(create),
    added: added.map(({ column, add }) => ({ column, add: everywhere(add) })),
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
  added: [
    {
      column: 'external_id',
      add: [
        'ALTER TABLE saml_user ADD COLUMN external_id text',
        'CREATE INDEX saml_user_external_id ON saml_user (external_id)',
      ],
    },
    { column: 'role', add: ['ALTER TABLE saml_user ADD COLUMN role text'] },
    { column: 'match_attribute', add: ['ALTER TABLE saml_user ADD COLUMN match_attribute text'] },
    {
      column: 'match_value',
      add: [
        'ALTER TABLE saml_user ADD COLUMN match_value text',
        'CREATE UNIQUE INDEX saml_user_match ON saml_user (idp_entity_id, match_attribute, match_value)',
      ],
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
});

/** Everything the connector needs in the database. */
export const SAML_TABLES: readonly Table[] = [USER, ATTRIBUTE, GROUP, NAME_ID];
