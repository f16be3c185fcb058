/** An open transaction, as its user sees it. */
import type { Kysely } from 'kysely';

/** The databases a connector can stand on; `mysql` is MariaDB too. */
export type Dialect = 'sqlite' | 'postgresql' | 'mysql';

/** One open transaction: everything in it happens, or nothing. */
export interface Transaction<Schema> {
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
}
