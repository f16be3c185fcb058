/** Entries that are disabled now and deleted days later, and who may have them until then. */
import { ConnectorError } from '../../../connectors/spi';
import { type DeliveryEngine } from '../../../src/delivery/engine';
import { systemClock } from '../../../src/delivery/clock';
import { type Resource, type ScimObject } from '../../../src/domain/resource';
import { type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { FakeDirectory } from '../../support/fake-connector';
import { BY, until, World } from './world';

const DAY_MS = 86_400_000;

let world: World;
let directory: FakeDirectory;
let targetId: string;
/** How far the engine's clock is ahead. */
let ahead = 0;

const clock = { ...systemClock, now: () => new Date(Date.now() + ahead) };

beforeAll(async () => {
  world = await World.open('delivery-deletion-delay');
});

beforeEach(async () => {
  ahead = 0;
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function provisioned(
  policies: Partial<SyncAs> = {},
): Promise<{ engine: DeliveryEngine; rule: SyncRule; user: Resource }> {
  const rule = await world.rule({ targetId, deleteAfterDays: 30, ...policies });
  const engine = world.start({ clock });
  const user = await world.user(rule.id, 'ada', { title: 'staff' });
  await engine.idle();
  return { engine, rule, user };
}

async function deleted(policies: Partial<SyncAs> = {}) {
  const made = await provisioned(policies);
  await world.remove(made.user);
  await made.engine.idle();
  expect(directory.user('ada')?.active).toBe(false);
  return made;
}

/** A later time comes, and whoever looks around sees it. */
async function daysLater(days: number, engine: DeliveryEngine): Promise<void> {
  ahead += days * DAY_MS;
  await new Promise((resolve) => setTimeout(resolve, 300));
  await engine.idle();
}

async function changeRule(rule: SyncRule, policies: Partial<SyncAs>): Promise<void> {
  const current = await world.store.syncRules.find(rule.id);
  if (!current) throw new Error('The rule is gone');
  const syncAs = current.syncAs.map((one) => ({ ...one, ...policies }));
  const rollouts = [{ targetId, token: String(Math.random()), startedAt: new Date() }];
  await world.store.syncRules.update(current, { syncAs, rollouts });
}

test('an entry is disabled at once, shown as waiting, and deleted when its time has come', async () => {
  const { engine, user } = await deleted();
  const [tombstone] = await world.store.resources.findAll([user.id]);
  const due = new Date((tombstone?.deletedAt?.getTime() ?? 0) + 30 * DAY_MS);
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'HELD',
    heldFor: 'DELETION_DELAY',
    nextAttemptAt: due,
  });
  const calls = directory.calls.length;
  await daysLater(29.9, engine);
  expect(directory.calls).toHaveLength(calls);
  expect(directory.user('ada')).toBeDefined();
  await daysLater(0.2, engine);
  await until('the entry to be gone', () => directory.user('ada') === undefined);
  await until('all to be forgotten', async () => (await world.bindings.count({})) === 0);
  expect(await world.store.resources.findAll([user.id])).toEqual([]);
});

test('a group is emptied at once and deleted later', async () => {
  const { engine, rule, user } = await provisioned();
  const team = await world.group(rule.id, 'team', [user.id]);
  await engine.idle();
  expect(directory.members('team')).toEqual(['ada']);
  await world.remove(team);
  await engine.idle();
  expect(directory.members('team')).toEqual([]);
  expect(await world.binding(targetId, team)).toMatchObject({ heldFor: 'DELETION_DELAY' });
  await daysLater(31, engine);
  await until('the group to be gone', () => directory.group('team') === undefined);
});

test.each(['onDeactivate', 'onLeaveScope'] as const)(
  'what %s deletes waits as well, and comes back with its user',
  async (policy) => {
    const { engine, user } = await provisioned({
      [policy]: 'DELETE',
      scopeFilter: 'title eq "staff"',
    });
    const gone: ScimObject = policy === 'onDeactivate' ? { active: false } : { title: 'guest' };
    const back: ScimObject = policy === 'onDeactivate' ? { active: true } : { title: 'staff' };
    await world.change(user, gone);
    await engine.idle();
    expect(directory.user('ada')?.active).toBe(false);
    expect(await world.binding(targetId, user)).toMatchObject({ heldFor: 'DELETION_DELAY' });
    await daysLater(20, engine);
    await world.change(user, back);
    await engine.idle();
    expect(directory.user('ada')?.active).toBe(true);
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'SYNCED' });

    // The delay begins anew.
    await world.change(user, gone);
    await engine.idle();
    await daysLater(20, engine);
    expect(directory.user('ada')?.active).toBe(false);
    // Another change does not.
    await world.change(user, { displayName: 'Ada' });
    await engine.idle();
    await daysLater(11, engine);
    await until('the entry to be gone', () => directory.user('ada') === undefined);
    const state = policy === 'onDeactivate' ? 'REMOVED' : 'OUT_OF_SCOPE';
    expect(await world.binding(targetId, user)).toMatchObject({ state });
  },
);

