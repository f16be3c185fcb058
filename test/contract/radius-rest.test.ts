/** RADIUS profiles that a real FreeRADIUS asks for at every login. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { radius } from '../../connectors/radius/index';
import type { Connector, DirectoryResponse } from '../../connectors/spi';
import { describeWith, temporaryFolder } from '../support/daemon';
import {
  FREERADIUS,
  type FreeradiusOptions,
  RADCLIENT,
  startFreeradius,
} from '../support/freeradius';
import { sqliteQuery } from '../support/sql';
import { call, describeConnector, failure } from './connector.contract';
import { describeLogins, type LoginPlace, PASSWORD, UPSTREAM } from './radius.logins';
import { lookAtTables } from './radius.tables';

const SECRETS = { restPassword: 'a long enough password' };
const DICTIONARY = '/usr/share/freeradius/dictionary';

function settingsFor(folder: string, more: object = {}) {
  const database = { kind: 'sqlite', file: path.join(folder, 'radius.db') };
  return { store: { kind: 'rest' }, database, ...more };
}

function open(settings: object): Connector {
  const parsed = radius.parse(settings, SECRETS);
  return radius.open(parsed.settings, parsed.secrets, {
    targetId: 'test',
    dataDir: '.',
    log: () => undefined,
  });
}

describe('radius asked over HTTP', () => {
  describeConnector({
    type: radius,
    user: (name) => ({
      'User-Name': [name],
      'check:Cleartext-Password': ['wonder "land" \\ \'`'],
      'reply:Filter-Id': ['staff'],
      'reply:Session-Timeout': ['3600'],
    }),
    group: (name) => ({ 'Group-Name': [name], 'reply:Class': ['from the group'] }),
    multiValued: 'reply:Cisco-AVPair',
    replaceable: { attribute: 'reply:Filter-Id', optional: true },
    names: {
      accepted: ['x'.repeat(253), "'quoted'", '`id`', ' lead'],
      refused: ['DEFAULT', 'x'.repeat(254), 'tab\there'],
    },
    wrongSettings: [
      { settings: { store: { kind: 'rest', userName: 'a:b' } }, path: 'store.userName' },
    ],
    start: async () => {
      const folder = temporaryFolder();
      return lookAtTables(sqliteQuery(path.join(folder.path, 'radius.db')), {
        settings: settingsFor(folder.path),
        secrets: SECRETS,
        stop: async () => folder.remove(),
      });
    },
  });
});

/** What the module sent, to see that it sent no password. */
const bodies: string[] = [];

