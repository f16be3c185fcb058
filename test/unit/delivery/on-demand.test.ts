/** Delivering one resource on demand: what somebody asks for happens now, and never ahead of what must come first. */
import { ConnectorError } from '../../../connectors/spi';
import { FakeDirectory } from '../../support/fake-connector';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('on_demand');
});

beforeEach(async () => {
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

test('a parked user is delivered again, and an entry somebody edited is put right', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  directory.refuseCreate = () => {
    throw new ConnectorError('invalid', 'No.');
  };
  const user = await world.user(rule.id, 'ada', { title: 'Countess' });
  await until('parked', async () =>
    world.binding(targetId, user).then(
      ({ state }) => state === 'PARKED',
      () => false,
    ),
  );
  directory.refuseCreate = () => undefined;
  expect(await engine.control.deliver(user)).toEqual([targetId]);
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({ state: 'SYNCED', attempts: 0 });

  const entry = directory.user('ada');
  if (entry) entry.attributes['title'] = ['Baroness'];
  await engine.control.deliver(user);
  await engine.idle();
  expect(directory.user('ada')?.attributes['title']).toEqual(['Countess']);
});

test('what is being retried later is tried now', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start({ times: { retry: { firstMs: 3_600_000, longestMs: 3_600_000 } } });
  directory.refuseCreate = () => {
    throw new ConnectorError('throttled', 'Later.');
  };
  const user = await world.user(rule.id, 'ada');
  await until('retrying', async () =>
    world.binding(targetId, user).then(
      ({ state }) => state === 'RETRYING',
      () => false,
    ),
  );
  directory.refuseCreate = () => undefined;
  await engine.control.deliver(user);
  await until('delivered', async () => {
    return (await world.binding(targetId, user)).state === 'SYNCED';
  });
});

test('a user that is not fanned out yet is, a target without a binding gets one', async () => {
  const later = new FakeDirectory({ id: 'later' });
  const laterId = await world.target(later);
  const rule = await world.rule({ targetId });
  // Polls so rarely that only the hint can be what brings the user to its targets.
  const engine = world.start({ times: { pollMs: 3_600_000, rolloutIdleMs: 3_600_000 } });
  await engine.idle();
  const user = await world.user(rule.id, 'ada');
  expect(await engine.control.deliver(user)).toEqual([targetId]);
  await until('delivered', () => directory.user('ada') !== undefined);
  await engine.idle();

  const syncAs = {
    targetId: laterId,
    onDeactivate: 'DISABLE',
    onDelete: 'DELETE',
    correlation: { attributes: [], policy: 'FAIL' },
  } as const;
  await world.store.syncRules.update(rule, { syncAs: [...rule.syncAs, syncAs] });
  expect(await engine.control.deliver(user)).toEqual([targetId, laterId]);
  await until('in both', () => later.user('ada') !== undefined);
});

test('a deletion that got stuck is carried out, and a deleted user never comes back', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.refuse = (operation) => {
    if (operation === 'remove') throw new ConnectorError('permission', 'No.');
  };
  await world.remove(user);
  await until('parked', async () => (await world.binding(targetId, user)).state === 'PARKED');
  directory.refuse = () => undefined;
  const [deleted] = await world.store.resources.findAll([user.id]);
  if (!deleted) throw new Error('The user is gone');
  await engine.control.deliver(deleted);
  await engine.idle();
  expect(directory.user('ada')).toBeUndefined();
  await engine.control.deliver(deleted);
  await engine.idle();
  expect(directory.user('ada')).toBeUndefined();
  expect(directory.count('create')).toBe(1);
});

test('a disabled rule delivers nothing, whoever asks', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  await world.store.syncRules.setEnabled(rule.id, false);
  const entry = directory.user('ada');
  if (entry) entry.attributes['uid'] = ['somebody else'];
  const writes = directory.writes.length;
  await until('held', async () => {
    await engine.control.deliver(user);
    await engine.idle();
    return (await world.binding(targetId, user)).state === 'HELD';
  });
  expect(directory.writes.length).toBe(writes);
});
