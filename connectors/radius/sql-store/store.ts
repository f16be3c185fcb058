/** Profiles in the tables of FreeRADIUS's `sql` module: a change is effective with the next request. */
import type { CallContext, TestStep } from '../../spi';
import { testDatabase } from '../../sql/checks';
import type { Database } from '../../sql/database';
import type { Realm } from '../realm';
import type { ProfileStore } from '../store';
import { quoteRule } from './encoding';
import { SQL_NOTATION } from './notation';
import { SqlProfiles } from './profiles';
import { RADIUS_TABLES, type RadiusSchema } from './tables';

/** A store over an open or yet unopened database. */
export class SqlStore implements ProfileStore {
  readonly notation = SQL_NOTATION;
  readonly rule = quoteRule;

  constructor(
    private readonly database: Database<RadiusSchema>,
    private readonly options: { readonly safeCharacters: string; readonly realm: Realm },
  ) {}

  test(call: CallContext): Promise<readonly TestStep[]> {
    return testDatabase(this.database, RADIUS_TABLES, call);
  }

  read<Result>(
    call: CallContext,
    work: (profiles: SqlProfiles) => Promise<Result>,
  ): Promise<Result> {
    return this.database.read(call, (transaction) => work(this.profiles(transaction)));
  }

  write<Result>(
    call: CallContext,
    work: (profiles: SqlProfiles) => Promise<Result>,
  ): Promise<Result> {
    return this.database.write(call, (transaction) => work(this.profiles(transaction)));
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private profiles(transaction: ConstructorParameters<typeof SqlProfiles>[0]): SqlProfiles {
    const { safeCharacters, realm } = this.options;
    return new SqlProfiles(transaction, safeCharacters, realm);
  }
}
