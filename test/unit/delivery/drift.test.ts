/** What somebody else did to a directory is told, and mended when it is asked for; what is on its way is no drift. */
import { ConnectorError } from '../../../connectors/spi';
import { type DriftDetail } from '../../../src/domain/drift';
import { type Operation } from '../../../src/domain/operation';
import { type ReconcileMode } from '../../../src/domain/target';
import { FakeDirectory } from '../../support/fake-connector';
import { type Life, mortal } from './mortal-stores';
import { BY, until, World } from './world';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-drift');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

const begin = (targetId: string, mode: ReconcileMode): Promise<Operation> =>
  world.begin({ kind: 'RECONCILE', input: { mode }, targetId, requestedBy: BY });

async function reconciled(targetId: string, mode: ReconcileMode = 'REPORT') {
  const operation = await world.ended(await begin(targetId, mode));
  const { items } = await world.store.operations.items({ itemsOf: operation.itemsOf, limit: 500 });
  const findings = items.map(({ outcome, detail, resourceId }) => ({
    outcome,
    resourceId,
    ...(detail as unknown as DriftDetail),
  }));
  return { operation, findings: findings.sort((a, b) => (a.outcome < b.outcome ? -1 : 1)) };
}

/** Users, and a group of the first two. */
async function provisioned(users = 5) {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const names = Array.from({ length: users }, (_, index) => `user${index}`);
  const people = await Promise.all(
    names.map((name) => world.user(rule.id, name, { title: 'staff', active: true })),
  );
  const members = people.slice(0, 2).map(({ id }) => id);
  const group = await world.group(rule.id, 'team', members);
  const engine = world.start();
  await engine.idle();
  return { directory, targetId, rule, people, group, engine };
}

function entryOf(directory: FakeDirectory, name: string) {
  const entry = directory.user(name);
  if (!entry) throw new Error(`No ${name}`);
  return entry;
}

/** Five edits by hand: changed, removed, renamed, disabled, made a member. */
function meddle(directory: FakeDirectory): void {
  entryOf(directory, 'user0').attributes['title'] = ['boss'];
  directory.entries.delete(entryOf(directory, 'user1').reference);
  const renamed = entryOf(directory, 'user2');
  renamed.name = 'other';
  renamed.attributes['uid'] = ['other'];
  entryOf(directory, 'user3').active = false;
  directory.group('team')?.members.add('user4');
}

test('nothing is found where nothing was touched, and nothing is written', async () => {
  const { directory, targetId } = await provisioned();
  const written = directory.writes.length;
  const { operation, findings } = await reconciled(targetId);
  expect(findings).toEqual([]);
  expect(operation).toMatchObject({
    state: 'SUCCEEDED',
    progress: { done: 6, total: 6, counts: { IN_STEP: 6 } },
  });
  expect(directory.writes).toHaveLength(written);
});

test('edits by hand are told one by one, and nothing is touched', async () => {
  const { directory, targetId, people, group } = await provisioned();
  meddle(directory);
  const written = directory.writes.length;
  const { operation, findings } = await reconciled(targetId);
  expect(operation.progress.counts).toEqual({ DIFFERENT: 4, MISSING: 1, IN_STEP: 1 });
  const byResource = new Map(findings.map((one) => [one.resourceId, one]));
  const found = (index: number) => byResource.get(people[index]?.id);
  expect(found(0)).toMatchObject({
    outcome: 'DIFFERENT',
    differences: [{ attribute: 'title', expected: ['staff'], actual: ['boss'] }],
    isRepaired: false,
  });
  expect(found(1)).toMatchObject({ outcome: 'MISSING', name: 'user1' });
  expect(found(2)).toMatchObject({
    name: 'other',
    differences: [{ attribute: 'uid', expected: ['user2'], actual: ['other'] }],
  });
  expect(found(3)?.differences).toEqual([
    { attribute: 'active', expected: ['true'], actual: ['false'] },
  ]);
  expect(byResource.get(group.id)?.members).toEqual({
    missing: [],
    missingCount: 0,
    extra: ['user4'],
    extraCount: 1,
  });
  expect(directory.writes).toHaveLength(written);
});

