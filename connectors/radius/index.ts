/** Users and groups as RADIUS profiles: in tables, in a users file, or asked for over HTTP. */
import { type Capabilities, type ConnectorType, type Mapping, SPI_VERSION } from '../spi';
import { databaseIdentity, inputSchema } from '../sql/settings';
import { NAMING } from './names';
import { open } from './open';
import { parse } from './parse';
import { type RadiusSecrets, type RadiusSettings, radiusSecrets, radiusSettings } from './settings';

/** The profile authorises only: the password stays where it is, so none is mapped. */
const MAPPING: Mapping = {
  user: [
    { attribute: NAMING.user, expression: 'profile.userName' },
    { attribute: 'reply:Filter-Id', expression: 'default(profile.department, "staff")' },
    // RFC 2865 section 5.25: what the client repeats in accounting, and nobody but the server reads.
    { attribute: 'reply:Class', expression: 'role' },
  ],
  group: [
    { attribute: NAMING.group, expression: 'displayName' },
    // Added for every group a user is in; a client that does not know Fortinet's attributes ignores it.
    { attribute: 'reply:Fortinet-Group-Name +=', expression: 'displayName' },
  ],
};

const CAPABILITIES: Capabilities = {
  kinds: ['user', 'group'],
  activation: 'native',
  rename: true,
  password: false,
  answers: true,
  // A users file takes all changes that come together in one go, and each waits for the same reload.
  maxConcurrency: 32,
};

/** What PostgreSQL gladly takes; calls to an SQLite file take turns inside the connector. */
const SQL_CONCURRENCY = 4;

/** The RADIUS connector. */
export const radius: ConnectorType<RadiusSettings, RadiusSecrets> = {
  spiVersion: SPI_VERSION,
  id: 'radius',
  title: 'RADIUS (FreeRADIUS: SQL tables, users file or REST)',
  capabilities: CAPABILITIES,
  capabilitiesFor: ({ store }) => ({
    ...CAPABILITIES,
    answers: store.kind === 'rest',
    maxConcurrency: store.kind === 'files' ? CAPABILITIES.maxConcurrency : SQL_CONCURRENCY,
  }),
  settingsSchema: inputSchema(radiusSettings),
  secretsSchema: inputSchema(radiusSecrets),
  identity: ({ store, database }) =>
    store.kind === 'files' || !database
      ? `users file ${store.kind === 'files' ? store.usersFile : ''}`
      : databaseIdentity(database),
  namingAttribute: (kind) => NAMING[kind],
  defaultMapping: () => MAPPING,
  parse,
  open,
};
