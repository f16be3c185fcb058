/** What only MySQL and MariaDB do: collations, engines, strictness, encryption, and servers that are not what they seem. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { radius } from '../../connectors/radius/index';
import type { Connector, TestStep } from '../../connectors/spi';
import { openDatabase } from '../../connectors/sql/open';
import { type DatabaseSettings, databaseSettings } from '../../connectors/sql/settings';
import type { Transaction } from '../../connectors/sql/transaction';
import { describeWith, temporaryFolder, until } from '../support/daemon';
import { MARIADB, type Mariadb, startMariadb } from '../support/mariadb';
import { makeCertificate } from '../support/slapd';
import { mariadbTarget } from '../support/sql';
import { call, failure } from './connector.contract';

const STOCK = '/etc/freeradius/3.0/mods-config/sql/main/mysql/schema.sql';
const CONTEXT = { targetId: 'test', dataDir: '.', log: () => undefined };

function open(database: object, secrets: object): Connector {
  const parsed = radius.parse({ database }, secrets);
  return radius.open(parsed.settings, parsed.secrets, CONTEXT);
}

function create(connector: Connector, name: string, filter = 'staff') {
  const attributes = { 'User-Name': [name], 'reply:Filter-Id': [filter] };
  return connector.create('user', { attributes, active: true }, 'o', call());
}

function named(steps: readonly TestStep[], name: string): TestStep | undefined {
  return steps.find((step) => step.name === name);
}

describeWith([MARIADB], 'MariaDB', () => {
  let server: Mariadb;
  const opened: { close(): Promise<void> }[] = [];
  const connect = (more: object = {}): Connector => {
    const { database, secrets } = mariadbTarget(server);
    const one = open({ ...database, ...more }, secrets);
    opened.push(one);
    return one;
  };
  /** The database below the connectors. */
  const direct = (more: object = {}) => {
    const { database, secrets } = mariadbTarget(server);
    const settings: DatabaseSettings = databaseSettings.parse({ ...database, ...more });
    const one = openDatabase<{ t: { id: string; n: number } }>({
      settings,
      secrets,
      context: CONTEXT,
      tables: [
        { name: 't', columns: ['id', 'n'], create: { sqlite: [], postgresql: [], mysql: [] } },
      ],
      createTables: false,
    });
    opened.push(one);
    return one;
  };

  beforeAll(async () => {
    server = await startMariadb({ collation: 'utf8mb4_general_ci' });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    const tables = await server.query<{ name: string }>(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
    );
    for (const { name } of tables) await server.query(`DROP TABLE ${name}`);
  });
  afterAll(() => server.stop());

  it('is tested step by step', async () => {
    const steps = await connect().test(call());
    expect(steps.slice(0, 7).map(({ name, state }) => [name, state])).toEqual([
      ['connect', 'ok'],
      ['tables', 'ok'],
      ['encryption', 'ok'],
      ['sql_mode', 'ok'],
      ['engine', 'ok'],
      ['collation', 'ok'],
      ['rights', 'ok'],
    ]);
    expect(steps[0]?.message).toMatch(/MariaDB 1\d/);
  });

  it('tells names apart in its own tables that a usual collation takes for equal', async () => {
    const connector = connect();
    for (const name of ['jose', 'Jose', 'josé', 'jose ']) await create(connector, name);
    expect(await server.query('SELECT username FROM radreply')).toHaveLength(4);
  });

  it('takes the stock schema as it is, and refuses the names its collation would confuse', async () => {
    if (!existsSync(STOCK)) throw new Error(`${STOCK} is missing; install freeradius-config`);
    await server.load(readFileSync(STOCK, 'utf8'));
    const connector = connect();
    const collation = named(await connector.test(call()), 'collation');
    expect(collation).toMatchObject({
      state: 'warning',
      message: expect.stringMatching(/radcheck.*upper and lower case, accents, spaces/),
      remedy: expect.stringContaining('ALTER TABLE radcheck CONVERT'),
    });
    const written = await create(connector, 'jose');
    for (const name of ['JOSE', 'josé', 'jose ']) {
      expect([name, (await failure(create(connector, name))).kind]).toEqual([name, 'conflict']);
      // Nor may it be found, and adopted, under a name it does not have.
      const keys = [{ attribute: 'User-Name', value: name }];
      expect(await connector.correlate('user', keys, call())).toEqual([]);
    }
    expect(await connector.read('user', written, call())).toMatchObject({ name: 'jose' });
    const long = await failure(create(connector, 'x'.repeat(65)));
    expect([long.kind, long.outcome]).toEqual(['invalid', 'none']);
    const value = await failure(create(connector, 'value', '\\'.repeat(253)));
    expect(value.kind).toBe('invalid');
    expect(await server.query("SELECT * FROM radcheck WHERE username = 'value'")).toEqual([]);

    for (const remedy of collation?.remedy?.split('; ') ?? []) await server.query(remedy);
    expect(named(await connector.test(call()), 'collation')?.state).toBe('ok');
    await create(connector, 'JOSE');
  });

  it('refuses tables that cannot take a user as a whole', async () => {
    const connector = connect();
    await connector.test(call());
    await connector.close();
    await server.query('ALTER TABLE radreply ENGINE = MyISAM');
    const after = connect();
    const error = await failure(create(after, 'half'));
    expect([error.kind, error.outcome]).toEqual(['unsupported', 'none']);
    expect(error.message).toContain('radreply (MyISAM)');
    expect(await server.query('SELECT * FROM usher_radius_entry')).toEqual([]);
    expect(named(await after.test(call()), 'engine')).toMatchObject({
      state: 'failed',
      remedy: 'ALTER TABLE radreply ENGINE = InnoDB;',
    });
    await server.query('ALTER TABLE radreply ENGINE = InnoDB');
    await create(after, 'half');
  });

  it('cuts nothing off although the server is lenient', async () => {
    await server.admin("SET GLOBAL sql_mode = ''");
    try {
      await server.query('CREATE TABLE t (id varchar(2), n tinyint)');
      const insert = (id: string, n: number) =>
        failure(direct().write(call(), ({ db }) => db.insertInto('t').values({ id, n }).execute()));
      expect((await insert('abc', 1)).kind).toBe('invalid');
      expect((await insert('a', 300)).kind).toBe('invalid');
      expect(await server.query('SELECT * FROM t')).toEqual([]);
    } finally {
      await server.admin('SET GLOBAL sql_mode = DEFAULT');
    }
  });

  it('runs a transaction again that lost a deadlock', async () => {
    await server.query('CREATE TABLE t (id varchar(2) PRIMARY KEY, n int)');
    await server.query("INSERT INTO t VALUES ('a', 0), ('b', 0)");
    const database = direct();
    let runs = 0;
    let arrived = 0;
    const both = async (first: string, second: string): Promise<void> => {
      await database.write(
        call(20_000),
        async ({ db }: Transaction<{ t: { id: string; n: number } }>) => {
          runs += 1;
          const add = (id: string) =>
            db
              .updateTable('t')
              .set((where) => ({ n: where('n', '+', 1) }))
              .where('id', '=', id)
              .execute();
          await add(first);
          arrived += 1;
          await until('both hold a row', () => arrived >= 2);
          await add(second);
        },
      );
    };
    await Promise.all([both('a', 'b'), both('b', 'a')]);
    expect(runs).toBeGreaterThan(2);
    expect(await server.query('SELECT id, n FROM t ORDER BY id')).toEqual([
      { id: 'a', n: 2 },
      { id: 'b', n: 2 },
    ]);
  });

  it('refuses what is larger than the server takes, and keeps the connection', async () => {
    await server.query('CREATE TABLE t (id longtext, n int)');
    const database = direct();
    const insert = (size: number) =>
      database.write(call(20_000), ({ db }) =>
        db
          .insertInto('t')
          .values({ id: 'x'.repeat(size), n: 1 })
          .execute(),
      );
    const error = await failure(insert(17 * 1024 * 1024));
    expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
    expect(error.message).toContain('max_allowed_packet');
    await insert(1024 * 1024);
  });

  it('counts values, not words: quotes, backslashes and question marks stay what they are', async () => {
    await server.query('CREATE TABLE t (id varchar(99), n bigint)');
    const database = direct();
    const values = ["'", "\\'; DROP TABLE t; -- ", '?', '\\', '"', '`', 'null', ''];
    for (const [n, id] of values.entries()) {
      await database.write(call(), ({ db }) => db.insertInto('t').values({ id, n }).execute());
    }
    const rows = await database.read(call(), ({ db }) =>
      db.selectFrom('t').selectAll().orderBy('n').limit(100).execute(),
    );
    expect(rows.map((row) => row.id)).toEqual(values);
  });

  it('goes on after the server was restarted while connections lay idle', async () => {
    const connector = connect();
    await Promise.all(['r1', 'r2', 'r3', 'r4'].map((name) => create(connector, name)));
    await server.kill();
    await server.restart();
    await Promise.all(['r5', 'r6', 'r7', 'r8'].map((name) => create(connector, name)));
    expect(
      await server.query("SELECT 1 FROM usher_radius_entry WHERE name LIKE 'r%'"),
    ).toHaveLength(8);
  });

  it('says of a server that may only be read what it is', async () => {
    const connector = connect();
    await create(connector, 'before');
    await server.admin("REVOKE ALL ON *.* FROM 'usher'@'127.0.0.1'");
    await server.admin('SET GLOBAL read_only = 1');
    try {
      const error = await failure(create(connector, 'after'));
      expect([error.kind, error.message]).toEqual([
        'unavailable',
        expect.stringContaining('may only be read'),
      ]);
    } finally {
      await server.admin('SET GLOBAL read_only = 0');
    }
    await create(connector, 'after');
  });

  it('is reached through its socket', async () => {
    const steps = await connect({ host: server.socket }).test(call());
    expect(named(steps, 'rights')?.state).toBe('ok');
    expect(steps[0]?.message).toContain(server.socket);
  });
});

