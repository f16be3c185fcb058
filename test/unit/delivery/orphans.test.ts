/** Orphans go when an administrator wants that, and nothing else does: nobody's store may empty a directory. */
import { ConnectorError } from '../../../connectors/spi';
import { type Operation, type OperationInputs } from '../../../src/domain/operation';
import { type Resource } from '../../../src/domain/resource';
import { FakeDirectory, type FakeEntry } from '../../support/fake-connector';
import { type Life, mortal } from './mortal-stores';
import { BY, until, World } from './world';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-orphans');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

type Input = OperationInputs['RECONCILE'];

const DELETE: Input = { mode: 'REPAIR', orphans: 'DELETE' };
const STRANGER = '01a22cd9-7a94-7557-85cb-12f601be8c60';

const begin = (targetId: string, input: Input): Promise<Operation> =>
  world.begin({ kind: 'RECONCILE', input, targetId, requestedBy: BY });

const reconciled = async (targetId: string, input: Input): Promise<Operation> =>
  world.ended(await begin(targetId, input));

async function eventsOf(action: string) {
  return (await world.store.audit.reader.list({ actions: [action], limit: 100 })).items;
}

/** A rule's users, of whom the first ones were deleted, and whose entries somebody has put back. */
async function restored(
  gone: number,
  kept = 2,
  onDelete: 'DELETE' | 'KEEP' | 'DISABLE' = 'DELETE',
) {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId, onDelete });
  await world.store.syncRules.update(rule, { guard: { ...rule.guard, enabled: false } });
  const people: Resource[] = [];
  for (let index = 0; index < gone + kept; index += 1) {
    people.push(await world.user(rule.id, `user${index}`, { active: true }));
  }
  const engine = world.start();
  await engine.idle();
  const backup = people.slice(0, gone).map(({ id }) => {
    const entry = [...directory.entries.values()].find(({ owner }) => owner === id);
    if (!entry) throw new Error('No entry');
    return { ...entry };
  });
  for (const user of people.slice(0, gone)) await world.remove(user);
  await engine.idle();
  await until('all to be forgotten', async () => {
    const found = await world.store.resources.findAll(people.slice(0, gone).map(({ id }) => id));
    return found.length === 0;
  });
  const put = (): void =>
    backup.forEach((entry) => directory.entries.set(entry.reference, { ...entry }));
  put();
  return { directory, targetId, rule, people, engine, put, backup };
}

function owned(directory: FakeDirectory, entries: readonly FakeEntry[]): number {
  return entries.filter(({ reference }) => directory.entries.has(reference)).length;
}

test('entries that were removed once and are back are removed again, and that is on record', async () => {
  const { directory, targetId, backup, people, put } = await restored(3);
  const operation = await reconciled(targetId, DELETE);
  expect(operation).toMatchObject({
    state: 'SUCCEEDED',
    progress: { counts: { ORPHANED: 3, REMOVED: 3, IN_STEP: 2 } },
  });
  expect([...directory.named('user').keys()].sort()).toEqual(['user3', 'user4']);
  const { items } = await world.store.operations.items({ itemsOf: operation.itemsOf, limit: 9 });
  expect(items.every(({ detail }) => detail['isRepaired'] === true)).toBe(true);
  const events = await eventsOf('orphan.removed');
  expect(events).toHaveLength(3);
  expect(events).toContainEqual(
    expect.objectContaining({
      actor: { type: 'API_KEY', id: 'key', name: 'admin' },
      requestId: 'request-1',
      resource: expect.objectContaining({ id: people[0]?.id }),
      target: expect.objectContaining({ id: targetId }),
      native: { count: 1, first: [{ operation: 'remove', object: 'user0', detail: '' }] },
    }),
  );
  expect(owned(directory, backup)).toBe(0);
  expect((await reconciled(targetId, DELETE)).progress.counts).toEqual({ IN_STEP: 2 });
  // Put back once more, they are known all the same.
  put();
  expect((await reconciled(targetId, DELETE)).progress.counts).toMatchObject({ REMOVED: 3 });
});

