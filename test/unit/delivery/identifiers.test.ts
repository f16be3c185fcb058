/** User names are converted once, whoever dies; nobody loses a name for somebody who cannot have it. */
import { type IdentifierDetail, type ConversionMode } from '../../../src/domain/identifiers';
import { type Operation } from '../../../src/domain/operation';
import { type Resource, type ScimObject } from '../../../src/domain/resource';
import { FakeDirectory } from '../../support/fake-connector';
import { dyingAfter, type Life, mortal } from './mortal-stores';
import { BY, until, World } from './world';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-identifiers');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

function begin(
  ruleId: string,
  expression: string,
  mode: ConversionMode = 'APPLY',
): Promise<Operation> {
  const input = { expression, mode };
  return world.begin({ kind: 'IDENTIFIERS', input, ruleId, requestedBy: BY });
}

/** What came of it, by the names before. */
async function findings({ itemsOf }: Operation) {
  const { items } = await world.store.operations.items({ itemsOf, limit: 500 });
  const found = items.map(({ outcome, resourceId, detail }) => ({
    outcome,
    resourceId,
    ...(detail as unknown as IdentifierDetail),
  }));
  return new Map(found.map((one) => [one.from, one]));
}

async function converted(ruleId: string, expression: string, mode: ConversionMode = 'APPLY') {
  const operation = await world.ended(await begin(ruleId, expression, mode));
  return { operation, found: await findings(operation) };
}

async function namesOf(ruleId: string): Promise<readonly unknown[]> {
  const { items } = await world.store.resources.list({ ruleId, resourceType: 'User', limit: 500 });
  return items.map(({ attributes }) => attributes['userName']);
}

const mail = (value: string) => ({
  emails: [{ value, type: 'work', primary: true }],
  active: true,
});
const PRIMARY = 'emails[primary eq true].value';

/** Users that are to be called by their nick names, so that any wish can be had. */
async function wishing(wishes: Readonly<Record<string, string | undefined>>) {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const users: Record<string, Resource> = {};
  for (const [name, wish] of Object.entries(wishes)) {
    const more: ScimObject = wish === undefined ? {} : { nickName: wish };
    users[name] = await world.user(rule.id, name, { active: true, ...more });
  }
  return { directory, targetId, rule, users };
}

test('all user names become e-mail addresses, in the directory too, and it is known who wanted that', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  const ann = await world.user(rule.id, 'ann', mail('ann@example.com'));
  await world.user(rule.id, 'bob', mail('bob@example.com'));
  const engine = world.start();
  await engine.idle();
  const reference = directory.user('ann')?.reference;

  const { operation, found } = await converted(rule.id, PRIMARY);
  expect(operation).toMatchObject({
    state: 'SUCCEEDED',
    progress: { done: 2, total: 2, counts: { CONVERTED: 2 } },
  });
  expect(found.get('ann')).toEqual({
    outcome: 'CONVERTED',
    resourceId: ann.id,
    from: 'ann',
    to: 'ann@example.com',
  });
  await engine.idle();
  expect([...directory.named('user').keys()].sort()).toEqual([
    'ann@example.com',
    'bob@example.com',
  ]);
  expect(directory.user('ann@example.com')?.reference).toBe(reference);

  const [now] = await world.store.resources.findAll([ann.id]);
  expect(now?.generation).toBe(ann.generation + 1);
  const { items } = await world.store.audit.reader.list({ limit: 50 });
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        action: 'user.changed',
        actor: { type: 'API_KEY', id: 'key', name: 'admin' },
        requestId: 'request-1',
        changes: [{ attribute: 'userName', before: '"ann"', after: '"ann@example.com"' }],
      }),
    ]),
  );
});

test('mail domains are cut off, and a second time there is nothing to do', async () => {
  const { rule } = await wishing({ 'Ann@Example.com': undefined, 'bob@example.com': undefined });
  await world.user(rule.id, 'cyd');
  world.start();
  const first = await converted(rule.id, 'localPart(userName)');
  expect(first.operation.progress.counts).toEqual({ CONVERTED: 2, UNCHANGED: 1 });
  expect(await namesOf(rule.id)).toEqual(['Ann', 'bob', 'cyd']);
  const second = await converted(rule.id, 'localPart(userName)');
  expect(second.operation).toMatchObject({
    state: 'SUCCEEDED',
    progress: { done: 3, total: 3, counts: { UNCHANGED: 3 } },
  });
});

