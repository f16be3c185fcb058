/** Turns what the database libraries throw into the failures the gateway knows. */
import { ConnectorError, type FailureKind } from '../spi';

/** Whether the change may have happened although the call failed. */
export type Outcome = 'none' | 'unknown';

interface Finding {
  readonly kind: FailureKind;
  readonly message: string;
  readonly isLogin?: true;
  readonly retryAfterMs?: number;
}

/** The database does not let the gateway in: that concerns every row, and is none's fault. */
export class LoginRefused extends ConnectorError {}

const BUSY: Finding = {
  kind: 'throttled',
  message: 'the database is locked by another writer',
  retryAfterMs: 250,
};

const UNAVAILABLE: Finding = { kind: 'unavailable', message: 'the database cannot be reached' };

/** Of the failures of a login, which has changed nothing. */
function login(message: string): Finding {
  return { kind: 'unavailable', message, isLogin: true };
}

const LOGIN = login('the database refuses the login; check user and password');

const MISSING: Finding = {
  kind: 'invalid',
  message: 'a table or column is missing; run the connection test, or switch `createTables` on',
};

const SQLITE: readonly (readonly [RegExp, Finding])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, BUSY],
  [/^SQLITE_CONSTRAINT/, { kind: 'conflict', message: 'another row has that name or key' }],
  [
    /^SQLITE_(READONLY|PERM|AUTH)/,
    {
      kind: 'permission',
      message: 'the database file may not be written; check its owner and mode',
    },
  ],
  [
    /^SQLITE_TOOBIG|^SQLITE_MISMATCH/,
    { kind: 'invalid', message: 'the database refuses the value' },
  ],
  [
    /^SQLITE_FULL/,
    { kind: 'unavailable', message: 'the disk is full; make room and it goes on by itself' },
  ],
  [
    /^SQLITE_(NOTADB|CORRUPT)/,
    { kind: 'invalid', message: 'the file is not an SQLite database, or it is damaged' },
  ],
];

const POSTGRES: readonly (readonly [RegExp, Finding])[] = [
  [/^23505|^23P01/, { kind: 'conflict', message: 'another row has that name or key' }],
  [/^2[23]/, { kind: 'invalid', message: 'the database refuses the value' }],
  [/^54/, { kind: 'invalid', message: 'the value is too long for the database' }],
  [/^28/, LOGIN],
  [/^42501/, { kind: 'permission', message: 'the role lacks a right; grant it, then retry' }],
  [/^3D/, login('the database does not exist')],
  [/^3F/, { kind: 'invalid', message: 'the schema does not exist' }],
  [/^42/, MISSING],
  [/^57014/, { kind: 'timeout', message: 'the database took too long' }],
  [/^40|^55P03/, BUSY],
  [
    /^53300/,
    { kind: 'throttled', message: 'the database has no free connection', retryAfterMs: 1_000 },
  ],
];

const MYSQL: readonly (readonly [readonly number[], Finding])[] = [
  [[1062, 1586], { kind: 'conflict', message: 'another row has that name or key' }],
  [
    // Too long, NULL, out of range, no number, no such character, a check or a key of another table.
    [1048, 1118, 1153, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 3819, 4025],
    { kind: 'invalid', message: 'the database refuses the value' },
  ],
  [[1045, 1698, 1862, 3118, 3955, 4151], LOGIN],
  [
    [1044, 1142, 1143, 1227, 1370],
    { kind: 'permission', message: 'the account lacks a right; grant it, then retry' },
  ],
  [[1049], login('the database does not exist')],
  [[1054, 1146], MISSING],
  [[1064, 1235], { kind: 'unsupported', message: 'the server does not understand the statement' }],
  [[1005], { kind: 'invalid', message: 'a table cannot be made; another one does not fit it' }],
  [
    [1267, 1270, 1271],
    { kind: 'invalid', message: 'a table has another character set; convert it to utf8mb4' },
  ],
  [
    [1665],
    {
      kind: 'unsupported',
      message: 'the server logs statements; set binlog_format to ROW or MIXED',
    },
  ],
  [[1317, 1969, 3024], { kind: 'timeout', message: 'the database took too long' }],
  [[1020, 1205, 1213, 1615], BUSY],
  [
    [1040, 1203, 1226],
    { kind: 'throttled', message: 'the database has no free connection', retryAfterMs: 1_000 },
  ],
  [
    [1021, 1114],
    { kind: 'unavailable', message: 'the disk is full; make room and it goes on by itself' },
  ],
  [
    [1290, 1792, 1836],
    { kind: 'unavailable', message: 'the server may only be read; is it a replica?' },
  ],
];

