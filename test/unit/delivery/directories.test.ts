/** What administrators are told about connectors and targets, and what a connector may not get away with. */
import { SettingsError, type Connector, type ConnectorType } from '../../../connectors/spi';
import { ConnectorHost } from '../../../src/delivery/connectors/connector-host';
import { ConnectorDirectories } from '../../../src/delivery/connectors/directories';
import { ConnectorFault } from '../../../src/delivery/errors';
import { checkDefinitions } from '../../../src/domain/definitions';
import { extendedTable } from '../../../src/domain/extended-table';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { type SyncAs } from '../../../src/domain/sync-rule';
import { systemClock } from '../../../src/delivery/clock';
import { TargetSchemas } from '../../../src/delivery/connectors/target-schemas';
import { type Target } from '../../../src/domain/target';
import { ACME, CUSTOM_DEFINITIONS } from '../../support/custom-definitions';
import { FakeDirectory } from '../../support/fake-connector';

const log = (): void => undefined;

function hosted(type: ConnectorType): { host: ConnectorHost; directories: ConnectorDirectories } {
  const registry = { get: (id: string) => (id === type.id ? type : undefined), all: () => [type] };
  const times = { deadlineMs: 50, graceMs: 10 };
  const host = new ConnectorHost({
    registry,
    dataDir: '.',
    log,
    clock: systemClock,
    times,
    workers: 4,
  });
  const schemas = new TargetSchemas({ host, clock: systemClock, log });
  return {
    host,
    directories: new ConnectorDirectories({ registry, host, schemas, log }),
  };
}

const at = new Date(0);
const target: Target = {
  id: 't',
  name: 't',
  connector: 'fake',
  settings: {},
  secrets: {},
  version: 1,
  createdAt: at,
  updatedAt: at,
};
const syncAs: SyncAs = {
  targetId: 't',
  onDeactivate: 'DISABLE',
  onDelete: 'DELETE',
  correlation: { attributes: [], policy: 'FAIL' },
};

test('describes the connectors that are loaded', () => {
  const { directories } = hosted(new FakeDirectory().type);
  expect(directories.types()).toEqual([
    {
      id: 'fake',
      title: 'Fake directory',
      settingsSchema: {},
      secretsSchema: {},
      capabilities: {
        kinds: ['user', 'group'],
        activation: 'native',
        rename: true,
        password: false,
      },
    },
  ]);
});

test('tells everything that is wrong with settings', () => {
  const issues = [{ path: ['settings', 'url'], message: 'A URL is needed.' }];
  const type: ConnectorType = {
    ...new FakeDirectory().type,
    parse: () => {
      throw new SettingsError(issues);
    },
  };
  const { directories } = hosted(type);
  expect(directories.parse('fake', {}, {})).toEqual({ ok: false, issues });
  expect(directories.parse('other', {}, {})).toMatchObject({
    ok: false,
    issues: [{ path: ['connector'] }],
  });
  expect(hosted(new FakeDirectory().type).directories.parse('fake', { a: 1 }, {})).toEqual({
    ok: true,
    settings: { a: 1 },
    secrets: {},
  });
});

test('checks filter, mappings, names and policies of a rule', () => {
  const { directories } = hosted(new FakeDirectory({ capabilities: { activation: 'none' } }).type);
  expect(
    directories.checkSyncAs(
      target,
      { ...syncAs, onDeactivate: 'KEEP', onDelete: 'KEEP' },
      standardSchemas,
    ),
  ).toEqual([]);
  const issues = directories.checkSyncAs(
    target,
    {
      ...syncAs,
      scopeFilter: 'title eq',
      userMapping: [{ attribute: 'title', expression: 'nonsense(', apply: 'AUTHORITATIVE' }],
      onLeaveScope: 'DISABLE',
      deleteAfterDays: 1,
    },
    standardSchemas,
  );
  expect(issues.map(({ path }) => path)).toEqual([
    ['scopeFilter'],
    ['userMapping', '0', 'expression'],
    ['userMapping'],
    ['onDeactivate'],
    ['onLeaveScope'],
    ['deleteAfterDays'],
  ]);
});

