/** What becomes of a delivery that fails: tried again, parked, or found to have happened after all. */
import {
  ConnectorError,
  type ConnectorType,
  type FailureKind,
  SettingsError,
} from '../../../connectors/spi';
import { FakeDirectory } from '../../support/fake-connector';
import { type Resource } from '../../../src/domain/resource';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery-failures');
});

beforeEach(() => withDirectory(new FakeDirectory()));

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function withDirectory(made: FakeDirectory): Promise<void> {
  directory = made;
  targetId = await world.target(directory);
}

test.each<FailureKind>(['invalid', 'conflict', 'permission', 'unsupported'])(
  '%s parks the binding with the reason, and a new change resumes it',
  async (kind) => {
    const rule = await world.rule({ targetId });
    const engine = world.start();
    const user = await world.user(rule.id, 'ada');
    await engine.idle();
    directory.refuse = (operation) => {
      if (operation === 'update') throw new ConnectorError(kind, 'No.', { attribute: 'title' });
    };
    await world.change(user, { title: 'x' });
    await engine.idle();
    expect(await world.binding(targetId, user)).toMatchObject({
      state: 'PARKED',
      attempts: 1,
      generation: 2,
      observedGeneration: 1,
      lastError: { kind, message: 'No.', attribute: 'title' },
    });
    directory.refuse = () => undefined;
    await world.change(user, { title: 'y' });
    await engine.idle();
    const binding = await world.binding(targetId, user);
    expect(binding).toMatchObject({ state: 'SYNCED', observedGeneration: 3, attempts: 0 });
    expect(binding.lastError).toBeUndefined();
  },
);

test('an entry gets the name of another one as soon as that one gives it up, and not before', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const ann = await world.user(rule.id, 'ann');
  const bob = await world.user(rule.id, 'bob');
  await engine.idle();
  const entries = [directory.user('ann')?.reference, directory.user('bob')?.reference];
  directory.refuse = (operation, ref) => {
    if (operation !== 'update' || ref?.reference !== entries[1]) return;
    throw new ConnectorError('throttled', 'Later.');
  };
  await world.change(bob, { userName: 'cyd' });
  await world.change(ann, { userName: 'bob' });
  await until('the conflict', async () => {
    const { state, lastError } = await world.binding(targetId, ann);
    return state === 'PARKED' && lastError?.kind === 'conflict';
  });
  // It is looked at again and again, and stays parked without a further attempt.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await world.binding(targetId, ann)).toMatchObject({ state: 'PARKED', attempts: 1 });
  directory.refuse = () => undefined;
  await until('both names', () => directory.user('cyd') !== undefined && !directory.user('ann'));
  expect([directory.user('bob')?.reference, directory.user('cyd')?.reference]).toEqual(entries);
});

test('a parked binding resumes when an administrator asks for it', async () => {
  const rule = await world.rule({ targetId });
  directory.refuseCreate = () => {
    throw new ConnectorError('permission', 'Not yours.');
  };
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.refuseCreate = () => undefined;
  const id = `${targetId}:${user.id}`;
  expect(await engine.control.retry(id)).toMatchObject({ id, state: 'PENDING' });
  await engine.idle();
  expect(directory.user('ada')).toBeDefined();
  expect(await engine.control.retry('nothing')).toBeUndefined();
});

test.each<FailureKind>(['unavailable', 'timeout', 'throttled'])(
  '%s is tried again until it succeeds',
  async (kind) => {
    const rule = await world.rule({ targetId });
    let failures = 4;
    directory.refuse = () => {
      if ((failures -= 1) >= 0) throw new ConnectorError(kind, 'Later.');
    };
    const engine = world.start();
    const user = await world.user(rule.id, 'ada');
    await engine.idle();
    expect(await world.binding(targetId, user)).toMatchObject({ state: 'SYNCED', attempts: 0 });
  },
);

test('an entry that the directory denies, and shows, does not get a second one beside it', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.refuse = (operation) => {
    if (operation === 'update') throw new ConnectorError('notFound', 'An overlay is in the way.');
  };
  await world.change(user, { displayName: 'Countess', userName: 'countess' });
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({ state: 'PARKED' });
  expect(directory.entries.size).toBe(1);
});

test('a directory that says when to come back is not asked before', async () => {
  const rule = await world.rule({ targetId });
  let first = true;
  directory.refuse = () => {
    if (first) {
      first = false;
      throw new ConnectorError('throttled', 'Later.', { retryAfterMs: 500 });
    }
  };
  const engine = world.start();
  await world.user(rule.id, 'ada');
  await engine.idle();
  const [refused, next] = directory.calls;
  expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(480);
});

