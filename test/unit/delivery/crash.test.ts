/** Guarantee 1: whatever moment a process dies at, the next one brings everything to its end, exactly once. */
import { FakeDirectory } from '../../support/fake-connector';
import { type Resource } from '../../../src/domain/resource';
import { mortal, type Life } from './mortal-stores';
import { until, World } from './world';

jest.setTimeout(600_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-crash');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

const TIMES = { leaseMs: 250 };

/** Runs an engine that dies after so many writes. True: it had finished before. */
async function runUntilDeath(writes: number): Promise<boolean> {
  const life: Life = { writesLeft: writes, dead: false };
  const engine = world.start({ ...mortal(world.stores, life), times: TIMES });
  let finished = false;
  void engine.idle().then(
    () => (finished = true),
    () => undefined,
  );
  await until('death or the end', () => life.dead || finished, 20_000);
  await engine.stop();
  return !life.dead;
}

async function survive(): Promise<void> {
  const engine = world.start({ times: TIMES });
  await engine.idle();
  await engine.stop();
}

test.each([
  ['a directory that keeps ownership marks', true],
  ['a directory that keeps none', false],
])('first synchronisation into %s', async (_, keepsOwner) => {
  let finished = false;
  for (let writes = 0; !finished; writes += 1) {
    const directory = new FakeDirectory({ keepsOwner });
    const targetId = await world.target(directory);
    const rule = await world.rule({ targetId });
    const ada = await world.user(rule.id, 'ada');
    const bob = await world.user(rule.id, 'bob');
    const staff = await world.group(rule.id, 'staff', [ada.id, bob.id]);
    finished = await runUntilDeath(writes);
    await survive();
    expect({
      writes,
      names: [...directory.entries.values()].map(({ name }) => name).sort(),
    }).toEqual({ writes, names: ['ada', 'bob', 'staff'] });
    expect({ writes, members: directory.members('staff') }).toEqual({
      writes,
      members: ['ada', 'bob'],
    });
    for (const resource of [ada, bob, staff]) {
      expect(await world.binding(targetId, resource)).toMatchObject({ state: 'SYNCED' });
    }
    expect(await world.clear()).toEqual([]);
  }
});

test('a rename, a deactivation, a deletion and changed members', async () => {
  let finished = false;
  for (let writes = 0; !finished; writes += 1) {
    const directory = new FakeDirectory();
    const targetId = await world.target(directory);
    const rule = await world.rule({ targetId });
    const names = ['ada', 'bob', 'cyd', 'dan'];
    const users: Resource[] = [];
    for (const name of names) users.push(await world.user(rule.id, name));
    const [ada, bob, cyd, dan] = users as [Resource, Resource, Resource, Resource];
    const staff = await world.group(rule.id, 'staff', [ada.id, bob.id, cyd.id]);
    await survive();
    await world.change(ada, { userName: 'ada2' });
    await world.change(bob, { active: false });
    await world.remove(cyd);
    await world.members(staff, { add: [dan.id] });
    finished = await runUntilDeath(writes);
    await survive();
    expect({
      writes,
      names: [...directory.entries.values()].map(({ name }) => name).sort(),
    }).toEqual({ writes, names: ['ada2', 'bob', 'dan', 'staff'] });
    expect({ writes, members: directory.members('staff') }).toEqual({
      writes,
      members: ['ada2', 'bob', 'dan'],
    });
    expect(directory.user('bob')?.active).toBe(false);
    expect(await world.clear()).toEqual([]);
  }
});
