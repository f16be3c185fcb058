/** Users and groups as federated SAML users, in tables or files that an identity provider or proxy reads. */
import { type ConnectorType, type Mapping, type MappingEntry, SPI_VERSION } from '../spi';
import { openJson } from './json/open';
import { openDatabase } from '../sql/open';
import { databaseIdentity, inputSchema, parseSettings } from '../sql/settings';
import { SamlConnector } from './connector';
import { tablesOf } from './name-id-tables';
import { EXTERNAL_ID, MATCH_VALUE, NAME_ID, NAMING } from './names';
import { type SamlSecrets, type SamlSettings, samlSecrets, samlSettings } from './settings';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const MAIL = 'emails[type eq "work"].value';

const USER: readonly MappingEntry[] = [
  { attribute: NAMING.user, expression: 'userName' },
  { attribute: EXTERNAL_ID, expression: 'externalId' },
  { attribute: 'mail', expression: MAIL },
  { attribute: 'displayName', expression: 'displayName' },
  { attribute: 'givenName', expression: 'name.givenName' },
  { attribute: 'sn', expression: 'name.familyName' },
  { attribute: 'telephoneNumber', expression: 'phoneNumbers[type eq "work"].value' },
  { attribute: 'mobile', expression: 'phoneNumbers[type eq "mobile"].value' },
  { attribute: 'o', expression: `${ENTERPRISE}:organization` },
  { attribute: 'ou', expression: `${ENTERPRISE}:department` },
  { attribute: 'title', expression: 'title' },
];

/** A NameID of a format that is not made at random is written once: a change would be refused later. */
function nameIdMapping({ nameIdFormat }: SamlSettings): MappingEntry[] {
  if (nameIdFormat === 'persistent') return [];
  const expression = nameIdFormat === 'emailAddress' ? MAIL : 'userName';
  return [{ attribute: NAME_ID, expression, apply: 'INITIAL' }];
}

function matchMapping({ matchAttribute }: SamlSettings): MappingEntry[] {
  if (matchAttribute === undefined) return [];
  return [{ attribute: MATCH_VALUE, expression: matchAttribute === 'mail' ? MAIL : 'userName' }];
}

function mapping(settings: SamlSettings): Mapping {
  return {
    user: [...USER, ...nameIdMapping(settings), ...matchMapping(settings)],
    group: [{ attribute: NAMING.group, expression: 'displayName' }],
  };
}

/** The SAML connector. */
export const saml: ConnectorType<SamlSettings, SamlSecrets> = {
  spiVersion: SPI_VERSION,
  id: 'saml',
  title: 'SAML (SQL tables or JSON files)',
  capabilities: {
    kinds: ['user', 'group'],
    activation: 'native',
    rename: true,
    password: false,
    // What PostgreSQL gladly takes; calls to an SQLite file take turns inside the connector.
    maxConcurrency: 4,
  },
  settingsSchema: inputSchema(samlSettings),
  secretsSchema: inputSchema(samlSecrets),
  identity: ({ database }) =>
    database.kind === 'json' ? `json ${database.folder}` : databaseIdentity(database),
  namingAttribute: (kind) => NAMING[kind],
  defaultMapping: mapping,
  parse: (settings, secrets) =>
    parseSettings({ settings: samlSettings, secrets: samlSecrets }, settings, secrets),
  open: (settings, secrets, context) =>
    settings.database.kind === 'json'
      ? openJson(settings, settings.database, context)
      : new SamlConnector(
          openDatabase({
            settings: settings.database,
            secrets,
            context,
            tables: tablesOf(settings),
            createTables: settings.createTables,
          }),
          settings,
        ),
};
