/** The guarantees of the design, each forced at its weak point. */
import { FakeDirectory } from '../../support/fake-connector';
import { until, World } from './world';

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-guarantees');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function targetWith(directory: FakeDirectory): Promise<string> {
  return world.target(directory);
}

test('a lost hint loses nothing', async () => {
  const directory = new FakeDirectory();
  const rule = await world.rule({ targetId: await targetWith(directory) });
  const engine = world.start();
  await world.user(rule.id, 'ada');
  await engine.idle();
  expect(directory.user('ada')).toBeDefined();
});

test('a hint delivers long before the next look around', async () => {
  const directory = new FakeDirectory();
  const rule = await world.rule({ targetId: await targetWith(directory) });
  const engine = world.start({
    times: { pollMs: 60_000, idleMs: 60_000, refreshMs: 60_000, pendingAgeMs: 60_000 },
  });
  const user = await world.user(rule.id, 'ada');
  engine.changeListener.resourceChanged(user);
  await until('the entry', () => directory.user('ada') !== undefined);
});

test('a change during fan-out and delivery is delivered too', async () => {
  const directory = new FakeDirectory();
  const rule = await world.rule({ targetId: await targetWith(directory) });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: '0' });
  directory.delayMs = 15;
  for (let change = 1; change <= 20; change += 1) {
    engine.changeListener.resourceChanged(await world.change(user, { title: String(change) }));
  }
  await engine.idle();
  expect(directory.user('ada')?.attributes['title']).toEqual(['20']);
});

test('ten changes while a target is down are one update when it is back', async () => {
  const directory = new FakeDirectory();
  const targetId = await targetWith(directory);
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.down = 'unavailable';
  for (let change = 1; change <= 10; change += 1) {
    engine.changeListener.resourceChanged(await world.change(user, { title: String(change) }));
  }
  await until('a failure', async () => (await world.binding(targetId, user)).attempts > 0);
  expect(await world.binding(targetId, user)).toMatchObject({
    lastError: { kind: 'unavailable' },
  });
  directory.down = undefined;
  await engine.idle();
  expect(directory.count('update')).toBe(1);
  expect(directory.user('ada')?.attributes['title']).toEqual(['10']);
});

test('two processes share the work, and never work on the same entry', async () => {
  const directory = new FakeDirectory({ capabilities: { maxConcurrency: 2 } });
  directory.delayMs = 5;
  const rule = await world.rule({ targetId: await targetWith(directory) });
  for (let n = 0; n < 40; n += 1) await world.user(rule.id, `user${n}`);
  const engines = [world.start(), world.start()];
  await Promise.all(engines.map((engine) => engine.idle()));
  expect(directory.named('user').size).toBe(40);
  expect(directory.count('create')).toBe(40);
  expect(directory.mostInFlight).toBeGreaterThan(2);
});

test('a dead worker loses its lease and, should it wake, may not write', async () => {
  const directory = new FakeDirectory();
  const targetId = await targetWith(directory);
  const rule = await world.rule({ targetId });
  const user = await world.user(rule.id, 'ada');
  await world.bindings.enqueue(
    [{ ruleId: rule.id, targetId, resourceId: user.id, resourceType: 'User', generation: 1 }],
    new Date(),
  );
  const now = new Date();
  const request = { targetId, ruleId: rule.id, owner: 'dead', now, dueBefore: now };
  const [stale] = await world.bindings.claim({
    ...request,
    leaseUntil: new Date(now.getTime() + 300),
    most: 1,
  });
  if (!stale) throw new Error('Nothing to claim');
  const engine = world.start();
  await engine.idle();
  expect(directory.user('ada')).toBeDefined();
  expect(await world.bindings.complete(stale, { state: 'REMOVED', at: now })).toBe(false);
  expect(await world.bindings.bindEntry(stale, { reference: 'x', name: 'x' })).toBe(false);
  expect(await world.bindings.renew(stale, new Date())).toBe(false);
  expect(await world.binding(targetId, user)).toMatchObject({ state: 'SYNCED', name: 'ada' });
});

