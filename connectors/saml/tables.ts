/** The tables a SAML identity provider or proxy reads. */
import type { Table } from '../sql/tables';

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
}

/** The same statements serve both databases. */
function table(name: string, columns: readonly string[], statements: readonly string[]): Table {
  return { name, columns, create: { sqlite: statements, postgresql: statements } };
}

/** Everything the connector needs in the database. */
export const SAML_TABLES: readonly Table[] = [
  table(
    'saml_user',
    [
      ...['id', 'username', 'idp_entity_id', 'sp_entity_id', 'name_id', 'name_id_format'],
      ...['active', 'not_on_or_after', 'owner', 'version'],
    ],
    [
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
  ),
  table(
    'saml_attribute',
    ['user_id', 'name', 'value', 'friendly_name', 'name_format'],
    [
      `CREATE TABLE saml_attribute (
        user_id varchar(36) NOT NULL REFERENCES saml_user (id) ON DELETE CASCADE,
        name text NOT NULL,
        value text NOT NULL,
        friendly_name text,
        name_format text NOT NULL,
        PRIMARY KEY (user_id, name, value))`,
      'CREATE INDEX saml_attribute_value ON saml_attribute (value, name)',
    ],
  ),
  table(
    'saml_group',
    ['id', 'idp_entity_id', 'name', 'owner', 'version'],
    [
      `CREATE TABLE saml_group (
        id varchar(36) PRIMARY KEY,
        idp_entity_id text NOT NULL,
        name text NOT NULL,
        owner text,
        version integer NOT NULL DEFAULT 1,
        UNIQUE (idp_entity_id, name))`,
    ],
  ),
];