describe('an account that is enabled while it waits', () => {
  async function enabled() {
    const made = await deleted();
    const { nextAttemptAt } = await world.binding(targetId, made.user);
    const entry = directory.user('ada');
    if (!entry || !nextAttemptAt) throw new Error('It does not wait');
    entry.active = true;
    return { ...made, nextAttemptAt };
  }

  async function disabledUntil({ user, nextAttemptAt }: Awaited<ReturnType<typeof enabled>>) {
    await until('the account to be disabled', () => directory.user('ada')?.active === false);
    const waiting = { state: 'HELD', heldFor: 'DELETION_DELAY', nextAttemptAt };
    await until('the binding to wait again', async () => {
      return (await world.binding(targetId, user)).state === 'HELD';
    });
    expect(await world.binding(targetId, user)).toMatchObject(waiting);
  }

  test('by a worker that was stopped for long is disabled again', async () => {
    const made = await enabled();
    await world.stores.sweeps.lookAgain(`${targetId}:${made.user.id}`, [], clock.now());
    await disabledUntil(made);
  });

  test('by hand is drift, and disabled again', async () => {
    const made = await enabled();
    const draft = { kind: 'RECONCILE', targetId, requestedBy: BY } as const;
    const report = await world.begin({ ...draft, input: { mode: 'REPORT' } });
    expect((await world.ended(report)).progress.counts).toEqual({ DIFFERENT: 1 });
    const repair = await world.begin({ ...draft, input: { mode: 'REPAIR' } });
    expect((await world.ended(repair)).progress.counts).toMatchObject({ REPAIRED: 1 });
    await disabledUntil(made);
    const after = await world.begin({ ...draft, input: { mode: 'REPORT' } });
    expect((await world.ended(after)).progress.counts).toEqual({ IN_STEP: 1 });
  });
});

test('an entry that was never there is not waited for', async () => {
  const rule = await world.rule({ targetId, deleteAfterDays: 30, onDeactivate: 'DELETE' });
  const engine = world.start({ clock });
  const user = await world.user(rule.id, 'ada', { active: false });
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({ state: 'REMOVED' });
});

test('another delay, and another policy, apply to what waits already', async () => {
  const { engine, rule, user } = await deleted();
  await changeRule(rule, { deleteAfterDays: 60 });
  await until('the later date', async () => {
    const { nextAttemptAt } = await world.binding(targetId, user);
    return (nextAttemptAt?.getTime() ?? 0) > Date.now() + 50 * DAY_MS;
  });
  await daysLater(31, engine);
  expect(directory.user('ada')).toBeDefined();
  await changeRule(rule, { deleteAfterDays: 1 });
  await until('the entry to be gone', () => directory.user('ada') === undefined);
});

test('a policy that no longer deletes lets go of what waits', async () => {
  const { rule } = await deleted();
  await changeRule(rule, { onDelete: 'DISABLE' });
  await until('all to be forgotten', async () => (await world.bindings.count({})) === 0);
  expect(directory.user('ada')?.active).toBe(false);
});

test('an administrator need not wait', async () => {
  const { engine, user } = await deleted();
  await engine.control.retry(`${targetId}:${user.id}`);
  await engine.idle();
  expect(directory.user('ada')?.active).toBe(false);
  expect(await engine.control.deleteNow(`${targetId}:${user.id}`)).toMatchObject({
    state: 'PENDING',
  });
  await engine.idle();
  expect(directory.user('ada')).toBeUndefined();
  expect(await engine.control.deleteNow(`${targetId}:${user.id}`)).toBeUndefined();
});

test('a rule that is deleted waits for nothing, however it was held', async () => {
  const { engine, rule, user } = await deleted();
  const other = await world.user(rule.id, 'bob');
  await engine.idle();
  await world.store.syncRules.setEnabled(rule.id, false);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await world.remove(other);
  await engine.idle();
  expect(await world.binding(targetId, other)).toMatchObject({ heldFor: 'RULE_DISABLED' });
  expect(await world.binding(targetId, user)).toMatchObject({ heldFor: 'DELETION_DELAY' });
  await world.store.syncRules.startDeletion(rule.id, 'DELETE');
  engine.control.ruleDeletionStarted(rule.id);
  await until('both to be gone', () => directory.entries.size === 0);
});

test('a target that is taken out of the rule waits for nothing', async () => {
  const { rule } = await deleted();
  const current = await world.store.syncRules.find(rule.id);
  if (!current) throw new Error('The rule is gone');
  const rollouts = [
    { targetId, token: 'out', startedAt: new Date(), onRemoved: 'DELETE' as const },
  ];
  await world.store.syncRules.update(current, { syncAs: [], rollouts });
  await until('the entry to be gone', () => directory.user('ada') === undefined);
  await until('all to be forgotten', async () => (await world.bindings.count({})) === 0);
});

