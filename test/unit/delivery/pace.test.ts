/** How fast a target is delivered to: by what its administrator allows, and by what it asks for itself. */
import { ConnectorError } from '../../../connectors/spi';
import { Pace } from '../../../src/delivery/lanes/pace';
import { type DeliveryLimits } from '../../../src/domain/target';
import { FakeDirectory } from '../../support/fake-connector';
import { until, World } from './world';

describe('a pace', () => {
  let now = 0;
  let pace: Pace;
  beforeEach(() => {
    now = 5_000;
    pace = new Pace({ monotonic: () => now });
  });

  /** How many begin when as many as possible do, looking every millisecond. */
  function begun(ms: number): number {
    let count = 0;
    for (const end = now + ms; now < end; now += 1) {
      while (pace.waitMs() === 0 && count < 10_000) {
        pace.spend(1);
        count += 1;
      }
    }
    return count;
  }

  it('limits nothing unless it is told to', () => {
    expect([pace.waitMs(), pace.available()]).toEqual([0, Infinity]);
  });

  it.each([1, 7, 50, 400])('lets %d begin in a second, over ten seconds', (perSecond) => {
    pace.set(perSecond);
    const count = begun(10_000);
    expect(count).toBeGreaterThanOrEqual(perSecond * 10 - 1);
    expect(count).toBeLessThanOrEqual(perSecond * 10 + Math.max(1, perSecond / 10) + 1);
  });

  it('saves a tenth of a second\u2019s worth, however long nothing came', () => {
    pace.set(100);
    now += 3_600_000;
    expect(pace.available()).toBe(10);
  });

  it('says exactly when the next may begin', () => {
    pace.set(4);
    pace.spend(1);
    expect(pace.waitMs()).toBe(250);
    now += 249;
    expect(pace.waitMs()).toBe(1);
    now += 1;
    expect(pace.waitMs()).toBe(0);
  });

  it('pauses for as long as it is asked to, a minute at most', () => {
    pace.pause(2_000);
    pace.pause(500);
    expect(pace.waitMs()).toBe(2_000);
    pace.pause(3_600_000);
    expect(pace.waitMs()).toBe(60_000);
    now += 60_000;
    expect(pace.waitMs()).toBe(0);
  });
});

describe('a lane', () => {
  let world: World;
  let directory: FakeDirectory;

  beforeAll(async () => {
    world = await World.open('delivery-pace');
  });
  afterEach(async () => {
    expect(await world.clear()).toEqual([]);
  });
  afterAll(() => world.close());

  async function users(count: number, deliveryLimits: DeliveryLimits) {
    directory = new FakeDirectory();
    const targetId = await world.target(directory);
    const target = await world.store.targets.find(targetId);
    if (target) await world.store.targets.update(target, { deliveryLimits });
    const rule = await world.rule({ targetId });
    for (let index = 0; index < count; index += 1) await world.user(rule.id, `u${String(index)}`);
    const engine = world.start();
    return { engine, rule, targetId };
  }

  it('begins no more deliveries in a second than the target may get, and finishes them all', async () => {
    const began = performance.now();
    const { engine } = await users(15, { maxPerSecond: 10 });
    await engine.idle();
    expect(performance.now() - began).toBeGreaterThan(1_300);
    expect(directory.named('user').size).toBe(15);
  });

  it('makes no more calls at the same time than the target may get', async () => {
    const { engine } = await users(15, { maxConcurrency: 1 });
    directory.delayMs = 5;
    await engine.idle();
    expect(directory.mostInFlight).toBe(1);
    expect(directory.named('user').size).toBe(15);
  });

  it('hears of another limit without a restart', async () => {
    const { engine, targetId } = await users(40, { maxPerSecond: 1 });
    await until('the first one', () => directory.named('user').size > 0);
    const target = await world.store.targets.find(targetId);
    if (target) await world.store.targets.update(target, { deliveryLimits: {} });
    const began = performance.now();
    await engine.idle();
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(directory.named('user').size).toBe(40);
  });

  it('leaves a target alone for as long as that asks, and no other', async () => {
    const { engine } = await users(8, { maxConcurrency: 1 });
    let refusals = 0;
    directory.refuse = () => {
      if ((refusals += 1) > 1) return;
      throw new ConnectorError('throttled', 'Slower.', { retryAfterMs: 3_000 });
    };
    const busy = directory;
    await until('the refusal', () => refusals > 0);
    const other = new FakeDirectory({ id: 'other' });
    const { id } = await world.rule({ targetId: await world.target(other) });
    await world.user(id, 'ada');
    await until('the other target', () => other.user('ada') !== undefined);
    await engine.idle();
    expect(busy.named('user').size).toBe(8);
    // What had begun by then may still have come.
    const times = busy.calls.map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
    expect(Math.max(...gaps)).toBeGreaterThan(2_000);
  });
});