/** Serves the connector as the gateway does. */
async function serve(connector: Connector): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      bodies.push(body.toString());
      const { method = '', url = '', headers } = request;
      const asked = { method, path: url, headers: headers as Record<string, string>, body };
      connector.answer?.(asked, call()).then(
        (answer) => response.writeHead(answer.status, answer.headers).end(answer.body),
        () => response.writeHead(503).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function startLogins(): Promise<LoginPlace> {
  const folder = temporaryFolder();
  const other = temporaryFolder();
  const stops: (() => unknown)[] = [folder.remove, other.remove];
  const start = async (connector: Connector, options: Partial<FreeradiusOptions>) => {
    const http = await serve(connector);
    const { port } = http.address() as AddressInfo;
    const database = {
      kind: 'rest',
      url: `http://127.0.0.1:${port}`,
      password: SECRETS.restPassword,
    } as const;
    const server = await startFreeradius({ database, ...options });
    stops.push(
      () => server.stop(),
      () => http.close(),
    );
    return server;
  };
  const connector = open(settingsFor(folder.path, { dictionary: DICTIONARY }));
  const people = open(settingsFor(other.path));
  stops.push(
    () => connector.close(),
    () => people.close(),
  );
  for (const [name, password] of Object.entries(UPSTREAM)) {
    const attributes = { 'User-Name': [name], 'check:Cleartext-Password': [password] };
    await people.create('user', { attributes, active: true }, 'o', call());
  }
  const proxyTo = await start(people, {});
  return {
    connector,
    server: await start(connector, { defaultPassword: PASSWORD }),
    proxy: await start(connector, { proxyTo }),
    lax: await start(connector, { proxyTo, withoutPolicy: true }),
    flush: () => Promise.resolve(),
    stop: async () => {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

describeWith([FREERADIUS, RADCLIENT], 'FreeRADIUS that asks Usher', () => {
  describeLogins(startLogins, { refused: [] });

  it('is never sent a password', () => {
    expect(bodies.length).toBeGreaterThan(50);
    expect(bodies.join('\n')).not.toMatch(/password|wonder/i);
  });
});

describe('what is asked', () => {
  const folder = temporaryFolder();
  let connector: Connector;
  const basic = (password: string, user = 'freeradius'): string =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const ask = (
    body: unknown,
    more: { method?: string; path?: string; authorization?: string } = {},
  ): Promise<DirectoryResponse> => {
    const { method = 'POST', path: url = '/authorize' } = more;
    const { authorization = basic(SECRETS.restPassword) } = more;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = { method, path: url, headers: { authorization }, body: Buffer.from(text) };
    return connector.answer?.(request, call()) as Promise<DirectoryResponse>;
  };
  const name = (text: string) => ({ 'User-Name': { type: 'string', value: [text] } });

  beforeAll(async () => {
    const realm = { name: 'corp.test', stripped: true };
    connector = open(settingsFor(folder.path, { realm }));
    const attributes = { 'User-Name': ['ü@corp.test'], 'reply:Class': ['c'] };
    await connector.create('user', { attributes, active: true }, 'o', call());
  });
  afterAll(async () => {
    await connector.close();
    folder.remove();
  });

  it.each([
    ['', basic('wrong'), basic(SECRETS.restPassword, 'root')],
    [`Bearer ${SECRETS.restPassword}`, 'Basic', basic('')],
  ])('is answered to the server only', async (...wrong) => {
    for (const authorization of wrong) {
      const answer = await ask(name('ü@corp.test'), { authorization });
      expect([answer.status, answer.body]).toEqual([401, '']);
    }
  });

  it('may be a name with its realm, without it, or in hexadecimal', async () => {
    const hex = (text: string) => ({
      type: 'octets',
      value: [`0x${Buffer.from(text).toString('hex')}`],
    });
    const none = { type: 'octets', value: ['0x'] };
    for (const body of [
      name('ü@corp.test'),
      name('ü'),
      { 'User-Name': hex('ü@corp.test'), 'Stripped-User-Name': hex('ü') },
      { 'User-Name': hex('ü@corp.test'), 'Stripped-User-Name': none },
    ]) {
      const answer = await ask(body);
      expect([answer.status, JSON.parse(answer.body as string)]).toEqual([
        200,
        { 'reply:Class': { op: ':=', do_xlat: false, value: ['c'] } },
      ]);
    }
    for (const stranger of ['Ã¼@corp.test', 'ü@corp.tes', '@corp.test', 'DEFAULT']) {
      expect((await ask(name(stranger))).status).toBe(404);
    }
    const latin = { type: 'octets', value: ['0xfc40636f72702e74657374'] };
    expect((await ask({ 'User-Name': latin })).status).toBe(404);
  });

  it('is refused when it is something else', async () => {
    for (const body of ['', '{', '[]', 'null', '"x"']) {
      expect([400, 404]).toContain((await ask(body)).status);
    }
    for (const body of [{ 'User-Name': 5 }, { 'User-Name': { value: [{}] } }, {}]) {
      expect((await ask(body)).status).toBe(404);
    }
    expect((await ask(name('ü'), { method: 'GET' })).status).toBe(405);
    expect((await ask(name('ü'), { path: '/other' })).status).toBe(404);
  });

  it('holds only users of the realm, and no comparison', async () => {
    for (const stranger of ['ü', 'a@other.test', '@corp.test', 'DEFAULT@corp.test']) {
      const attributes = { 'User-Name': [stranger] };
      const made = connector.create('user', { attributes, active: true }, 'o', call());
      expect((await failure(made)).attribute).toBe('User-Name');
    }
    const attributes = { 'User-Name': ['c@corp.test'], 'check:NAS-Port ==': ['1'] };
    const made = connector.create('user', { attributes, active: true }, 'o', call());
    expect((await failure(made)).attribute).toBe('check:NAS-Port ==');
  });

  it('needs its secret', () => {
    expect(() => radius.parse(settingsFor(folder.path), {})).toThrow('secrets.restPassword');
  });
});
