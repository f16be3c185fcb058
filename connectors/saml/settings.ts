/** Settings of a SAML target. */
import { z } from 'zod';
import { createTablesSetting, databaseSecrets, databaseSettings } from '../sql/settings';

/** The formats of SAML core 8.3 that name a user for longer than one session, by their last word. */
export const NAME_ID_FORMATS = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  X509SubjectName: 'urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName',
  WindowsDomainQualifiedName:
    'urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName',
  kerberos: 'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos',
} as const;

const json = z.strictObject({
  kind: z.literal('json').describe('A folder of JSON files, one for each user and group.'),
  folder: z
    .string()
    .min(1)
    .describe(
      'The folder; a relative name is taken from the data folder. Made when it does not exist.',
    ),
  fileMode: z
    .enum(['0600', '0640'])
    .default('0600')
    .describe('Rights of the files. 0640 also lets the group read them.'),
});

const store = z
  .discriminatedUnion('kind', [...databaseSettings.options, json])
  .describe('Where the users are: a database, or a folder of JSON files.');

/** SAML core 8.3.6: the length of an entity ID. */
const entityId = z.string().min(1).max(1024);

const FORMATS = Object.keys(NAME_ID_FORMATS) as (keyof typeof NAME_ID_FORMATS)[];

const REFUSED_FORMATS: Readonly<Record<string, string>> = {
  transient:
    'transient NameIDs are made anew for every login (SAML core 8.3.8) and cannot be provisioned; use persistent',
  entity: 'the format entity names systems, not users (SAML core 8.3.6); use persistent',
};

const nameIdFormat = z
  .enum(FORMATS, {
    error: ({ input }) =>
      (typeof input === 'string' && Object.hasOwn(REFUSED_FORMATS, input)
        ? REFUSED_FORMATS[input]
        : undefined) ?? `must be one of ${FORMATS.join(', ')}`,
  })
  .default('persistent')
  .describe(
    'Format of the NameID. Persistent ones are made at random unless mapped; others must be mapped.',
  );

const simplesamlphp = z
  .strictObject({
    tablePrefix: z
      .string()
      .regex(/^([A-Za-z][A-Za-z0-9_]{0,30})?$/)
      .default('')
      .describe(
        "Empty when the filter's option `store` names this database; `store.sql.prefix` when this is SimpleSAMLphp's own.",
      ),
    idpEntityId: entityId
      .optional()
      .describe('Entity ID of SimpleSAMLphp as identity provider, when it is not idpEntityId.'),
  })
  .optional()
  .describe(
    'Also writes the NameIDs for each of the serviceProviders into the table of the filter saml:SQLPersistentNameID.',
  );

const shibboleth = z
  .strictObject({
    idpEntityId: entityId
      .optional()
      .describe('Entity ID of the Shibboleth IdP, when it is not idpEntityId.'),
  })
  .optional()
  .describe(
    'Also writes the NameIDs for each of the serviceProviders into the table shibpid of the Shibboleth IdP.',
  );

export const samlSettings = z
  .strictObject({
    database: store,
    createTables: createTablesSetting,
    idpEntityId: entityId.describe(
      'Entity ID of the identity provider whose users these are; a user is known by it and the NameID.',
    ),
    spEntityId: entityId
      .optional()
      .describe("Entity ID of the service provider the user's own NameID is for."),
    serviceProviders: z
      .array(entityId)
      .max(50)
      .refine((all) => new Set(all).size === all.length, 'names a service provider twice')
      .default([])
      .describe(
        'Entity IDs of service providers at each of which a user has a persistent NameID of its own.',
      ),
    nameIdFormat,
    matchAttribute: z
      .string()
      .regex(/^[\x21-\x7e]{1,256}$/)
      .optional()
      .describe(
        "Attribute of the identity provider's assertions by whose value (mapped to matchValue) a user is recognised. Left out: by the NameID.",
      ),
    allowNameIdChange: z
      .boolean()
      .default(false)
      .describe(
        'Lets a mapped NameID change. To a service provider the user is then somebody else.',
      ),
    simplesamlphp,
    shibboleth,
  })
  .check(({ value, issues }) => {
    for (const field of ['simplesamlphp', 'shibboleth'] as const) {
      if (value[field] === undefined) continue;
      const refuse = (message: string): void =>
        void issues.push({ code: 'custom', path: [field], message, input: value[field] });
      if (value.database.kind === 'json') refuse('is a table, and database is a folder of files');
      if (value.serviceProviders.length === 0) {
        refuse('needs serviceProviders, for its table has one NameID for each');
      }
      const ids = [value[field].idpEntityId ?? value.idpEntityId, ...value.serviceProviders];
      const long = ids.find((id) => id.length > 255);
      if (long !== undefined) refuse(`has a table that takes no entity ID as long as ${long}`);
    }
  });

export const samlSecrets = databaseSecrets;

export type SamlSettings = z.infer<typeof samlSettings>;
export type JsonSettings = z.infer<typeof json>;
export type SamlSecrets = z.infer<typeof samlSecrets>;
