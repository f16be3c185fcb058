/// <reference types="jest" />
/** Directories for the fan-out bench: looked into, and written to by a bare loop. */
import path from 'node:path';
import { Attribute, Client } from 'ldapts';
import Libsql from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { temporaryFolder } from '../test/support/daemon';
import { ldapTarget } from '../test/support/ldap-target';
import { startMariadb } from '../test/support/mariadb';
import { startPostgres } from '../test/support/postgres';
import { startSlapd } from '../test/support/slapd';
import { mariadbTarget, postgresTarget } from '../test/support/sql';
import type { Delivery } from './scim-servers';

/** A directory as the bench sees it. */
export interface Place {
  readonly name: string;
  /** The share of the bare loop that the design asks for. */
  readonly aim: number;
  readonly delivery: Delivery;
  /** Ends the server, and starts it again. Absent: not asked of this place. */
  kill?(): Promise<void>;
  restart?(): Promise<void>;
  /** Whether the user stands in it. */
  has(name: string): Promise<boolean>;
  /** Writes as many users, alike in everything but the name, without Usher; answers how many a second. */
  bare(users: number): Promise<number>;
  stop(): Promise<void>;
}

type Row = Record<string, string | number | null>;
type Run = (text: string, values: readonly unknown[]) => Promise<Row[]>;

const TABLES = ['usher_radius_entry', 'radcheck', 'radreply'] as const;
let bareUsers = 0;

/** Does the work so many times, so many at once; answers how often a second. */
async function perSecond(
  times: number,
  lanes: number,
  work: (lane: number) => Promise<unknown>,
): Promise<number> {
  let left = times;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async (_none, lane) => {
      while ((left -= 1) >= 0) await work(lane);
    }),
  );
  return times / ((performance.now() - begin) / 1_000);
}

/** The rows of one user, to be written again under other names. */
async function template(run: Run): Promise<ReadonlyMap<string, readonly Row[]>> {
  const found = new Map<string, readonly Row[]>();
  for (const table of TABLES) {
    const key = table === 'usher_radius_entry' ? 'name' : 'username';
    const rows = await run(`SELECT * FROM ${table} WHERE ${key} = ?`, ['u0']);
    found.set(
      table,
      rows.map(({ id: _id, ...row }) => row),
    );
  }
  return found;
}

/** What Usher writes for a user, in as many statements, in one transaction. */
async function writeUser(run: Run, rows: ReadonlyMap<string, readonly Row[]>): Promise<void> {
  // Others begin while this one waits.
  const number = (bareUsers += 1);
  const name = `bare${number}`;
  await run('BEGIN', []);
  for (const [table, own] of rows) {
    if (own.length === 0) continue;
    const complete = own.map((row) =>
      table === 'usher_radius_entry'
        ? { ...row, name, id: `bare-${number}` }
        : { ...row, username: name },
    );
    const columns = Object.keys(complete[0] ?? {});
    const tuples = complete.map(() => `(${columns.map(() => '?').join()})`).join();
    const values = complete.flatMap((row) => Object.values(row));
    await run(`INSERT INTO ${table} (${columns.join()}) VALUES ${tuples}`, values);
  }
  await run('COMMIT', []);
}

function sqlPlace(run: Run, connections: readonly Run[]): Pick<Place, 'has' | 'bare'> {
  return {
    has: async (name) =>
      (await run('SELECT 1 AS one FROM usher_radius_entry WHERE name = ?', [name])).length > 0,
    bare: async (users) => {
      const rows = await template(run);
      return perSecond(users, connections.length, (lane) =>
        writeUser(connections[lane] as Run, rows),
      );
    },
  };
}

export async function sqlitePlace(): Promise<Place> {
  const folder = temporaryFolder('usher-bench-');
  const file = path.join(folder.path, 'radius.db');
  const db = new Libsql(file, { timeout: 30_000 });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  const prepared = new Map<string, Libsql.Statement>();
  const run: Run = async (text, values) => {
    const statement = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, statement);
    if (statement.reader) return statement.all([...values]) as Row[];
    statement.run([...values]);
    return [];
  };
  return {
    name: 'SQLite',
    aim: 0.5,
    delivery: { connector: 'radius', settings: { database: { kind: 'sqlite', file } } },
    ...sqlPlace(run, [run]),
    stop: async () => {
      db.close();
      folder.remove();
    },
  };
}

