/** What comes of a change in a directory, as long as nothing breaks. */
import { FakeDirectory } from '../../support/fake-connector';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery');
});

beforeEach(async () => {
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

test('a new user becomes an entry with an ownership mark, and the binding says so', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: 'Countess', displayName: 'Ada' });
  engine.changeListener.resourceChanged(user);
  await engine.idle();
  expect(directory.user('ada')).toMatchObject({
    attributes: { uid: ['ada'], title: ['Countess'], first: ['Ada'] },
    active: true,
    owner: user.id,
  });
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'SYNCED',
    generation: 1,
    observedGeneration: 1,
    name: 'ada',
    attempts: 0,
  });
});

test('a change is one update of what differs; initial attributes are left alone', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: 'Countess', displayName: 'Ada' });
  await engine.idle();
  await world.change(user, { title: 'Analyst', displayName: 'Ada L.' });
  await engine.idle();
  expect(directory.user('ada')?.attributes).toEqual({
    uid: ['ada'],
    title: ['Analyst'],
    first: ['Ada'],
  });
  expect(directory.writes.map((call) => call.operation)).toEqual(['create', 'update']);
});

test('a change that means nothing to the target writes nothing', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  await world.change(user, { nickName: 'Al' });
  await engine.idle();
  expect(directory.writes).toHaveLength(1);
  expect(await world.binding(targetId, user)).toMatchObject({ observedGeneration: 2 });
});

test('a deleted user is removed, and forgotten when its groups have heard', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await world.group(rule.id, 'staff', [user.id]);
  await engine.idle();
  expect(directory.members('staff')).toEqual(['ada']);
  await world.remove(user);
  await engine.idle();
  expect(directory.user('ada')).toBeUndefined();
  expect(directory.members('staff')).toEqual([]);
  await until('the user to be forgotten', async () => {
    const left = await world.store.resources.findAll([user.id]);
    return left.length === 0;
  });
  expect(await world.bindings.find(`${targetId}:${user.id}`)).toBeUndefined();
});

test('deactivation disables before anything else, reactivation enables', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await world.group(rule.id, 'staff', [user.id]);
  await engine.idle();
  await world.change(user, { active: false, title: 'Gone' });
  await engine.idle();
  expect(directory.user('ada')).toMatchObject({ active: false, attributes: { title: ['Gone'] } });
  expect(directory.members('staff')).toEqual(['ada']);
  const order = directory.writes.map((call) => call.operation).slice(-2);
  expect(order).toEqual(['setActive', 'update']);
  await world.change(user, { active: true });
  await engine.idle();
  expect(directory.user('ada')).toMatchObject({ active: true });
});
