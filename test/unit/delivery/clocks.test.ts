/** Clocks that are set forward and back while work is under way, and processes that do not agree about the time. */
import { FakeDirectory } from '../../support/fake-connector';
import { CircuitBreaker } from '../../../src/delivery/lanes/circuit-breaker';
import { type Clock, systemClock } from '../../../src/delivery/clock';
import { RuleCache } from '../../../src/delivery/rule-cache';
import { StoreTime } from '../../../src/store/store-time';
import { until, World } from './world';

const HOUR_MS = 3_600_000;

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-clocks');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

/** Of a process whose time of day somebody sets. */
class SetClock implements Clock {
  aheadMs = 0;
  now = (): Date => new Date(Date.now() + this.aheadMs);
  monotonic = (): number => systemClock.monotonic();
  after = (ms: number, run: () => void): (() => void) => systemClock.after(ms, run);
  sleep = (ms: number, signal: AbortSignal): Promise<void> => systemClock.sleep(ms, signal);
  random = (): number => systemClock.random();
}

test('processes have the time from the store, and do not notice that their own clocks are set', async () => {
  const { connection } = world.store;
  const heartbeat = (localTime: Date): boolean =>
    connection.getClient().emit('serverHeartbeatSucceeded', {
      ...{ connectionId: '', duration: 0, awaited: false },
      reply: { isWritablePrimary: true, localTime },
    });
  const time = await StoreTime.open(connection);
  const storeNow = Date.now();
  const ahead = (): number => Math.round((time.now().getTime() - storeNow) / HOUR_MS);
  expect(ahead()).toBeCloseTo(0);
  const ownClock = jest.spyOn(Date, 'now');
  try {
    ownClock.mockReturnValue(storeNow - HOUR_MS);
    expect(ahead()).toBeCloseTo(0);
    // Set forward, or the machine slept: which one only the store can tell, and meanwhile it is taken for late.
    ownClock.mockReturnValue(storeNow + HOUR_MS);
    expect(ahead()).toBeCloseTo(1);
    heartbeat(new Date(storeNow));
    expect(ahead()).toBeCloseTo(0);
    heartbeat(new Date(storeNow + 2 * HOUR_MS));
    expect(ahead()).toBeCloseTo(2);
  } finally {
    ownClock.mockRestore();
  }
});

test('nobody waits for a process that died with its clock an hour ahead', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const user = await world.user(rule.id, 'ada');
  const ahead = new Date(Date.now() + HOUR_MS);
  const request = { ruleId: rule.id, targetId, resourceId: user.id, resourceType: 'User' };
  await world.bindings.enqueue([{ ...request, generation: 1 }], ahead);
  const [lease] = await world.bindings.claim({
    ...{ targetId, ruleId: rule.id, owner: 'dead', now: ahead, dueBefore: ahead, most: 1 },
    leaseUntil: new Date(ahead.getTime() + 2_000),
  });
  expect(lease).toBeDefined();
  // Written by the same process, and seen by no hint of anybody.
  const late = await world.user(rule.id, 'bob');
  await world.store.connection
    .collection<{ _id: string }>('resources')
    .updateOne({ _id: late.id }, { $set: { pending: ahead } });
  const engine = world.start({ times: { correctMs: 50, pollAllMs: 50 } });
  await engine.idle();
  expect([...directory.named('user').keys()].sort()).toEqual(['ada', 'bob']);
  expect(await world.bindings.complete(lease!, { state: 'REMOVED', at: ahead })).toBe(false);
});

test('what is due far ahead for a good reason is left alone', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const user = await world.user(rule.id, 'ada');
  const id = `${targetId}:${user.id}`;
  const request = { ruleId: rule.id, targetId, resourceId: user.id, resourceType: 'User' };
  await world.bindings.enqueue([{ ...request, generation: 1 }], new Date());
  const soon = new Date(Date.now() + HOUR_MS - 60_000);
  await world.bindingDocuments.updateOne(
    { _id: id },
    { $set: { state: 'RETRYING', dueAt: soon, nextAttemptAt: soon } },
  );
  expect(await world.bindings.correctDates(targetId, rule.id, new Date())).toBe(0);
  const far = new Date(Date.now() + 3 * HOUR_MS);
  await world.bindingDocuments.updateOne({ _id: id }, { $set: { dueAt: far } });
  expect(await world.bindings.correctDates(targetId, rule.id, new Date())).toBe(1);
});

test('a clock that is set back makes nobody wait: probes, surveys, polls and what is known of rules', async () => {
  const clock = new SetClock();
  const breaker = new CircuitBreaker(clock, { firstMs: 100, longestMs: 100 });
  breaker.silent(clock.monotonic());
  clock.aheadMs = -HOUR_MS;
  expect(breaker.pauseMs()).toBeLessThanOrEqual(100);

  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const cache = new RuleCache(world.store.syncRules, clock);
  clock.aheadMs = 0;
  expect(await cache.get(rule.id)).toMatchObject({ enabled: true });
  clock.aheadMs = -HOUR_MS;
  await world.store.syncRules.setEnabled(rule.id, false);
  await until('the rule to be known', async () => (await cache.get(rule.id))?.enabled === false);
  await world.store.syncRules.setEnabled(rule.id, true);

  clock.aheadMs = 0;
  const engine = world.start({ clock, times: { pollAllMs: 50 } });
  await world.user(rule.id, 'ada');
  await engine.idle();
  clock.aheadMs = -HOUR_MS;
  await world.user(rule.id, 'bob');
  await until('the entry', () => directory.user('bob') !== undefined);
});
