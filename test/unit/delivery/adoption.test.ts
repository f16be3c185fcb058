/** Entries that are there already and may be anybody's: who decides, and what becomes of who has to wait. */
import { type CallContext, ConnectorError } from '../../../connectors/spi';
import { type DeliveryEngine } from '../../../src/delivery/engine';
import { type Resource } from '../../../src/domain/resource';
import { type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { type FakeCall, FakeDirectory } from '../../support/fake-connector';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery-adoption');
});

beforeEach(async () => {
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

function plant(name: string): string {
  return directory.plant('user', name, { attributes: { uid: [name], title: ['staff'] } }).reference;
}

/** Entries of the same title, and somebody who may be any of them. */
async function disputed(...names: readonly string[]): Promise<{
  readonly engine: DeliveryEngine;
  readonly rule: SyncRule;
  readonly user: Resource;
  readonly references: readonly string[];
}> {
  const references = names.map(plant);
  const correlation: SyncAs['correlation'] = { policy: 'ADOPT', attributes: ['title'] };
  const rule = await world.rule({ targetId, correlation });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: 'staff' });
  await engine.idle();
  return { engine, rule, user, references };
}

async function choose(engine: DeliveryEngine, user: Resource, reference = 'nothing') {
  const binding = await world.binding(targetId, user);
  const name = binding.candidates?.find((one) => one.reference === reference)?.name ?? '';
  return engine.control.adopt(binding, { reference, name });
}

test('the entries that match are kept with the binding, and found among all others', async () => {
  const { rule, user, references } = await disputed('one', 'two');
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'PARKED',
    lastError: { kind: 'disputed' },
    candidates: [
      { reference: references[0], name: 'one' },
      { reference: references[1], name: 'two' },
    ],
  });
  const found = await world.bindings.list({ disputed: true, ruleId: rule.id, limit: 10 });
  expect(found.items.map(({ resourceId }) => resourceId)).toEqual([user.id]);
  expect(await world.bindings.count({ disputed: true, states: ['SYNCED'] })).toBe(0);
});

test('of very many that match only some are kept', async () => {
  const { user } = await disputed(...Array.from({ length: 30 }, (_, index) => `n${String(index)}`));
  expect((await world.binding(targetId, user)).candidates).toHaveLength(10);
});

/** Somebody else removes what is found, before it is taken. */
class FleetingDirectory extends FakeDirectory {
  override async serve<Answer>(
    call: Omit<FakeCall, 'at'>,
    context: CallContext,
    run: () => Answer,
  ): Promise<Answer> {
    const answer = await super.serve(call, context, run);
    if (call.operation === 'correlate') this.entries.clear();
    return answer;
  }
}

test.each([
  ['looked for', ['title']],
  ['met by its name', []],
])('an entry that is %s, and gone before it is taken, is made anew', async (_, attributes) => {
  directory = new FleetingDirectory({ id: 'fleeting' });
  targetId = await world.target(directory);
  plant('ada');
  const rule = await world.rule({ targetId, correlation: { policy: 'ADOPT', attributes } });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: 'staff' });
  await engine.idle();
  expect(directory.user('ada')?.owner).toBe(user.id);
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'SYNCED',
    reference: directory.user('ada')?.reference,
  });
});

test('the entry that an administrator chooses is adopted, and no other is touched', async () => {
  const { engine, user, references } = await disputed('one', 'two');
  expect(await choose(engine, user, references[1])).toMatchObject({ state: 'PENDING' });
  await engine.idle();
  const binding = await world.binding(targetId, user);
  expect(binding).toMatchObject({ state: 'SYNCED', reference: references[1], name: 'ada' });
  expect(binding.candidates).toBeUndefined();
  expect(directory.user('one')?.attributes).toEqual({ uid: ['one'], title: ['staff'] });
  expect(await choose(engine, user, references[0])).toBeUndefined();
});

test('a choice outlives a directory that is down, and a change of the user', async () => {
  const { engine, user, references } = await disputed('one', 'two');
  directory.refuse = (operation) => {
    if (operation === 'correlate' || operation === 'update') {
      throw new ConnectorError('throttled', 'Later.');
    }
  };
  await choose(engine, user, references[0]);
  await until('an attempt', async () => (await world.binding(targetId, user)).attempts > 1);
  await world.change(user, { displayName: 'Ada' });
  directory.refuse = () => undefined;
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({ reference: references[0] });
});

test('an entry that is gone, or another resource has, is refused', async () => {
  const { engine, rule, user, references } = await disputed('one', 'two', 'three');
  const [first = '', second = '', third = ''] = references;
  directory.entries.delete(first);
  expect(await choose(engine, user, first)).toBe('gone');
  const other = await world.user(rule.id, 'bob', { title: 'staff' });
  await engine.idle();
  await choose(engine, other, second);
  await engine.idle();
  expect(await world.binding(targetId, other)).toMatchObject({ reference: second });
  expect(await choose(engine, user, second)).toBe('taken');
  expect(await world.binding(targetId, user)).toMatchObject({ state: 'PARKED' });
  directory.down = 'unavailable';
  await expect(choose(engine, user, third)).rejects.toMatchObject({ code: 'unavailable' });
  directory.down = undefined;
});

test('of two who are given the same entry at once, one gets it', async () => {
  const { engine, rule, user, references } = await disputed('one', 'two');
  const other = await world.user(rule.id, 'bob', { title: 'staff' });
  await engine.idle();
  await Promise.all([user, other].map((one) => choose(engine, one, references[0])));
  await engine.idle();
  const states = await Promise.all([user, other].map((one) => world.binding(targetId, one)));
  expect(states.map(({ state }) => state).sort()).toEqual(['PARKED', 'SYNCED']);
  expect(directory.named('user').size).toBe(2);
});

test('a retry decides anew', async () => {
  const { engine, user, references } = await disputed('one', 'two');
  directory.entries.delete(references[0] ?? '');
  await engine.control.retry(`${targetId}:${user.id}`);
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'SYNCED',
    reference: references[1],
  });
});

describe('who is parked because of another resource', () => {
  async function blocked(correlation: SyncAs['correlation']) {
    const first = await world.rule({ targetId, correlation });
    const second = await world.rule({ targetId, correlation });
    const engine = world.start();
    const holder = await world.user(first.id, 'ada');
    await engine.idle();
    const waiting = await world.user(second.id, 'ada');
    await engine.idle();
    expect(await world.binding(targetId, waiting)).toMatchObject({
      state: 'PARKED',
      lastError: { kind: 'conflict' },
    });
    // A round of housekeeping or two: nothing has changed.
    const calls = directory.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(directory.calls).toHaveLength(calls);
    return { engine, holder, waiting };
  }

  test.each(['ADOPT', 'FAIL'] as const)('goes on when that is deleted: %s', async (policy) => {
    const { holder, waiting } = await blocked({ policy, attributes: [] });
    await world.remove(holder);
    await until('the other to have its entry', async () => {
      const { state } = await world.binding(targetId, waiting);
      return state === 'SYNCED';
    });
    expect(directory.user('ada')?.owner).toBe(waiting.id);
  });

  test('goes on when that is renamed', async () => {
    const { holder, waiting } = await blocked({ policy: 'FAIL', attributes: [] });
    await world.change(holder, { userName: 'eve' });
    await until('the other to have its entry', async () => {
      const { state } = await world.binding(targetId, waiting);
      return state === 'SYNCED';
    });
    expect([...directory.named('user').keys()].sort()).toEqual(['ada', 'eve']);
  });
});