test('they are disabled where that is wanted, once', async () => {
  const { directory, targetId, backup } = await restored(2);
  const disable: Input = { mode: 'REPAIR', orphans: 'DISABLE' };
  expect((await reconciled(targetId, disable)).progress.counts).toMatchObject({ DISABLED: 2 });
  for (const { reference } of backup) expect(directory.entries.get(reference)?.active).toBe(false);
  expect(await eventsOf('orphan.disabled')).toHaveLength(2);
  const again = await reconciled(targetId, disable);
  expect(again.progress.counts).toEqual({ ORPHANED: 2, IN_STEP: 2 });
  expect(await eventsOf('orphan.disabled')).toHaveLength(2);
  expect((await reconciled(targetId, DELETE)).progress.counts).toMatchObject({ REMOVED: 2 });
});

test('nothing goes unless it is asked for', async () => {
  const { directory, targetId, backup } = await restored(2);
  for (const input of [{ mode: 'REPAIR' }, { mode: 'REPAIR', orphans: 'KEEP' }] as const) {
    const { progress } = await reconciled(targetId, input);
    expect(progress.counts).toEqual({ ORPHANED: 2, IN_STEP: 2 });
  }
  expect(owned(directory, backup)).toBe(2);
});

test('a mark of a resource that this gateway never removed is left to a person', async () => {
  const { directory, targetId, people } = await restored(0);
  directory.plant('user', 'ghost', { owner: STRANGER });
  directory.plant('user', 'double', { owner: people[0]?.id ?? '' });
  const { progress } = await reconciled(targetId, { ...DELETE, mostOrphans: 100 });
  expect(progress.counts).toEqual({ ORPHANED: 2, IN_STEP: 2 });
  expect(directory.user('ghost')).toBeDefined();
  expect(directory.user('double')).toBeDefined();
});

test.each(['KEEP', 'DISABLE'] as const)(
  'an entry that the policy %s left is left',
  async (policy) => {
    const { directory, targetId, backup } = await restored(2, 1, policy);
    const { progress } = await reconciled(targetId, DELETE);
    expect(progress.counts).toEqual({ ORPHANED: 2, IN_STEP: 1 });
    expect(owned(directory, backup)).toBe(2);
  },
);

test('a store that was emptied does not empty the directory', async () => {
  const { directory, targetId, engine } = await restored(0, 30);
  await engine.stop();
  const target = await world.store.targets.find(targetId);
  for (const [name, model] of Object.entries(world.store.connection.models)) {
    if (name !== 'Target') await model.deleteMany({});
  }
  expect(target).toBeDefined();
  world.start();
  const { progress } = await reconciled(targetId, { ...DELETE, mostOrphans: 1_000 });
  expect(progress.counts).toEqual({ ORPHANED: 30 });
  expect(directory.entries.size).toBe(30);
});

describe('more than may go', () => {
  test('are held, and none of them is touched, until an administrator says how many', async () => {
    const { directory, targetId, backup } = await restored(12);
    const held = await reconciled(targetId, DELETE);
    expect(held).toMatchObject({
      state: 'PARTIALLY_SUCCEEDED',
      progress: { counts: { ORPHANED: 12, HELD: 12 } },
    });
    expect(held.message).toContain('12 orphaned entries would go, and 10 may.');
    expect(owned(directory, backup)).toBe(12);
    const few = await reconciled(targetId, { ...DELETE, mostOrphans: 11 });
    expect(few.progress.counts['HELD']).toBe(12);
    expect(owned(directory, backup)).toBe(12);
    const all = await reconciled(targetId, { ...DELETE, mostOrphans: 12 });
    expect(all).toMatchObject({ state: 'SUCCEEDED', progress: { counts: { REMOVED: 12 } } });
    expect(owned(directory, backup)).toBe(0);
  });

  test('are held also when they come a few at a time', async () => {
    const { directory, targetId, backup, put } = await restored(6);
    expect((await reconciled(targetId, DELETE)).progress.counts['REMOVED']).toBe(6);
    put();
    const held = await reconciled(targetId, DELETE);
    expect(held.message).toContain('6 orphaned entries would go, and 4 may.');
    expect(owned(directory, backup)).toBe(6);
  });
});

