/** SAML targets on every database they can stand on. */
import path from 'node:path';
import { saml } from '../../connectors/saml/index';
import type { Connector } from '../../connectors/spi';
import { describeWith, temporaryFolder } from './daemon';
import { type Mariadb, MARIADB, startMariadb } from './mariadb';
import { type Postgres, POSTGRES, startPostgres } from './postgres';
import type { SimpleSamlPhpOptions, UserStore } from './simplesamlphp';
import {
  mariadbQuery,
  mariadbTarget,
  postgresQuery,
  postgresTarget,
  type Query,
  sqliteQuery,
} from './sql';

export const IDP = 'https://idp.example.test/metadata';

/** Opens a connector with these settings. */
export function openSaml(settings: object, secrets: object = {}): Connector {
  const parsed = saml.parse({ idpEntityId: IDP, ...settings }, secrets);
  return saml.open(parsed.settings, parsed.secrets, {
    targetId: 'test',
    dataDir: '.',
    log: () => undefined,
  });
}

/** A database for a target, and a look into it that does not go through the connector. */
export interface SamlDatabase {
  readonly database: object;
  readonly secrets: object;
  readonly query: Query;
}

/** Runs the body on every database; it is there once the body's tests and hooks run. */
export function onEveryDatabase(body: (database: () => SamlDatabase) => void): void {
  describe('on SQLite', () => {
    const folder = temporaryFolder();
    afterAll(() => folder.remove());
    const file = path.join(folder.path, 'saml.db');
    body(() => ({ database: { kind: 'sqlite', file }, secrets: {}, query: sqliteQuery(file) }));
  });
  describeWith([POSTGRES], 'on PostgreSQL', () => {
    let server: Postgres;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server.stop());
    body(() => ({ ...postgresTarget(server), query: postgresQuery(server) }));
  });
  describeWith([MARIADB], 'on MariaDB', () => {
    let server: Mariadb;
    beforeAll(async () => {
      server = await startMariadb();
    });
    afterAll(() => server.stop());
    body(() => ({ ...mariadbTarget(server), query: mariadbQuery(server) }));
  });
}

/** Somewhere a target can keep its users, and how SimpleSAMLphp finds them there. */
export interface SamlStore {
  readonly database: object;
  readonly secrets: object;
  readonly php: UserStore;
  /** How SimpleSAMLphp comes to know these users' password, which is `pw`. */
  passwords(names: readonly string[]): Pick<SimpleSamlPhpOptions, 'login' | 'users'>;
  /** Called once the connector has made its tables. */
  prepare(): Promise<void>;
}

/** With the source sqlauth:SQL, on a table of passwords that stands beside ours. */
function inDatabase(login: Readonly<Record<string, string>>, { query }: SamlDatabase) {
  let known: readonly string[] = [];
  return {
    php: login as { dsn: string },
    passwords: (names: readonly string[]) => {
      known = names;
      return { login };
    },
    prepare: async () => {
      await query('DROP TABLE IF EXISTS saml_password');
      await query(
        'CREATE TABLE saml_password (username varchar(256) PRIMARY KEY, password varchar(64))',
      );
      for (const name of known)
        await query('INSERT INTO saml_password VALUES (?, ?)', [name, 'pw']);
    },
  };
}

/** Runs the body on everything a target can keep its users in. */
export function onEveryStore(body: (store: () => SamlStore) => void): void {
  onEveryDatabase((where) => {
    body(() => {
      const there = where();
      const { database } = there;
      const login = dsn({ ...database, ...there.secrets });
      return { ...there, ...inDatabase(login, there) };
    });
  });
  describe('in JSON files', () => {
    const folder = temporaryFolder();
    afterAll(() => folder.remove());
    body(() => ({
      database: { kind: 'json', folder: folder.path },
      secrets: {},
      php: { folder: folder.path },
      passwords: (names) => ({
        users: Object.fromEntries(names.map((name) => [`${name}:pw`, { uid: [name] }])),
      }),
      prepare: async () => undefined,
    }));
  });
}

function dsn(database: Record<string, string>): Record<string, string> {
  if (database['kind'] === 'sqlite') return { dsn: `sqlite:${database['file']}` };
  const { host, port, database: name, user, databasePassword: password } = database;
  const place = `host=${host};port=${port};dbname=${name}`;
  return {
    dsn: `${database['kind'] === 'mysql' ? 'mysql' : 'pgsql'}:${place}`,
    username: user ?? '',
    password: password ?? '',
  };
}
