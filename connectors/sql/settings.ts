/** The part of the settings that says which database, and how every connector checks its settings. */
import { z } from 'zod';
import { SettingsError, type SettingsIssue } from '../spi';

const sqlite = z.strictObject({
  kind: z.literal('sqlite').describe('An SQLite file on this machine.'),
  file: z
    .string()
    .min(1)
    .describe(
      'The file; a relative name is taken from the data folder. Made when it does not exist.',
    ),
  fileMode: z
    .enum(['0600', '0660'])
    .default('0600')
    .describe(
      'Rights of a file made here. 0660 also lets the group in, for a server that runs as another user: even a reader needs write rights, because of the -shm file beside the database.',
    ),
  synchronous: z
    .enum(['FULL', 'NORMAL'])
    .default('FULL')
    .describe(
      'FULL survives a power cut. NORMAL survives the death of the process, and is several times faster.',
    ),
});

const tls = {
  ssl: z
    .enum(['verify', 'off'])
    .optional()
    .describe(
      '`verify`: TLS, with a certificate that fits the host name. `off`: clear text. Left out: off on this machine, otherwise verify.',
    ),
  ca: z
    .string()
    .optional()
    .describe('PEM of the certificate authority, when it is not one of the well-known ones.'),
};

const postgresql = z.strictObject({
  kind: z.literal('postgresql').describe('A PostgreSQL database.'),
  host: z.string().min(1).describe('Host name or address, or the folder of a unix socket.'),
  port: z.int().min(1).max(65_535).default(5432).describe('TCP port.'),
  database: z.string().min(1).describe('Name of the database.'),
  user: z
    .string()
    .min(1)
    .describe('Role to log in as; its password is the secret `databasePassword`.'),
  schema: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .default('public')
    .describe('Schema the tables are in.'),
  ...tls,
});

const mysql = z.strictObject({
  kind: z.literal('mysql').describe('A MySQL or MariaDB database.'),
  host: z.string().min(1).describe('Host name or address, or the file of a unix socket.'),
  port: z.int().min(1).max(65_535).default(3306).describe('TCP port.'),
  database: z.string().min(1).describe('Name of the database.'),
  user: z
    .string()
    .min(1)
    .describe('Account to log in as; its password is the secret `databasePassword`.'),
  ...tls,
});

/** The setting `database` of every SQL connector. */
export const databaseSettings = z
  .discriminatedUnion('kind', [sqlite, postgresql, mysql])
  .describe('Where the tables are: an SQLite file, or a PostgreSQL, MySQL or MariaDB database.');

/** The setting `createTables` of every SQL connector. */
export const createTablesSetting = z
  .boolean()
  .default(true)
  .describe('Makes missing tables at the first use. Off: an administrator makes them.');

/** The secrets of every SQL connector. */
export const databaseSecrets = z.strictObject({
  databasePassword: z
    .string()
    .optional()
    .describe('Password of the PostgreSQL role or MySQL account.'),
});

export type SqliteSettings = z.infer<typeof sqlite>;
export type PostgresSettings = z.infer<typeof postgresql>;
export type MysqlSettings = z.infer<typeof mysql>;
export type DatabaseSettings = z.infer<typeof databaseSettings>;
export type DatabaseSecrets = z.infer<typeof databaseSecrets>;

/** Whether what is said to the host stays on this machine. */
export function isLocal(host: string): boolean {
  return /^(localhost|127\.[\d.]+|::1|\/.*)$/.test(host);
}

/** Whether connections to the host are to be encrypted. */
export function encrypted({
  host,
  ssl,
}: {
  readonly host: string;
  readonly ssl?: 'verify' | 'off' | undefined;
}): boolean {
  return (ssl ?? (isLocal(host) ? 'off' : 'verify')) === 'verify';
}

/** Names the database, wherever it is: rows are known by their ids, which mean nothing in another one. */
export function databaseIdentity(database: DatabaseSettings): string {
  return 'file' in database
    ? `${database.kind} ${database.file}`
    : [database.kind, database.database, ...('schema' in database ? [database.schema] : [])].join(
        ' ',
      );
}

function issues(root: string, error: z.ZodError): SettingsIssue[] {
  return error.issues.map((issue) => ({
    path: [root, ...issue.path.map(String)],
    message: issue.message,
  }));
}

/** Says of a field that is missing only that; zod would tell of types. */
const saying: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is required' : undefined;

/** Checks settings and secrets together, so that a form can show every mistake at once. */
export function parseSettings<Settings, Secrets>(
  schemas: { readonly settings: z.ZodType<Settings>; readonly secrets: z.ZodType<Secrets> },
  settings: unknown,
  secrets: unknown,
): { settings: Settings; secrets: Secrets } {
  const first = schemas.settings.safeParse(settings, { error: saying });
  const second = schemas.secrets.safeParse(secrets ?? {}, { error: saying });
  if (first.success && second.success) return { settings: first.data, secrets: second.data };
  throw new SettingsError([
    ...(first.success ? [] : issues('settings', first.error)),
    ...(second.success ? [] : issues('secrets', second.error)),
  ]);
}

/** JSON Schema of what an administrator types in: fields with a default are optional. */
export function inputSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input' });
}