describeWith([MARIADB], 'MariaDB over TLS', () => {
  const folder = temporaryFolder('usher-tls-');
  let server: Mariadb;
  let ca: string;
  const test = async (more: object): Promise<readonly TestStep[]> => {
    const { database, secrets } = mariadbTarget(server);
    const connector = open({ ...database, ...more }, secrets);
    try {
      return await connector.test(call());
    } finally {
      await connector.close();
    }
  };

  beforeAll(async () => {
    ca = await makeCertificate(folder.path);
    chmodSync(folder.path, 0o755);
    chmodSync(path.join(folder.path, 'tls.key'), 0o644);
    server = await startMariadb({
      options: [
        `--ssl-cert=${path.join(folder.path, 'tls.crt')}`,
        `--ssl-key=${path.join(folder.path, 'tls.key')}`,
        '--require-secure-transport=ON',
        '--bind-address=127.0.0.1,127.0.0.2',
      ],
    });
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  it('verifies the certificate, by name and by address', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const steps = await test({ host, ssl: 'verify', ca });
      expect([host, named(steps, 'encryption')?.message]).toEqual([
        host,
        expect.stringContaining('TLS'),
      ]);
    }
  });

  it('refuses one of an authority it does not know, and one for another address', async () => {
    const unknown = await test({ ssl: 'verify' });
    expect(unknown[0]).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/certificate/),
    });
    // 127.0.0.2 reaches the same server; its certificate is for 127.0.0.1 and localhost only.
    const other = await test({ host: '127.0.0.2', ssl: 'verify', ca });
    expect(other[0]).toMatchObject({
      state: 'failed',
      message: expect.stringContaining("IP: 127.0.0.2 is not in the cert's list"),
    });
  });

  it('sends nothing in clear text to a server that offers no TLS', async () => {
    const plain = await startMariadb({ options: ['--skip-ssl'] });
    const { database, secrets } = mariadbTarget(plain);
    const connector = open({ ...database, ssl: 'verify', ca }, secrets);
    const [first] = await connector.test(call());
    expect(first).toMatchObject({ state: 'failed', message: expect.stringMatching(/secure/i) });
    await connector.close();
    await plain.stop();
  });
});

