/** What the connection test of a MySQL or MariaDB database looks at besides tables and rights. */
import type { Kysely } from 'kysely';
import { ConnectorError, type TestStep } from '../spi';
import type { MysqlConnection } from './mysql-connection';
import { isLocal, type MysqlSettings } from './settings';
import { exactCollation, type Table } from './tables';

/** Two names that are different people, and what it is that some collations do not see. */
const CONFUSED: readonly (readonly [string, string, string])[] = [
  ['a', 'A', 'upper and lower case'],
  ['e', 'é', 'accents'],
  ['a', 'a ', 'spaces at the end'],
];

interface Session<Schema> {
  readonly connection: MysqlConnection;
  readonly db: Kysely<Schema>;
}

function places(tables: readonly Table[]): string {
  return tables.map(() => '?').join();
}

/** Those of the tables whose engine has no transactions, with the engine. */
export async function notAtomic(
  connection: MysqlConnection,
  tables: readonly Table[],
): Promise<string[]> {
  const { rows } = await connection.execute(
    `SELECT t.table_name AS name, t.engine AS engine FROM information_schema.tables AS t
      JOIN information_schema.engines AS e ON e.engine = t.engine
      WHERE t.table_schema = DATABASE() AND t.table_name IN (${places(tables)}) AND NOT e.transactions <=> 'YES'`,
    tables.map((table) => table.name),
  );
  return rows.map((row) => `${String(row['name'])} (${String(row['engine'])})`);
}

function encryption(connection: MysqlConnection, { host }: MysqlSettings): TestStep {
  const name = 'encryption';
  if (connection.isEncrypted) {
    return { name, state: 'ok', message: 'TLS, and the certificate fits the host name' };
  }
  if (isLocal(host)) return { name, state: 'ok', message: 'none; it does not leave this machine' };
  return {
    name,
    state: 'warning',
    message: 'names and passwords cross the network in clear text',
    remedy: 'Give the server a certificate and set `ssl` to `verify`.',
  };
}

async function strictness(connection: MysqlConnection): Promise<TestStep> {
  const name = 'sql_mode';
  const { rows } = await connection.run('SELECT @@SESSION.sql_mode AS mode');
  const mode = String(rows[0]?.['mode']);
  if (mode.split(',').includes('STRICT_ALL_TABLES')) {
    return { name, state: 'ok', message: 'strict: values that do not fit are refused' };
  }
  return {
    name,
    state: 'failed',
    message: `the session is not strict (${mode}): values that do not fit would be cut off`,
    remedy: 'Take out what changes sql_mode behind our back: a proxy, or init_connect.',
  };
}

async function engines(connection: MysqlConnection, tables: readonly Table[]): Promise<TestStep> {
  const name = 'engine';
  const wrong = await notAtomic(connection, tables);
  if (wrong.length === 0) return { name, state: 'ok', message: 'every table has transactions' };
  return {
    name,
    state: 'failed',
    message: `without transactions: ${wrong.join(', ')}`,
    remedy: wrong
      .map((one) => `ALTER TABLE ${one.split(' ')[0] ?? one} ENGINE = InnoDB;`)
      .join(' '),
  };
}

/** What the collation takes for equal although it is not. */
async function blindness(
  connection: MysqlConnection,
  charset: string,
  collation: string,
): Promise<string[]> {
  const identifiers = [charset, collation];
  if (!identifiers.every((one) => /^\w+$/.test(one))) {
    throw new ConnectorError('invalid', `unknown collation ${collation}`);
  }
  const columns = CONFUSED.map(
    (_pair, index) =>
      `CONVERT(? USING ${charset}) COLLATE ${collation} = CONVERT(? USING ${charset}) AS c${index}`,
  );
  const { rows } = await connection.execute(
    `SELECT ${columns.join(', ')}`,
    CONFUSED.flatMap(([left, right]) => [left, right]),
  );
  return CONFUSED.filter((_pair, index) => Number(rows[0]?.[`c${index}`]) === 1).map(
    ([, , what]) => what,
  );
}

async function collations<Schema>(
  { db, connection }: Session<Schema>,
  tables: readonly Table[],
): Promise<TestStep> {
  const name = 'collation';
  const keys = new Set(
    tables.flatMap((table) => (table.keys ?? []).map((key) => `${table.name}.${key}`)),
  );
  const { rows } = await connection.execute(
    `SELECT CONCAT(table_name, '.', column_name) AS place, character_set_name AS charset, collation_name AS collation
      FROM information_schema.columns
      WHERE table_schema = DATABASE() AND collation_name IS NOT NULL AND table_name IN (${places(tables)})`,
    tables.map((table) => table.name),
  );
  const found = rows.filter((row) => keys.has(String(row['place'])));
  const unseen = new Map<string, string[]>();
  for (const { place, charset, collation } of found) {
    const [table] = String(place).split('.');
    const what = await blindness(connection, String(charset), String(collation));
    if (charset !== 'utf8mb4') what.push(`what ${String(charset)} lacks`);
    if (what.length > 0) unseen.set(table as string, what);
  }
  if (unseen.size === 0) {
    return { name, state: 'ok', message: 'names are compared letter by letter' };
  }
  const exact = await exactCollation(db);
  const parts = [...unseen].map(([table, what]) => `${table} (${what.join(', ')})`);
  return {
    name,
    state: 'warning',
    message: `names are compared without ${parts.join('; ')}: entries whose names differ only so are refused`,
    remedy: [...unseen.keys()]
      .map((table) => `ALTER TABLE ${table} CONVERT TO CHARACTER SET utf8mb4 COLLATE ${exact};`)
      .join(' '),
  };
}

/** Looks at the session and at the tables that are there. */
export async function testMysql<Schema>(
  session: Session<Schema>,
  settings: MysqlSettings,
  tables: readonly Table[],
): Promise<TestStep[]> {
  const { connection } = session;
  return [
    encryption(connection, settings),
    await strictness(connection),
    await engines(connection, tables),
    await collations(session, tables),
  ];
}
