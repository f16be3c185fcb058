/** Changes of rules and targets reach the resources that were there before, whatever happens on the way. */
import { type MappingEntry, type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { rollout, rolloutsOf } from '../../../src/domain/rollout';
import { type MembershipJournal } from '../../../src/domain/delivery-ports';
import { GROUP, type Resource } from '../../../src/domain/resource';
import { type DeletePolicy } from '../../../src/domain/sync-rule';
import { FakeDirectory } from '../../support/fake-connector';
import { mortal, ROLLOUT_STEPS, type Life } from './mortal-stores';
import { schemaOf, until, World } from './world';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-rollouts');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

const SHOUTED: readonly MappingEntry[] = [
  { attribute: 'uid', expression: 'userName', apply: 'AUTHORITATIVE' },
  { attribute: 'title', expression: 'upper(title)', apply: 'AUTHORITATIVE' },
];

function syncAs(targetId: string, more: Partial<SyncAs> = {}): SyncAs {
  return {
    targetId,
    onDeactivate: 'DISABLE',
    onDelete: 'DELETE',
    correlation: { attributes: [], policy: 'FAIL' },
    ...more,
  };
}

/** As an administrator would. */
async function change(
  { id }: SyncRule,
  after: readonly SyncAs[],
  onRemoved: DeletePolicy = 'KEEP',
): Promise<SyncRule> {
  const rule = await world.store.syncRules.find(id);
  const changed =
    rule &&
    (await world.store.syncRules.update(rule, {
      syncAs: after,
      rollouts: rolloutsOf(rule.syncAs, after, onRemoved, new Date()),
    }));
  if (!changed) throw new Error('The rule could not be changed');
  for (const engine of world.engines) engine.control.ruleChanged(id);
  return changed;
}

async function rolledOut({ id }: Pick<SyncRule, 'id'>): Promise<void> {
  await until(
    'the end of the rollouts',
    async () => (await world.store.syncRules.find(id))?.rollouts === undefined,
    30_000,
  );
}

/** A target, and so many users in it. */
async function provisioned(users: number) {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const names = Array.from({ length: users }, (_, index) => `user${index}`);
  const resources = await Promise.all(
    names.map((name) => world.user(rule.id, name, { title: 'staff' })),
  );
  const engine = world.start();
  await engine.idle();
  return { directory, targetId, rule, resources, engine };
}

function titles(directory: FakeDirectory): readonly string[] {
  const users = [...directory.entries.values()].filter(({ kind }) => kind === 'user');
  return [...new Set(users.flatMap(({ attributes }) => attributes['title'] ?? []))];
}

test('a new mapping reaches users that nobody changes', async () => {
  const { directory, targetId, rule, engine } = await provisioned(130);
  expect(titles(directory)).toEqual(['staff']);
  await change(rule, [syncAs(targetId, { userMapping: SHOUTED })]);
  await rolledOut(rule);
  await engine.idle();
  expect(titles(directory)).toEqual(['STAFF']);
});

test('what is as it should be already is not written again', async () => {
  const { directory, targetId, rule, engine } = await provisioned(3);
  const written = directory.writes.length;
  await change(rule, [syncAs(targetId, { onDelete: 'KEEP' })]);
  await rolledOut(rule);
  await engine.idle();
  expect(directory.count('read')).toBe(3);
  expect(directory.writes).toHaveLength(written);
});

test('a target that comes gets all users, groups and their members', async () => {
  const { targetId, rule, resources, engine } = await provisioned(3);
  await world.group(
    rule.id,
    'staff',
    resources.map(({ id }) => id),
  );
  await engine.idle();
  const second = new FakeDirectory({ id: 'second' });
  const secondId = await world.target(second);
  await change(rule, [syncAs(targetId), syncAs(secondId)]);
  await rolledOut(rule);
  await engine.idle();
  expect([...second.named('user').keys()].sort()).toEqual(['user0', 'user1', 'user2']);
  expect(second.members('staff')).toEqual(['user0', 'user1', 'user2']);
});

test('a target that comes while members change gets them as they are in the end', async () => {
  const { targetId, rule, resources, engine } = await provisioned(3);
  const [leaving, coming] = resources as [Resource, Resource, Resource];
  const group = await world.group(rule.id, 'staff', [leaving.id]);
  await engine.idle();
  await engine.stop();
  const second = new FakeDirectory({ id: 'second' });
  const secondId = await world.target(second);
  // Whoever changes the members dies before they are carried over, and everybody who could do that is slow.
  const memberships = Reflect.get(world.store.resources, 'memberships') as MembershipJournal;
  const dies = jest.spyOn(memberships, 'applyJournal').mockRejectedValue(new Error('killed'));
  const members = { replaceAll: false, add: [coming.id], remove: [leaving.id] };
  const changed = world.store.resources.update(group, group.attributes, schemaOf(GROUP), {
    members,
  });
  await expect(changed).rejects.toThrow('killed');
  dies.mockRestore();
  let carryOn = (): void => undefined;
  const slow = new Promise<void>((resolve) => (carryOn = resolve));
  const { journal } = world.stores;
  const heir = world.start({
    journal: { applyJournal: (id) => slow.then(() => journal.applyJournal(id)) },
  });
  await change(rule, [syncAs(targetId), syncAs(secondId)]);
  const isThere = (): boolean => second.members('staff').length > 0;
  await until('the group to be there', isThere, 2_000).catch(() => undefined);
  carryOn();
  await rolledOut(rule);
  await heir.idle();
  expect(second.members('staff')).toEqual(['user1']);
});

test('a narrower scope takes out whom it no longer lets in', async () => {
  const { directory, targetId, rule, engine } = await provisioned(2);
  const scopeFilter = 'userName eq "user0"';
  await change(rule, [syncAs(targetId, { scopeFilter, onDeactivate: 'DELETE' })]);
  await rolledOut(rule);
  await engine.idle();
  expect([...directory.named('user').keys()]).toEqual(['user0']);
});

describe('a target that leaves', () => {
  test.each([
    ['KEEP', 'untouched', ['user0', 'user1']],
    ['DISABLE', 'disabled', []],
    ['DELETE', 'gone', undefined],
  ] as const)('with %s leaves entries %s', async (policy, expected, members) => {
    const { directory, targetId, rule, resources, engine } = await provisioned(2);
    const ids = resources.map(({ id }) => id);
    await world.group(rule.id, 'staff', ids);
    await engine.idle();
    const other = await world.target(new FakeDirectory({ id: 'other' }));
    await change(rule, [syncAs(other)], policy);
    await rolledOut(rule);
    await engine.idle();
    const entry = directory.user('user0');
    expect(entry ? (entry.active ? 'untouched' : 'disabled') : 'gone').toBe(expected);
    expect(directory.group('staff') && directory.members('staff')).toEqual(members);
    expect(await world.bindings.count({ targetId })).toBe(0);
    // Nothing that comes later reaches it.
    await world.user(rule.id, 'late');
    await engine.idle();
    expect(directory.user('late')).toBeUndefined();
  });

  test('takes back what a delivery under the old rule brings there meanwhile', async () => {
    const { directory, targetId, rule, engine } = await provisioned(1);
    await engine.stop();
    const other = await world.target(new FakeDirectory({ id: 'other' }));
    await change(rule, [syncAs(other)], 'DELETE');
    // Fanned out by a process that had read the rule before.
    const late = await world.user(rule.id, 'late');
    await world.bindings.enqueue(
      [{ ...late, targetId, resourceId: late.id, resourceType: 'User' }],
      new Date(),
    );
    world.start();
    await rolledOut(rule);
    expect([...directory.named('user').keys()]).toEqual([]);
    expect(await world.bindings.count({ targetId })).toBe(0);
  });

  test('can come back before it is gone, and keeps what is there', async () => {
    const { directory, targetId, rule, engine } = await provisioned(2);
    const other = await world.target(new FakeDirectory({ id: 'other' }));
    directory.down = 'unavailable';
    await change(rule, [syncAs(other)], 'DELETE');
    await until('an attempt', () => directory.count('remove') > 0);
    await change(rule, [syncAs(other), syncAs(targetId)]);
    directory.down = undefined;
    await rolledOut(rule);
    await engine.idle();
    expect([...directory.named('user').keys()].sort()).toEqual(['user0', 'user1']);
  });

  test('that is down for good can still be forgotten', async () => {
    const { directory, targetId, rule } = await provisioned(2);
    const other = await world.target(new FakeDirectory({ id: 'other' }));
    directory.down = 'unavailable';
    await change(rule, [syncAs(other)], 'DELETE');
    await until('an attempt', () => directory.count('remove') > 0);
    const current = await world.store.syncRules.find(rule.id);
    if (!current) throw new Error('The rule is gone');
    await world.store.syncRules.update(current, {
      rollouts: [rollout(targetId, new Date(), 'KEEP')],
    });
    await rolledOut(rule);
    expect(await world.bindings.count({ targetId })).toBe(0);
    expect(directory.named('user').size).toBe(2);
  });
});

test('a target that is down holds up no other, and collects no more than two pages', async () => {
  const { directory, targetId, rule } = await provisioned(260);
  const second = new FakeDirectory({ id: 'second' });
  const secondId = await world.target(second);
  directory.down = 'unavailable';
  await change(rule, [syncAs(targetId, { userMapping: SHOUTED }), syncAs(secondId)]);
  await until('all users in the other target', () => second.named('user').size === 260, 30_000);
  const waiting = await world.bindings.count({ targetId, states: ['PENDING', 'RETRYING'] });
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThanOrEqual(200);
  directory.down = undefined;
  await rolledOut(rule);
  await until('the new titles', () => titles(directory).join() === 'STAFF', 30_000);
});

test('what changes meanwhile waits for two pages at most', async () => {
  const { directory, targetId, rule, resources } = await provisioned(400);
  directory.delayMs = 4;
  await change(rule, [syncAs(targetId, { userMapping: SHOUTED })]);
  await until('the beginning', () => directory.count('update') > 20);
  const last = resources.at(-1);
  if (!last) throw new Error('Nobody is there');
  const before = directory.count('update');
  await world.change(last, { title: 'boss' });
  const entry = directory.user('user399');
  await until('the change', () => entry?.attributes['title']?.[0] === 'BOSS', 30_000);
  expect(directory.count('update') - before).toBeLessThan(250);
  directory.delayMs = 0;
  await rolledOut(rule);
});

test('a disabled rule delivers its change once it is enabled', async () => {
  const { directory, targetId, rule, engine } = await provisioned(2);
  await world.store.syncRules.setEnabled(rule.id, false);
  await change(rule, [syncAs(targetId, { userMapping: SHOUTED })]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(titles(directory)).toEqual(['staff']);
  await world.store.syncRules.setEnabled(rule.id, true);
  await engine.control.ruleEnabled(rule.id);
  await rolledOut(rule);
  await engine.idle();
  expect(titles(directory)).toEqual(['STAFF']);
});

test('new settings of a target deliver everything again, other changes do not', async () => {
  const { directory, targetId, rule, engine } = await provisioned(3);
  const target = await world.store.targets.find(targetId);
  const renamed = target && (await world.store.targets.update(target, { name: 'another name' }));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(directory.count('read')).toBe(0);
  await world.store.targets.update(renamed!, { settings: { a: 1 }, rollOut: true });
  engine.control.targetChanged(targetId);
  await until('the deliveries', () => directory.count('read') === 3);
  await rolledOut(rule);
});

describe('a paused target', () => {
  test('gets nothing and costs nothing until it is resumed, whoever starts meanwhile', async () => {
    const { directory, targetId, rule, engine } = await provisioned(1);
    await world.store.targets.setPaused(targetId, true);
    engine.control.targetChanged(targetId);
    await until('the closed connector', () => directory.closed === 1);
    const calls = directory.calls.length;
    await world.user(rule.id, 'late');
    await engine.stop();
    const next = world.start();
    await world.user(rule.id, 'later');
    await until(
      'the waiting bindings',
      async () => (await world.bindings.count({ targetId, states: ['PENDING'] })) === 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(directory.calls).toHaveLength(calls);
    expect(directory.opened).toBe(1);
    await world.store.targets.setPaused(targetId, false);
    next.control.targetChanged(targetId);
    await next.idle();
    expect([...directory.named('user').keys()].sort()).toEqual(['late', 'later', 'user0']);
  });

  test('holds up no other target of the rule', async () => {
    const { targetId, rule, engine } = await provisioned(1);
    const second = new FakeDirectory({ id: 'second' });
    const secondId = await world.target(second);
    await world.store.targets.setPaused(targetId, true);
    engine.control.targetChanged(targetId);
    await change(rule, [syncAs(targetId, { userMapping: SHOUTED }), syncAs(secondId)]);
    await world.user(rule.id, 'late');
    await until('both users', () => second.named('user').size === 2);
  });
});

test('whatever moment a process dies at, the next one brings a change of a rule to its end', async () => {
  const times = { leaseMs: 250 };
  let finished = false;
  for (let writes = 0; !finished; writes += 1) {
    const [kept, left, come] = ['kept', 'left', 'come'].map((id) => new FakeDirectory({ id }));
    const ids = await Promise.all([kept!, left!, come!].map((one) => world.target(one)));
    const [keptId, leftId, comeId] = ids as [string, string, string];
    const rule = await world.rule({ targetId: keptId }, { targetId: leftId });
    const ada = await world.user(rule.id, 'ada', { title: 'staff' });
    const bob = await world.user(rule.id, 'bob', { title: 'staff' });
    await world.group(rule.id, 'all', [ada.id, bob.id]);
    const first = world.start({ times });
    await first.idle();
    await first.stop();
    await change(rule, [syncAs(keptId, { userMapping: SHOUTED }), syncAs(comeId)], 'DELETE');

    const life: Life = { writesLeft: writes, dead: false };
    const mortalOne = world.start({ ...mortal(world.stores, life, ROLLOUT_STEPS), times });
    const done = (async () => {
      await rolledOut(rule);
      await mortalOne.idle();
      finished = !life.dead;
    })().catch(() => undefined);
    await until('death or the end', () => life.dead || finished, 30_000);
    await mortalOne.stop();

    const heir = world.start({ times });
    await rolledOut(rule);
    await done;
    await heir.idle();
    await heir.stop();
    expect({ writes, titles: titles(kept!) }).toEqual({ writes, titles: ['STAFF'] });
    expect({ writes, left: left!.entries.size }).toEqual({ writes, left: 0 });
    expect({ writes, come: [...come!.named('user').keys()].sort() }).toEqual({
      writes,
      come: ['ada', 'bob'],
    });
    expect({ writes, members: come!.members('all') }).toEqual({ writes, members: ['ada', 'bob'] });
    expect(await world.bindings.count({ targetId: leftId })).toBe(0);
    expect(await world.clear()).toEqual([]);
  }
});
