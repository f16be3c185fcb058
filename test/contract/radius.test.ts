/** The RADIUS connector on real databases, read by a real FreeRADIUS. */
import { spawn } from 'node:child_process';
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Libsql from 'libsql';
import { radius } from '../../connectors/radius/index';
import type { Attributes, Connector, Entry, Written } from '../../connectors/spi';
import { describeWith, temporaryFolder, until } from '../support/daemon';
import {
  type Freeradius,
  FREERADIUS,
  type RadiusDatabase,
  RADCLIENT,
  startFreeradius,
} from '../support/freeradius';
import { MARIADB, startMariadb } from '../support/mariadb';
import { POSTGRES, startPostgres } from '../support/postgres';
import {
  mariadbDirectory,
  mariadbQuery,
  mariadbTarget,
  postgresDirectory,
  postgresQuery,
  postgresTarget,
  type Query,
  sqliteQuery,
} from '../support/sql';
import { call, collect, describeConnector, failure, NASTY_NAMES } from './connector.contract';
import { lookAtTables } from './radius.tables';

const user = (name: string): Attributes => ({
  'User-Name': [name],
  'check:Cleartext-Password': ['wonder "land" \\ \'`'],
  'reply:Filter-Id': ['staff'],
  'reply:Session-Timeout': ['3600'],
});

const fixture = {
  type: radius,
  user,
  group: (name: string): Attributes => ({
    'Group-Name': [name],
    'reply:Class': ['from the group'],
  }),
  multiValued: 'reply:Cisco-AVPair',
  replaceable: { attribute: 'reply:Filter-Id', optional: true },
  names: {
    accepted: ['x'.repeat(253), "'quoted'", '`id`', ' lead'],
    refused: ['DEFAULT', 'x'.repeat(254), 'tab\there'],
  },
  wrongSettings: [
    { settings: { database: { kind: 'oracle' } }, path: 'database.kind' },
    { settings: { createTables: 'yes' }, path: 'createTables' },
  ],
  listSize: 600,
};

function open(settings: unknown, secrets: unknown = {}, dataDir = '.'): Connector {
  const parsed = radius.parse(settings, secrets);
  return radius.open(parsed.settings, parsed.secrets, {
    targetId: 'test',
    dataDir,
    log: () => undefined,
  });
}

describe('radius on SQLite', () => {
  describeConnector({
    ...fixture,
    start: async () => {
      const folder = temporaryFolder();
      const file = path.join(folder.path, 'radius.db');
      return lookAtTables(sqliteQuery(file), {
        settings: { database: { kind: 'sqlite', file } },
        secrets: {},
        stop: async () => folder.remove(),
      });
    },
  });
});

describeWith([POSTGRES], 'radius on PostgreSQL', () => {
  describeConnector({
    ...fixture,
    maxConnections: 4,
    start: async () => {
      const server = await startPostgres();
      const { database, secrets } = postgresTarget(server);
      return lookAtTables(postgresQuery(server), {
        settings: { database },
        secrets,
        ...postgresDirectory(server),
      });
    },
  });
});

describeWith([MARIADB], 'radius on MariaDB', () => {
  describeConnector({
    ...fixture,
    maxConnections: 4,
    start: async () => {
      const server = await startMariadb();
      const { database, secrets } = mariadbTarget(server);
      return lookAtTables(mariadbQuery(server), {
        settings: { database },
        secrets,
        ...mariadbDirectory(server),
      });
    },
  });
});

interface Place {
  readonly database: RadiusDatabase;
  readonly settings: object;
  readonly secrets: object;
  readonly query: Query;
  readonly stop: () => Promise<void>;
}

async function sqlitePlace(): Promise<Place> {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'radius.db');
  return {
    database: { kind: 'sqlite', file },
    settings: { database: { kind: 'sqlite', file } },
    secrets: {},
    query: sqliteQuery(file),
    stop: async () => folder.remove(),
  };
}

async function postgresPlace(): Promise<Place> {
  const server = await startPostgres();
  const { database, secrets } = postgresTarget(server);
  return {
    database: { kind: 'postgresql', ...server },
    settings: { database },
    secrets,
    query: postgresQuery(server),
    stop: () => server.stop(),
  };
}