test('a preview tells the same and changes nothing', async () => {
  const { rule, users } = await wishing({ ann: 'ann2', bob: 'x', cyd: 'X', dan: undefined });
  world.start();
  const before = (await world.store.resources.findAll([users['ann']?.id ?? '']))[0]?.generation;
  const { operation, found } = await converted(rule.id, 'nickName', 'PREVIEW');
  expect(operation).toMatchObject({
    state: 'SUCCEEDED',
    progress: { done: 4, total: 4, counts: { CONVERTIBLE: 1, COLLISION: 2, NO_VALUE: 1 } },
  });
  expect(found.get('ann')).toMatchObject({ outcome: 'CONVERTIBLE', to: 'ann2' });
  expect(await namesOf(rule.id)).toEqual(['ann', 'bob', 'cyd', 'dan']);
  expect((await world.store.resources.findAll([users['ann']?.id ?? '']))[0]?.generation).toBe(
    before,
  );
});

test('of users who would get the same name, in whatever case, none is changed and each names another', async () => {
  const { rule, users } = await wishing({ ann: 'same', bob: 'SAME', cyd: 'Same', dan: 'other' });
  world.start();
  const { operation, found } = await converted(rule.id, 'nickName');
  expect(operation).toMatchObject({
    state: 'PARTIALLY_SUCCEEDED',
    progress: { counts: { COLLISION: 3, CONVERTED: 1 } },
  });
  const ids = ['ann', 'bob', 'cyd'].map((name) => users[name]?.id);
  for (const name of ['ann', 'bob', 'cyd']) {
    const finding = found.get(name);
    expect(finding?.outcome).toBe('COLLISION');
    expect(ids).toContain(finding?.otherId);
    expect(finding?.otherId).not.toBe(finding?.resourceId);
  }
  expect(await namesOf(rule.id)).toEqual(['ann', 'bob', 'cyd', 'other']);
});

test('a name that somebody has and keeps is not taken, also by one who differs only by case', async () => {
  const { rule, users } = await wishing({ ann: 'BOB', bob: 'bob' });
  world.start();
  const { found } = await converted(rule.id, 'nickName');
  expect(found.get('ann')).toMatchObject({ outcome: 'COLLISION', otherId: users['bob']?.id });
  expect(found.get('bob')).toBeUndefined();
  expect(await namesOf(rule.id)).toEqual(['ann', 'bob']);
});

test('a name of which only the case is to change is converted', async () => {
  const { rule } = await wishing({ Ann: 'ann' });
  world.start();
  expect((await converted(rule.id, 'nickName', 'PREVIEW')).operation.progress.counts).toEqual({
    CONVERTIBLE: 1,
  });
  expect((await converted(rule.id, 'nickName')).operation.progress.counts).toEqual({
    CONVERTED: 1,
  });
  expect(await namesOf(rule.id)).toEqual(['ann']);
});

test('who has nothing, several, or an impossible name keeps the old one', async () => {
  const { rule } = await wishing({ ann: undefined, bob: 'x'.repeat(1_025), cyd: '  ' });
  await world.user(rule.id, 'dan', { nickName: 'a', title: 'b' });
  world.start();
  const { operation, found } = await converted(rule.id, 'list(nickName, title)');
  expect(operation.progress.counts).toEqual({ NO_VALUE: 1, INVALID: 3 });
  expect(found.get('ann')?.outcome).toBe('NO_VALUE');
  expect(found.get('bob')?.message).toContain('1024 characters');
  expect(found.get('cyd')?.message).toContain('blank');
  expect(found.get('dan')?.message).toContain('several values');
  expect(await namesOf(rule.id)).toHaveLength(4);
});