test('names in a scope filter are those of users in the rule', () => {
  const { directories } = hosted(new FakeDirectory().type);
  const { definitions } = checkDefinitions(standardSchemas, CUSTOM_DEFINITIONS);
  const schemas = extendedTable(standardSchemas, definitions);
  const check = (scopeFilter: string, table = schemas): readonly (readonly string[])[] =>
    directories.checkSyncAs(target, { ...syncAs, scopeFilter }, table).map(({ path }) => path);
  const own = `${ACME}:level gt 3 and not (${ACME}:desks[floor eq 2])`;
  expect(check(own)).toEqual([]);
  expect(check(own, standardSchemas)).toEqual([['scopeFilter']]);
  for (const wrong of ['serialNumber pr', `${ACME}:desks[flor eq 2]`, `${ACME}:vip gt true`]) {
    expect([wrong, check(`active eq false and (active eq true or ${wrong})`)]).toEqual([
      wrong,
      [['scopeFilter']],
    ]);
  }
});

test('a connection test never rejects', async () => {
  const { directories } = hosted(new FakeDirectory().type);
  expect(await directories.test(target)).toMatchObject([{ state: 'ok' }]);
  expect(await directories.test({ ...target, connector: 'other' })).toMatchObject([
    { name: 'open', state: 'failed' },
  ]);
  const fake = new FakeDirectory();
  const silent: ConnectorType = {
    ...fake.type,
    open: (...args) =>
      Object.assign(fake.type.open(...args), { test: () => new Promise(() => undefined) }),
  };
  expect(await hosted(silent).directories.test(target)).toMatchObject([{ state: 'failed' }]);
  expect(fake.closed).toBe(1);
});

test.each<[string, Partial<Record<keyof Connector, unknown>>]>([
  ['no reference', { create: async () => ({ reference: '', name: 'x' }) }],
  ['no name', { create: async () => ({ reference: 'x' }) }],
  ['nothing', { create: async () => undefined }],
])('an answer to create with %s is a fault', async (_, methods) => {
  const fake = new FakeDirectory();
  const type: ConnectorType = {
    ...fake.type,
    open: (...args) => Object.assign(fake.type.open(...args), methods),
  };
  const connector = hosted(type).host.open(target);
  const desired = { attributes: { uid: ['x'] }, active: true };
  await expect(connector.create('user', desired, 'owner', {})).rejects.toBeInstanceOf(
    ConnectorFault,
  );
});

test('an answer about another entry is a fault', async () => {
  const fake = new FakeDirectory();
  const other = fake.plant('user', 'other');
  const type: ConnectorType = {
    ...fake.type,
    open: (...args) =>
      Object.assign(fake.type.open(...args), {
        read: async () => ({ ...other, active: true }),
        update: async () => ({ reference: other.reference, name: 'other' }),
      }),
  };
  const connector = hosted(type).host.open(target);
  const ref = { reference: 'mine', name: 'mine' };
  await expect(connector.read('user', ref, [], {})).rejects.toBeInstanceOf(ConnectorFault);
  await expect(connector.update('user', ref, [], {})).rejects.toBeInstanceOf(ConnectorFault);
});

test('a connector is opened once for each version, and closed when nobody uses it any more', async () => {
  const fake = new FakeDirectory();
  const { host } = hosted(fake.type);
  await host.withConnector(target, async () => {
    await host.withConnector({ ...target, version: 2 }, async () => {
      expect([fake.opened, fake.closed]).toEqual([2, 0]);
    });
  });
  await host.withConnector({ ...target, version: 2 }, async () => undefined);
  expect(fake.opened).toBe(2);
  await host.closeAll();
  expect(fake.closed).toBe(2);
  expect(fake.violations).toEqual([]);
});

test('many who wait for a flush share one', async () => {
  const fake = new FakeDirectory();
  const connector = hosted(fake.type).host.open(target);
  await Promise.all(Array.from({ length: 10 }, () => connector.flush()));
  expect(fake.flushes).toBeLessThanOrEqual(2);
});
