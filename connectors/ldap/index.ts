/** The connector for LDAP directories: OpenLDAP, 389 Directory Server, Active Directory and others by the RFCs. */
import { type Capabilities, type ConnectorType, SPI_VERSION } from '../spi';
import { LdapConnector } from './connector';
import { defaultMapping } from './default-mapping';
import { namingAttribute } from './entry-kinds';
import {
  type LdapSecrets,
  type LdapSettings,
  parseSettings,
  secretsSchema,
  settingsSchema,
} from './settings';

export { type LdapSecrets, type LdapSettings } from './settings';

const CAPABILITIES: Capabilities = {
  kinds: ['user', 'group'],
  activation: 'native',
  rename: true,
  password: true,
  // Four connections with a window of four: more brings a directory that writes durably nothing.
  maxConcurrency: 16,
};

export const ldap: ConnectorType<LdapSettings, LdapSecrets> = {
  spiVersion: SPI_VERSION,
  id: 'ldap',
  title: 'LDAP directory',
  capabilities: CAPABILITIES,
  capabilitiesFor: ({ activation }) =>
    activation === 'none' ? { ...CAPABILITIES, activation: 'none' } : CAPABILITIES,
  settingsSchema,
  secretsSchema,
  // Entries are known by their entryUUID, which other servers of the same directory have as well.
  identity: ({ userBaseDN, groupBaseDN }) =>
    [...new Set([userBaseDN, groupBaseDN])].join(' and ').toLowerCase(),
  namingAttribute,
  defaultMapping,
  parse: parseSettings,
  open: (settings, secrets, context) => new LdapConnector(settings, secrets, context),
};