test('a mark that was changed between the listing and the removal saves the entry', async () => {
  const { directory, targetId, backup } = await restored(2);
  const [first] = backup;
  let reads = 0;
  directory.refuse = (operation, ref) => {
    if (operation !== 'read' || ref?.reference !== first?.reference) return;
    reads += 1;
    const entry = directory.entries.get(ref?.reference ?? '');
    // It is read when it is found, when it is counted, and right before it would go.
    if (reads === 2 && entry) entry.owner = STRANGER;
  };
  const { progress } = await reconciled(targetId, DELETE);
  expect(progress.counts['REMOVED']).toBe(1);
  expect(directory.entries.has(first?.reference ?? '')).toBe(true);
});

test('who takes an entry over at the very moment gets it back', async () => {
  const { directory, targetId, backup, people } = await restored(1);
  const [orphan] = backup;
  const [, user] = people;
  if (!user || !orphan) throw new Error('No users');
  directory.entries.delete((await world.binding(targetId, user)).reference ?? '');
  const stores = world.stores;
  let taken = false;
  const trail = {
    ...stores.audit,
    trail: {
      // Right after the removal, and before anybody looks again.
      record: async (facts: Parameters<typeof stores.audit.trail.record>[0]) => {
        if (!taken && facts.some(({ action }) => action === 'orphan.removed')) {
          taken = true;
          await world.bindingDocuments.updateOne(
            { _id: `${targetId}:${user.id}` },
            { $set: { reference: orphan.reference, name: orphan.name } },
          );
        }
        return stores.audit.trail.record(facts);
      },
    },
  };
  await Promise.all(world.engines.splice(0).map((engine) => engine.stop()));
  const engine = world.start({ audit: trail });
  await reconciled(targetId, { mode: 'REPAIR', orphans: 'DELETE' });
  expect(taken).toBe(true);
  await engine.idle();
  expect(directory.user('user1')).toBeDefined();
});

test('another process goes on where one died, and every removal is on record once', async () => {
  const { directory, targetId, put, backup, engine } = await restored(3, 1);
  await engine.stop();
  const steps = new Set(['note', 'putItems', 'record']);
  for (let writes = 4; ; writes += 1) {
    put();
    const before = (await eventsOf('orphan.removed')).length;
    const life: Life = { writesLeft: writes, dead: false };
    const stores = world.stores;
    const { trail } = stores.audit;
    const dying = {
      record: async (facts: Parameters<typeof trail.record>[0]) => {
        if (life.writesLeft === 0) life.dead = true;
        else life.writesLeft -= 1;
        if (life.dead) throw new Error('This process is dead');
        return trail.record(facts);
      },
    };
    const operation = await begin(targetId, { ...DELETE, mostOrphans: 3 });
    const one = world.start({
      ...mortal({ ...stores, audit: { ...stores.audit, trail: dying } }, life, steps),
      times: { leaseMs: 200 },
    });
    await until(
      'its death or the end',
      async () => life.dead || (await world.now(operation)).finishedAt !== undefined,
      30_000,
    );
    const other = world.start({ times: { leaseMs: 200 } });
    const { state, progress } = await world.ended(operation);
    await Promise.all([one.stop(), other.stop()]);
    const recorded = (await eventsOf('orphan.removed')).length - before;
    expect({ writes, state, left: owned(directory, backup), recorded }).toEqual({
      writes,
      state: 'SUCCEEDED',
      left: 0,
      recorded: 3,
    });
    expect(progress.counts).toMatchObject({ ORPHANED: 3, REMOVED: 3 });
    if (!life.dead) break;
  }
});

test('a directory that refuses ends it, and resuming it goes on', async () => {
  const { directory, targetId, backup } = await restored(2);
  directory.refuse = (operation) => {
    if (operation === 'remove') throw new ConnectorError('permission', 'Not by you.');
  };
  const failed = await reconciled(targetId, DELETE);
  expect(failed).toMatchObject({ state: 'FAILED', message: 'Not by you.' });
  expect(owned(directory, backup)).toBe(2);
  directory.refuse = () => undefined;
  const { operation } = await world.store.operations.resume(failed, BY, new Date());
  expect(await world.ended(operation)).toMatchObject({ progress: { counts: { REMOVED: 2 } } });
  expect(owned(directory, backup)).toBe(0);
});
