/** Puts a connector together as the settings say (parse has seen to it that they are complete), without touching a file or the network. */
import type { ConnectorContext } from '../spi';
import { openDatabase } from '../sql/open';
import type { DatabaseSettings } from '../sql/settings';
import { RadiusConnector } from './connector';
import { DictionaryFile } from './dictionary-file';
import { Disconnector } from './disconnect';
import { Realm } from './realm';
import { RestStore } from './rest/store';
import type { RadiusSecrets, RadiusSettings } from './settings';
import { SqlStore } from './sql-store/store';
import { RADIUS_TABLES } from './sql-store/tables';
import type { ProfileStore } from './store';
import { UsersFileStore } from './users-file/store';

function openStore(
  settings: RadiusSettings,
  secrets: RadiusSecrets,
  context: ConnectorContext,
  realm: Realm,
): ProfileStore {
  const { store, database, createTables, safeCharacters } = settings;
  if (store.kind === 'files') {
    const { probeSecret = '' } = secrets;
    return new UsersFileStore({ settings: store, probeSecret, dataDir: context.dataDir, realm });
  }
  const tables = new SqlStore(
    openDatabase({
      settings: database as DatabaseSettings,
      secrets,
      context,
      tables: RADIUS_TABLES,
      createTables,
    }),
    { safeCharacters, realm },
  );
  if (store.kind === 'sql') return tables;
  const { restPassword = '' } = secrets;
  return new RestStore({ tables, realm, userName: store.userName, password: restPassword });
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
      isDemanded: settings.store.kind === 'files',
    }),
    realm,
    disconnector: disconnector(settings, secrets),
    log: (level, message, fields) => context.log(level, message, fields),
  });
}

function disconnector(
  { disconnect }: RadiusSettings,
  { disconnectSecret = '' }: RadiusSecrets,
): Disconnector | undefined {
  return disconnect && new Disconnector(disconnect, disconnectSecret);
}
