/** The index of a folder of snapshots: the tables of a SAML target, and which files do not show them yet. */
import type { EntryKind } from '../../spi';
import type { Table } from '../../sql/tables';
import { SAML_TABLES, type SamlSchema } from '../tables';

/** The index, for the query builder. */
export interface IndexSchema extends SamlSchema {
  /** Entries whose files are older than their rows. */
  saml_pending: { kind: EntryKind; id: string };
  /** One row once every file that was there is in the index. */
  saml_imported: { id: number };
}

/** Whatever changes a row marks its file, in the same transaction. */
function triggers(name: string, kind: EntryKind, id: string): string[] {
  const events = [
    ['INSERT', 'NEW'],
    ['UPDATE', 'NEW'],
    ['DELETE', 'OLD'],
  ] as const;
  return events.map(
    ([event, row]) => `CREATE TRIGGER ${name}_${event.toLowerCase()} AFTER ${event} ON ${name}
      BEGIN INSERT INTO saml_pending (kind, id) SELECT '${kind}', ${row}.${id}
        WHERE NOT EXISTS (SELECT 1 FROM saml_pending WHERE kind = '${kind}' AND id = ${row}.${id}); END`,
  );
}

/** The index is an SQLite file and nothing else. */
function table(name: string, columns: readonly string[], sqlite: readonly string[]): Table {
  return { name, columns, keys: [], create: { sqlite, postgresql: [], mysql: [] } };
}

/** Everything the index needs; the triggers come last. */
export const INDEX_TABLES: readonly Table[] = [
  ...SAML_TABLES,
  table('saml_imported', ['id'], ['CREATE TABLE saml_imported (id integer PRIMARY KEY)']),
  table(
    'saml_pending',
    ['kind', 'id'],
    [
      'CREATE TABLE saml_pending (kind text NOT NULL, id text NOT NULL, PRIMARY KEY (kind, id))',
      ...triggers('saml_user', 'user', 'id'),
      ...triggers('saml_attribute', 'user', 'user_id'),
      ...triggers('saml_name_id', 'user', 'user_id'),
      ...triggers('saml_group', 'group', 'id'),
    ],
  ),
];