test('edits by hand are undone by deliveries when that is asked for', async () => {
  const { directory, targetId, engine } = await provisioned();
  meddle(directory);
  const { operation, findings } = await reconciled(targetId, 'REPAIR');
  expect(operation.progress.counts['REPAIRED']).toBe(5);
  expect(findings.every(({ isRepaired }) => isRepaired)).toBe(true);
  await engine.idle();
  expect([...directory.named('user').keys()].sort()).toEqual(
    [0, 1, 2, 3, 4].map((index) => `user${index}`),
  );
  expect(entryOf(directory, 'user0').attributes['title']).toEqual(['staff']);
  expect(entryOf(directory, 'user3').active).toBe(true);
  expect(directory.members('team')).toEqual(['user0', 'user1']);
  expect((await reconciled(targetId)).findings).toEqual([]);
});

test('a member taken out by hand comes back, and a stranger is told but left in', async () => {
  const { directory, targetId, engine } = await provisioned();
  directory.group('team')?.members.delete('user0');
  directory.group('team')?.members.add('stranger');
  const { findings } = await reconciled(targetId, 'REPAIR');
  expect(findings).toMatchObject([
    { members: { missing: ['user0'], extra: ['stranger'] }, isRepaired: true },
  ]);
  await engine.idle();
  expect(directory.members('team')).toEqual(['stranger', 'user0', 'user1']);
  const { findings: left } = await reconciled(targetId, 'REPAIR');
  expect(left).toMatchObject([{ members: { extra: ['stranger'] }, isRepaired: false }]);
});

test('what a rule writes on create only is not looked at, and secrets are not shown', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({
    targetId,
    userMapping: [
      { attribute: 'uid', expression: 'userName', apply: 'AUTHORITATIVE' },
      { attribute: 'userPassword', expression: 'title', apply: 'AUTHORITATIVE' },
      { attribute: 'first', expression: 'displayName', apply: 'INITIAL' },
    ],
  });
  await world.user(rule.id, 'ann', { title: 'hunter2', displayName: 'Ann' });
  const engine = world.start();
  await engine.idle();
  const entry = entryOf(directory, 'ann');
  entry.attributes['first'] = ['Anna'];
  entry.attributes['userPassword'] = ['letmein'];
  const { operation, findings } = await reconciled(targetId);
  expect(findings).toMatchObject([
    {
      differences: [{ attribute: 'userPassword', expected: ['********'], actual: ['********'] }],
    },
  ]);
  const stored = await world.store.operations.items({ itemsOf: operation.itemsOf, limit: 9 });
  expect(JSON.stringify(stored)).not.toMatch(/hunter2|letmein/);
});

test('entries with our mark that nobody wants are orphans, those of others are not looked at', async () => {
  const { directory, targetId } = await provisioned(2);
  directory.plant('user', 'ghost', { owner: '01a22cd9-7a94-7557-85cb-12f601be8c60' });
  directory.plant('user', 'somebody');
  directory.plant('user', 'else', { owner: 'another system' });
  const { operation, findings } = await reconciled(targetId, 'REPAIR');
  expect(findings).toMatchObject([{ outcome: 'ORPHANED', name: 'ghost', isRepaired: false }]);
  expect(operation.progress.counts).toEqual({ ORPHANED: 1, FOREIGN: 2, IN_STEP: 3 });
  expect(directory.user('ghost')).toBeDefined();
});

test('an entry in the way of a resource that has none is disputed', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  directory.plant('user', 'ann');
  const ann = await world.user(rule.id, 'ann');
  const engine = world.start();
  await engine.idle();
  const { findings } = await reconciled(targetId);
  expect(findings).toMatchObject([{ outcome: 'DISPUTED', resourceId: ann.id }]);
  expect(findings[0]?.message).toContain('exists already');
});

