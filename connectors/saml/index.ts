/** Users and groups as federated SAML users, in tables or files that an identity provider or proxy reads. */
import { type ConnectorType, type Mapping, type MappingEntry, SPI_VERSION } from '../spi';
import { openJson } from './json/open';
import { openDatabase } from '../sql/open';
import { databaseIdentity, inputSchema, parseSettings } from '../sql/settings';
import { SamlConnector } from './connector';
import { tablesOf } from './name-id-tables';
import { EXTERNAL_ID, MATCH_VALUE, NAME_ID, NAMING, ROLE } from './names';
import { type SamlSecrets, type SamlSettings, samlSecrets, samlSettings } from './settings';

const MAIL = 'profile.email';

const USER: readonly MappingEntry[] = [
  { attribute: NAMING.user, expression: 'profile.userName' },
  { attribute: EXTERNAL_ID, expression: 'externalId' },
  { attribute: 'mail', expression: MAIL },
  { attribute: 'displayName', expression: 'profile.displayName' },
  { attribute: 'givenName', expression: 'profile.firstName' },
  { attribute: 'sn', expression: 'profile.lastName' },
  { attribute: 'telephoneNumber', expression: 'profile.phone' },
  { attribute: 'mobile', expression: 'profile.mobile' },
  { attribute: 'o', expression: 'profile.company' },
  { attribute: 'ou', expression: 'profile.department' },
  { attribute: 'title', expression: 'profile.title' },
  { attribute: ROLE, expression: 'role' },
  { attribute: 'otpMethod', expression: 'otpMethod' },
  { attribute: 'tokenSerial', expression: 'tokenSerial' },
  { attribute: 'tokenLogoUrl', expression: 'tokenLogoUrl' },
  // What is off is left out, so that nobody has an attribute more than is asked for.
  { attribute: 'fidoEnabled', expression: 'if(fidoEnabled, "true")' },
  { attribute: 'passwordRecovery', expression: 'if(passwordRecovery, "true")' },
  { attribute: 'certificateCommonName', expression: 'certificateCommonName' },
  { attribute: 'customField1', expression: 'customField1' },
  { attribute: 'customField2', expression: 'customField2' },
  { attribute: 'customField3', expression: 'customField3' },
];

/** A NameID of a format that is not made at random is written once: a change would be refused later. */
function nameIdMapping({ nameIdFormat }: SamlSettings): MappingEntry[] {
  if (nameIdFormat === 'persistent') return [];
  const expression = nameIdFormat === 'emailAddress' ? MAIL : 'profile.userName';
  return [{ attribute: NAME_ID, expression, apply: 'INITIAL' }];
}

function matchMapping({ matchAttribute }: SamlSettings): MappingEntry[] {
  if (matchAttribute === undefined) return [];
  return [
    { attribute: MATCH_VALUE, expression: matchAttribute === 'mail' ? MAIL : 'profile.userName' },
  ];
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
