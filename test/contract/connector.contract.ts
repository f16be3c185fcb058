/**
 * What every connector promises, as tests. A connector's own suite is five lines:
 *
 *     describeWith([SLAPD], 'ldap connector', () => {
 *       describeConnector({ type: ldap, start: () => ..., user: (name) => ({ ... }), ... });
 *     });
 *
 * The suite knows no directory: it sees one through the connector, and through the independent eyes of `Directory`.
 */
import {
  type Attributes,
  type Connector,
  ConnectorError,
  type ConnectorType,
  type CallContext,
  type Capabilities,
  type Entry,
  type EntryKind,
  type FailureKind,
  SettingsError,
  SPI_VERSION,
  type Written,
} from '../../connectors/spi';
import { until } from '../support/daemon';

/** A running directory and a look at it that does not go through the connector. */
export interface Directory {
  readonly settings: unknown;
  readonly secrets: unknown;
  /** Secrets of the right shape that the directory refuses; absent where there are none. */
  readonly wrongSecrets?: unknown;
  /** The strings in `secrets` and `wrongSecrets` that must never be shown. */
  readonly secretValues: readonly string[];
  /** The attributes of the entry with that name as the directory has them, or undefined. */
  entry(kind: EntryKind, name: string): Promise<Attributes | undefined>;
  /** How many entries of that kind there are. */
  count(kind: EntryKind): Promise<number>;
  /** The names of a group's members, without any filler the directory itself demands. */
  members?(group: string): Promise<readonly string[]>;
  /** Whether the directory would let the account in, as far as its own switch says. */
  active?(name: string): Promise<boolean>;
  /** Whether the account's password is this one. */
  authenticates?(name: string, password: string): Promise<boolean>;
  /** Open connections, for directories that have such. */
  connections?(): Promise<number>;
  /** Ends the directory abruptly; the data stays. Absent for directories that cannot go down. */
  kill?(): Promise<void>;
  restart?(): Promise<void>;
  /** Makes the directory accept connections and answer nothing. */
  pause?(): Promise<void> | void;
  resume?(): Promise<void> | void;
  stop(): Promise<void>;
}

/** What the suite must know about one connector. */
export interface ContractFixture<Settings, Secrets> {
  readonly type: ConnectorType<Settings, Secrets>;
  start(): Promise<Directory>;
  /** Attributes of a complete entry with that name, the naming attribute among them. */
  user(name: string): Attributes;
  group?(name: string): Attributes;
  /** A user attribute that takes several values. */
  readonly multiValued?: string;
  /** A user attribute that `user()` fills, and that may be replaced and removed. */
  readonly replaceable: { readonly attribute: string; readonly optional: boolean };
  /** Names beyond the usual nasty ones; `refused` are those the connector must call `invalid`. */
  readonly names?: { readonly accepted?: readonly string[]; readonly refused?: readonly string[] };
  /** Settings that `parse` must refuse, with the path of the issue. */
  readonly wrongSettings?: readonly { readonly settings: object; readonly path: string }[];
  /** More than one page of `list`. */
  readonly listSize?: number;
  /** The most connections the connector may hold. */
  readonly maxConnections?: number;
  /** False where the directory has no room for the ownership mark. */
  readonly storesOwner?: boolean;
}

/** Names that have broken some connector somewhere. */
export const NASTY_NAMES: readonly string[] = [
  '*)(uid=*',
  'Doe\\, John',
  'ünï',
  '漢字😀',
  "o'brien; DROP TABLE users",
  'a,b+c=d',
  'a"b"c',
  '<tag>&amp;',
  '#leading',
  'back\\slash\\',
  'percent %{User-Name} `x` ${HOME}',
];

const KINDS: readonly FailureKind[] = [
  ...(['unavailable', 'timeout', 'throttled', 'invalid'] as const),
  ...(['conflict', 'permission', 'unsupported', 'notFound'] as const),
];

