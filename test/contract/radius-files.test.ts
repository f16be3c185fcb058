/** RADIUS profiles in a users file, read by a real FreeRADIUS. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { radius } from '../../connectors/radius/index';
import type { Attributes, Connector, EntryKind } from '../../connectors/spi';
import { describeWith, temporaryFolder } from '../support/daemon';
import {
  FREERADIUS,
  type Freeradius,
  type FreeradiusOptions,
  freeUdpPort,
  RADCLIENT,
  startFreeradius,
} from '../support/freeradius';
import { call, describeConnector, type Directory, failure } from './connector.contract';
import { describeLogins, type LoginPlace, PASSWORD, UPSTREAM } from './radius.logins';

const SECRETS = { probeSecret: 'testing123' };

function settingsFor(folder: string, port: number, socket = 'c.sock') {
  return {
    store: {
      kind: 'files',
      usersFile: path.join(folder, 'users'),
      radmin: { socket: path.join(folder, socket) },
      probe: { port },
    },
  };
}

function open(settings: object): Connector {
  const parsed = radius.parse(settings, SECRETS);
  return radius.open(parsed.settings, parsed.secrets, {
    targetId: 'test',
    dataDir: '.',
    log: () => undefined,
  });
}

interface Kept {
  readonly id: string;
  readonly kind: EntryKind;
  readonly name: string;
  readonly active: boolean;
  readonly groups: readonly string[];
  readonly check: readonly (readonly [string, string, string])[];
  readonly reply: readonly (readonly [string, string, string])[];
}

/** What the comments of the file say. */
function keptIn(file: string): Kept[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8').replaceAll('\n#+ ', '');
  return [...text.matchAll(/^#: (.*)$/gm)].map((match) => JSON.parse(match[1] as string) as Kept);
}

/** The rows FreeRADIUS reads for the user, said in other words than the connector's. */
function readable(file: string, name: string): Record<Place, [string, string][]> | undefined {
  const blocks = readFileSync(file, 'utf8').split(/\n(?=")/);
  const key = `"${name.split('\\').join('\\\\')}"`;
  const block = blocks.find((one) => one.startsWith(`${key}\t`) || one.startsWith(`${key}\n`));
  if (block === undefined) return undefined;
  const [first = '', ...more] = block.slice(key.length).split('\n');
  const items = (text: string): [string, string][] =>
    [...text.matchAll(/([A-Za-z0-9:-]+) (?:[:+]?=|==) '((?:[^\\']|\\.)*)'/g)].map((match) => [
      match[1] as string,
      (match[2] as string).replace(/\\(.)/g, '$1'),
    ]);
  const replies = more.filter((line) => line.startsWith('\t'));
  return { check: items(first), reply: items(replies.join('\n')) };
}

type Place = 'check' | 'reply';

function look(folder: string): Pick<Directory, 'entry' | 'count' | 'members' | 'active'> {
  const file = path.join(folder, 'users');
  const kept = (kind: EntryKind, name: string) =>
    keptIn(file).find((one) => one.kind === kind && one.name === name);
  return {
    entry: async (kind, name): Promise<Attributes | undefined> => {
      const one = kept(kind, name);
      if (!one) return undefined;
      const shown = kind === 'user' && one.active ? readable(file, name) : undefined;
      if (kind === 'user' && !readable(file, name)) return undefined;
      const attributes: Record<string, string[]> = {
        [kind === 'user' ? 'User-Name' : 'Group-Name']: [name],
      };
      for (const place of ['check', 'reply'] as const) {
        const rows = shown?.[place] ?? one[place].map(([key, , value]) => [key, value] as const);
        for (const [key, value] of rows) (attributes[`${place}:${key}`] ??= []).push(value);
      }
      return attributes;
    },
    count: async (kind) => keptIn(file).filter((one) => one.kind === kind).length,
    members: async (name) => {
      const id = kept('group', name)?.id as string;
      return keptIn(file).flatMap((one) => (one.groups.includes(id) ? [one.name] : []));
    },
    active: async (name) => !/\tAuth-Type := Reject$/m.test(lineOf(file, name)),
  };
}

function lineOf(file: string, name: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.find((line) => line.startsWith(`"${name.split('\\').join('\\\\')}"`)) ?? '';
}

interface FilesServer {
  readonly settings: object;
  readonly server: Freeradius;
}

/** A server that reads the users file in the folder, which the connection test makes when it is not there. */
async function startServer(
  folder: string,
  socket: string,
  options: Partial<FreeradiusOptions> = {},
): Promise<FilesServer> {
  const port = await freeUdpPort();
  const settings = settingsFor(folder, port, socket);
  const connector = open(settings);
  const steps = await connector.test(call());
  expect(steps[0]).toMatchObject({ name: 'users file', state: 'ok' });
  await connector.close();
  const { usersFile: file, radmin } = settings.store;
  const database = { kind: 'files', file, socket: radmin.socket } as const;
  return { settings, server: await startFreeradius({ database, port, ...options }) };
}

describeWith([FREERADIUS, RADCLIENT], 'radius in a users file', () => {
  describeConnector({
    type: {
      ...radius,
      // A server may be told to reload every three seconds only; the file is looked at instead, and the server below.
      open: (...args) => Object.defineProperty(radius.open(...args), 'flush', { value: undefined }),
    },
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
      refused: ['DEFAULT', 'usher-probe', 'a"b"c', 'x'.repeat(254), 'tab\there'],
    },
    wrongSettings: [
      { settings: { store: { kind: 'files' } }, path: 'store.usersFile' },
      { settings: { database: { kind: 'sqlite', file: 'x' } }, path: 'database' },
    ],
    start: async () => {
      const folder = temporaryFolder();
      const { settings, server } = await startServer(folder.path, 'c.sock');
      return {
        settings,
        secrets: SECRETS,
        secretValues: [SECRETS.probeSecret],
        ...look(folder.path),
        stop: async () => {
          await server.stop();
          folder.remove();
        },
      };
    },
  });
});