test('what is being delivered, or was meanwhile, is no drift', async () => {
  const { directory, targetId, people } = await provisioned(3);
  const [ann, bob] = people;
  if (!ann || !bob) throw new Error('No users');
  let changed = false;
  directory.refuse = (operation) => {
    // While entries are listed, two users change: one is delivered, the other is refused for now.
    if (operation !== 'list' || changed) return;
    changed = true;
    void world.change(ann, { title: 'chief' });
  };
  const { findings } = await reconciled(targetId);
  expect(findings).toEqual([]);
  await until('the change', () => directory.user('user0')?.attributes['title']?.[0] === 'chief');
  directory.refuse = (operation) => {
    if (operation === 'update') throw new ConnectorError('throttled', 'Later.');
  };
  await world.change(bob, { title: 'chief' });
  await until('its failure', async () => (await world.binding(targetId, bob)).attempts > 0);
  const { operation, findings: none } = await reconciled(targetId);
  expect(none).toEqual([]);
  expect(operation.progress.counts['UNDER_WAY']).toBe(1);
});

test('a listing that ends early makes nobody missing', async () => {
  const { directory, targetId } = await provisioned(5);
  directory.listEndsAfter = 0;
  const written = directory.writes.length;
  const { operation, findings } = await reconciled(targetId, 'REPAIR');
  expect(findings).toEqual([]);
  expect(operation.progress.counts).toEqual({ IN_STEP: 6 });
  expect(directory.writes).toHaveLength(written);
});

test('a listing that breaks off fails the operation, and resuming it goes on', async () => {
  const { directory, targetId } = await provisioned(5);
  entryOf(directory, 'user4').attributes['title'] = ['boss'];
  let calls = 0;
  directory.refuse = (operation) => {
    if (operation !== 'list') return;
    calls += 1;
    if (calls === 3) throw new ConnectorError('unavailable', 'The line broke.');
  };
  const { operation, findings } = await reconciled(targetId);
  expect(operation).toMatchObject({ state: 'FAILED', message: 'The line broke.' });
  expect(findings).toEqual([]);
  const { operation: next } = await world.store.operations.resume(operation, BY, new Date());
  expect(await world.ended(next)).toMatchObject({
    state: 'SUCCEEDED',
    progress: { counts: { DIFFERENT: 1, IN_STEP: 5 } },
  });
});

test('a listing that hangs is given up at its deadline', async () => {
  const { directory, targetId } = await provisioned(2);
  directory.silent = true;
  const { operation } = await reconciled(targetId);
  expect(operation.state).toBe('FAILED');
  expect(operation.message).toContain('did not answer "list" in time');
  directory.silent = false;
});

test('another process finishes what one left between any two of its steps', async () => {
  const { directory, targetId, engine } = await provisioned(4);
  await engine.stop();
  meddle(directory);
  const steps = new Set(['note', 'putItems', 'markSeen']);
  for (let writes = 0; ; writes += 1) {
    const life: Life = { writesLeft: writes, dead: false };
    const operation = await begin(targetId, 'REPORT');
    const mortals = world.start({
      ...mortal(world.stores, life, steps),
      times: { leaseMs: 200 },
    });
    await until(
      'its death or the end',
      async () => life.dead || (await world.now(operation)).finishedAt !== undefined,
      30_000,
    );
    const survivor = world.start({ times: { leaseMs: 200 } });
    const { progress, state } = await world.ended(operation);
    await Promise.all([mortals.stop(), survivor.stop()]);
    expect({ writes, state, done: progress.done }).toEqual({ writes, state: 'SUCCEEDED', done: 5 });
    expect(progress.counts).toMatchObject({ DIFFERENT: 4, MISSING: 1 });
    if (!life.dead) break;
  }
});

test('targets are reconciled by themselves when their time has come, by one process', async () => {
  const { directory, targetId, engine } = await provisioned(2);
  world.start();
  entryOf(directory, 'user0').attributes['title'] = ['boss'];
  const target = await world.store.targets.find(targetId);
  if (!target) throw new Error('No target');
  await world.store.targets.update(target, {
    reconcile: { everyHours: 1, mode: 'REPAIR', orphans: 'DELETE' },
  });
  await until('the repair', () => directory.user('user0')?.attributes['title']?.[0] === 'staff');
  await engine.idle();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { items } = await world.store.operations.list({ targetId, limit: 10 });
  expect(items).toMatchObject([
    {
      kind: 'RECONCILE',
      requestedBy: { type: 'SCHEDULE' },
      input: { mode: 'REPAIR', orphans: 'DELETE' },
    },
  ]);
});
