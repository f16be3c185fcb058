/** Who enters and who leaves the scope of a target: their own entries, and those of their groups. */
import { type DeliveryEngine } from '../../../src/delivery/engine';
import { type Resource } from '../../../src/domain/resource';
import { type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { FakeDirectory } from '../../support/fake-connector';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery-scope');
});

beforeEach(async () => {
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

interface Provisioned {
  readonly engine: DeliveryEngine;
  readonly rule: SyncRule;
  readonly ada: Resource;
  readonly bob: Resource;
  readonly team: Resource;
}

async function provisioned(policies: Partial<SyncAs> = {}): Promise<Provisioned> {
  const rule = await world.rule({ targetId, scopeFilter: 'title eq "staff"', ...policies });
  const engine = world.start();
  const ada = await world.user(rule.id, 'ada', { title: 'staff' });
  const bob = await world.user(rule.id, 'bob', { title: 'staff' });
  const team = await world.group(rule.id, 'team', [ada.id, bob.id]);
  await engine.idle();
  expect(directory.members('team')).toEqual(['ada', 'bob']);
  return { engine, rule, ada, bob, team };
}

function outcome(): string {
  const entry = directory.user('ada');
  if (!entry) return 'gone';
  return entry.active ? 'untouched' : 'disabled';
}

async function narrow(rule: SyncRule, scopeFilter: string): Promise<void> {
  const current = await world.store.syncRules.find(rule.id);
  if (!current) throw new Error('The rule is gone');
  const syncAs = current.syncAs.map((one) => ({ ...one, scopeFilter }));
  const rollouts = [{ targetId, token: scopeFilter, startedAt: new Date() }];
  await world.store.syncRules.update(current, { syncAs, rollouts });
  for (const engine of world.engines) engine.control.ruleChanged(rule.id);
  await until('the change to be rolled out', async () => {
    const { rollouts: open = [] } = (await world.store.syncRules.find(rule.id)) ?? {};
    return open.length === 0;
  });
}

const POLICIES = [
  ['DELETE', 'gone'],
  ['DISABLE', 'disabled'],
  ['KEEP', 'untouched'],
] as const;

test.each(POLICIES)(
  'leaving by an attribute with %s: %s, and in no group',
  async (policy, left) => {
    const onDeactivate = policy === 'DELETE' ? 'KEEP' : 'DELETE';
    const { engine, ada } = await provisioned({ onLeaveScope: policy, onDeactivate });
    await world.change(ada, { title: 'guest' });
    await engine.idle();
    expect(outcome()).toBe(left);
    expect(await world.binding(targetId, ada)).toMatchObject({ state: 'OUT_OF_SCOPE' });
    expect(directory.members('team')).toEqual(['bob']);

    await world.change(ada, { title: 'staff' });
    await engine.idle();
    expect(outcome()).toBe('untouched');
    expect(directory.members('team')).toEqual(['ada', 'bob']);
  },
);

test.each(POLICIES)('leaving by the filter with %s: %s, and in no group', async (policy, left) => {
  const { engine, rule, ada } = await provisioned({ onLeaveScope: policy });
  await narrow(rule, 'userName eq "bob"');
  await engine.idle();
  expect(outcome()).toBe(left);
  expect(directory.members('team')).toEqual(['bob']);
  expect(await world.binding(targetId, ada)).toMatchObject({ state: 'OUT_OF_SCOPE' });

  await narrow(rule, 'title pr');
  await engine.idle();
  expect(outcome()).toBe('untouched');
  expect(directory.members('team')).toEqual(['ada', 'bob']);
  expect(await world.binding(targetId, ada)).toMatchObject({ state: 'SYNCED' });
});

test('deactivation has a policy of its own', async () => {
  const { engine, ada } = await provisioned({ onDeactivate: 'DISABLE', onLeaveScope: 'DELETE' });
  await world.change(ada, { active: false });
  await engine.idle();
  expect(outcome()).toBe('disabled');
  expect(directory.members('team')).toEqual(['ada', 'bob']);
});

test('who is out of scope joins no group, whatever comes to the group', async () => {
  const { engine, rule, ada, bob, team } = await provisioned({ onLeaveScope: 'DISABLE' });
  await world.change(ada, { title: 'guest' });
  await engine.idle();
  await world.group(rule.id, 'guests', [ada.id]);
  await world.members(team, { remove: [ada.id] });
  await world.members(team, { add: [ada.id] });
  await engine.idle();
  expect(directory.members('guests')).toEqual([]);
  expect(directory.members('team')).toEqual(['bob']);

  // A group whose entry vanished is made again with those who are in scope.
  const entry = directory.group('team');
  if (entry) directory.entries.delete(entry.reference);
  await world.change(team, { displayName: 'crew' });
  await engine.idle();
  expect(directory.members('crew')).toEqual(['bob']);

  await world.change(ada, { title: 'staff' });
  await engine.idle();
  expect(directory.members('guests')).toEqual(['ada']);
  expect(directory.members('crew')).toEqual(['ada', 'bob']);
  await world.remove(bob);
  await engine.idle();
  expect(directory.members('crew')).toEqual(['ada']);
});

test('who leaves the scope and then the group stays out when the scope lets it in again', async () => {
  const { engine, ada, team } = await provisioned({ onLeaveScope: 'KEEP' });
  await world.change(ada, { title: 'guest' });
  await world.members(team, { remove: [ada.id] });
  await engine.idle();
  await world.change(ada, { title: 'staff' });
  await engine.idle();
  expect(directory.members('team')).toEqual(['bob']);
});

test('a process that dies before it has told the groups tells them later', async () => {
  const { engine, ada } = await provisioned({ onLeaveScope: 'DISABLE' });
  await engine.stop();
  const { deltas } = world.stores;
  let deaths = 0;
  const mortal = new Proxy(deltas, {
    get: (target, method) => {
      const value: unknown = Reflect.get(target, method, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (method === 'announce' && (deaths += 1) === 1) throw new Error('The process died');
        return value.apply(target, args);
      };
    },
  });
  const second = world.start({ deltas: mortal });
  await world.change(ada, { title: 'guest' });
  await second.idle();
  expect(deaths).toBeGreaterThan(1);
  expect(directory.members('team')).toEqual(['bob']);
});