async function mariadbPlace(): Promise<Place> {
  const server = await startMariadb();
  const { database, secrets } = mariadbTarget(server);
  return {
    database: { kind: 'mysql', ...server },
    settings: { database },
    secrets,
    query: mariadbQuery(server),
    stop: () => server.stop(),
  };
}

const PASSWORD = 'wonder land';

/** What a server answers from the connector's rows. */
function describeServer(start: () => Promise<Place>): void {
  let place: Place;
  let connector: Connector;
  let server: Freeradius;

  beforeAll(async () => {
    place = await start();
    connector = open(place.settings, place.secrets);
    await connector.test(call());
    server = await startFreeradius({ database: place.database, defaultPassword: PASSWORD });
  });

  afterAll(async () => {
    await connector?.close();
    await server?.stop();
    await place?.stop();
  });

  const create = (name: string, more: Attributes = {}, active = true): Promise<Written> =>
    connector.create('user', { attributes: { 'User-Name': [name], ...more }, active }, 'o', call());
  const group = (name: string, more: Attributes = {}): Promise<Written> =>
    connector.create(
      'group',
      { attributes: { 'Group-Name': [name], ...more }, active: true },
      'o',
      call(),
    );
  const join = (into: Written, ...who: Written[]): Promise<Written> =>
    connector.members(into, { add: who, remove: [] }, call());
  const ask = (name: string) => server.authenticate(name, PASSWORD);

  it('accepts with the attributes of the profile', async () => {
    await create('alice', {
      'reply:Filter-Id': ['staff'],
      'reply:Session-Timeout': ['3600'],
      'reply:Framed-IP-Address': ['10.9.8.7'],
      'reply:Tunnel-Private-Group-Id:0': ['120'],
      'reply:Cisco-AVPair': ['shell:priv-lvl=15', 'second'],
      'reply:Fortinet-Group-Name +=': ['vpn'],
    });
    expect(await ask('alice')).toEqual({
      code: 'Access-Accept',
      attributes: {
        'Filter-Id': ['staff'],
        'Session-Timeout': ['3600'],
        'Framed-IP-Address': ['10.9.8.7'],
        'Tunnel-Private-Group-Id:0': ['120'],
        'Cisco-AVPair': ['shell:priv-lvl=15', 'second'],
        'Fortinet-Group-Name': ['vpn'],
      },
    });
  });

  it('takes a password from the profile, and the profile over the rest', async () => {
    await create('secretive', { 'check:Cleartext-Password': ['p%{w} \'"`\\ x\\'] });
    const own = await startFreeradius({ database: place.database });
    try {
      expect((await own.authenticate('secretive', 'p%{w} \'"`\\ x\\')).code).toBe('Access-Accept');
      expect((await own.authenticate('secretive', 'wrong')).code).toBe('Access-Reject');
      expect((await own.authenticate('alice', PASSWORD)).code).toBe('Access-Reject');
    } finally {
      await own.stop();
    }
  });

  it('rejects a disabled user without telling the profile, and accepts again', async () => {
    const written = await create('bob', { 'reply:Filter-Id': ['staff'] });
    for (let round = 0; round < 2; round += 1) {
      await connector.setActive('user', written, false, call());
      expect(await ask('bob')).toEqual({ code: 'Access-Reject', attributes: {} });
      await connector.setActive('user', written, true, call());
      expect(await ask('bob')).toEqual({
        code: 'Access-Accept',
        attributes: { 'Filter-Id': ['staff'] },
      });
    }
    await create('born-disabled', {}, false);
    expect((await ask('born-disabled')).code).toBe('Access-Reject');
  });

  it('rejects a disabled user although a group sets how to authenticate', async () => {
    const written = await create('by-group');
    await join(await group('by-hand'), written);
    await place.query(
      "INSERT INTO radgroupcheck (groupname, attribute, op, value) VALUES ('by-hand', 'Auth-Type', ':=', 'PAP')",
    );
    expect((await ask('by-group')).code).toBe('Access-Accept');
    await connector.setActive('user', written, false, call());
    expect((await ask('by-group')).code).toBe('Access-Reject');
  });

  it('answers what every group of a user says, after the user', async () => {
    const written = await create('grouped', { 'reply:Session-Timeout': ['60'] });
    const first = await group('first (all), "x" \\', {
      'reply:Fortinet-Group-Name +=': ['first'],
      'reply:Session-Timeout': ['600'],
      'reply:Idle-Timeout': ['10'],
    });
    await join(await group('nothing to say'), written);
    await join(first, written);
    await join(await group('third', { 'reply:Fortinet-Group-Name +=': ['third'] }), written);
    expect((await ask('grouped')).attributes).toEqual({
      'Fortinet-Group-Name': expect.arrayContaining(['first', 'third']),
      'Session-Timeout': ['60'],
      'Idle-Timeout': ['10'],
    });
    const renamed = [{ attribute: 'Group-Name', replace: ['Zweite + Gruppe'] }];
    await connector.update('group', first, renamed, call());
    await connector.update(
      'user',
      written,
      [{ attribute: 'User-Name', replace: ["o'grouped+1"] }],
      call(),
    );
    // Groups of equal priority come in any order.
    const both = (await ask("o'grouped+1")).attributes['Fortinet-Group-Name'];
    expect([...(both ?? [])].sort()).toEqual(['first', 'third']);
    expect((await ask('grouped')).attributes).toEqual({});
    await connector.remove('group', first, call());
    expect((await ask("o'grouped+1")).attributes['Fortinet-Group-Name']).toEqual(['third']);
  });

  it.each([
    ...NASTY_NAMES,
    'a+b@corp.test',
    'a=27b',
    "x' OR '1'='1",
    '%{exec:/bin/false}',
    'x'.repeat(253),
    '+'.repeat(200),
  ])('finds the profile of %j', async (name) => {
    const written = await create(name, { 'reply:Filter-Id': ['own'] });
    expect(await ask(name)).toEqual({
      code: 'Access-Accept',
      attributes: { 'Filter-Id': ['own'] },
    });
    await join(await group(`g ${name}`.slice(0, 253), { 'reply:Class': ['c'] }), written);
    expect((await ask(name)).attributes['Class']).toEqual(['0x63']);
    await connector.setActive('user', written, false, call());
    expect((await ask(name)).code).toBe('Access-Reject');
  });

  const folder = temporaryFolder('usher-witness-');
  const witness = path.join(folder.path, 'ran');
  afterAll(() => folder.remove());
  it.each([
    `\`/usr/bin/touch ${witness}\``,
    `\`%{exec:/usr/bin/touch ${witness}}\``,
    `"%{exec:/usr/bin/touch ${witness}}"`,
    `%{exec:/usr/bin/touch ${witness}}`,
    "'single'",
    '"double"',
    '`',
    '"',
    '\'"`',
    '"a" b',
    '"%{User-Name}"',
    '${HOME}',
    'back\\slash',
    'new\\nline',
    '\\101\\x41',
    'ends in one\\',
    '\\',
    '\\"',
    '"\\"',
    '漢字😀',
    '  spaces  ',
    '#, = := ; { }',
    '"'.repeat(252),
    '\\'.repeat(253),
    'x'.repeat(253),
  ])('lets the value %j come out letter by letter', async (value) => {
    const name = `value-${Buffer.from(value).toString('hex').slice(0, 80)}-${value.length}`;
    const written = await create(name, { 'reply:Reply-Message': [value] });
    expect((await ask(name)).attributes).toEqual({ 'Reply-Message': [value] });
    const entry = await connector.read('user', written, call());
    expect(entry?.attributes['reply:Reply-Message']).toEqual([value]);
    expect(existsSync(witness)).toBe(false);
  });

  it('would run a command in back-quotes that was written by hand: the test can see it', async () => {
    await create('by-hand');
    await place.query(
      "INSERT INTO radreply (username, attribute, op, value) VALUES ('by-hand', 'Reply-Message', ':=', ?)",
      ['`%{exec:/bin/echo ran}`'],
    );
    expect((await ask('by-hand')).attributes['Reply-Message']).toEqual(['ran']);
  });

  it('never touches rows written by hand unless adopted', async () => {
    const insert = (table: string, ...values: string[]): Promise<unknown> =>
      place.query(
        `INSERT INTO ${table} (username, attribute, op, value) VALUES (?, ?, ?, ?)`,
        values,
      );
    await insert('radcheck', 'root', 'Cleartext-Password', ':=', 'r');
    await insert('radreply', 'root', 'Session-Timeout', '=', '5');
    expect((await failure(create('root'))).kind).toBe('conflict');
    const mover = await create('mover');
    const rename = [{ attribute: 'User-Name', replace: ['root'] }];
    expect((await failure(connector.update('user', mover, rename, call()))).kind).toBe('conflict');
    const listed = await collect(connector.list('user', call()));
    expect(listed.map((entry) => entry.name)).not.toContain('root');

    const keys = [{ attribute: 'User-Name', value: 'root' }];
    const [found] = await connector.correlate('user', keys, call());
    expect(found).toMatchObject({
      name: 'root',
      active: true,
      attributes: { 'check:Cleartext-Password': ['r'], 'reply:Session-Timeout =': ['5'] },
    });
    const byValue = [{ attribute: 'check:Cleartext-Password', value: 'r' }];
    expect(await connector.correlate('user', byValue, call())).toEqual([found]);
    expect(await place.query("SELECT * FROM usher_radius_entry WHERE name = 'root'")).toEqual([]);

    const entry = found as Entry;
    const written = await connector.update(
      'user',
      entry,
      [{ attribute: 'reply:Filter-Id', replace: ['adopted'] }],
      call(),
    );
    expect(written).toEqual({ reference: entry.reference, name: 'root' });
    const renamed = await connector.update(
      'user',
      entry,
      [{ attribute: 'User-Name', replace: ['toor'] }],
      call(),
    );
    expect(renamed.reference).toBe(entry.reference);
    expect((await ask('toor')).attributes).toEqual({
      'Filter-Id': ['adopted'],
      'Session-Timeout': ['5'],
    });
    expect(await connector.correlate('user', keys, call())).toEqual([]);
    // Its old name is free for whoever writes by hand, and stays out of reach of the old reference.
    await insert('radcheck', 'root', 'Cleartext-Password', ':=', 'again');
    expect(await connector.read('user', entry, call())).toMatchObject({ name: 'toor' });
    await connector.remove('user', entry, call());
    expect(await place.query("SELECT value FROM radcheck WHERE username = 'root'")).toEqual([
      { value: 'again' },
    ]);
  });

  it('adopts a user by membership, and a group made by hand', async () => {
    await place.query(
      "INSERT INTO radusergroup (username, groupname, priority) VALUES ('old', 'old group', 3)",
    );
    const [one] = await connector.correlate(
      'user',
      [{ attribute: 'User-Name', value: 'old' }],
      call(),
    );
    const [many] = await connector.correlate(
      'group',
      [{ attribute: 'Group-Name', value: 'old group' }],
      call(),
    );
    await connector.members(many as Entry, { add: [one as Entry], remove: [] }, call());
    expect(
      await place.query(
        "SELECT username, priority FROM radusergroup WHERE groupname = 'old group'",
      ),
    ).toEqual([{ username: 'old', priority: 3 }]);
    expect(
      await place.query("SELECT kind FROM usher_radius_entry WHERE name LIKE 'old%' ORDER BY kind"),
    ).toEqual([{ kind: 'group' }, { kind: 'user' }]);
  });

  it.each([
    ['check:Auth-Type', 'Accept'],
    ['check:auth-type', 'Accept'],
    ['reply:Fall-Through', 'No'],
    ['reply:Filter-Id', 'tab\there'],
    ['reply:Filter-Id', 'x'.repeat(254)],
    ['reply:Filter-Id', `"${'x'.repeat(252)}`],
    ['reply:Bad Name', 'x'],
    ['reply:Filter-Id :=', 'x'],
    ['reply:Filter-Id ==', 'x'],
    ['Filter-Id', 'x'],
  ])('refuses %s = %j', async (attribute, value) => {
    const error = await failure(create('refused', { [attribute]: [value] }));
    expect([error.kind, error.outcome, error.attribute]).toEqual(['invalid', 'none', attribute]);
  });

  it('gives no wrong answer while another process reads and this one writes', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `busy-${index}`);
    const refs = await Promise.all(names.map((name) => create(name, { 'reply:Filter-Id': ['0'] })));
    let isDone = false;
    let writes = 0;
    const writing = (async () => {
      while (!isDone) {
        const ref = refs[writes % refs.length] as Written;
        const changes = [{ attribute: 'reply:Filter-Id', replace: [String(writes)] }];
        await connector.update('user', ref, changes, call());
        writes += 1;
      }
    })();
    const logins = Array.from({ length: 1_500 }, (_, index) => ({
      user: names[index % names.length] as string,
      password: PASSWORD,
    }));
    const result = await server.load(logins).finally(() => (isDone = true));
    await writing;
    const log = result.accepted === logins.length ? '' : server.log();
    expect({ ...result, log }).toEqual({ accepted: logins.length, rejected: 0, lost: 0, log: '' });
    expect(writes).toBeGreaterThan(20);
  }, 60_000);
}

