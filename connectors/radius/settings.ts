/** Settings of a RADIUS target. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { createTablesSetting, databaseSecrets, databaseSettings } from '../sql/settings';

/** The characters FreeRADIUS looks names up with as they are (`safe_characters` of rlm_sql, its default). */
export const SAFE_CHARACTERS =
  '@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_: /';

const address = z.string().refine((value) => isIP(value) !== 0, 'must be an IP address');
const port = z.int().min(1).max(65_535);

const sqlStore = z
  .strictObject({ kind: z.literal('sql').describe('The tables of the `sql` module.') })
  .describe('FreeRADIUS reads the tables itself. What suits most.');

const filesStore = z
  .strictObject({
    kind: z.literal('files').describe('A users file of its own for the `files` module.'),
    usersFile: z
      .string()
      .min(1)
      .describe(
        'The users file; a relative name is taken from the data folder. Usher writes all of it and touches no file it did not make: name a new file, for an instance of the module of its own or to be included by the main users file.',
      ),
    fileMode: z
      .enum(['0640', '0600', '0660'])
      .default('0640')
      .describe('Rights of the file. The group must be one the server runs in.'),
    radmin: z
      .strictObject({
        socket: z.string().min(1).describe('The control socket of the server, with mode `rw`.'),
        program: z.string().min(1).default('radmin').describe('The program radmin.'),
        module: z
          .string()
          .regex(/^[A-Za-z0-9_.-]+$/)
          .default('usher_files')
          .describe('The instance of the `files` module that reads the file.'),
      })
      .describe('How the server is told to read the file again.'),
    probe: z
      .strictObject({
        host: address.default('127.0.0.1').describe('Address of the server.'),
        port: port.default(1812).describe('Its port for authentication.'),
      })
      .prefault({})
      .describe(
        'Where Usher asks whether the server has really read the file; the secret is `probeSecret`.',
      ),
  })
  .describe('For servers without a database, and up to 10,000 users.');

const restStore = z
  .strictObject({
    kind: z.literal('rest').describe('FreeRADIUS asks Usher, with the module `rest`.'),
    userName: z
      .string()
      .regex(/^[^:\p{Cc}]+$/u)
      .default('freeradius')
      .describe('User name of HTTP Basic; the password is the secret `restPassword`.'),
  })
  .describe('Usher is asked at every login: nobody gets in while it is down.');

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

/** Attributes of a profile that RFC 5176 section 3 lets identify sessions. */
export const SESSION_ATTRIBUTES = [
  'User-Name',
  'Framed-IP-Address',
  'Calling-Station-Id',
  'Chargeable-User-Identity',
] as const;

const disconnect = z
  .strictObject({
    host: address.describe('Address of the NAS, or of a proxy for them.'),
    port: port.default(3799).describe('Port of RFC 5176.'),
    identifyBy: z
      .array(z.enum(SESSION_ATTRIBUTES))
      .min(1)
      .default(['User-Name'])
      .describe('Which of the profile’s attributes name the sessions to end.'),
    nasIdentifier: z.string().min(1).max(253).optional().describe('NAS-Identifier to send along.'),
    nasIpAddress: z.ipv4().optional().describe('NAS-IP-Address to send along.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(5_000)
      .default(1_000)
      .describe('How long to wait for an answer before the request is sent again.'),
    attempts: z.int().min(1).max(5).default(3).describe('How often it is sent.'),
  })
  .describe(
    'Ends the sessions of a user who is disabled or removed (RFC 5176); the secret is `disconnectSecret`. A failure is told and holds nothing up.',
  );

export const radiusSettings = z
  .strictObject({
    store: z
      .discriminatedUnion('kind', [sqlStore, filesStore, restStore])
      .default({ kind: 'sql' })
      .describe('How FreeRADIUS gets at the profiles.'),
    database: databaseSettings
      .optional()
      .describe('Where the tables are. Required but for the store `files`, which has none.'),
    createTables: createTablesSetting,
    dictionary: z
      .string()
      .optional()
      .describe(
        "A FreeRADIUS dictionary file on this machine. When given, attributes and values that do not fit it are refused before they reach the server, which would reject the user. The store `files` always needs one and looks for the package's own.",
      ),
    safeCharacters: z
      .string()
      .default(SAFE_CHARACTERS)
      .describe(
        "What `safe_characters` of the server's sql module says. Other characters of a name are stored as =XX, as the server asks for them.",
      ),
    realm: realm.optional(),
    disconnect: disconnect.optional(),
  })
  .superRefine(({ store, database }, context) => {
    const needsDatabase = store.kind !== 'files';
    if (needsDatabase === (database !== undefined)) return;
    const message = needsDatabase ? 'is required' : 'is not for the store `files`';
    context.addIssue({ code: 'custom', path: ['database'], message });
  });

const secret = z.string().min(1);

export const radiusSecrets = databaseSecrets.extend({
  probeSecret: secret
    .optional()
    .describe('Store `files`: shared secret of the client entry Usher has on the server.'),
  restPassword: z
    .string()
    .min(16)
    .optional()
    .describe('Store `rest`: what FreeRADIUS sends as password; at least 16 characters.'),
  disconnectSecret: secret
    .optional()
    .describe('Shared secret for Disconnect-Requests, when `disconnect` is set.'),
});

export type RadiusSettings = z.infer<typeof radiusSettings>;
export type RadiusSecrets = z.infer<typeof radiusSecrets>;
export type FilesSettings = z.infer<typeof filesStore>;
export type RestSettings = z.infer<typeof restStore>;
export type DisconnectSettings = z.infer<typeof disconnect>;