/** A call without a deadline worth mentioning. */
export function call(timeoutMs = 20_000): CallContext {
  return { signal: AbortSignal.timeout(timeoutMs) };
}

/** The `ConnectorError` the promise fails with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<ConnectorError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) {
    throw new Error(`expected a ConnectorError, got ${JSON.stringify(outcome.value)}`);
  }
  if (!(outcome.error instanceof ConnectorError)) throw outcome.error;
  expect(KINDS).toContain(outcome.error.kind);
  expect(outcome.error.message).not.toBe('');
  return outcome.error;
}

/** All that the iterable yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of iterable) all.push(item);
  return all;
}

function openConnector<Settings, Secrets>(
  type: ConnectorType<Settings, Secrets>,
  directory: Directory,
  secrets: unknown,
  log: string[],
): Connector {
  const parsed = type.parse(directory.settings, secrets);
  return type.open(parsed.settings, parsed.secrets, {
    targetId: 'contract',
    dataDir: '.',
    log: (level, message, fields) => log.push(JSON.stringify({ level, message, fields })),
  });
}

/** Runs the whole contract. Call it inside a `describeWith` that names the daemons. */
export function describeConnector<Settings, Secrets>(
  fixture: ContractFixture<Settings, Secrets>,
): void {
  const { type } = fixture;
  let directory: Directory;
  let connector: Connector;
  const opened: Connector[] = [];
  const log: string[] = [];
  let serial = 0;
  const fresh = (stem: string): string => `${stem}-${(serial += 1)}`;
  const open = (secrets: unknown = directory.secrets): Connector => {
    const one = openConnector(type, directory, secrets, log);
    opened.push(one);
    return one;
  };
  const flush = async (): Promise<void> => connector.flush?.(call());
  const named = (kind: EntryKind, name: string): Attributes => {
    if (kind === 'user') return fixture.user(name);
    if (!fixture.group) throw new Error('the fixture makes no groups');
    return fixture.group(name);
  };
  const make = (kind: EntryKind, name: string, active = true): Promise<Written> =>
    connector.create(kind, { attributes: named(kind, name), active }, `owner-${name}`, call());
  const raw = async (kind: EntryKind, name: string): Promise<Attributes | undefined> => {
    await flush();
    return directory.entry(kind, name);
  };
  const parsed = (): Settings => type.parse(directory.settings, directory.secrets).settings;
  const naming = (kind: EntryKind): string => type.namingAttribute(kind, parsed());
  /** What the directory at hand can do, with its settings. */
  const can = (): Capabilities => type.capabilitiesFor?.(parsed()) ?? type.capabilities;
  const groups = (): boolean => can().kinds.includes('group');
  const whenGroups = (name: string, test: () => Promise<void>): void => {
    it(name, async () => {
      if (groups()) await test();
    });
  };
  const native = (): boolean => can().activation === 'native';

  beforeAll(async () => {
    directory = await fixture.start();
    connector = open();
  });

  afterAll(async () => {
    await directory.resume?.();
    await Promise.all(opened.map((one) => one.close()));
    await directory.stop();
  });

  describe('the type', () => {
    it('declares itself', () => {
      expect(type.spiVersion).toBe(SPI_VERSION);
      expect(type.id).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(type.title).not.toBe('');
      expect(type.capabilities.kinds).toContain('user');
      expect(type.capabilities.maxConcurrency).toBeGreaterThan(0);
    });

    it('promises no more for its settings than it declares', () => {
      const [own, declared] = [can(), type.capabilities];
      expect(own.kinds).toContain('user');
      expect(declared.kinds).toEqual(expect.arrayContaining([...own.kinds]));
      expect([declared.activation, 'none']).toContain(own.activation);
      for (const ability of ['rename', 'password', 'answers'] as const) {
        expect({ ability, most: [declared[ability] ?? false, false] }).toMatchObject({
          most: expect.arrayContaining([own[ability] ?? false]),
        });
      }
      expect(own.maxConcurrency).toBeGreaterThan(0);
      expect(own.maxConcurrency).toBeLessThanOrEqual(declared.maxConcurrency);
    });

    it('answers requests exactly when it says so', () => {
      expect(connector.answer !== undefined).toBe(can().answers ?? false);
    });

    it.each(['settingsSchema', 'secretsSchema'] as const)(
      'describes every field of %s',
      (which) => {
        const schema = type[which] as { properties?: Record<string, { description?: string }> };
        for (const [name, property] of Object.entries(schema.properties ?? {})) {
          expect(`${name}: ${property.description ?? ''}`).toMatch(/: .+/);
        }
      },
    );

    it('keeps secrets out of the settings', () => {
      const { settings } = type.parse(directory.settings, directory.secrets);
      for (const secret of directory.secretValues) {
        expect(JSON.stringify(settings)).not.toContain(secret);
      }
    });

    it.each([[undefined], [null], [{}], [[]], ['text'], [{ nonsense: 1 }]])(
      'refuses %j as settings with issues',
      (settings) => {
        let error: unknown;
        try {
          type.parse(settings, directory.secrets);
        } catch (caught) {
          error = caught;
        }
        expect(error).toBeInstanceOf(SettingsError);
        const { issues } = error as SettingsError;
        expect(issues.length).toBeGreaterThan(0);
        expect(issues.every((issue) => issue.path[0] === 'settings')).toBe(true);
      },
    );

    it('refuses the wrong settings the fixture names', () => {
      for (const { settings, path } of fixture.wrongSettings ?? []) {
        let issues: readonly string[] = [];
        try {
          type.parse({ ...(directory.settings as object), ...settings }, directory.secrets);
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
          issues = (error as SettingsError).issues.map((issue) => issue.path.join('.'));
        }
        expect(issues).toContain(`settings.${path}`);
      }
    });

    it('maps the naming attribute by default', () => {
      const mapping = type.defaultMapping(parsed());
      expect(mapping.user.map((line) => line.attribute)).toContain(naming('user'));
      if (groups()) expect(mapping.group.map((line) => line.attribute)).toContain(naming('group'));
    });

    it('opens and closes without a directory', async () => {
      await directory.kill?.();
      const one = open();
      await one.close();
      await one.close();
      await directory.restart?.();
    });
  });

  describe('test and schema', () => {
    it('finds a good target good', async () => {
      const steps = await connector.test(call());
      expect(steps.length).toBeGreaterThan(0);
      expect(steps.filter((step) => step.state === 'failed')).toEqual([]);
    });

    it('leaves nothing behind', async () => {
      const before = await directory.count('user');
      await connector.test(call());
      await flush();
      expect(await directory.count('user')).toBe(before);
    });

    it('names a wrong secret without showing it', async () => {
      if (directory.wrongSecrets === undefined) return;
      const one = open(directory.wrongSecrets);
      const failed = (await one.test(call())).filter((step) => step.state === 'failed');
      expect(failed).toHaveLength(1);
      expect(failed[0]?.remedy).toBeTruthy();
      const error = await failure(one.read('user', { reference: 'x', name: 'x' }, call()));
      expect(error.kind).toBe('permission');
      expect(error.outcome).toBe('none');
      const shown = JSON.stringify([failed, error.message, String(error.cause), log]);
      for (const secret of directory.secretValues) expect(shown).not.toContain(secret);
    });

    it('says that a directory is down, in a step', async () => {
      if (!directory.kill || !directory.restart) return;
      await directory.kill();
      const steps = await connector.test(call());
      expect(steps.some((step) => step.state === 'failed' && step.remedy)).toBe(true);
      await directory.restart();
    });

    it('has the naming attribute in its schema', async () => {
      const schema = await connector.schema(call());
      expect(schema.user.map((attribute) => attribute.name)).toContain(naming('user'));
    });
  });

  describe('create and read', () => {
    it('writes what read gives back', async () => {
      const name = fresh('written');
      const written = await make('user', name);
      expect(written.reference).not.toBe('');
      const entry = await connector.read('user', written, call());
      expect(entry).toMatchObject({ reference: written.reference, name: written.name });
      expect(entry?.active).toBe(true);
      expect(entry?.attributes).toMatchObject(fixture.user(name));
      expect(await raw('user', name)).toMatchObject(fixture.user(name));
      if (fixture.storesOwner !== false) expect(entry?.owner).toBe(`owner-${name}`);
    });

    it('answers at least the attributes that are asked for, and always whether the entry is active', async () => {
      const name = fresh('asked');
      const written = await make('user', name);
      const attributes = [naming('user')];
      const entry = await connector.read('user', written, { ...call(), attributes });
      expect(entry).toMatchObject({
        reference: written.reference,
        name: written.name,
        active: true,
      });
      expect(entry?.attributes[naming('user')]).toEqual(fixture.user(name)[naming('user')]);
      expect(await connector.read('user', written, { ...call(), attributes: [] })).toBeDefined();
    });

    it('calls a taken name a conflict and makes no second entry', async () => {
      const name = fresh('taken');
      const first = await make('user', name);
      const before = await directory.count('user');
      const error = await failure(make('user', name));
      expect([error.kind, error.outcome]).toEqual(['conflict', 'none']);
      await flush();
      expect(await directory.count('user')).toBe(before);
      expect(await connector.read('user', first, call())).toBeDefined();
    });

    it('knows no entry behind a strange reference', async () => {
      const real = await make('user', fresh('real'));
      const strange = { reference: real.reference.replace(/[0-9a-f]$/, 'z'), name: real.name };
      expect(await connector.read('user', strange, call())).toBeUndefined();
      const nothing = { reference: 'no such reference', name: 'no such name' };
      expect(await connector.read('user', nothing, call())).toBeUndefined();
    });

    it.each([...NASTY_NAMES, ...(fixture.names?.accepted ?? [])])(
      'carries the name %j there and back',
      async (name) => {
        if (fixture.names?.refused?.includes(name)) return;
        const written = await make('user', name);
        const entry = await connector.read('user', written, call());
        expect(entry?.attributes[naming('user')]).toEqual([name]);
        expect(await raw('user', name)).toBeDefined();
        const found = await connector.correlate(
          'user',
          [{ attribute: naming('user'), value: name }],
          call(),
        );
        expect(found.map((one) => one.reference)).toEqual([written.reference]);
        await connector.remove('user', written, call());
        expect(await raw('user', name)).toBeUndefined();
      },
    );

    it.each(['', 'nul\0byte', ...(fixture.names?.refused ?? [])])(
      'refuses the name %j',
      async (name) => {
        const before = await directory.count('user');
        const error = await failure(make('user', name));
        expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
        expect(error.attribute).toBe(naming('user'));
        expect(await directory.count('user')).toBe(before);
      },
    );
  });

  describe('correlate', () => {
    it('finds none, one, and only what matches every key', async () => {
      const name = fresh('key');
      const written = await make('user', name);
      const attribute = naming('user');
      const value = fixture.user(name)[fixture.replaceable.attribute]?.[0] ?? '';
      const by = async (...keys: [string, string][]): Promise<readonly Entry[]> =>
        connector.correlate(
          'user',
          keys.map(([key, wanted]) => ({ attribute: key, value: wanted })),
          call(),
        );
      expect(await by([attribute, fresh('nobody')])).toEqual([]);
      expect(await by()).toEqual([]);
      expect(await by([attribute, ''])).toEqual([]);
      expect((await by([attribute, name]))[0]?.reference).toBe(written.reference);
      expect(await by([attribute, name], [fixture.replaceable.attribute, value])).toHaveLength(1);
      expect(await by([attribute, name], [fixture.replaceable.attribute, 'other'])).toEqual([]);
      expect(await by([attribute, '*'])).toEqual([]);
    });
  });

  describe('update', () => {
    it('replaces one attribute and leaves the others', async () => {
      const name = fresh('replace');
      const { attribute } = fixture.replaceable;
      const written = await make('user', name);
      const changes = [{ attribute, replace: ['Änderung'] }];
      const after = await connector.update('user', written, changes, call());
      expect(after.reference).toBe(written.reference);
      const expected = { ...fixture.user(name), [attribute]: ['Änderung'] };
      expect(await raw('user', name)).toMatchObject(expected);
      await connector.update('user', after, changes, call());
      expect(await raw('user', name)).toMatchObject(expected);
    });

    it('removes an attribute, also one that is not there', async () => {
      if (!fixture.replaceable.optional) return;
      const name = fresh('remove');
      const { attribute } = fixture.replaceable;
      const written = await make('user', name);
      for (let round = 0; round < 2; round += 1) {
        await connector.update('user', written, [{ attribute, replace: [] }], call());
        expect((await raw('user', name))?.[attribute] ?? []).toEqual([]);
      }
    });

    it('adds and removes values in one call, twice without harm', async () => {
      if (fixture.multiValued === undefined) return;
      const attribute = fixture.multiValued;
      const name = fresh('values');
      const written = await make('user', name);
      const seed = [{ attribute, replace: ['one', 'two', 'three'] }];
      await connector.update('user', written, seed, call());
      const changes = [
        { attribute, add: ['four', 'two'], remove: ['one', 'missing'] },
        { attribute: fixture.replaceable.attribute, replace: ['also'] },
      ];
      for (let round = 0; round < 2; round += 1) {
        await connector.update('user', written, changes, call());
        const entry = await raw('user', name);
        expect([...(entry?.[attribute] ?? [])].sort()).toEqual(['four', 'three', 'two']);
        expect(entry?.[fixture.replaceable.attribute]).toEqual(['also']);
      }
    });

    it('does nothing for no changes', async () => {
      const written = await make('user', fresh('nothing'));
      const after = await connector.update('user', written, [], call());
      expect(after).toMatchObject({ reference: written.reference, name: written.name });
    });

    it('calls a removed entry notFound', async () => {
      const written = await make('user', fresh('gone'));
      await connector.remove('user', written, call());
      const changes = [{ attribute: fixture.replaceable.attribute, replace: ['x'] }];
      const error = await failure(connector.update('user', written, changes, call()));
      expect([error.kind, error.outcome]).toEqual(['notFound', 'none']);
    });

    it('never touches another entry that took the name', async () => {
      const name = fresh('successor');
      const first = await make('user', name);
      await connector.remove('user', first, call());
      const second = await make('user', name);
      expect(second.reference).not.toBe(first.reference);
      const changes = [{ attribute: fixture.replaceable.attribute, replace: ['hijacked'] }];
      expect((await failure(connector.update('user', first, changes, call()))).kind).toBe(
        'notFound',
      );
      await connector.remove('user', first, call());
      expect(await connector.read('user', first, call())).toBeUndefined();
      expect(await raw('user', name)).toMatchObject(fixture.user(name));
    });
  });

  describe('rename', () => {
    const rename = (written: Written, name: string): Promise<Written> =>
      connector.update(
        'user',
        written,
        [
          { attribute: naming('user'), replace: [name] },
          { attribute: fixture.replaceable.attribute, replace: ['renamed'] },
        ],
        call(),
      );

    it('changes the name, never the reference, and frees the old name', async () => {
      if (!can().rename) return;
      const [from, to] = [fresh('before'), fresh('after')];
      const written = await make('user', from);
      const after = await rename(written, to);
      expect(after.reference).toBe(written.reference);
      expect(after.name).not.toBe(written.name);
      expect(await raw('user', from)).toBeUndefined();
      const entry = await raw('user', to);
      expect(entry?.[naming('user')]).toEqual([to]);
      expect(entry?.[fixture.replaceable.attribute]).toEqual(['renamed']);
      await make('user', from);
    });

    it('works by a name that has become stale', async () => {
      if (!can().rename) return;
      const written = await make('user', fresh('stale'));
      const current = fresh('current');
      await rename(written, current);
      expect((await connector.read('user', written, call()))?.attributes[naming('user')]).toEqual([
        current,
      ]);
      const again = fresh('again');
      const after = await rename(written, again);
      expect(after.reference).toBe(written.reference);
      await connector.remove('user', written, call());
      expect(await raw('user', again)).toBeUndefined();
    });

    it('calls a taken name a conflict', async () => {
      if (!can().rename) return;
      const taken = fresh('occupied');
      await make('user', taken);
      const name = fresh('mover');
      const error = await failure(rename(await make('user', name), taken));
      expect([error.kind, error.outcome]).toEqual(['conflict', 'none']);
      expect(await raw('user', name)).toBeDefined();
      expect(await raw('user', taken)).toMatchObject(fixture.user(taken));
    });

    it.each(NASTY_NAMES)('takes the name %j', async (name) => {
      if (!can().rename || fixture.names?.refused?.includes(name)) return;
      const written = await rename(await make('user', fresh('plain')), name);
      expect((await raw('user', name))?.[naming('user')]).toEqual([name]);
      const back = await rename(written, fresh('plain'));
      expect(await raw('user', name)).toBeUndefined();
      await connector.remove('user', back, call());
    });
  });

  describe('members', () => {
    const names = async (group: string): Promise<string[]> => {
      await flush();
      return [...((await directory.members?.(group)) ?? [])].sort();
    };

    whenGroups('come and go, and doing it twice is harmless', async () => {
      const group = fresh('group');
      const written = await make('group', group);
      const people = [fresh('m'), fresh('m'), fresh('m')].sort();
      const refs = await Promise.all(people.map((name) => make('user', name)));
      expect(await names(group)).toEqual([]);
      for (let round = 0; round < 2; round += 1) {
        const after = await connector.members(written, { add: refs, remove: [] }, call());
        expect(after.reference).toBe(written.reference);
        expect(await names(group)).toEqual(people);
      }
      for (let round = 0; round < 2; round += 1) {
        const delta = { add: refs.slice(2), remove: refs.slice(0, 1) };
        await connector.members(written, delta, call());
        expect(await names(group)).toEqual(people.slice(1));
      }
      for (let round = 0; round < 2; round += 1) {
        await connector.members(written, { add: [], remove: refs }, call());
        expect(await names(group)).toEqual([]);
      }
      await connector.members(written, { add: refs.slice(0, 1), remove: [] }, call());
      expect(await names(group)).toEqual(people.slice(0, 1));
    });

    whenGroups('leave although their entry is gone', async () => {
      const group = fresh('group');
      const written = await make('group', group);
      const [stays, goes] = [fresh('stays'), fresh('goes')];
      const refs = [await make('user', stays), await make('user', goes)] as const;
      await connector.members(written, { add: refs, remove: [] }, call());
      await connector.remove('user', refs[1], call());
      await connector.members(written, { add: [], remove: [refs[1]] }, call());
      expect(await names(group)).toEqual([stays]);
    });

    whenGroups('of a group that is gone are notFound', async () => {
      const written = await make('group', fresh('group'));
      await connector.remove('group', written, call());
      const person = await make('user', fresh('m'));
      const change = connector.members(written, { add: [person], remove: [] }, call());
      expect((await failure(change)).kind).toBe('notFound');
    });

    whenGroups('survive a rename of their group', async () => {
      if (!can().rename) return;
      const [group, renamed] = [fresh('group'), fresh('renamed')];
      const written = await make('group', group);
      const person = fresh('m');
      await connector.members(written, { add: [await make('user', person)], remove: [] }, call());
      const changes = [{ attribute: naming('group'), replace: [renamed] }];
      const after = await connector.update('group', written, changes, call());
      expect(after.reference).toBe(written.reference);
      expect(await names(renamed)).toEqual([person]);
    });
  });

  describe('activation', () => {
    it('is refused where the directory knows none', async () => {
      if (native()) return;
      const written = await make('user', fresh('always'));
      const error = await failure(connector.setActive('user', written, false, call()));
      expect([error.kind, error.outcome]).toEqual(['unsupported', 'none']);
    });

    it('goes off and on and keeps everything else', async () => {
      if (!native()) return;
      const name = fresh('switch');
      const written = await make('user', name);
      for (const active of [false, false, true, true]) {
        const after = await connector.setActive('user', written, active, call());
        expect(after.reference).toBe(written.reference);
        expect((await connector.read('user', written, call()))?.active).toBe(active);
        expect(await raw('user', name)).toMatchObject(fixture.user(name));
        if (directory.active) expect(await directory.active(name)).toBe(active);
      }
    });

    it('is off from the start when so desired', async () => {
      if (!native()) return;
      const name = fresh('inactive');
      const written = await make('user', name, false);
      expect((await connector.read('user', written, call()))?.active).toBe(false);
      await flush();
      if (directory.active) expect(await directory.active(name)).toBe(false);
    });
  });

  describe('passwords', () => {
    it('are offered exactly when declared', () => {
      expect(connector.setPassword !== undefined).toBe(can().password);
    });

    it('are set and never shown', async () => {
      if (!connector.setPassword) return;
      const name = fresh('password');
      const written = await make('user', name);
      const password = 'Pässwort "mit" \\ allem 1!';
      await connector.setPassword(written, password, call());
      await flush();
      if (directory.authenticates) {
        expect(await directory.authenticates(name, password)).toBe(true);
        expect(await directory.authenticates(name, `${password}x`)).toBe(false);
      }
      const entry = await connector.read('user', written, call());
      expect(JSON.stringify([entry, log])).not.toContain(JSON.stringify(password).slice(1, -1));
    });
  });

  describe('remove', () => {
    it('is content when the entry is already gone', async () => {
      const name = fresh('removed');
      const written = await make('user', name);
      await connector.remove('user', written, call());
      expect(await raw('user', name)).toBeUndefined();
      await connector.remove('user', written, call());
      expect(await connector.read('user', written, call())).toBeUndefined();
    });

    whenGroups('takes groups too', async () => {
      const name = fresh('group');
      const written = await make('group', name);
      await connector.remove('group', written, call());
      expect(await raw('group', name)).toBeUndefined();
    });
  });

  describe('list', () => {
    it('yields every entry once, across pages', async () => {
      const names = Array.from({ length: fixture.listSize ?? 120 }, () => fresh('listed'));
      await Promise.all(names.map((name) => make('user', name)));
      await flush();
      const entries = await collect(connector.list('user', call()));
      expect(entries).toHaveLength(await directory.count('user'));
      expect(new Set(entries.map((entry) => entry.reference)).size).toBe(entries.length);
      const listed = entries.map((entry) => entry.attributes[naming('user')]?.[0]);
      expect(listed).toEqual(expect.arrayContaining(names));
    });

    whenGroups('keeps users and groups apart', async () => {
      await make('group', fresh('group'));
      await flush();
      const entries = await collect(connector.list('group', call()));
      expect(entries).toHaveLength(await directory.count('group'));
    });

    it('may be left early', async () => {
      for await (const entry of connector.list('user', call())) {
        expect(entry.reference).not.toBe('');
        break;
      }
      expect(
        await connector.read('user', await make('user', fresh('later')), call()),
      ).toBeDefined();
    });

    it('throws where it cannot go on', async () => {
      if (!directory.kill || !directory.restart) return;
      await directory.kill();
      const error = await failure(collect(connector.list('user', call())));
      expect(['unavailable', 'timeout']).toContain(error.kind);
      await directory.restart();
    });
  });

  describe('plan', () => {
    const entry = (attributes: Attributes): Entry => ({
      reference: 'reference',
      name: fixture.user('planned')[naming('user')]?.[0] ?? '',
      attributes,
      active: true,
    });

    it('is empty when nothing would change', () => {
      const attributes = fixture.user('planned');
      expect(connector.plan('user', entry(attributes), { attributes, active: true })).toEqual([]);
    });

    it('shows additions and changes', () => {
      const attributes = fixture.user('planned');
      const added = connector.plan('user', undefined, { attributes, active: true });
      expect(added.length).toBeGreaterThan(0);
      expect(added.every((one) => one.operation && one.object && one.detail)).toBe(true);
      const { attribute } = fixture.replaceable;
      const changed = connector.plan('user', entry(attributes), {
        attributes: { ...attributes, [attribute]: ['planned value'] },
        active: true,
      });
      expect(JSON.stringify(changed)).toContain('planned value');
    });
  });

  describe('under stress', () => {
    it('settles fifty first calls at once on few connections', async () => {
      const one = open();
      const written = await make('user', fresh('crowd'));
      const reads = Array.from({ length: 50 }, () => one.read('user', written, call()));
      const entries = await Promise.all(reads);
      expect(entries.every((entry) => entry?.reference === written.reference)).toBe(true);
      if (directory.connections && fixture.maxConnections !== undefined) {
        // One more set belongs to the connector of the other tests.
        expect(await directory.connections()).toBeLessThanOrEqual(2 * fixture.maxConnections);
      }
      await one.close();
    });

    it('settles at once when the signal is already aborted, and sends nothing', async () => {
      const before = await directory.count('user');
      const name = fresh('aborted');
      const error = await failure(
        connector.create('user', { attributes: fixture.user(name), active: true }, 'o', {
          signal: AbortSignal.abort(),
        }),
      );
      expect([error.kind, error.outcome]).toEqual(['timeout', 'none']);
      await flush();
      expect(await directory.count('user')).toBe(before);
    });

    it('settles within a second of the abort and stays usable', async () => {
      if (!directory.pause || !directory.resume) return;
      const written = await make('user', fresh('patient'));
      await directory.pause();
      const start = Date.now();
      const changes = [{ attribute: fixture.replaceable.attribute, replace: ['late'] }];
      const update = failure(connector.update('user', written, changes, call(200)));
      const error = await update.finally(() => directory.resume?.());
      expect(Date.now() - start).toBeLessThan(1200);
      expect(error.kind).toBe('timeout');
      expect(await connector.read('user', written, call())).toBeDefined();
    });

    it('survives the death of the directory in mid-stream', async () => {
      if (!directory.kill || !directory.restart) return;
      const names = Array.from({ length: 200 }, () => fresh('stream'));
      const pending = names.map((name) =>
        make('user', name).then(
          () => name,
          (error: unknown) => error,
        ),
      );
      await pending[20];
      await directory.kill();
      const outcomes = await Promise.all(pending);
      await directory.restart();
      const errors = outcomes.filter((outcome) => typeof outcome !== 'string');
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) {
        expect(error).toBeInstanceOf(ConnectorError);
        expect(['unavailable', 'timeout']).toContain((error as ConnectorError).kind);
      }
      for (const name of outcomes.filter((outcome) => typeof outcome === 'string')) {
        expect(await raw('user', name)).toBeDefined();
      }
      // The next calls reconnect, and with the rights they had.
      await until('a write after the restart', () =>
        make('user', fresh('revived')).then(
          () => true,
          (error: ConnectorError) => {
            expect(error.kind).toBe('unavailable');
            return false;
          },
        ),
      );
    });

    it('settles what is in flight when it is closed, and refuses what comes later', async () => {
      const one = open();
      const written = await make('user', fresh('closing'));
      await one.read('user', written, call());
      const inFlight = one.read('user', written, call()).catch((error: unknown) => error);
      await one.close();
      const outcome = await inFlight;
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ConnectorError);
      expect((await failure(one.read('user', written, call()))).kind).toBe('unavailable');
    });
  });
}
