/** Puts a connector together as the settings say, without touching a file or the network. */
import type { ConnectorContext } from '../spi';
import { openDatabase } from '../sql/open';
import { RadiusConnector } from './connector';
import { DictionaryFile } from './dictionary-file';
import { Realm } from './realm';
import type { RadiusSecrets, RadiusSettings } from './settings';
import { SqlStore } from './sql-store/store';
import { RADIUS_TABLES } from './sql-store/tables';
import type { ProfileStore } from './store';

function openStore(
  settings: RadiusSettings,
  secrets: RadiusSecrets,
  context: ConnectorContext,
  realm: Realm,
): ProfileStore {
  const { database, createTables, safeCharacters } = settings;
  return new SqlStore(
    openDatabase({ settings: database, secrets, context, tables: RADIUS_TABLES, createTables }),
    { safeCharacters, realm },
  );
}

/** An open connector; its store is opened by the first call. */
export function open(
  settings: RadiusSettings,
  secrets: RadiusSecrets,
  context: ConnectorContext,
): RadiusConnector {
  const realm = new Realm(settings.realm);
  return new RadiusConnector({
    store: openStore(settings, secrets, context, realm),
    dictionary: new DictionaryFile({
      setting: settings.dictionary,
      dataDir: context.dataDir,
      isDemanded: false,
    }),
    realm,
  });
}
