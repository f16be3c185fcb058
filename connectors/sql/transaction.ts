/** An open transaction, as its user sees it. */
import type { Kysely } from 'kysely';

/** The two databases a connector can stand on. */
export type Dialect = 'sqlite' | 'postgresql';

/** One open transaction: everything in it happens, or nothing. */
export interface Transaction<Schema> {
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
}
