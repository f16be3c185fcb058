/** Users and groups as RADIUS profiles: in the tables of FreeRADIUS's `sql` module. */
import { type ConnectorType, type Mapping, SPI_VERSION } from '../spi';
import { databaseIdentity, inputSchema, parseSettings } from '../sql/settings';
import { NAMING } from './names';
import { open } from './open';
import { type RadiusSecrets, type RadiusSettings, radiusSecrets, radiusSettings } from './settings';

const DEPARTMENT = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department';

/** The profile authorises only: the password stays where it is, so none is mapped. */
const MAPPING: Mapping = {
  user: [
    { attribute: NAMING.user, expression: 'userName' },
    { attribute: 'reply:Filter-Id', expression: `default(${DEPARTMENT}, "staff")` },
  ],
  group: [
    { attribute: NAMING.group, expression: 'displayName' },
    // Added for every group a user is in; a client that does not know Fortinet's attributes ignores it.
    { attribute: 'reply:Fortinet-Group-Name +=', expression: 'displayName' },
  ],
};

/** The RADIUS connector. */
export const radius: ConnectorType<RadiusSettings, RadiusSecrets> = {
  spiVersion: SPI_VERSION,
  id: 'radius',
  title: 'RADIUS (FreeRADIUS SQL tables)',
  capabilities: {
    kinds: ['user', 'group'],
    activation: 'native',
    rename: true,
    password: false,
    // What PostgreSQL gladly takes; calls to an SQLite file take turns inside the connector.
    maxConcurrency: 4,
  },
  settingsSchema: inputSchema(radiusSettings),
  secretsSchema: inputSchema(radiusSecrets),
  identity: ({ database }) => databaseIdentity(database),
  namingAttribute: (kind) => NAMING[kind],
  defaultMapping: () => MAPPING,
  parse: (settings, secrets) =>
    parseSettings({ settings: radiusSettings, secrets: radiusSecrets }, settings, secrets),
  open,
};
