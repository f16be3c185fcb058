/** Puts a folder of snapshots and its index together. */
import path from 'node:path';
import type { Connector, ConnectorContext } from '../../spi';
import { openDatabase } from '../../sql/open';
import { SamlConnector } from '../connector';
import type { JsonSettings, SamlSettings } from '../settings';
import { JsonSamlConnector } from './connector';
import { SnapshotFolder } from './folder';
import { type IndexSchema, INDEX_TABLES } from './index-tables';
import { Snapshots } from './snapshots';

/** Prepares a target of files without touching them. */
export function openJson(
  settings: SamlSettings,
  { folder: name, fileMode }: JsonSettings,
  context: ConnectorContext,
): Connector {
  const folder = new SnapshotFolder(
    path.resolve(context.dataDir, name),
    Number.parseInt(fileMode, 8),
  );
  const database = openDatabase<IndexSchema>({
    settings: {
      kind: 'sqlite',
      file: path.join(folder.folder, 'index.db'),
      fileMode: '0600',
      synchronous: 'FULL',
    },
    secrets: {},
    context,
    tables: INDEX_TABLES,
    createTables: true,
  });
  // The index has all tables of a target, and some more.
  const index = new SamlConnector(database, settings);
  const snapshots = new Snapshots(database, folder, settings, context);
  return new JsonSamlConnector({ index, snapshots, folder, settings });
}