/** What mysql2 says when it will not log in the way the server asks for. */
const MYSQL_LOGIN = /^(AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED)$/;

interface Thrown {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly message?: unknown;
}

/** The number of a MySQL failure. Failures of the operating system have negative ones, other databases none. */
function mysqlNumber(error: unknown): number | undefined {
  const number = (error as Thrown | null | undefined)?.errno;
  return typeof number === 'number' && number >= 1_000 ? number : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A missing table has SQLite's most general code. */
function findMissing(message: string): Finding | undefined {
  return /no such (table|column)|has no column/.test(message) ? MISSING : undefined;
}

function find(error: Thrown): Finding {
  const number = mysqlNumber(error);
  if (number !== undefined) {
    return MYSQL.find(([numbers]) => numbers.includes(number))?.[1] ?? UNAVAILABLE;
  }
  const code = text(error.code);
  if (code.startsWith('SQLITE_')) {
    const found = SQLITE.find(([pattern]) => pattern.test(code))?.[1];
    return found ?? findMissing(text(error.message)) ?? UNAVAILABLE;
  }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    return POSTGRES.find(([pattern]) => pattern.test(code))?.[1] ?? UNAVAILABLE;
  }
  if (MYSQL_LOGIN.test(code)) {
    return login(
      'the server wants a way of logging in that is not supported; give the account a password',
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return { kind: 'permission', message: 'the file or its folder may not be written' };
  }
  return UNAVAILABLE;
}

/** The failure behind anything thrown; a `ConnectorError` is passed on as it is. */
export function toConnectorError(error: unknown, outcome: Outcome = 'none'): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const thrown = error instanceof Error ? error : new Error(String(error));
  const { kind, message, retryAfterMs, isLogin } = find(thrown);
  if (isLogin) return new LoginRefused(kind, `${message} (${thrown.message})`, { cause: thrown });
  return new ConnectorError(kind, `${message} (${thrown.message})`, {
    // Only a lost connection leaves a doubt: an answer, even a bad one, says that nothing was committed.
    outcome: kind === 'unavailable' ? outcome : 'none',
    retryAfterMs,
    cause: thrown,
  });
}

/** Whether a rolled-back transaction may simply be run again. */
export function isTransient(error: unknown): boolean {
  const code = text((error as { readonly code?: unknown } | null)?.code);
  const isMysql = [1020, 1205, 1213, 1615].includes(mysqlNumber(error) ?? 0);
  return isMysql || /^SQLITE_(BUSY|LOCKED)/.test(code) || /^40(001|P01)$/.test(code);
}

/** Whether the tables have gone since they were last looked at. */
export function isMissingTable(error: unknown): boolean {
  const thrown = error as Thrown | undefined;
  return (
    thrown?.code === '42P01' ||
    mysqlNumber(thrown) === 1146 ||
    /no such table/.test(text(thrown?.message))
  );
}

/** Whether somebody else has just added the column to a table of MySQL. */
export function isDuplicateColumn(error: unknown): boolean {
  return mysqlNumber(error) === 1060;
}

/** The deadline of the call has passed. */
export function timedOut(outcome: Outcome): ConnectorError {
  return new ConnectorError('timeout', 'the call was ended before the database had answered', {
    outcome,
  });
}

/** The connector was closed. */
export function closed(): ConnectorError {
  return new ConnectorError('unavailable', 'the connector is closed');
}
