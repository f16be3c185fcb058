/** The tables of a connector: made when missing, checked by the connection test. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { ConnectorError } from '../spi';
import { isDuplicateColumn } from './errors';
import type { Dialect, Transaction } from './transaction';

/** One table a connector needs. */
export interface Table {
  readonly name: string;
  /** The columns the connector uses; a table may have more. */
  readonly columns: readonly string[];
  /** Columns that tell entries apart: `a`, `A` and `a ` are three values there. */
  readonly keys?: readonly string[];
  /**
   * The statements that make it, in each dialect; they run only when the table is missing. In MySQL it is one statement,
   * without table options: engine and collation are added to it.
   */
  readonly create: Readonly<Record<Dialect, readonly string[]>>;
  /** Columns that came later, with the statements that add them (their indexes too) to a table that lacks them. */
  readonly added?: readonly AddedColumn[];
}

/** A column that older tables lack. */
export interface AddedColumn {
  readonly column: string;
  readonly add: Readonly<Record<Dialect, readonly string[]>>;
}

/** A column as the database describes it. */
interface Column {
  readonly table_name: string;
  readonly column_name: string;
}

const CATALOGUE: Readonly<Record<Dialect, (names: RawBuilder<unknown>) => RawBuilder<Column>>> = {
  sqlite: (names) => sql<Column>`SELECT m.name AS table_name, p.name AS column_name
    FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p
    WHERE m.type IN ('table', 'view') AND m.name IN (${names})`,
  postgresql: (names) => sql<Column>`SELECT c.relname AS table_name, a.attname AS column_name
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname IN (${names})
      AND a.attnum > 0 AND NOT a.attisdropped`,
  mysql: (names) => sql<Column>`SELECT table_name AS table_name, column_name AS column_name
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name IN (${names})`,
};

async function columns<Schema>(
  { db, dialect }: Transaction<Schema>,
  tables: readonly Table[],
): Promise<Column[]> {
  const names = sql.join(tables.map((table) => table.name));
  return (await CATALOGUE[dialect](names).execute(db)).rows;
}

/** What is missing, in words: whole tables and single columns. */
export async function missing<Schema>(
  transaction: Transaction<Schema>,
  tables: readonly Table[],
): Promise<{ tables: readonly Table[]; columns: readonly string[] }> {
  const found = await columns(transaction, tables);
  const known = new Set(found.map((row) => `${row.table_name}.${row.column_name}`.toLowerCase()));
  const present = new Set(found.map((row) => row.table_name));
  return {
    tables: tables.filter((table) => !present.has(table.name)),
    columns: tables
      .filter((table) => present.has(table.name))
      .flatMap((table) => table.columns.map((column) => `${table.name}.${column}`))
      .filter((column) => !known.has(column.toLowerCase())),
  };
}

async function run<Schema>(db: Kysely<Schema>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** The columns that are missing and that can be added. */
async function addable<Schema>(
  transaction: Transaction<Schema>,
  tables: readonly Table[],
): Promise<AddedColumn[]> {
  const lacking = new Set((await missing(transaction, tables)).columns);
  return tables.flatMap(({ name, added = [] }) =>
    added.filter(({ column }) => lacking.has(`${name}.${column}`)),
  );
}

/** The collation that sees every difference, also that of spaces at the end: the two servers have no name in common. */
export async function exactCollation<Schema>(db: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{ name: string }>`SELECT collation_name AS name
    FROM information_schema.collations
    WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')`.execute(db);
  if (rows[0]) return rows[0].name;
  throw new ConnectorError(
    'unsupported',
    'the server is too old to compare names letter by letter; MariaDB 10.2 and MySQL 8.0.17 can',
  );
}

/**
 * MySQL commits with every statement, and each makes one table or changes one, whole or not at all. Another process may do
 * the same: then the table or the column is there.
 */
async function createInMysql<Schema>(
  transaction: Transaction<Schema>,
  tables: readonly Table[],
): Promise<void> {
  const { db } = transaction;
  const options = `ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = ${await exactCollation(db)}`;
  for (const table of (await missing(transaction, tables)).tables) {
    await run(
      db,
      table.create.mysql.map((statement) => `${statement} ${options}`),
    );
  }
  for (const { add } of await addable(transaction, tables)) {
    await run(db, add.mysql).catch((error: unknown) => {
      if (!isDuplicateColumn(error)) throw error;
    });
  }
}

/** Makes the tables that are missing and adds columns to older ones; two processes may do it at the same time. */
export async function createMissing<Schema>(
  transaction: Transaction<Schema>,
  tables: readonly Table[],
): Promise<void> {
  const { db, dialect } = transaction;
  const lacking = await missing(transaction, tables);
  if (lacking.tables.length + lacking.columns.length === 0) return;
  if (dialect === 'mysql') {
    await createInMysql(transaction, tables);
    return;
  }
  // PostgreSQL's IF NOT EXISTS is not safe against itself; an arbitrary but common number is the lock.
  if (dialect === 'postgresql') await sql`SELECT pg_advisory_xact_lock(80774312)`.execute(db);
  for (const table of (await missing(transaction, tables)).tables) {
    await run(db, table.create[dialect]);
  }
  for (const { add } of await addable(transaction, tables)) await run(db, add[dialect]);
}

/** Fails where a right is missing, and changes nothing: every statement touches no row. */
export async function tryRights<Schema>(
  { db }: Transaction<Schema>,
  tables: readonly Table[],
): Promise<void> {
  for (const { name, columns: all } of tables) {
    const table = sql.id(name);
    const list = sql.join(all.map((column) => sql.id(column)));
    const first = sql.id(all[0] as string);
    await sql`SELECT ${list} FROM ${table} WHERE 1 = 0`.execute(db);
    await sql`INSERT INTO ${table} (${list}) SELECT ${list} FROM ${table} WHERE 1 = 0`.execute(db);
    await sql`UPDATE ${table} SET ${first} = ${first} WHERE 1 = 0`.execute(db);
    await sql`DELETE FROM ${table} WHERE 1 = 0`.execute(db);
  }
}
