/** Chooses the database that the settings name. */
import type { Database, DatabaseOptions } from './database';
import { PostgresDatabase } from './postgres';
import { SqliteDatabase } from './sqlite';

/** Prepares a database without touching it. */
export function openDatabase<Schema>(options: DatabaseOptions): Database<Schema> {
  const { settings } = options;
  return settings.kind === 'sqlite'
    ? new SqliteDatabase<Schema>(settings, options)
    : new PostgresDatabase<Schema>(settings, options);
}
