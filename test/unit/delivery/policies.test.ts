/** What a rule decides: whose entries are taken over, and what becomes of entries when their users go. */
import { ConnectorError } from '../../../connectors/spi';
import { FakeDirectory } from '../../support/fake-connector';
import { type Resource } from '../../../src/domain/resource';
import { type DeletePolicy, type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { systemClock } from '../../../src/delivery/clock';
import { type DeliveryEngine, type DeliveryEngineDeps } from '../../../src/delivery/engine';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery-policies');
});

beforeEach(() => withDirectory(new FakeDirectory()));

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function withDirectory(made: FakeDirectory): Promise<void> {
  directory = made;
  targetId = await world.target(directory);
}

async function provisioned(
  policies: Partial<SyncAs>,
  more: (rule: SyncRule) => Partial<DeliveryEngineDeps> = () => ({}),
): Promise<{ engine: DeliveryEngine; rule: SyncRule; user: Resource }> {
  const rule = await world.rule({ targetId, ...policies });
  const engine = world.start(more(rule));
  const user = await world.user(rule.id, 'ada', { title: 'staff' });
  await engine.idle();
  return { engine, rule, user };
}

function outcome(): string {
  const entry = directory.user('ada');
  if (!entry) return 'gone';
  return entry.active ? 'untouched' : 'disabled';
}

test.each([
  ['DELETE', 'gone', 'REMOVED'],
  ['DISABLE', 'disabled', 'SYNCED'],
  ['KEEP', 'untouched', 'SYNCED'],
] as const)('deactivation with %s leaves the entry %s', async (onDeactivate, expected, state) => {
  const { engine, user } = await provisioned({ onDeactivate });
  await world.change(user, { active: false });
  await engine.idle();
  expect(outcome()).toBe(expected);
  expect(await world.binding(targetId, user)).toMatchObject({ state });
});

test.each([
  ['DELETE', 'gone'],
  ['DISABLE', 'disabled'],
  ['KEEP', 'untouched'],
] as const)('deletion with %s leaves the entry %s, and ends', async (onDelete, expected) => {
  const { engine, user } = await provisioned({ onDelete });
  await world.remove(user);
  await engine.idle();
  expect(outcome()).toBe(expected);
  await until(
    'the resource to be forgotten',
    async () => (await world.store.resources.findAll([user.id])).length === 0,
  );
  expect(await world.bindings.count({})).toBe(0);
});

test.each([
  ['DELETE', 'DISABLE', 'gone'],
  ['DISABLE', 'DELETE', 'disabled'],
  ['KEEP', 'DELETE', 'untouched'],
] as const)(
  'deleting the rule with %s overrides %s: the entry is %s, and the rule is gone',
  async (policy: DeletePolicy, onDelete, expected) => {
    const { engine, rule } = await provisioned({ onDelete });
    await world.group(rule.id, 'team');
    await engine.idle();
    await world.store.syncRules.startDeletion(rule.id, policy);
    engine.control.ruleDeletionStarted(rule.id);
    await until(
      'the rule to be gone',
      async () => (await world.store.syncRules.find(rule.id)) === undefined,
    );
    expect(outcome()).toBe(expected);
    expect(directory.group('team') === undefined).toBe(policy === 'DELETE');
  },
);

test.each(['DELETE', 'DISABLE'] as const)(
  'KEEP that was chosen in place of %s a moment ago by another process is heeded',
  async (onDeactivate) => {
    // Another process fans out, and what this one knows of the rule stays young enough to be believed.
    const slow = { ...systemClock, monotonic: () => systemClock.monotonic() / 50 };
    const late = (known: SyncRule): Partial<DeliveryEngineDeps> => ({
      clock: slow,
      rules: Object.assign(Object.create(world.stores.rules), { findAll: async () => [known] }),
    });
    const { engine, rule, user } = await provisioned({ onDeactivate }, late);
    const syncAs = rule.syncAs.map((one) => ({ ...one, onDeactivate: 'KEEP' as const }));
    await world.store.syncRules.update(rule, { syncAs });
    await world.change(user, { active: false });
    await engine.idle();
    expect(outcome()).toBe('untouched');
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'SYNCED' });
  },
);

test('a rule is deleted with KEEP even where its connector is no longer loaded', async () => {
  const { engine, rule } = await provisioned({});
  const targets = world.store.connection.collection<{ _id: string }>('targets');
  await targets.updateOne({ _id: targetId }, { $set: { connector: 'gone' }, $inc: { version: 1 } });
  await world.store.syncRules.startDeletion(rule.id, 'KEEP');
  engine.control.ruleDeletionStarted(rule.id);
  await until(
    'the rule to be gone',
    async () => (await world.store.syncRules.find(rule.id)) === undefined,
  );
  expect(outcome()).toBe('untouched');
});