test('a change brings what is being retried forward, but not to at once', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start({ times: { retry: { firstMs: 60_000, longestMs: 60_000 } } });
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.refuse = () => {
    throw new ConnectorError('throttled', 'Later.');
  };
  await world.change(user, { title: '1' });
  await until('a failure', async () => (await world.binding(targetId, user)).state === 'RETRYING');
  const before = await world.binding(targetId, user);
  await world.change(user, { title: '2' });
  await until('the change', async () => (await world.binding(targetId, user)).generation === 3);
  const after = await world.binding(targetId, user);
  expect(after.state).toBe('RETRYING');
  const wait = (after.nextAttemptAt?.getTime() ?? 0) - Date.now();
  expect(wait).toBeLessThanOrEqual(2_000);
  expect(after.nextAttemptAt?.getTime()).toBeLessThan(before.nextAttemptAt?.getTime() ?? 0);
  directory.refuse = () => undefined;
  await engine.control.retry(before.id);
  await engine.idle();
});

test.each([
  ['an answer is lost', 'answersToLose', true],
  ['an answer is lost, and nothing tells whose entry it is', 'answersToLose', false],
  ['a request is lost', 'requestsToLose', true],
] as const)('%s: no second entry, none missing', async (_, loss, keepsOwner) => {
  await withDirectory(new FakeDirectory({ id: 'lossy', keepsOwner }));
  const rule = await world.rule({ targetId });
  directory[loss] = 1;
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  expect(directory.entries.size).toBe(1);
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'SYNCED',
    reference: directory.user('ada')?.reference,
  });
});

test.each([
  ['is known for its own', true],
  ['is known by its name alone', false],
])('an entry that comes into being after the deadline %s: there is one', async (_, keepsOwner) => {
  await withDirectory(new FakeDirectory({ id: 'late', keepsOwner }));
  const rule = await world.rule({ targetId });
  directory.nextWriteLateMs = 2_500;
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: '1' });
  await until('the timeout', async () => {
    const binding = await world.bindings.find(`${targetId}:${user.id}`);
    return binding?.lastError?.kind === 'timeout' || binding?.state === 'SYNCED';
  });
  await world.change(user, { title: '2' });
  await engine.idle();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await engine.idle();
  expect(directory.entries.size).toBe(1);
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'SYNCED',
    reference: directory.user('ada')?.reference,
  });
});

/** Probes would bring the truth to light at once: after the loss the directory answers, but says nothing of use. */
function loseOneAnswerThenRefuse(): void {
  directory.answersToLose = 1;
  directory.refuse = () => {
    if (directory.answersToLose === 0) throw new ConnectorError('throttled', 'Later.');
  };
}

async function untilWaiting(resource: Resource): Promise<void> {
  await until('the failures', async () => {
    const binding = await world.bindings.find(`${targetId}:${resource.id}`);
    return binding?.lastError?.kind === 'throttled';
  });
  directory.refuse = () => undefined;
}

test('an entry whose creation was never confirmed is removed with its user', async () => {
  await withDirectory(new FakeDirectory({ id: 'lossy', keepsOwner: false }));
  const rule = await world.rule({ targetId });
  loseOneAnswerThenRefuse();
  const first = world.start({ times: { retry: { firstMs: 60_000, longestMs: 60_000 } } });
  const user = await world.user(rule.id, 'ada');
  await untilWaiting(user);
  await world.remove(user);
  await first.control.retry(`${targetId}:${user.id}`);
  await first.idle();
  expect(directory.entries.size).toBe(0);
});

test('a renamed user whose creation was never confirmed keeps the one entry', async () => {
  const rule = await world.rule({ targetId });
  loseOneAnswerThenRefuse();
  const engine = world.start({ times: { retry: { firstMs: 60_000, longestMs: 60_000 } } });
  const user = await world.user(rule.id, 'ada');
  await untilWaiting(user);
  await world.change(user, { userName: 'lovelace' });
  await engine.control.retry(`${targetId}:${user.id}`);
  await engine.idle();
  expect([...directory.named('user').keys()]).toEqual(['lovelace']);
});

test('an entry that vanished is made again', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.entries.clear();
  await world.change(user, { title: 'x' });
  await engine.idle();
  expect(directory.user('ada')).toBeDefined();
});

