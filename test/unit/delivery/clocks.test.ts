/** Clocks that are set forward and back while work is under way, and processes that do not agree about the time. */
import { randomBytes } from 'node:crypto';
import { FakeDirectory } from '../../support/fake-connector';
import { CircuitBreaker } from '../../../src/delivery/lanes/circuit-breaker';
import { type Clock, systemClock } from '../../../src/delivery/clock';
import { RuleCache } from '../../../src/delivery/rule-cache';
import { AuditDrain } from '../../../src/delivery/upkeep/audit-drain';
import { AuditKeeping } from '../../../src/delivery/upkeep/audit-keeping';
import { rolloutsOf } from '../../../src/domain/rollout';
import { storeOn } from '../../../src/store/store';
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

test('nobody waits for a rollout of a process whose clock was an hour ahead, before or after its first step', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  await world.user(rule.id, 'ada');
  const engine = world.start();
  await engine.idle();
  const ahead = new Date(Date.now() + HOUR_MS);
  const narrower = rule.syncAs.map((entry) => ({
    ...entry,
    scopeFilter: 'userName eq "nobody"',
    onLeaveScope: 'DELETE' as const,
  }));
  const rollouts = rolloutsOf(rule.syncAs, narrower, 'KEEP', ahead);
  const narrowed = await world.store.syncRules.update(rule, { syncAs: narrower, rollouts });
  engine.control.ruleChanged(rule.id);
  await until('the entry to be gone', () => directory.user('ada') === undefined);

  await until('the end', async () => !(await world.store.syncRules.find(rule.id))?.rollouts);
  await engine.stop();
  await world.store.syncRules.update(narrowed!, {
    syncAs: rule.syncAs,
    rollouts: rolloutsOf(narrower, rule.syncAs, 'KEEP', new Date()),
  });
  await world.store.connection
    .collection<{ _id: string }>('sync_rules')
    .updateOne({ _id: rule.id }, { $set: { [`rollouts.${targetId}.freeAt`]: ahead } });
  world.start();
  await until('the entry', () => directory.user('ada') !== undefined);
});

test('a step of a rollout is one process at a time', async () => {
  const { rollouts, syncRules } = world.store;
  const targetId = await world.target(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const now = new Date();
  await syncRules.update(rule, { rollouts: rolloutsOf([], rule.syncAs, 'KEEP', now) });
  const [open] = await rollouts.open();
  const later = (ms: number): Date => new Date(now.getTime() + ms);
  expect(await rollouts.claim(open!, now, later(60_000))).toBe(true);
  // Neither soon, nor by one whose clock is a little behind.
  expect(await rollouts.claim(open!, later(1_000), later(61_000))).toBe(false);
  expect(await rollouts.claim(open!, later(-30_000), later(30_000))).toBe(false);
  expect(await rollouts.claim(open!, later(60_000), later(120_000))).toBe(true);
});

test('nobody waits for an operation that was asked for, or taken, by a clock that was an hour ahead', async () => {
  const targetId = await world.target(new FakeDirectory());
  const { operations } = world.store;
  const ahead = new Date(Date.now() + HOUR_MS);
  const start = async (): Promise<string> => {
    const input = { mode: 'REPORT' } as const;
    const requestedBy = { type: 'SCHEDULE', name: 'schedule' } as const;
    const draft = { kind: 'RECONCILE', input, targetId, requestedBy } as const;
    return (await operations.start(draft, ahead)).operation.id;
  };
  const taken = await start();
  const claim = await operations.claim('dead', ahead, new Date(ahead.getTime() + 2_000));
  expect(claim?.id).toBe(taken);
  const ids = [taken, await start()];
  world.start();
  await until('both to be done', async () =>
    (await operations.findAll(ids)).every(({ state }) => state === 'SUCCEEDED'),
  );
});

test('what administrators write carries the time of the store', async () => {
  const now = new Date(Date.now() - HOUR_MS);
  const { syncRules, targets, credentials, connection } = storeOn(
    world.store.connection,
    randomBytes(32),
    () => now,
  );
  const target = await targets.insert({ name: 't', connector: 'c', settings: {}, secrets: {} });
  const changed = await targets.update(target, { settings: { a: 1 }, rollOut: true });
  expect(changed).toMatchObject({ createdAt: now, updatedAt: now });
  const stored = await connection
    .collection<{ _id: string }>('targets')
    .findOne({ _id: target.id });
  expect(stored).toMatchObject({ rolloutAt: now });
  expect(await targets.setPaused(target.id, true)).toMatchObject({ pausedAt: now });
  const rule = await syncRules.insert({ name: 'r', enabled: true, syncAs: [] });
  expect(rule.updatedAt).toEqual(now);
  const secret = { hash: 'h', basicKey: 'k', hint: '', ruleId: rule.id, createdAt: now };
  await credentials.addRuleCredential({ ...secret, id: 'old' });
  // At once, and not when the clock of the process has come so far.
  await credentials.expireRuleCredentials(rule.id, 'new', now);
  expect(await credentials.findRuleCredential('h')).toBeUndefined();
});

test('a clock that is set back does not stop the audit trail', async () => {
  const clock = new SetClock();
  const asked = { deliveries: 0, purges: 0 };
  const drain = new AuditDrain({
    outbox: {
      recordDeliveries: async () => undefined,
      waitingBindings: async () => {
        asked.deliveries += 1;
        return [];
      },
    },
    clock,
    log: () => undefined,
    times: { auditGatherMs: 1, pollMs: 20, pendingAgeMs: 0 },
  });
  drain.start();
  await until('a poll', () => asked.deliveries > 0);
  clock.aheadMs = -HOUR_MS;
  const before = asked.deliveries;
  await until('another poll', () => asked.deliveries > before + 1);
  await drain.stop();

  let passed = 0;
  clock.monotonic = () => passed;
  const keeping = new AuditKeeping({
    intents: { settle: async () => 0 },
    retention: {
      chains: async () => {
        asked.purges += 1;
        return [];
      },
      purge: async () => 0,
    },
    retentionDays: 1,
    clock,
    log: () => undefined,
  });
  const { signal } = new AbortController();
  await keeping.run(signal);
  await keeping.run(signal);
  expect(asked.purges).toBe(1);
  passed += HOUR_MS;
  await keeping.run(signal);
  expect(asked.purges).toBe(2);
});
