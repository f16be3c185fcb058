/** The connection test of a SQL connector. */
import { ConnectorError, type CallContext, type TestStep } from '../spi';
import type { Database } from './database';
import { LoginRefused } from './errors';
import { missing, type Table, tryRights } from './tables';

const REMEDIES: Partial<Record<ConnectorError['kind'], string>> = {
  unavailable: 'Check that the database is running and that the address or file name is right.',
  timeout: 'Check that the database is reachable from here, then try again.',
  throttled: 'Another program holds the database locked; end it or wait, then try again.',
  permission: 'Grant the missing right, or correct the owner and mode of the file.',
  unsupported:
    "SQLite: stop whatever uses the file, run `sqlite3 FILE 'PRAGMA journal_mode=WAL'`, start it again. MySQL: convert the tables to InnoDB.",
  invalid: 'Correct the settings, or make the database and its tables as the README shows.',
};

function remedyOf(error: unknown): string | undefined {
  if (error instanceof LoginRefused) {
    return 'Correct user, password and database, or make the account or the database that is missing.';
  }
  return REMEDIES[error instanceof ConnectorError ? error.kind : 'unavailable'];
}

/** Runs one step; an error becomes a failed one. */
export async function step(name: string, work: () => Promise<string>): Promise<TestStep> {
  try {
    return { name, state: 'ok', message: await work() };
  } catch (error) {
    const remedy = remedyOf(error) ?? 'See the message.';
    const message = error instanceof Error ? error.message : String(error);
    return { name, state: 'failed', message, remedy };
  }
}

/** Connects, looks for every table and column, and tries every right without changing a row. */
export async function testDatabase<Schema>(
  database: Database<Schema>,
  tables: readonly Table[],
  call: CallContext,
): Promise<TestStep[]> {
  const steps = [await step('connect', () => database.describe(call))];
  const next = async (name: string, work: () => Promise<string>): Promise<void> => {
    if (steps.every(({ state }) => state !== 'failed')) steps.push(await step(name, work));
  };
  await next('tables', async () => {
    const found = await database.read(call, (transaction) => missing(transaction, tables));
    const lacking = [...found.tables.map((table) => table.name), ...found.columns];
    if (lacking.length > 0) throw new ConnectorError('invalid', `missing: ${lacking.join(', ')}`);
    return `${tables.map((table) => table.name).join(', ')} are there with all columns`;
  });
  if (steps.every(({ state }) => state === 'ok')) {
    steps.push(...((await database.inspect?.(call)) ?? []));
  }
  await next('rights', async () => {
    await database.write(call, (transaction) => tryRights(transaction, tables));
    return 'rows can be read, inserted, changed and deleted';
  });
  return steps;
}
