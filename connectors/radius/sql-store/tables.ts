/** The tables of FreeRADIUS's stock schema that hold profiles, and the one that says which of them are ours. */
import type { Generated } from 'kysely';
import type { EntryKind } from '../../spi';
import type { Table } from '../../sql/tables';
import type { Place } from '../names';

interface UserRow {
  readonly id: Generated<number>;
  readonly username: string;
  readonly attribute: string;
  readonly op: string;
  readonly value: string;
}

interface GroupRow {
  readonly id: Generated<number>;
  readonly groupname: string;
  readonly attribute: string;
  readonly op: string;
  readonly value: string;
}

/** The tables, for the query builder. */
export interface RadiusSchema {
  usher_radius_entry: { id: string; kind: EntryKind; name: string; owner: string | null };
  radcheck: UserRow;
  radreply: UserRow;
  radgroupcheck: GroupRow;
  radgroupreply: GroupRow;
  radusergroup: { id: Generated<number>; username: string; groupname: string; priority: number };
}

/** The two tables of each kind of entry. */
export const TABLES = {
  user: { check: 'radcheck', reply: 'radreply' },
  group: { check: 'radgroupcheck', reply: 'radgroupreply' },
} as const satisfies Record<EntryKind, Record<Place, keyof RadiusSchema>>;

/**
 * As long as the longest name of 253 bytes when every one of them is escaped, and the longest value. MySQL indexes the
 * start of such columns only.
 */
const NAME_LENGTH = 1536;
const VALUE_LENGTH = 512;

function attributeTable(name: string, key: 'username' | 'groupname', op: '==' | '='): Table {
  return {
    name,
    columns: ['id', key, 'attribute', 'op', 'value'],
    keys: [key],
    create: {
      sqlite: [
        `CREATE TABLE ${name} (id INTEGER PRIMARY KEY AUTOINCREMENT, ${key} varchar(64) NOT NULL DEFAULT '',
          attribute varchar(64) NOT NULL DEFAULT '', op char(2) NOT NULL DEFAULT '${op}', value varchar(253) NOT NULL DEFAULT '')`,
        `CREATE INDEX ${name}_${key} ON ${name} (${key})`,
      ],
      postgresql: [
        `CREATE TABLE ${name} (id serial PRIMARY KEY, ${key} text NOT NULL DEFAULT '',
          attribute text NOT NULL DEFAULT '', op varchar(2) NOT NULL DEFAULT '${op}', value text NOT NULL DEFAULT '')`,
        `CREATE INDEX ${name}_${key} ON ${name} (${key}, attribute)`,
      ],
      mysql: [
        `CREATE TABLE IF NOT EXISTS ${name} (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
          ${key} varchar(${NAME_LENGTH}) NOT NULL DEFAULT '', attribute varchar(64) NOT NULL DEFAULT '',
          op char(2) NOT NULL DEFAULT '${op}', value varchar(${VALUE_LENGTH}) NOT NULL DEFAULT '',
          KEY ${key} (${key}(64)))`,
      ],
    },
  };
}

function membershipTable(): Table {
  const indexes = ['username', 'groupname'].map(
    (key) => `CREATE INDEX radusergroup_${key} ON radusergroup (${key})`,
  );
  return {
    name: 'radusergroup',
    columns: ['id', 'username', 'groupname', 'priority'],
    keys: ['username', 'groupname'],
    create: {
      sqlite: [
        `CREATE TABLE radusergroup (id INTEGER PRIMARY KEY AUTOINCREMENT, username varchar(64) NOT NULL DEFAULT '',
          groupname varchar(64) NOT NULL DEFAULT '', priority int NOT NULL DEFAULT 1)`,
        ...indexes,
      ],
      postgresql: [
        `CREATE TABLE radusergroup (id serial PRIMARY KEY, username text NOT NULL DEFAULT '',
          groupname text NOT NULL DEFAULT '', priority integer NOT NULL DEFAULT 0)`,
        ...indexes,
      ],
      mysql: [
        `CREATE TABLE IF NOT EXISTS radusergroup (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
          username varchar(${NAME_LENGTH}) NOT NULL DEFAULT '', groupname varchar(${NAME_LENGTH}) NOT NULL DEFAULT '',
          priority int NOT NULL DEFAULT 1, KEY username (username(64)), KEY groupname (groupname(64)))`,
      ],
    },
  };
}

function entryTable(): Table {
  const statement = `CREATE TABLE usher_radius_entry (id varchar(36) PRIMARY KEY, kind varchar(5) NOT NULL,
    name text NOT NULL, owner text, UNIQUE (kind, name))`;
  return {
    name: 'usher_radius_entry',
    columns: ['id', 'kind', 'name', 'owner'],
    keys: ['id', 'name'],
    create: {
      sqlite: [statement],
      postgresql: [statement],
      mysql: [
        `CREATE TABLE IF NOT EXISTS usher_radius_entry (id varchar(36) PRIMARY KEY, kind varchar(5) NOT NULL,
          name varchar(253) NOT NULL, owner text, UNIQUE (kind, name))`,
      ],
    },
  };
}

/** Everything the connector needs in the database. */
export const RADIUS_TABLES: readonly Table[] = [
  entryTable(),
  attributeTable('radcheck', 'username', '=='),
  attributeTable('radreply', 'username', '='),
  attributeTable('radgroupcheck', 'groupname', '=='),
  attributeTable('radgroupreply', 'groupname', '='),
  membershipTable(),
];