const LOCAL_FILES = 0x80;

function packet(sequence: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([payload.length, 0, 0, sequence]), payload]);
}

function greeting(): Buffer {
  const capabilities = 0x1 | 0x8 | LOCAL_FILES | 0x200 | 0x8000 | 0x80000;
  const fixed = Buffer.alloc(18);
  fixed.writeUInt16LE(capabilities & 0xffff, 0);
  fixed.writeUInt8(45, 2);
  fixed.writeUInt16LE(2, 3);
  fixed.writeUInt16LE(capabilities >>> 16, 5);
  fixed.writeUInt8(21, 7);
  return Buffer.concat([
    Buffer.from('\x0a8.0.40\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('12345678\0'),
    fixed,
    Buffer.from('123456789012\0mysql_native_password\0'),
  ]);
}

describe('a hostile MySQL server', () => {
  it('gets no file of this machine', async () => {
    let flags: number | undefined;
    let asked = 0;
    let received = '';
    const sockets = new Set<net.Socket>();
    // Lets everybody in, and answers every statement with the wish for a file of the client.
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.write(packet(0, greeting()));
      socket.on('data', (data) => {
        if (flags === undefined) {
          flags = data.readUInt32LE(4);
          socket.write(packet(2, Buffer.from([0, 0, 0, 2, 0, 0, 0])));
        } else if (data[4] === 0x03) {
          asked += 1;
          socket.write(packet(1, Buffer.from('\xfb/etc/passwd', 'latin1')));
        } else received += data.toString('latin1');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const connector = open(
      { kind: 'mysql', host: '127.0.0.1', port, database: 'd', user: 'u' },
      { databasePassword: 'p' },
    );
    const [connect] = await connector.test(call(3_000));
    expect(connect?.state).toBe('failed');
    expect((flags ?? LOCAL_FILES) & LOCAL_FILES).toBe(0);
    expect(asked).toBeGreaterThan(0);
    expect(received).not.toContain('root:');
    await connector.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});