describe('users who wait for the names of each other', () => {
  test('are renamed one after the other when the last name is free', async () => {
    const { rule, directory } = await wishing({ a: 'b', b: 'c', c: 'd', d: 'e' });
    const engine = world.start();
    await engine.idle();
    const references = (names: string) => [...names].map((name) => directory.user(name)?.reference);
    const before = references('abcd');
    for (const mode of ['PREVIEW', 'APPLY'] as const) {
      const { operation } = await converted(rule.id, 'nickName', mode);
      expect(operation).toMatchObject({ state: 'SUCCEEDED', progress: { done: 4 } });
    }
    expect(await namesOf(rule.id)).toEqual(['b', 'c', 'd', 'e']);
    // Each of them may come to the directory before the one whose name it gets.
    await until('the directory', () => references('bcde').every((one, at) => one === before[at]));
    expect(directory.named('user').size).toBe(4);
  });

  test('all keep theirs when the last one cannot have its own', async () => {
    const { rule, users } = await wishing({ a: 'b', b: 'c', c: 'd', d: undefined, e: 'free' });
    world.start();
    for (const mode of ['PREVIEW', 'APPLY'] as const) {
      const { found } = await converted(rule.id, 'nickName', mode);
      for (const name of ['a', 'b', 'c']) expect(found.get(name)?.outcome).toBe('COLLISION');
      expect(found.get('c')?.otherId).toBe(users['d']?.id);
    }
    expect(await namesOf(rule.id)).toEqual(['a', 'b', 'c', 'd', 'free']);
  });

  test('all keep theirs when two others want the last name', async () => {
    const { rule } = await wishing({ a: 'b', b: 'z', c: 'z' });
    world.start();
    const { operation } = await converted(rule.id, 'nickName');
    expect(operation.progress.counts).toEqual({ COLLISION: 3 });
    expect(await namesOf(rule.id)).toEqual(['a', 'b', 'c']);
  });

  test('all keep theirs when they go round in a circle', async () => {
    const { rule } = await wishing({ a: 'b', b: 'a', x: 'y', y: 'z', z: 'x' });
    world.start();
    for (const mode of ['PREVIEW', 'APPLY'] as const) {
      const { operation, found } = await converted(rule.id, 'nickName', mode);
      expect(operation.progress.counts).toEqual({ COLLISION: 5 });
      expect(found.get('a')?.message).toContain("each other's names");
    }
    expect(await namesOf(rule.id)).toEqual(['a', 'b', 'x', 'y', 'z']);
  });

  test('are told when they are too many, and then go on with the next conversion', async () => {
    const many = 65;
    const name = (index: number) => `u${String(index).padStart(3, '0')}`;
    const rule = await world.rule();
    for (let index = 0; index < many; index += 1) {
      await world.user(rule.id, name(index), { nickName: name(index + 1) });
    }
    world.start();
    await converted(rule.id, 'nickName');
    await converted(rule.id, 'nickName');
    expect(await namesOf(rule.id)).toEqual(
      Array.from({ length: many }, (_, index) => name(index + 1)),
    );
  });
});