test('enabling a rule does not disturb what waits', async () => {
  const { engine, rule, user } = await deleted();
  const calls = directory.calls.length;
  await engine.control.ruleEnabled(rule.id);
  // Housekeeping looks for what was held a few times as well.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(directory.calls).toHaveLength(calls);
  expect(await world.binding(targetId, user)).toMatchObject({ heldFor: 'DELETION_DELAY' });
});

test('where accounts cannot be disabled the deletion parks, and nothing is deleted early', async () => {
  directory = new FakeDirectory({ id: 'other', capabilities: { activation: 'none' } });
  targetId = await world.target(directory);
  const { engine, user } = await provisioned();
  await world.remove(user);
  await engine.idle();
  expect(directory.user('ada')).toBeDefined();
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'PARKED',
    lastError: { kind: 'unsupported' },
  });
});

test('a directory that is down when the time has come is waited for', async () => {
  const { engine } = await deleted();
  directory.down = 'unavailable';
  ahead += 31 * DAY_MS;
  await until('an attempt', () => directory.calls.at(-1)?.operation === 'remove');
  directory.down = undefined;
  await engine.idle();
  expect(directory.user('ada')).toBeUndefined();
});

describe.each(['ADOPT', 'FAIL'] as const)('who comes back, with %s', (policy) => {
  const correlation = { policy, attributes: [] };

  test('takes over the entry that waits for its deletion, and it is not deleted', async () => {
    const { engine, rule, user } = await deleted({ correlation });
    const before = directory.user('ada')?.reference;
    const again = await world.user(rule.id, 'ada', { title: 'director' });
    const team = await world.group(rule.id, 'team', [again.id]);
    await engine.idle();
    const entry = directory.user('ada');
    expect(entry).toMatchObject({ reference: before, active: true });
    expect(entry?.attributes['title']).toEqual(['director']);
    expect(directory.members('team')).toEqual(['ada']);
    expect(await world.binding(targetId, again)).toMatchObject({
      state: 'SYNCED',
      reference: before,
    });
    await until(
      'the former resource to be forgotten',
      async () => (await world.store.resources.findAll([user.id])).length === 0,
    );
    await daysLater(31, engine);
    expect(directory.user('ada')?.active).toBe(true);
    expect(await world.binding(targetId, team)).toMatchObject({ state: 'SYNCED' });
  });

  test('takes it over also when the process dies between letting go and taking', async () => {
    const { engine, rule } = await deleted({ correlation });
    await engine.stop();
    const { queue } = world.stores;
    let deaths = 0;
    let released = false;
    const mortal = new Proxy(queue, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (method === 'bindEntry' && released && deaths === 0) {
            deaths += 1;
            throw new Error('The process died');
          }
          const answer: unknown = await value.apply(target, args);
          released ||= answer === 'released';
          return answer;
        };
      },
    });
    const second = world.start({ clock, queue: mortal });
    const again = await world.user(rule.id, 'ada');
    await second.idle();
    expect(deaths).toBe(1);
    expect(directory.user('ada')?.active).toBe(true);
    expect(directory.entries.size).toBe(1);
    expect(await world.binding(targetId, again)).toMatchObject({ state: 'SYNCED' });
  });

  test('a group takes over the emptied one of its name, with all its members', async () => {
    const { engine, rule, user } = await provisioned({ correlation });
    const team = await world.group(rule.id, 'team', [user.id]);
    await engine.idle();
    await world.remove(team);
    await engine.idle();
    await world.group(rule.id, 'team', [user.id]);
    await engine.idle();
    expect(directory.members('team')).toEqual(['ada']);
    expect(directory.named('group').size).toBe(1);
  });

  test('nobody of another rule takes it over', async () => {
    const { engine, user } = await deleted({ correlation });
    const stranger = await world.rule({ targetId, correlation });
    const other = await world.user(stranger.id, 'ada');
    await engine.idle();
    expect(await world.binding(targetId, other)).toMatchObject({
      state: 'PARKED',
      lastError: { kind: 'conflict' },
    });
    expect(directory.user('ada')?.active).toBe(false);
    expect(await world.binding(targetId, user)).toMatchObject({ heldFor: 'DELETION_DELAY' });
  });
});

test('disabling that fails is tried again, and the entry waits from then on', async () => {
  const { engine, user } = await provisioned();
  let refusals = 2;
  directory.refuse = (operation) => {
    if (operation !== 'setActive' || refusals === 0) return;
    refusals -= 1;
    throw new ConnectorError('throttled', 'Later.');
  };
  await world.remove(user);
  await engine.idle();
  expect(directory.user('ada')?.active).toBe(false);
  expect(await world.binding(targetId, user)).toMatchObject({ heldFor: 'DELETION_DELAY' });
});
