/** Looks into the databases of SQL connectors without going through a connector. */
import Libsql from 'libsql';
import type { Mariadb } from './mariadb';
import type { Postgres } from './postgres';

/** Runs one statement with `?` for values; answers its rows. */
export type Query = (
  text: string,
  values?: readonly unknown[],
) => Promise<Record<string, unknown>[]>;

/** Opens the file for every statement, as another process would. */
export function sqliteQuery(file: string): Query {
  return async (text, values = []) => {
    const db = new Libsql(file, { timeout: 5_000 });
    try {
      const statement = db.prepare(text);
      if (statement.reader) return statement.all([...values]) as Record<string, unknown>[];
      statement.run([...values]);
      return [];
    } finally {
      db.close();
    }
  };
}

/** The same on a PostgreSQL server. */
export function postgresQuery(server: Postgres): Query {
  return (text, values = []) => {
    let index = 0;
    return server.query(
      text.replaceAll('?', () => `$${(index += 1)}`),
      values,
    );
  };
}

/** The part of a connector's settings and secrets that leads to the server. */
export function postgresTarget(server: Postgres): {
  database: object;
  secrets: { databasePassword: string };
} {
  const { host, port, database, user, password } = server;
  return {
    database: { kind: 'postgresql', host, port, database, user },
    secrets: { databasePassword: password },
  };
}

/** What the connector contract asks of a directory that is a PostgreSQL server. */
export function postgresDirectory(server: Postgres) {
  return {
    wrongSecrets: { databasePassword: 'not the password' },
    secretValues: [server.password, 'not the password'],
    connections: async () => {
      const count = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'usher'";
      return Number((await server.query(count))[0]?.['n']);
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    stop: () => server.stop(),
  };
}

/** The same on a MariaDB server. */
export function mariadbQuery(server: Mariadb): Query {
  return (text, values = []) => server.query(text, values);
}

/** The part of a connector's settings and secrets that leads to the server. */
export function mariadbTarget(server: Mariadb): {
  database: object;
  secrets: { databasePassword: string };
} {
  const { host, port, database, user, password } = server;
  return {
    database: { kind: 'mysql', host, port, database, user },
    secrets: { databasePassword: password },
  };
}

/** What the connector contract asks of a directory that is a MariaDB server. */
export function mariadbDirectory(server: Mariadb) {
  return {
    wrongSecrets: { databasePassword: 'not the password' },
    secretValues: [server.password, 'not the password'],
    connections: async () => {
      const rows = await server.admin<{ n: number }>(
        "SELECT count(*) AS n FROM information_schema.processlist WHERE user = 'usher'",
      );
      return Number(rows[0]?.n);
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    stop: () => server.stop(),
  };
}
