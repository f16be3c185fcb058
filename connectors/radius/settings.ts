/** Settings of a RADIUS target. */
import { z } from 'zod';
import { createTablesSetting, databaseSecrets, databaseSettings } from '../sql/settings';

/** The characters FreeRADIUS looks names up with as they are (`safe_characters` of rlm_sql, its default). */
export const SAFE_CHARACTERS =
  '@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_: /';

/** The setting `realm`. */
const realm = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^@\s\p{Cc}]+$/u)
      .describe('The realm. Every user must be mapped to user@realm, spelt exactly so.'),
    stripped: z
      .boolean()
      .default(false)
      .describe('The server takes the realm off before it looks a user up.'),
  })
  .describe('Users are of one realm. Left out: names are taken as they are.');

export const radiusSettings = z.strictObject({
  database: databaseSettings,
  createTables: createTablesSetting,
  dictionary: z
    .string()
    .optional()
    .describe(
      'A FreeRADIUS dictionary file on this machine. When given, attributes and values that do not fit it are refused before they reach the server, which would reject the user.',
    ),
  safeCharacters: z
    .string()
    .default(SAFE_CHARACTERS)
    .describe(
      "What `safe_characters` of the server's sql module says. Other characters of a name are stored as =XX, as the server asks for them.",
    ),
  realm: realm.optional(),
});

export const radiusSecrets = databaseSecrets;

export type RadiusSettings = z.infer<typeof radiusSettings>;
export type RadiusSecrets = z.infer<typeof radiusSecrets>;