/** Three servers that read the same file: one alone, one behind which another checks passwords, one without the policy. */
async function startLogins(): Promise<LoginPlace> {
  const folder = temporaryFolder();
  const upstreamFolder = temporaryFolder();
  const stops: (() => unknown)[] = [folder.remove, upstreamFolder.remove];
  const start = async (where: string, socket: string, options: Partial<FreeradiusOptions>) => {
    const started = await startServer(where, socket, options);
    const connector = open(started.settings);
    stops.push(
      () => started.server.stop(),
      () => connector.close(),
    );
    return { ...started, connector };
  };
  const alone = await start(folder.path, 'a.sock', { defaultPassword: PASSWORD });
  const upstream = await startServer(upstreamFolder.path, 'u.sock', {});
  stops.push(() => upstream.server.stop());
  const people = open(upstream.settings);
  for (const [name, password] of Object.entries(UPSTREAM)) {
    const attributes = { 'User-Name': [name], 'check:Cleartext-Password': [password] };
    await people.create('user', { attributes, active: true }, 'o', call());
  }
  await people.flush?.(call(30_000));
  await people.close();
  const proxyTo = upstream.server;
  const proxy = await start(folder.path, 'p.sock', { proxyTo });
  const lax = await start(folder.path, 'l.sock', { proxyTo, withoutPolicy: true });
  const connectors = [alone, proxy, lax].map((one) => one.connector);
  return {
    connector: alone.connector,
    server: alone.server,
    proxy: proxy.server,
    lax: lax.server,
    flush: async () => {
      for (const one of connectors) await one.flush?.(call(30_000));
    },
    stop: async () => {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

describeWith([FREERADIUS, RADCLIENT], 'FreeRADIUS on a users file', () =>
  describeLogins(startLogins, { refused: ['a"b"c', 'usher-probe'] }),
);

describeWith([FREERADIUS, RADCLIENT], 'a users file', () => {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'users');
  let settings: object;
  let server: Freeradius;
  const opened: Connector[] = [];
  const make = (): Connector => {
    const connector = open(settings);
    opened.push(connector);
    return connector;
  };
  const create = (connector: Connector, name: string, more: Attributes = {}) =>
    connector.create(
      'user',
      { attributes: { 'User-Name': [name], ...more }, active: true },
      'o',
      call(),
    );

  beforeAll(async () => {
    const options = { defaultPassword: PASSWORD };
    ({ settings, server } = await startServer(folder.path, 'c.sock', options));
  });
  afterAll(async () => {
    await Promise.all(opened.map((one) => one.close()));
    await server?.stop();
    folder.remove();
  });

  it('is made by the connection test, for its owner and group only, and leaves nothing else', async () => {
    const steps = await make().test(call(30_000));
    expect(steps.map((step) => `${step.name} ${step.state}`)).toEqual([
      'users file ok',
      'radmin ok',
      'reload ok',
      'dictionary ok',
    ]);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('640');
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is effective after one flush, and not delivered while the server does not read it', async () => {
    const connector = make();
    await create(connector, 'early');
    const changes = Array.from({ length: 40 }, (_, index) => create(connector, `many-${index}`));
    await Promise.all(changes);
    await connector.flush?.(call(30_000));
    const entry = await server.authenticate('many-39', PASSWORD);
    expect(entry.code).toBe('Access-Accept');
    const { store } = settingsFor(folder.path, await freeUdpPort());
    const deaf = open({ store });
    opened.push(deaf);
    const error = await failure(deaf.flush?.(call(30_000)) as Promise<void>);
    expect(error.kind).toBe('unavailable');
    expect(error.message).toContain('probe');
    const gone = open({
      store: { ...store, radmin: { socket: path.join(folder.path, 'no.sock') } },
    });
    opened.push(gone);
    const steps = await gone.test(call(30_000));
    expect(steps.find((step) => step.state === 'failed')).toMatchObject({ name: 'radmin' });
  }, 60_000);

  it('loses nothing that two connectors write at the same time', async () => {
    const [one, other] = [make(), make()];
    const names = Array.from({ length: 60 }, (_, index) => `both-${index}`);
    await Promise.all(names.map((name, index) => create(index % 2 ? one : other, name)));
    const kept = keptIn(file).map((entry) => entry.name);
    expect(kept).toEqual(expect.arrayContaining(names));
    const same = await Promise.allSettled([create(one, 'same'), create(other, 'same')]);
    expect(same.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('is left alone when somebody edited it, or when it is not Usher’s', async () => {
    const connector = make();
    await create(connector, 'before');
    const ours = readFileSync(file, 'utf8');
    for (const foreign of [
      `${ours}"mallory"\n`,
      ours.replace('"before"', '"behind"'),
      'DEFAULT Auth-Type := Accept\n',
    ]) {
      writeFileSync(file, foreign);
      const error = await failure(create(connector, 'after'));
      expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
      expect(error.message).toContain('usersFile');
      expect(readFileSync(file, 'utf8')).toBe(foreign);
    }
    writeFileSync(file, ours);
    await create(connector, 'after');
  });

  it('refuses what would make the server refuse the whole file', async () => {
    const connector = make();
    const long = ['x'.repeat(253)];
    const checks = ['Cleartext-Password', 'Crypt-Password', 'NT-Password'].concat(
      Array.from({ length: 9 }, (_, index) => `Tmp-String-${index}`),
    );
    const attributes = Object.fromEntries(checks.map((name) => [`check:${name}`, long]));
    const error = await failure(create(connector, 'long line', attributes));
    expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
    const compare = { 'Group-Name': ['compares'], 'check:NAS-Port ==': ['1'] };
    const group = connector.create('group', { attributes: compare, active: true }, 'o', call());
    expect((await failure(group)).attribute).toBe('check:NAS-Port ==');
    expect(keptIn(file).map((entry) => entry.name)).not.toContain('long line');
  });
});
