/** Operations on the real store: each thing is done whoever dies, and nobody writes what is not theirs. */
import { ConnectorError } from '../../../connectors/spi';
import { type OperationDraft } from '../../../src/domain/operation';
import { FakeDirectory } from '../../support/fake-connector';
import { type Life, mortal } from './mortal-stores';
import { BY, until, World } from './world';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-operations');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

const RETRY: OperationDraft<'RETRY'> = {
  kind: 'RETRY',
  input: { states: ['PARKED'], errorKinds: [] },
  requestedBy: BY,
};

/** A target that refused so many users, and now would take them. */
async function parked(users: number) {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  directory.refuseCreate = () => {
    throw new ConnectorError('invalid', 'Not today.');
  };
  const names = Array.from({ length: users }, (_, index) => `user${index}`);
  await Promise.all(names.map((name) => world.user(rule.id, name)));
  const engine = world.start();
  await until(
    'all to be parked',
    async () => (await world.bindings.count({ targetId, states: ['PARKED'] })) === users,
    40_000,
  );
  directory.refuseCreate = () => undefined;
  return { directory, targetId, rule, engine };
}

describe('a bulk retry', () => {
  test('delivers all that is parked, and says how far it has got', async () => {
    const { directory, targetId, engine } = await parked(130);
    const operation = await world.ended(await world.begin({ ...RETRY, targetId }));
    await engine.idle();
    expect(directory.named('user').size).toBe(130);
    expect(operation).toMatchObject({
      state: 'SUCCEEDED',
      progress: { done: 130, total: 130, counts: { RETRIED: 130 } },
      requestedBy: BY,
    });
    expect(operation.startedAt).toBeDefined();
  });

  test('takes only what failed in one of the ways that are named', async () => {
    const { directory, targetId, engine } = await parked(3);
    const input = { states: ['PARKED'], errorKinds: ['conflict'] } as const;
    expect(await world.ended(await world.begin({ ...RETRY, input, targetId }))).toMatchObject({
      progress: { done: 0, total: 0, counts: {} },
    });
    await engine.idle();
    expect(directory.named('user').size).toBe(0);
  });

  test('is finished by another process when one dies between any two of its steps', async () => {
    for (let writes = 0; writes < 4; writes += 1) {
      const { directory, targetId, engine } = await parked(130);
      await engine.stop();
      const operation = await world.begin({ ...RETRY, targetId });
      const life: Life = { writesLeft: writes, dead: false };
      const steps = new Set(['redeliver', 'note']);
      world.start({ ...mortal(world.stores, life, steps), times: { leaseMs: 300 } });
      await until('its death', () => life.dead);
      const survivor = world.start();
      expect(await world.ended(operation)).toMatchObject({
        state: 'SUCCEEDED',
        progress: { total: 130 },
      });
      await survivor.idle();
      expect(directory.named('user').size).toBe(130);
      await world.clear();
    }
  });

  test('waits while the target does not take what it has been asked', async () => {
    const { directory, targetId, engine } = await parked(130);
    directory.delayMs = 20;
    const operation = await world.begin({ ...RETRY, targetId });
    await until('the first page', async () => (await world.now(operation)).progress.done >= 100);
    expect((await world.now(operation)).progress.done).toBeLessThan(130);
    directory.delayMs = 0;
    expect((await world.ended(operation)).progress.done).toBe(130);
    await engine.idle();
  });
});

