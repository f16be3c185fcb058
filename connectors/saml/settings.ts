/** Settings of a SAML target. */
import { z } from 'zod';
import { createTablesSetting, databaseSecrets, databaseSettings } from '../sql/settings';

/** The formats of SAML core 8.3, by their last word. */
export const NAME_ID_FORMATS = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
} as const;

export const samlSettings = z.strictObject({
  database: databaseSettings,
  createTables: createTablesSetting,
  idpEntityId: z
    .string()
    .min(1)
    .max(1024)
    .describe(
      'Entity ID of the identity provider whose users these are; a user is known by it and the NameID.',
    ),
  spEntityId: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('Entity ID of the service provider the NameIDs are for, when they are pairwise.'),
  nameIdFormat: z
    .enum(['persistent', 'emailAddress', 'unspecified'])
    .default('persistent')
    .describe(
      'Format of the NameID. Persistent ones are made at random unless mapped; others must be mapped.',
    ),
  allowNameIdChange: z
    .boolean()
    .default(false)
    .describe('Lets a mapped NameID change. To a service provider the user is then somebody else.'),
});

export const samlSecrets = databaseSecrets;

export type SamlSettings = z.infer<typeof samlSettings>;
export type SamlSecrets = z.infer<typeof samlSecrets>;