test('a user that its identity provider changed meanwhile is left as it is, and no change is lost', async () => {
  const { rule, users } = await wishing({ ann: 'ann2', bob: 'bob2', cyd: 'cyd2' });
  const { ann, bob, cyd } = users as Record<'ann' | 'bob' | 'cyd', Resource>;
  const { resources } = world.store;
  let meddled = false;
  const meddling = new Proxy(resources, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        // Between the look at the users and the first write.
        if (property === 'update' && !meddled) {
          meddled = true;
          await world.change(ann, { nickName: 'elsewhere' });
          await world.change(bob, { title: 'chief' });
          await world.change(cyd, { userName: 'given by hand' });
        }
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  world.start({ resources: meddling });
  const { operation, found } = await converted(rule.id, 'nickName');
  expect(operation).toMatchObject({
    state: 'PARTIALLY_SUCCEEDED',
    progress: { counts: { CONVERTED: 1, CHANGED: 2 } },
  });
  expect(found.get('ann')?.outcome).toBe('CHANGED');
  const current = await resources.findAll([ann.id, bob.id, cyd.id]);
  const byId = new Map(current.map(({ id, attributes }) => [id, attributes]));
  expect(byId.get(ann.id)).toMatchObject({ userName: 'ann', nickName: 'elsewhere' });
  expect(byId.get(bob.id)).toMatchObject({ userName: 'bob2', title: 'chief' });
  expect(byId.get(cyd.id)).toMatchObject({ userName: 'given by hand' });
});

test('a user that comes with the name in the meantime keeps it', async () => {
  const { rule, users } = await wishing({ ann: 'taken' });
  let came: Resource | undefined;
  const { resources } = world.store;
  const meddling = new Proxy(resources, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        if (property === 'update') came ??= await world.user(rule.id, 'Taken');
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  world.start({ resources: meddling });
  const { found } = await converted(rule.id, 'nickName');
  expect(found.get('ann')).toMatchObject({
    outcome: 'COLLISION',
    resourceId: users['ann']?.id,
    otherId: came?.id,
  });
});

/** Names that grow with each conversion show when one is done twice. */
async function growing(users: number) {
  const rule = await world.rule();
  for (let index = 0; index < users; index += 1) await world.user(rule.id, `user${index}`);
  const expected = Array.from({ length: users }, (_, index) => `user${index}+`);
  return { rule, expression: 'append(userName, "+")', expected };
}

test('another process finishes what one left between any two of its steps, and does nothing twice', async () => {
  const steps = new Set(['note', 'putItems', 'update']);
  for (let writes = 0; ; writes += 1) {
    const { rule, expression, expected } = await growing(4);
    const life: Life = { writesLeft: writes, dead: false };
    const operation = await begin(rule.id, expression);
    const one = world.start({ ...mortal(world.stores, life, steps), times: { leaseMs: 200 } });
    await until(
      'its death or the end',
      async () => life.dead || (await world.now(operation)).finishedAt !== undefined,
      30_000,
    );
    const other = world.start({ times: { leaseMs: 200 } });
    expect(await world.ended(operation)).toMatchObject({
      state: 'SUCCEEDED',
      progress: { done: 4, total: 4, counts: { CONVERTED: 4 } },
    });
    await Promise.all([one.stop(), other.stop()]);
    expect({ writes, names: await namesOf(rule.id) }).toEqual({ writes, names: expected });
    if (!life.dead) break;
  }
});

test('a change that was written by a process that never heard of it is not written again', async () => {
  for (let writes = 0; writes < 3; writes += 1) {
    const { rule, expression, expected } = await growing(3);
    const life: Life = { writesLeft: writes, dead: false };
    const operation = await begin(rule.id, expression);
    const resources = dyingAfter(world.store.resources, life, 'update');
    const stores = mortal({ ...world.stores, resources }, life, new Set());
    const one = world.start({ ...stores, times: { leaseMs: 200 } });
    await until('its death', () => life.dead);
    const other = world.start({ times: { leaseMs: 200 } });
    expect((await world.ended(operation)).progress.counts).toEqual({ CONVERTED: 3 });
    await Promise.all([one.stop(), other.stop()]);
    expect(await namesOf(rule.id)).toEqual(expected);
  }
});

test('it is cancelled between two pages, and resumed where it ended', async () => {
  const { rule, expression, expected } = await growing(120);
  const { operations } = world.store;
  let operation: Operation | undefined;
  const slow = new Proxy(operations, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const answer: unknown = await Reflect.apply(member, target, args);
        const items = property === 'putItems' ? (args[1] as readonly { outcome: string }[]) : [];
        if (operation && items.some(({ outcome }) => outcome === 'CONVERTED')) {
          await operations.cancel(operation.id, new Date());
        }
        return answer;
      };
    },
  });
  operation = await begin(rule.id, expression);
  world.start({ operations: slow });
  const cancelled = await world.ended(operation);
  expect(cancelled).toMatchObject({
    state: 'CANCELLED',
    progress: { done: 50, counts: { CONVERTED: 50, WAITING: 70 } },
  });
  const names = await namesOf(rule.id);
  expect(names.filter((name) => String(name).endsWith('+'))).toHaveLength(50);
  operation = undefined;
  const resumed = await operations.resume(cancelled, BY, new Date());
  expect(await world.ended(resumed.operation)).toMatchObject({
    state: 'SUCCEEDED',
    progress: { done: 120, total: 120, counts: { CONVERTED: 120 } },
  });
  expect(await namesOf(rule.id)).toEqual(expected);
});

test('it ends when its rule is being deleted', async () => {
  const { rule, expression } = await growing(2);
  await world.store.syncRules.startDeletion(rule.id, 'KEEP');
  const operation = await begin(rule.id, expression);
  world.start();
  expect(await world.ended(operation)).toMatchObject({
    state: 'FAILED',
    message: 'The sync rule is gone.',
  });
});