describeWith([FREERADIUS, RADCLIENT], 'FreeRADIUS on SQLite', () => describeServer(sqlitePlace));
describeWith([FREERADIUS, RADCLIENT, POSTGRES], 'FreeRADIUS on PostgreSQL', () =>
  describeServer(postgresPlace),
);
describeWith([FREERADIUS, RADCLIENT, MARIADB], 'FreeRADIUS on MariaDB', () =>
  describeServer(mariadbPlace),
);

describeWith([FREERADIUS, RADCLIENT], 'FreeRADIUS behind another server', () => {
  const stops: (() => Promise<void>)[] = [];
  let connector: Connector;
  const start = async (options: Parameters<typeof startFreeradius>[0]): Promise<Freeradius> => {
    const server = await startFreeradius(options);
    stops.push(() => server.stop());
    return server;
  };

  beforeAll(async () => {
    const place = await sqlitePlace();
    connector = open(place.settings);
    stops.push(place.stop, () => connector.close());
    const empty = await sqlitePlace();
    stops.push(empty.stop);
    await open(empty.settings).test(call());
    for (const [name, active] of [
      ['pia', true],
      ['otto', false],
    ] as const) {
      const attributes = { 'User-Name': [name], 'reply:Filter-Id': ['local'] };
      await connector.create('user', { attributes, active }, 'o', call());
    }
    const upstream = await start({
      database: empty.database,
      passwords: { pia: PASSWORD, otto: PASSWORD, stranger: PASSWORD },
    });
    proxy = await start({ database: place.database, proxyTo: upstream });
    lax = await start({ database: place.database, proxyTo: upstream, withoutPolicy: true });
  });
  let proxy: Freeradius;
  let lax: Freeradius;

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it('merges the profile into what the other server accepts', async () => {
    expect(await proxy.authenticate('pia', PASSWORD)).toEqual({
      code: 'Access-Accept',
      attributes: { 'Filter-Id': ['local'] },
    });
    expect((await proxy.authenticate('pia', 'wrong')).code).toBe('Access-Reject');
  });

  it('rejects who is disabled or not provisioned, which only the shipped policy does', async () => {
    expect(await proxy.authenticate('otto', PASSWORD)).toEqual({
      code: 'Access-Reject',
      attributes: {},
    });
    expect((await proxy.authenticate('stranger', PASSWORD)).code).toBe('Access-Reject');
    expect((await lax.authenticate('otto', PASSWORD)).code).toBe('Access-Accept');
  });
});

