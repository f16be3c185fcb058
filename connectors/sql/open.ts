/** Chooses the database that the settings name. */
import type { Database, DatabaseOptions } from './database';
import { MysqlDatabase } from './mysql';
import { PostgresDatabase } from './postgres';
import { SqliteDatabase } from './sqlite';

/** Prepares a database without touching it. */
export function openDatabase<Schema>(options: DatabaseOptions): Database<Schema> {
  const { settings } = options;
  switch (settings.kind) {
    case 'sqlite':
      return new SqliteDatabase<Schema>(settings, options);
    case 'postgresql':
      return new PostgresDatabase<Schema>(settings, options);
    case 'mysql':
      return new MysqlDatabase<Schema>(settings, options);
  }
}
