/** The configuration shipped in connectors/radius/freeradius, with the addresses and secrets of a test put in. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Where the profiles are: an SQLite file, what `startPostgres` or `startMariadb` answers, a users file, or Usher itself. */
export type RadiusDatabase =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'files'; readonly file: string; readonly socket: string }
  | { readonly kind: 'rest'; readonly url: string; readonly password: string }
  | {
      readonly kind: 'postgresql' | 'mysql';
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: string;
    };

/** What the main configuration needs of a shipped module. */
export interface ShippedModule {
  /** Its file, as it is to be included. */
  readonly module: string;
  /** What `authorize` calls. */
  readonly name: string;
  /** What `authorize` calls before anything else. */
  readonly before: readonly string[];
  /** A virtual server of its own. */
  readonly server: string;
}

const SHIPPED = path.join(__dirname, '../../connectors/radius/freeradius');

/** A shipped file in which every place named is filled; one that is not there is a mistake. */
function shipped(
  name: string,
  places: readonly (readonly [string | RegExp, string])[] = [],
): string {
  return places.reduce(
    (text, [place, value]) => {
      const has = typeof place === 'string' ? text.includes(place) : place.test(text);
      if (!has) throw new Error(`${name} has no ${String(place)}`);
      return text.replace(place, () => value);
    },
    readFileSync(path.join(SHIPPED, name), 'utf8'),
  );
}

function assignment(key: string, value: string): readonly [RegExp, string] {
  return [new RegExp(`^\\t${key} = .*$`, 'm'), `\t${key} = "${value}"`];
}

function sqlModule(database: Exclude<RadiusDatabase, { kind: 'files' | 'rest' }>): string {
  if (database.kind === 'sqlite') {
    return shipped('sql-sqlite.conf', [['/var/lib/usher/radius.db', database.file]]);
  }
  const { host, port, database: name, user, password } = database;
  if (database.kind === 'mysql') {
    const values = { server: host, port: String(port), login: user, password, radius_db: name };
    const places = Object.entries(values).map(([key, value]) => assignment(key, value));
    return shipped('sql-mysql.conf', places);
  }
  const access = `host=${host} port=${port} dbname=${name} user=${user} password=${password}`;
  return shipped('sql-postgresql.conf', [assignment('radius_db', access)]);
}

/** The module that reads the profiles. */
export function shippedModule(database: RadiusDatabase): ShippedModule {
  if (database.kind === 'files') {
    return {
      module: shipped('files.conf', [['/var/lib/usher/radius/users', database.file]]),
      name: 'usher_files',
      before: ['usher_probe'],
      server: shipped('control-socket.conf', [['${run_dir}/usher.sock', database.socket]]),
    };
  }
  if (database.kind === 'rest') {
    const places = [
      ['http://127.0.0.1:8080/targets/TARGET-ID', database.url],
      ['change-me-change-me', database.password],
    ] as const;
    return { module: shipped('rest.conf', places), name: 'usher_rest', before: [], server: '' };
  }
  return { module: sqlModule(database), name: 'sql', before: [], server: '' };
}

/** The policies that go with it. */
export function shippedPolicy({ kind }: RadiusDatabase): string {
  const own = { files: 'policy-files.conf', rest: 'policy-rest.conf' } as const;
  return shipped(kind === 'files' || kind === 'rest' ? own[kind] : 'policy.conf');
}
