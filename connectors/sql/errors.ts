/** Turns what the two database libraries throw into the failures the gateway knows. */
import { ConnectorError, type FailureKind } from '../spi';

/** Whether the change may have happened although the call failed. */
export type Outcome = 'none' | 'unknown';

interface Finding {
  readonly kind: FailureKind;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const BUSY: Finding = {
  kind: 'throttled',
  message: 'the database is locked by another writer',
  retryAfterMs: 250,
};

const UNAVAILABLE: Finding = { kind: 'unavailable', message: 'the database cannot be reached' };

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
  [
    /^28/,
    { kind: 'permission', message: 'the database refuses the login; check user and password' },
  ],
  [/^42501/, { kind: 'permission', message: 'the role lacks a right; grant it, then retry' }],
  [/^3[DF]/, { kind: 'invalid', message: 'the database or schema does not exist' }],
  [/^42/, MISSING],
  [/^57014/, { kind: 'timeout', message: 'the database took too long' }],
  [/^40|^55P03/, BUSY],
  [
    /^53300/,
    { kind: 'throttled', message: 'the database has no free connection', retryAfterMs: 1_000 },
  ],
];

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A missing table has SQLite's most general code. */
function findMissing(message: string): Finding | undefined {
  return /no such (table|column)|has no column/.test(message) ? MISSING : undefined;
}

function find(error: { readonly code?: unknown; readonly message?: unknown }): Finding {
  const code = text(error.code);
  if (code.startsWith('SQLITE_')) {
    const found = SQLITE.find(([pattern]) => pattern.test(code))?.[1];
    return found ?? findMissing(text(error.message)) ?? UNAVAILABLE;
  }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    return POSTGRES.find(([pattern]) => pattern.test(code))?.[1] ?? UNAVAILABLE;
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
  const { kind, message, retryAfterMs } = find(thrown);
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
  return /^SQLITE_(BUSY|LOCKED)/.test(code) || /^40(001|P01)$/.test(code);
}

/** Whether the tables have gone since they were last looked at. */
export function isMissingTable(error: unknown): boolean {
  const thrown = error as { readonly code?: unknown; readonly message?: unknown } | undefined;
  return thrown?.code === '42P01' || /no such table/.test(text(thrown?.message));
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