test('a long delivery keeps its lease', async () => {
  const directory = new FakeDirectory();
  directory.delayMs = 700;
  const rule = await world.rule({ targetId: await targetWith(directory) });
  await world.user(rule.id, 'ada');
  const times = { leaseMs: 400, call: { deadlineMs: 5_000, graceMs: 50 } };
  const engines = [world.start({ times }), world.start({ times })];
  await Promise.all(engines.map((engine) => engine.idle()));
  expect(directory.count('create')).toBe(1);
});

test('a silent target delays nothing but its own', async () => {
  const silent = new FakeDirectory({ id: 'silent' });
  const healthy = new FakeDirectory({ id: 'healthy' });
  silent.silent = true;
  const [slowId, healthyId] = [await targetWith(silent), await targetWith(healthy)];
  const rule = await world.rule({ targetId: slowId }, { targetId: healthyId });
  const engine = world.start({ times: { call: { deadlineMs: 200, graceMs: 20 } } });
  const users = [];
  for (let n = 0; n < 20; n += 1) users.push(await world.user(rule.id, `user${n}`));
  await until('the healthy one to have all', () => healthy.named('user').size === 20);
  const first = users[0];
  if (!first) throw new Error('No user');
  await until('a timeout', async () => {
    const waiting = await world.bindings.list({ targetId: slowId, states: ['RETRYING'], limit: 1 });
    return waiting.items[0]?.lastError?.kind === 'timeout';
  });
  silent.silent = false;
  await engine.idle();
  expect(silent.named('user').size).toBe(20);
});

test('a target that is down is probed by one delivery at a time, ever more rarely', async () => {
  const directory = new FakeDirectory();
  directory.down = 'unavailable';
  const targetId = await targetWith(directory);
  const rule = await world.rule({ targetId });
  for (let n = 0; n < 30; n += 1) await world.user(rule.id, `user${n}`);
  const engine = world.start({ times: { breaker: { firstMs: 200, longestMs: 400 } } });
  await until('the first failure', () => directory.calls.length > 0);
  const before = directory.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(directory.calls.length - before).toBeLessThan(30);
  directory.down = undefined;
  await engine.idle();
  expect(directory.named('user').size).toBe(30);
});

test('a rule with a long backlog does not starve another rule of the same target', async () => {
  const directory = new FakeDirectory({ capabilities: { maxConcurrency: 1 } });
  directory.delayMs = 5;
  const targetId = await targetWith(directory);
  const big = await world.rule({ targetId });
  const small = await world.rule({ targetId });
  for (let n = 0; n < 60; n += 1) await world.user(big.id, `big${n}`);
  const engine = world.start();
  await until('the backlog to be under way', () => directory.named('user').size > 3);
  engine.changeListener.resourceChanged(await world.user(small.id, 'small'));
  await until('the small one', () => directory.user('small') !== undefined);
  expect(directory.named('user').size).toBeLessThan(50);
  await engine.idle();
});

test('stopping gives back what is under way, and another process goes on at once', async () => {
  const directory = new FakeDirectory();
  directory.silent = true;
  const rule = await world.rule({ targetId: await targetWith(directory) });
  await world.user(rule.id, 'ada');
  const times = { leaseMs: 600_000, drainMs: 50, call: { deadlineMs: 600_000, graceMs: 50 } };
  const first = world.start({ times });
  await until('a delivery', () => directory.calls.length > 0);
  await first.stop();
  directory.silent = false;
  const second = world.start({ times });
  await second.idle();
  expect(directory.user('ada')).toBeDefined();
});

test('an outage of the store stops nothing for good', async () => {
  const directory = new FakeDirectory();
  const rule = await world.rule({ targetId: await targetWith(directory) });
  let out = true;
  const failing = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get: (target, property): unknown => {
        const member: unknown = Reflect.get(target, property);
        if (typeof member === 'object' && member !== null) return failing(member);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (out) throw new Error('The store is out');
          return Reflect.apply(member, target, args);
        };
      },
    });
  const engine = world.start(failing(world.stores));
  await world.user(rule.id, 'ada');
  await until('errors', () => world.log.filter(({ level }) => level === 'error').length > 2);
  out = false;
  await engine.idle();
  expect(directory.user('ada')).toBeDefined();
  expect(JSON.stringify(world.log)).not.toContain('ada');
});