export async function postgresPlace(): Promise<Place> {
  const server = await startPostgres({ durable: true });
  const { database, secrets } = postgresTarget(server);
  const { host, port, user, password } = server;
  const opened: pg.Client[] = [];
  const connection = async (): Promise<Run> => {
    const client = new pg.Client({ host, port, user, password, database: server.database });
    client.on('error', () => undefined);
    await client.connect();
    opened.push(client);
    return async (text, values) => {
      let index = 0;
      const numbered = text.replaceAll('?', () => `$${(index += 1)}`);
      return (
        await client.query({ name: numbered.slice(0, 60), text: numbered, values: [...values] })
      ).rows as Row[];
    };
  };
  const run: Run = (text, values) => server.query(text.replace('?', '$1'), values);
  return {
    name: 'PostgreSQL',
    aim: 0.5,
    delivery: { connector: 'radius', settings: { database }, secrets },
    ...sqlPlace(run, []),
    bare: async (users) => {
      const connections = await Promise.all([1, 2, 3, 4].map(connection));
      const rate = await sqlPlace(run, connections).bare(users);
      await Promise.all(opened.splice(0).map((client) => client.end()));
      return rate;
    },
    stop: () => server.stop(),
  };
}

export async function mariadbPlace(): Promise<Place> {
  const server = await startMariadb({ durable: true });
  const { database, secrets } = mariadbTarget(server);
  const { host, port, user, password } = server;
  const run: Run = (text, values) => server.query(text, values);
  return {
    name: 'MariaDB',
    aim: 0.5,
    delivery: { connector: 'radius', settings: { database }, secrets },
    ...sqlPlace(run, []),
    bare: async (users) => {
      const clients = await Promise.all(
        [1, 2, 3, 4].map(() =>
          mysql.createConnection({ host, port, user, password, database: server.database }),
        ),
      );
      const connections = clients.map((client): Run => async (text, values) => {
        const isPlain = values.length === 0;
        const [rows] = isPlain
          ? await client.query(text)
          : await client.execute(text, [...values] as never[]);
        return rows as Row[];
      });
      const rate = await sqlPlace(run, connections).bare(users);
      await Promise.all(clients.map((client) => client.end()));
      return rate;
    },
    stop: () => server.stop(),
  };
}

/** The attributes of one user, to be added again under other names. */
async function ldapTemplate(client: Client, base: string): Promise<readonly Attribute[]> {
  const { searchEntries } = await client.search(base, { scope: 'sub', filter: '(uid=u0)' });
  const { dn: _dn, ...attributes } = searchEntries[0] ?? { dn: '' };
  return Object.entries(attributes).map(
    ([type, values]) => new Attribute({ type, values: [values].flat() as string[] }),
  );
}

export async function ldapPlace(): Promise<Place> {
  const server = await startSlapd({ durable: true });
  const [settings, secrets] = ldapTarget(server);
  const base = server.userBaseDN;
  const connect = async (): Promise<Client> => {
    const client = new Client({ url: server.url, timeout: 30_000 });
    await client.bind(server.bindDN, server.bindPassword);
    return client;
  };
  let looking: Client | undefined;
  return {
    name: 'OpenLDAP',
    aim: 0.8,
    delivery: { connector: 'ldap', settings, secrets },
    kill: async () => {
      await looking?.unbind();
      looking = undefined;
      await server.kill();
    },
    restart: () => server.restart(),
    has: async (name) => {
      looking ??= await connect();
      const { searchEntries } = await looking.search(base, {
        scope: 'one',
        filter: `(uid=${name})`,
        attributes: ['1.1'],
      });
      return searchEntries.length > 0;
    },
    bare: async (users) => {
      const clients = await Promise.all([1, 2, 3, 4].map(connect));
      const attributes = await ldapTemplate(clients[0] as Client, base);
      const rate = await perSecond(users, 16, (lane) => {
        const name = `bare${(bareUsers += 1)}`;
        const renamed = attributes.map((one) =>
          one.type === 'uid' ? new Attribute({ type: 'uid', values: [name] }) : one,
        );
        return (clients[lane % clients.length] as Client).add(`uid=${name},${base}`, renamed);
      });
      await Promise.all(clients.map((client) => client.unbind()));
      return rate;
    },
    stop: async () => {
      await looking?.unbind();
      await server.stop();
    },
  };
}