const ROOT = path.join(__dirname, '../..');

/** Creates users for ever, four calls at a time, and prints every name that was acknowledged. */
const WRITER = `
  const { transformFileSync } = require('@swc/core');
  const options = {
    swcrc: false,
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  };
  require.extensions['.ts'] = (module, file) =>
    module._compile(transformFileSync(file, options).code, file);
  const { radius } = require('./connectors/radius/index.ts');
  const { settings, secrets } = radius.parse({ database: { kind: 'sqlite', file: process.argv[1] } }, {});
  const connector = radius.open(settings, secrets, { targetId: 't', dataDir: '.', log: () => undefined });
  const loop = async (worker) => {
    for (let index = 0; ; index += 1) {
      const name = 'user-' + worker + '-' + index;
      const attributes = { 'User-Name': [name], 'reply:Filter-Id': ['staff'] };
      const call = { signal: new AbortController().signal };
      await connector.create('user', { attributes, active: true }, 'o', call);
      require('node:fs').writeSync(1, name + '\\n');
    }
  };
  for (let worker = 0; worker < 4; worker += 1) void loop(worker);
`;

describe('radius on one SQLite file', () => {
  let place: Place;
  let file: string;
  beforeEach(async () => {
    place = await sqlitePlace();
    file = (place.database as { file: string }).file;
  });
  afterEach(() => place.stop());

  const create = (connector: Connector, name: string): Promise<Written> =>
    connector.create('user', { attributes: user(name), active: true }, 'o', call());

  it('is written by two connectors at the same time', async () => {
    const both = [open(place.settings), open(place.settings)] as const;
    const written = await Promise.all(
      Array.from({ length: 200 }, (_, index) => create(both[index % 2 ? 0 : 1], `both-${index}`)),
    );
    expect(new Set(written.map((one) => one.reference)).size).toBe(200);
    const outcomes = await Promise.allSettled(both.map((one) => create(one, 'same')));
    expect(outcomes.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await collect(both[0].list('user', call()))).toHaveLength(201);
    await Promise.all(both.map((one) => one.close()));
  });

  it('waits for another process that writes, and gives up in time', async () => {
    const connector = open(place.settings);
    await create(connector, 'first');
    const locker = new Libsql(file);
    locker.exec('BEGIN IMMEDIATE');
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 10);
    const pending = create(connector, 'second');
    await new Promise((resolve) => setTimeout(resolve, 300));
    locker.exec('COMMIT');
    await pending;
    // Waiting must not stop the rest of the process.
    expect(ticks).toBeGreaterThan(10);
    locker.exec('BEGIN IMMEDIATE');
    const hopeless = connector.create(
      'user',
      { attributes: user('third'), active: true },
      'o',
      call(300),
    );
    expect((await failure(hopeless)).kind).toBe('timeout');
    locker.exec('ROLLBACK');
    locker.close();
    clearInterval(timer);
    await connector.close();
  });

  it('is made with the rights asked for, and in WAL', async () => {
    const shared = open({ database: { kind: 'sqlite', file, fileMode: '0660' } });
    await create(shared, 'x');
    for (const suffix of ['', '-wal', '-shm']) {
      expect((statSync(file + suffix).mode & 0o777).toString(8)).toBe('660');
    }
    expect(await place.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    await shared.close();
    const own = open({ database: { kind: 'sqlite', file: 'sub/own.db' } }, {}, path.dirname(file));
    await create(own, 'x');
    expect((statSync(path.join(path.dirname(file), 'sub/own.db')).mode & 0o777).toString(8)).toBe(
      '600',
    );
    await own.close();
  });

  it('is refused where WAL is impossible', async () => {
    const holder = new Libsql(file);
    holder.exec('CREATE TABLE t (a); BEGIN; SELECT * FROM t');
    holder.prepare('SELECT * FROM t').all();
    const connector = open(place.settings);
    const [connect] = await connector.test(call(500));
    expect(connect).toMatchObject({ state: 'failed', remedy: expect.any(String) });
    holder.exec('COMMIT');
    holder.close();
    await connector.close();
  });

  it('is noticed when somebody puts another file in its place', async () => {
    const connector = open(place.settings);
    await create(connector, 'before');
    renameSync(file, `${file}.old`);
    await create(connector, 'after');
    const names = await place.query('SELECT name FROM usher_radius_entry');
    expect(names).toEqual([{ name: 'after' }]);
    await connector.close();
  });

  it('says what it is when it is no database', async () => {
    writeFileSync(file, 'not a database, but long enough to be looked at'.repeat(50));
    const connector = open(place.settings);
    expect((await failure(create(connector, 'x'))).kind).toBe('invalid');
    expect((await connector.test(call()))[0]?.state).toBe('failed');
    await connector.close();
  });

  it('keeps what was acknowledged when the process is killed', async () => {
    const child = spawn(process.execPath, ['-e', WRITER, file], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until('some writes', () => output.split('\n').length > 150);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const acknowledged = output.split('\n').slice(0, -1);
    const connector = open(place.settings);
    const listed = new Set(
      (await collect(connector.list('user', call()))).map((entry) => entry.name),
    );
    expect(acknowledged.filter((name) => !listed.has(name))).toEqual([]);
    expect(listed.size - acknowledged.length).toBeLessThan(60);
    await connector.close();
  });
});
