/** SAML targets on every database they can stand on. */
import path from 'node:path';
import { saml } from '../../connectors/saml/index';
import type { Connector } from '../../connectors/spi';
import { describeWith, temporaryFolder } from './daemon';
import { type Mariadb, MARIADB, startMariadb } from './mariadb';
import { type Postgres, POSTGRES, startPostgres } from './postgres';
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