test('a group that is deleted with DISABLE stays, without members', async () => {
  const { engine, rule, user } = await provisioned({ onDelete: 'DISABLE' });
  const team = await world.group(rule.id, 'team', [user.id]);
  await engine.idle();
  expect(directory.members('team')).toEqual(['ada']);
  await world.remove(team);
  await engine.idle();
  expect(directory.group('team')).toBeDefined();
  expect(directory.members('team')).toEqual([]);
});

test.each(['its members are deleted', 'the rule is deleted'])(
  'a group that could not be emptied when %s is emptied later',
  async (what) => {
    const { engine, rule, user } = await provisioned({ onDelete: 'DISABLE' });
    const team = await world.group(rule.id, 'team', [user.id]);
    await engine.idle();
    directory.refuse = (operation) => {
      if (operation === 'members') throw new ConnectorError('permission', 'No.');
    };
    if (what === 'the rule is deleted') {
      await world.store.syncRules.startDeletion(rule.id, 'DISABLE');
      engine.control.ruleDeletionStarted(rule.id);
    } else {
      await world.remove(team);
      await world.remove(user);
    }
    await until(
      'the group to be parked',
      async () => (await world.binding(targetId, team)).state === 'PARKED',
    );
    await until('the user to be disabled', () => directory.user('ada')?.active === false);
    await engine.idle();
    // Time enough to forget the user, were it free to be forgotten.
    await new Promise((resolve) => setTimeout(resolve, 300));
    directory.refuse = () => undefined;
    await engine.control.retry(`${targetId}:${team.id}`);
    await engine.idle();
    expect(directory.members('team')).toEqual([]);
    await until('all to be forgotten', async () => (await world.bindings.count({})) === 0);
  },
);

test.each([
  ['DISABLE', 'native', 'disabled'],
  ['DISABLE', 'none', 'gone'],
  ['DELETE', 'native', 'gone'],
  ['KEEP', 'native', 'gone'],
] as const)(
  'somebody deactivated from the start, with %s where activation is %s: %s',
  async (onDeactivate, activation, expected) => {
    await withDirectory(new FakeDirectory({ id: 'other', capabilities: { activation } }));
    const rule = await world.rule({ targetId, onDeactivate });
    const engine = world.start();
    await world.user(rule.id, 'ada', { active: false });
    await engine.idle();
    expect(outcome()).toBe(expected);
  },
);

test('where accounts cannot be disabled, DISABLE parks instead of pretending', async () => {
  await withDirectory(new FakeDirectory({ id: 'other', capabilities: { activation: 'none' } }));
  const { engine, user } = await provisioned({ onDeactivate: 'DISABLE' });
  await world.change(user, { active: false });
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'PARKED',
    lastError: { kind: 'unsupported' },
  });
});

test.each([
  ['DELETE', 'gone'],
  ['DISABLE', 'disabled'],
  ['KEEP', 'untouched'],
] as const)(
  'who leaves the scope is treated as deactivated: %s',
  async (onDeactivate, expected) => {
    const { engine, rule, user } = await provisioned({
      onDeactivate,
      scopeFilter: 'title eq "staff"',
    });
    const guest = await world.user(rule.id, 'guest', { title: 'guest' });
    await world.change(user, { title: 'guest' });
    await engine.idle();
    expect(outcome()).toBe(expected);
    expect(directory.user('guest')).toBeUndefined();
    expect(await world.binding(targetId, guest)).toMatchObject({ state: 'OUT_OF_SCOPE' });
    await world.change(user, { title: 'staff' });
    await engine.idle();
    expect(outcome()).toBe('untouched');
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'SYNCED' });
  },
);