test('a value that cannot be mapped parks with attribute, expression and value', async () => {
  const rule = await world.rule({
    targetId,
    userMapping: [
      { attribute: 'uid', expression: 'userName', apply: 'AUTHORITATIVE' },
      { attribute: 'long', expression: 'join(" ", title, title)', apply: 'AUTHORITATIVE' },
    ],
  });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada', { title: 'x'.repeat(60_000) });
  await engine.idle();
  const binding = await world.binding(targetId, user);
  expect(binding).toMatchObject({ state: 'PARKED', lastError: { kind: 'mapping' } });
  expect(binding.lastError?.message).toContain('join');
});

test('a deactivated user is locked out even if the rest cannot be delivered', async () => {
  const rule = await world.rule({ targetId });
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  directory.refuse = (operation) => {
    if (operation === 'update') throw new ConnectorError('invalid', 'No.');
  };
  await world.change(user, { active: false, title: 'refused' });
  await engine.idle();
  expect(directory.user('ada')?.active).toBe(false);
  expect(await world.binding(targetId, user)).toMatchObject({ state: 'PARKED' });
});

test('a defect of a connector is tried a few times, then parked, and names nobody in the log', async () => {
  const rule = await world.rule({ targetId });
  directory.refuse = () => {
    throw new TypeError('cannot read ada');
  };
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  expect(await world.binding(targetId, user)).toMatchObject({
    state: 'PARKED',
    attempts: 8,
    lastError: { kind: 'internal' },
  });
  expect(JSON.stringify(world.log)).not.toContain('ada');
});

test('parked bindings resume when the settings of the target change', async () => {
  const rule = await world.rule({ targetId });
  directory.refuseCreate = () => {
    throw new ConnectorError('permission', 'Not yours.');
  };
  const engine = world.start();
  await world.user(rule.id, 'ada');
  await engine.idle();
  directory.refuseCreate = () => undefined;
  const targets = world.store.connection.collection<{ _id: string }>('targets');
  await targets.updateOne({ _id: targetId }, { $inc: { version: 1 } });
  await until('the entry', () => directory.user('ada') !== undefined);
  await until('the old connector to be closed', () => directory.closed === 1);
  expect(directory.opened).toBe(2);
});

test('a connector that is not loaded for one start parks nothing', async () => {
  const rule = await world.rule({ targetId });
  const user = await world.user(rule.id, 'ada');
  const before = world.start();
  await before.idle();
  await before.stop();
  const without = world.start({ registry: { get: () => undefined, all: () => [] } });
  await world.change(user, { active: false });
  await until('a failure', async () => (await world.binding(targetId, user)).attempts > 1);
  const { state, lastError } = await world.binding(targetId, user);
  expect(state).not.toBe('PARKED');
  expect(lastError?.kind).toBe('unavailable');
  expect(lastError?.message).toContain('Name its package in CONNECTORS and restart.');
  await without.stop();
  world.start();
  await until('the account to be disabled', () => directory.user('ada')?.active === false);
});

test.each([
  ['settings', new SettingsError([{ path: ['url'], message: 'No URL.' }]), 'url'],
  ['what they name', new ConnectorError('invalid', 'No such file.'), 'No such file.'],
  ['a defect', new TypeError('ada'), 'see the log of the gateway'],
])('a target that cannot be opened parks nothing: %s', async (_, error, message) => {
  const { type } = directory;
  const broken: ConnectorType = {
    ...type,
    open: () => {
      throw error;
    },
  };
  const rule = await world.rule({ targetId });
  const engine = world.start({ registry: { get: () => broken, all: () => [broken] } });
  const user = await world.user(rule.id, 'ada');
  const bound = () => world.bindings.find(`${targetId}:${user.id}`);
  // As many as a defect is given, and one more.
  await until('failures', async () => ((await bound())?.attempts ?? 0) > 8);
  const { state, lastError } = await world.binding(targetId, user);
  expect(state).not.toBe('PARKED');
  expect(lastError?.kind).toBe('unavailable');
  expect(lastError?.message).toContain(message);
  await engine.stop();
  world.start();
  await until('the entry', () => directory.user('ada') !== undefined);
});

test('parked bindings resume for new secrets although everybody dies who heard of them', async () => {
  const rule = await world.rule({ targetId });
  directory.refuseCreate = () => {
    throw new ConnectorError('permission', 'Not yours.');
  };
  const engine = world.start();
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  await engine.stop();
  expect((await world.binding(targetId, user)).state).toBe('PARKED');
  directory.refuseCreate = () => undefined;
  const target = await world.store.targets.find(targetId);
  await world.store.targets.update(target!, { secrets: { password: 'new' } });
  world.start();
  await until('the entry', () => directory.user('ada') !== undefined);
  // And once is enough.
  expect(await world.store.targets.find(targetId)).toMatchObject({ resumedVersion: 2 });
});