describe('an operation', () => {
  const later = (ms: number): Date => new Date(Date.now() + ms);

  test('is written only by the one who holds it', async () => {
    const { operations } = world.store;
    await world.begin(RETRY);
    const slow = await operations.claim('slow', new Date(), later(60_000));
    if (!slow) throw new Error('Nothing to claim');
    expect(await operations.claim('other', new Date(), later(90_000))).toBeUndefined();
    const other = await operations.claim('other', later(61_000), later(90_000));
    expect(other?.id).toBe(slow.id);
    expect(await operations.note(slow, { done: 5 })).toBe('lost');
    expect(await operations.renew(slow, later(1_000))).toBe(false);
    expect(await operations.release(slow, new Date(), 0)).toBe(false);
    expect(await operations.finish(slow, 'FAILED', new Date(), {})).toBe(false);
    if (!other) throw new Error('Nothing to claim');
    expect(await operations.note(other, { position: { at: 3 }, done: 3 })).toBe('noted');
    expect(await operations.finish(other, 'SUCCEEDED', new Date(), {})).toBe(true);
    expect(await operations.note(other, { done: 9 })).toBe('lost');
    expect(await operations.finish(other, 'FAILED', new Date(), {})).toBe(false);
    expect(await world.now(other)).toMatchObject({ state: 'SUCCEEDED', progress: { done: 3 } });
  });

  test('ends at once when nobody works on it, and with its next step otherwise', async () => {
    const { operations } = world.store;
    const waiting = await world.begin(RETRY);
    expect(await operations.cancel(waiting.id, new Date())).toMatchObject({ state: 'CANCELLED' });
    expect(await operations.claim('one', new Date(), later(1_000))).toBeUndefined();

    const running = await world.begin(RETRY);
    const claim = await operations.claim('one', new Date(), later(1_000));
    if (!claim) throw new Error('Nothing to claim');
    expect(await operations.cancel(running.id, new Date())).toMatchObject({ state: 'RUNNING' });
    expect(await operations.note(claim, { done: 1 })).toBe('cancelled');
    await operations.finish(claim, 'CANCELLED', new Date(), {});
    expect(await operations.cancel(running.id, new Date())).toMatchObject({ state: 'CANCELLED' });
  });

  test('goes on from its place when it is resumed, with the items it had', async () => {
    const { operations } = world.store;
    const first = await world.begin({ ...RETRY, exclusive: 'one' });
    const claim = await operations.claim('one', new Date(), later(1_000));
    if (!claim) throw new Error('Nothing to claim');
    await operations.putItems(claim.itemsOf, [{ key: 'a', outcome: 'MISSING', detail: {} }]);
    await operations.note(claim, { position: { after: 'a' }, done: 1, counts: { MISSING: 1 } });
    await operations.finish(claim, 'FAILED', new Date(), { message: 'Down.' });
    const { operation, isNew } = await operations.resume(await world.now(first), BY, new Date());
    expect({ operation, isNew }).toMatchObject({
      isNew: true,
      operation: { state: 'QUEUED', resumes: first.id, progress: { done: 1 } },
    });
    expect(await operations.resume(await world.now(first), BY, new Date())).toMatchObject({
      isNew: false,
      operation: { id: operation.id },
    });
    const next = await operations.claim('two', new Date(), later(1_000));
    expect(next).toMatchObject({ id: operation.id, position: { after: 'a' } });
    expect(await operations.countItems({ itemsOf: operation.itemsOf })).toBe(1);
    expect((await world.now(first)).state).toBe('FAILED');
  });

  test('is the only one of its kind where there may be only one', async () => {
    const { operations } = world.store;
    const one = await operations.start({ ...RETRY, exclusive: 'x' }, new Date());
    const same = await operations.start({ ...RETRY, exclusive: 'x' }, new Date());
    expect([one.isNew, same.isNew, same.operation.id]).toEqual([true, false, one.operation.id]);
    await operations.cancel(one.operation.id, new Date());
    expect((await operations.start({ ...RETRY, exclusive: 'x' }, new Date())).isNew).toBe(true);
  });

  test('notes each thing once, whatever is repeated', async () => {
    const { operations } = world.store;
    const { itemsOf } = await world.begin(RETRY);
    const item = { key: 'a', outcome: 'MISSING', detail: { name: 'x' } };
    expect(await operations.putItems(itemsOf, [item, { ...item, key: 'b' }])).toBe(2);
    expect(await operations.putItems(itemsOf, [{ ...item, outcome: 'DIFFERENT' }])).toBe(0);
    expect(await operations.countOutcomes(itemsOf, ['MISSING', 'DIFFERENT'])).toEqual({
      MISSING: 1,
      DIFFERENT: 1,
    });
    const first = await operations.items({ itemsOf, limit: 1 });
    expect(first).toEqual({ items: [{ ...item, outcome: 'DIFFERENT' }], hasMore: true });
    expect(await operations.items({ itemsOf, limit: 1, after: 'a' })).toMatchObject({
      items: [{ key: 'b' }],
      hasMore: false,
    });
  });

  test('is forgotten with its items, but not while another one goes on with them', async () => {
    const { operations } = world.store;
    const first = await world.begin(RETRY);
    await operations.putItems(first.itemsOf, [{ key: 'a', outcome: 'MISSING', detail: {} }]);
    await operations.cancel(first.id, new Date(0));
    const { operation: next } = await operations.resume(await world.now(first), BY, new Date());
    while (await operations.erase(new Date(1)));
    expect(await operations.findAll([first.id])).toEqual([]);
    expect(await operations.countItems({ itemsOf: first.itemsOf })).toBe(1);
    await operations.cancel(next.id, new Date(0));
    while (await operations.erase(new Date(1)));
    expect(await operations.countItems({ itemsOf: first.itemsOf })).toBe(0);
  });

  test('is given back where it stands when a process stops, within its time', async () => {
    const { directory, targetId, engine } = await parked(130);
    directory.delayMs = 200;
    const operation = await world.begin({ ...RETRY, targetId });
    await until('the first page', async () => (await world.now(operation)).progress.done >= 100);
    const stopped = Date.now();
    await engine.stop();
    expect(Date.now() - stopped).toBeLessThan(5_000);
    directory.delayMs = 0;
    world.start({ times: { leaseMs: 60_000 } });
    expect((await world.ended(operation)).progress.done).toBe(130);
  });

  test('fails after a few attempts when there is a defect in it', async () => {
    world.start({
      bindings: {
        list: () => Promise.reject(new TypeError('a defect')),
        count: async () => 1,
      },
      times: { retry: { firstMs: 1, longestMs: 2 } },
    });
    const operation = await world.ended(await world.begin(RETRY));
    expect(operation).toMatchObject({ state: 'FAILED' });
    expect(operation.message).toContain('An internal error');
    expect(JSON.stringify(world.log)).not.toContain('a defect');
  });
});

test('the deletion of a rule tells how far it has got', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  for (let index = 0; index < 20; index += 1) await world.user(rule.id, `user${index}`);
  const engine = world.start();
  await engine.idle();
  directory.refuse = (operation) => {
    if (operation === 'remove') throw new ConnectorError('permission', 'Not by you.');
  };
  await world.store.syncRules.startDeletion(rule.id, 'DELETE');
  engine.control.ruleDeletionStarted(rule.id);
  const operation = await world.begin({
    kind: 'RULE_DELETION',
    input: { onProvisioned: 'DELETE' },
    ruleId: rule.id,
    requestedBy: BY,
  });
  await until('what is parked to be told', async () => {
    const { progress } = await world.now(operation);
    return progress.counts['PARKED'] === 20 && progress.done === 0 && progress.total === 20;
  });
  directory.refuse = () => undefined;
  await world.begin({ ...RETRY, ruleId: rule.id });
  expect(await world.ended(operation)).toMatchObject({
    state: 'SUCCEEDED',
    progress: { done: 20, total: 20, counts: {} },
  });
  expect(await world.store.syncRules.find(rule.id)).toBeUndefined();
});