describe('an entry that is there already', () => {
  const correlation = (
    policy: SyncAs['correlation']['policy'],
    ...attributes: string[]
  ): Pick<SyncAs, 'correlation'> => ({ correlation: { policy, attributes } });

  test('is adopted by its name when the rule says so', async () => {
    const planted = directory.plant('user', 'ada');
    const { user } = await provisioned(correlation('ADOPT'));
    expect(directory.entries.size).toBe(1);
    expect(planted.attributes).toEqual({ uid: ['ada'], title: ['staff'] });
    expect(await world.binding(targetId, user)).toMatchObject({ reference: planted.reference });
  });

  test('is left alone otherwise, and the binding parks', async () => {
    const planted = directory.plant('user', 'ada', { active: false });
    const { user } = await provisioned(correlation('FAIL'));
    expect(directory.writes).toEqual([]);
    expect(planted.attributes).toEqual({ uid: ['ada'] });
    expect(await world.binding(targetId, user)).toMatchObject({
      state: 'PARKED',
      lastError: { kind: 'disputed' },
      candidates: [{ reference: planted.reference, name: 'ada' }],
    });
  });

  test('is left alone even by a delivery that died before it could create', async () => {
    directory.plant('user', 'ada');
    const rule = await world.rule({ targetId, ...correlation('FAIL') });
    const user = await world.user(rule.id, 'ada');
    const engine = world.start();
    await engine.idle();
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'PARKED' });
    await engine.control.retry(`${targetId}:${user.id}`);
    await engine.idle();
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'PARKED' });
    expect(directory.writes).toEqual([]);
  });

  test('is found by other attributes, and renamed', async () => {
    const planted = directory.plant('user', 'old-name', {
      attributes: { uid: ['old-name'], title: ['staff'] },
    });
    await provisioned(correlation('ADOPT', 'title'));
    expect(planted.name).toBe('ada');
    expect(directory.entries.size).toBe(1);
  });

  test('several that match park the binding and are named', async () => {
    for (const name of ['one', 'two']) {
      directory.plant('user', name, { attributes: { uid: [name], title: ['staff'] } });
    }
    const { user } = await provisioned(correlation('ADOPT', 'title'));
    const { lastError } = await world.binding(targetId, user);
    expect(lastError).toMatchObject({ kind: 'disputed' });
    expect(lastError?.message).toContain('"one", "two"');
    expect(directory.writes).toEqual([]);
  });

  test('that belongs to another resource parks the binding, and nothing is touched', async () => {
    const rule = await world.rule({ targetId, ...correlation('ADOPT', 'title') });
    const engine = world.start();
    await world.user(rule.id, 'ada', { title: 'same' });
    await engine.idle();
    const before = directory.writes.length;
    const second = await world.user(rule.id, 'bob', { title: 'same' });
    await engine.idle();
    expect(await world.binding(targetId, second)).toMatchObject({
      state: 'PARKED',
      lastError: { kind: 'conflict' },
    });
    expect(directory.writes).toHaveLength(before);
    expect(directory.user('ada')).toBeDefined();
  });

  test('kept after a deletion can be adopted by the next of that name', async () => {
    const { engine, rule, user } = await provisioned({ onDelete: 'KEEP', ...correlation('ADOPT') });
    const reference = directory.user('ada')?.reference;
    await world.remove(user);
    const again = await world.user(rule.id, 'ada');
    await engine.idle();
    // Who comes before the other one has let go is parked for a moment.
    const stateOf = async () => (await world.binding(targetId, again)).state;
    await until('the adoption', async () => (await stateOf()) === 'SYNCED');
    expect(await world.binding(targetId, again)).toMatchObject({ reference });
  });
});

describe('a disabled rule', () => {
  test('delivers nothing, loses nothing, and goes on when enabled', async () => {
    const { engine, rule, user } = await provisioned({});
    await world.store.syncRules.setEnabled(rule.id, false);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await world.change(user, { title: 'held' });
    await engine.idle();
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'HELD' });
    expect(directory.user('ada')?.attributes['title']).toEqual(['staff']);
    await world.store.syncRules.setEnabled(rule.id, true);
    await engine.control.ruleEnabled(rule.id);
    await engine.idle();
    expect(directory.user('ada')?.attributes['title']).toEqual(['held']);
  });

  test('goes on also when whoever enabled it died before saying so', async () => {
    const { engine, rule, user } = await provisioned({});
    await world.store.syncRules.setEnabled(rule.id, false);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await world.change(user, { title: 'held' });
    await engine.idle();
    await world.store.syncRules.setEnabled(rule.id, true);
    await until('the update', () => directory.user('ada')?.attributes['title']?.[0] === 'held');
  });

  test('is nevertheless deleted', async () => {
    const { engine, rule } = await provisioned({});
    await world.store.syncRules.setEnabled(rule.id, false);
    await world.store.syncRules.startDeletion(rule.id, 'DELETE');
    engine.control.ruleDeletionStarted(rule.id);
    await engine.idle();
    expect(outcome()).toBe('gone');
  });
});
