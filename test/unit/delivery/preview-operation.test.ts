/** A preview of everything tells what deliveries would do, does none of it, and survives whoever carries it out. */
import { ConnectorError } from '../../../connectors/spi';
import { type Operation } from '../../../src/domain/operation';
import {
  countedOutcome,
  type PreviewFindingDetail,
  type PreviewInput,
} from '../../../src/domain/preview-finding';
import { type Resource } from '../../../src/domain/resource';
import { rolloutsOf } from '../../../src/domain/rollout';
import { type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { FakeDirectory } from '../../support/fake-connector';
import { type Life, mortal } from './mortal-stores';
import { BY, until, World } from './world';

jest.setTimeout(300_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-preview-operation');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

function begin(rule: SyncRule, draft?: readonly SyncAs[]): Promise<Operation> {
  const input: PreviewInput = {
    syncAs: draft ?? rule.syncAs,
    isDraft: draft !== undefined,
    ruleVersion: rule.version,
  };
  return world.begin({ kind: 'PREVIEW', input, ruleId: rule.id, requestedBy: BY });
}

type Found = PreviewFindingDetail & { readonly outcome: string; readonly resourceId?: string };

async function findingsOf({ itemsOf }: Operation): Promise<readonly Found[]> {
  const { items } = await world.store.operations.items({ itemsOf, limit: 500 });
  return items.map(({ outcome, detail, resourceId }) => ({
    ...(detail as unknown as PreviewFindingDetail),
    outcome,
    ...(resourceId === undefined ? {} : { resourceId }),
  }));
}

/** Counts by outcome, of all targets together. */
function countsOf({ progress }: Operation): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [word, count] of Object.entries(progress.counts)) {
    const { outcome } = countedOutcome(word);
    sums[outcome] = (sums[outcome] ?? 0) + count;
  }
  return sums;
}

/** Everything that a preview must leave as it is. */
async function everything(directory: FakeDirectory): Promise<string> {
  const { models } = world.store.connection;
  const documents: unknown[] = [];
  for (const name of Object.keys(models).sort()) {
    if (name.startsWith('Operation')) continue;
    documents.push(name, await models[name]?.find().sort({ _id: 1 }).lean());
  }
  return JSON.stringify({ documents, entries: [...directory.entries], writes: directory.writes });
}

/** Users with titles, and a group of the first two, all delivered. */
async function provisioned(users = 5, more: Partial<SyncAs> = {}) {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId, ...more });
  const people: Resource[] = [];
  for (let index = 0; index < users; index += 1) {
    people.push(await world.user(rule.id, `user${index}`, { title: 'staff', active: true }));
  }
  const members = people.slice(0, 2).map(({ id }) => id);
  const group = await world.group(rule.id, 'team', members);
  const engine = world.start();
  await engine.idle();
  return { directory, targetId, rule, people, group, engine };
}

function draftOf(rule: SyncRule, more: Partial<SyncAs>): readonly SyncAs[] {
  return rule.syncAs.map((syncAs) => ({ ...syncAs, ...more }));
}

async function apply(rule: SyncRule, draft: readonly SyncAs[]): Promise<void> {
  const current = (await world.store.syncRules.find(rule.id)) ?? rule;
  const rollouts = rolloutsOf(current.syncAs, draft, 'KEEP', new Date());
  await world.store.syncRules.update(current, { syncAs: draft, rollouts });
  for (const engine of world.engines) engine.control.ruleChanged(rule.id);
  const done = async () => !(await world.store.syncRules.find(rule.id))?.rollouts?.length;
  await until('the change to be carried out', done, 60_000);
  for (const engine of world.engines) await engine.idle();
}

const line = (attribute: string, expression: string) =>
  ({ attribute, expression, apply: 'AUTHORITATIVE' }) as const;

test('finds nothing where nothing would change', async () => {
  const { rule, directory } = await provisioned();
  const before = await everything(directory);
  const operation = await world.ended(await begin(rule));
  expect(operation).toMatchObject({ state: 'SUCCEEDED', progress: { done: 6, total: 6 } });
  expect(countsOf(operation)).toEqual({ UNCHANGED: 6 });
  expect(await findingsOf(operation)).toEqual([]);
  expect(await everything(directory)).toBe(before);
});

test('tells each change of a draft, and applying it does just these', async () => {
  const { rule, directory, people, group, targetId } = await provisioned(6);
  const [first, second, third] = people;
  if (!first || !second || !third) throw new Error('No users');
  await world.change(third, { title: 'guest' });
  await world.change(second, { title: 'guest' });
  for (const engine of world.engines) await engine.idle();
  const draft = draftOf(rule, {
    scopeFilter: 'title eq "staff"',
    onLeaveScope: 'DELETE',
    userMapping: [
      line('uid', 'switch(userName, "user0", "chief", userName)'),
      line('title', 'switch(userName, "user3", "boss", title)'),
    ],
  });
  const before = await everything(directory);
  const operation = await world.ended(await begin(rule, draft));
  expect(await everything(directory)).toBe(before);
  expect(operation).toMatchObject({ state: 'SUCCEEDED', progress: { done: 7, total: 7 } });
  expect(operation.progress.counts).toMatchObject({ [`REMOVE ${targetId}`]: 2 });
  expect(countsOf(operation)).toEqual({ RENAME: 1, REMOVE: 2, UPDATE: 2, UNCHANGED: 2 });
  const byResource = new Map(
    (await findingsOf(operation)).map((one) => [one.resourceId, one] as const),
  );
  expect(byResource.get(first.id)).toMatchObject({
    outcome: 'RENAME',
    name: 'user0',
    changes: [{ operation: 'update', object: 'user0', detail: 'uid' }],
  });
  expect(byResource.get(second.id)).toMatchObject({
    outcome: 'REMOVE',
    changes: [{ operation: 'remove', object: 'user1' }],
  });
  expect(byResource.get(people[3]?.id)).toMatchObject({
    outcome: 'UPDATE',
    changes: [{ operation: 'update', object: 'user3', detail: 'title' }],
  });
  expect(byResource.get(group.id)).toMatchObject({
    outcome: 'UPDATE',
    changes: [{ operation: 'members', object: 'team', detail: expect.any(String) }],
  });
  const lines = byResource.get(group.id)?.changes[0]?.detail.split('\n').sort();
  expect(lines).toEqual(['+ chief', '- former name user0', '- user1']);

  const writes = directory.writes.length;
  await apply(rule, draft);
  expect([...directory.named('user').keys()].sort()).toEqual(['chief', 'user3', 'user4', 'user5']);
  expect(directory.user('user3')?.attributes['title']).toEqual(['boss']);
  expect(directory.members('team')).toEqual(['chief']);
  const touched = directory.writes.slice(writes).map(({ operation: kind }) => kind);
  expect(touched.filter((kind) => kind !== 'members').sort()).toEqual([
    ...['remove', 'remove', 'update', 'update'],
  ]);
  const after = (await world.store.syncRules.find(rule.id)) ?? rule;
  expect(countsOf(await world.ended(await begin(after)))).toEqual({ UNCHANGED: 7 });
});

test('tells who would have the name of another, also pages apart, and applying it parks just these', async () => {
  const { rule, directory, people } = await provisioned(3);
  for (let index = 3; index < 52; index += 1) await world.user(rule.id, `user${index}`);
  const last = await world.user(rule.id, 'user52', { title: 'staff' });
  for (const engine of world.engines) await engine.idle();
  const draft = draftOf(rule, { userMapping: [line('uid', 'default(title, userName)')] });
  const operation = await world.ended(await begin(rule, draft));
  // The group has the first two for members, of whom one keeps its name.
  expect(countsOf(operation)).toEqual({ RENAME: 1, PARKED: 3, UPDATE: 1, UNCHANGED: 49 });
  const found = await findingsOf(operation);
  const [renamed] = found.filter(({ outcome }) => outcome === 'RENAME');
  const parked = found.filter(({ outcome }) => outcome === 'PARKED');
  expect(renamed?.resourceId).toBe(people[0]?.id);
  expect(parked.map(({ resourceId }) => resourceId).sort()).toEqual(
    [...people.slice(1), last].map(({ id }) => id).sort(),
  );
  expect(parked.find(({ resourceId }) => resourceId === last.id)).toMatchObject({
    name: 'user52',
    errorKind: 'conflict',
    message: `Another user, ${String(renamed?.resourceId)}, would be called "staff" as well. Only one of them can be.`,
    changeCount: 0,
  });

  await apply(rule, draft);
  const names = [...directory.named('user').keys()];
  expect(names.filter((name) => name === 'staff')).toHaveLength(1);
  expect(names).toHaveLength(53);
  const parkedNow = await world.store.bindings.count({ states: ['PARKED'] });
  expect(parkedNow).toBe(3);
});

test('tells of a target that the rule has not yet, with the members of its groups', async () => {
  const { rule, people } = await provisioned(3);
  const other = new FakeDirectory({ id: 'other' });
  const targetId = await world.target(other);
  other.plant('user', 'user2');
  const [syncAs] = draftOf(rule, { targetId });
  if (!syncAs) throw new Error('No target');
  const failing = await world.ended(await begin(rule, [syncAs]));
  expect(countsOf(failing)).toEqual({ CREATE: 3, DISPUTED: 1 });
  const findings = await findingsOf(failing);
  expect(findings.find(({ kind }) => kind === 'group')?.changes).toEqual([
    expect.objectContaining({ operation: 'create' }),
    { operation: 'members', object: 'team', detail: '+ user0\n+ user1' },
  ]);
  const disputed = findings.find(({ outcome }) => outcome === 'DISPUTED');
  expect(disputed).toMatchObject({ resourceId: people[2]?.id, errorKind: 'disputed', changes: [] });
  expect(disputed?.message).toContain('exists already');

  const correlation = { attributes: [], policy: 'ADOPT' } as const;
  const adopting = await world.ended(await begin(rule, [{ ...syncAs, correlation }]));
  expect(countsOf(adopting)).toEqual({ CREATE: 3, ADOPT: 1 });
  expect(other.writes).toEqual([]);
});

test('says what cannot be delivered, and why', async () => {
  const { rule } = await provisioned(2);
  const draft = draftOf(rule, {
    userMapping: [line('uid', 'userName'), line('title', 'required(nickName, "No nick name.")')],
  });
  const operation = await world.ended(await begin(rule, draft));
  expect(countsOf(operation)).toEqual({ PARKED: 2, UNCHANGED: 1 });
  expect((await findingsOf(operation))[0]).toMatchObject({
    outcome: 'PARKED',
    errorKind: 'mapping',
    message: expect.stringContaining('No nick name.'),
  });
});

test('says what the guard would hold, and counts nothing in it', async () => {
  const { rule, people } = await provisioned(15);
  const current = (await world.store.syncRules.find(rule.id)) ?? rule;
  const protectedUsers = 'userName eq "user0"';
  const guarded = await world.store.syncRules.update(current, {
    guard: { ...current.guard, protectedUsers },
  });
  if (!guarded) throw new Error('Somebody else changed it');
  const draft = draftOf(rule, { scopeFilter: 'title eq "nobody"', onLeaveScope: 'DELETE' });
  const operation = await world.ended(await begin(guarded, draft));
  // Ten always pass.
  expect(countsOf(operation)).toEqual({ REMOVE: 10, HELD: 5, UPDATE: 1 });
  const held = (await findingsOf(operation)).filter(({ outcome }) => outcome === 'HELD');
  const reasons = held.map(({ heldFor }) => heldFor).sort();
  expect(reasons).toEqual(['GUARD_PROTECTED', ...Array<string>(4).fill('GUARD_THRESHOLD')]);
  expect(held.find(({ heldFor }) => heldFor === 'GUARD_PROTECTED')).toMatchObject({
    resourceId: people[0]?.id,
    changes: [{ operation: 'remove', object: 'user0' }],
  });
  expect(await world.store.guards.find(rule.id)).toBeUndefined();
});

test('counts what has passed the guard already', async () => {
  const { rule, people, engine } = await provisioned(15);
  for (const gone of people.slice(11)) await world.remove(gone);
  for (const changed of people.slice(11)) engine.changeListener.resourceChanged(changed);
  await engine.idle();
  const draft = draftOf(rule, { scopeFilter: 'title eq "nobody"', onLeaveScope: 'DELETE' });
  const operation = await world.ended(await begin(rule, draft));
  expect(countsOf(operation)).toEqual({ REMOVE: 6, HELD: 5, UPDATE: 1 });
  expect(operation.progress).toMatchObject({ done: 12, total: 12 });
});

test('looks once more at those whose entries name others', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
  const userMapping = [line('uid', 'userName'), line('manager', 'entryName(manager)')];
  const rule = await world.rule({ targetId, userMapping });
  const boss = await world.user(rule.id, 'zoe', {});
  await world.user(rule.id, 'ann', { [manager]: { manager: { value: boss.id } } });
  const engine = world.start();
  await engine.idle();
  expect(directory.user('ann')?.attributes['manager']).toEqual(['zoe']);
  const draft = draftOf(rule, {
    userMapping: [
      line('uid', 'switch(userName, "zoe", "ceo", userName)'),
      userMapping[1] ?? line('', ''),
    ],
  });
  const operation = await world.ended(await begin(rule, draft));
  expect(countsOf(operation)).toEqual({ RENAME: 1, UPDATE: 1 });
  expect(operation.progress).toMatchObject({ done: 2, total: 2 });
});

test('is the same whoever dies between any two of its steps', async () => {
  const { rule, engine, directory } = await provisioned(60);
  await engine.stop();
  world.engines.length = 0;
  const draft = draftOf(rule, {
    userMapping: [line('uid', 'userName'), line('title', 'userName')],
  });
  const before = await everything(directory);
  for (let writes = 0; writes < 7; writes += 1) {
    const operation = await begin(rule, draft);
    const life: Life = { writesLeft: writes, dead: false };
    const steps = new Set(['putItems', 'dropItems', 'note', 'finish']);
    const dying = world.start({ ...mortal(world.stores, life, steps), times: { leaseMs: 300 } });
    await until('its death', () => life.dead, 60_000);
    const survivor = world.start();
    const done = await world.ended(operation);
    expect(done).toMatchObject({ state: 'SUCCEEDED', progress: { done: 61, total: 61 } });
    expect(countsOf(done)).toEqual({ UPDATE: 60, UNCHANGED: 1 });
    expect(await findingsOf(done)).toHaveLength(60);
    await Promise.all([dying.stop(), survivor.stop()]);
    world.engines.length = 0;
  }
  expect(await everything(directory)).toBe(before);
});

test('ends when it is cancelled, and goes on when it is resumed', async () => {
  const { rule, directory } = await provisioned(120);
  const draft = draftOf(rule, {
    userMapping: [line('uid', 'userName'), line('title', 'userName')],
  });
  directory.delayMs = 30;
  const operation = await begin(rule, draft);
  await until('a page', async () => (await world.now(operation)).progress.done > 0, 60_000);
  await world.store.operations.cancel(operation.id, new Date());
  const cancelled = await world.ended(operation);
  expect(cancelled.state).toBe('CANCELLED');
  expect(cancelled.progress.done).toBeLessThan(121);
  directory.delayMs = 0;
  const { operation: next } = await world.store.operations.resume(cancelled, BY, new Date());
  const done = await world.ended(next);
  expect(done).toMatchObject({ state: 'SUCCEEDED', progress: { done: 121, total: 121 } });
  expect(countsOf(done)).toEqual({ UPDATE: 120, UNCHANGED: 1 });
  expect(await findingsOf(done)).toHaveLength(120);
});

describe('a target that does not answer', () => {
  test('is asked again', async () => {
    const { rule, directory } = await provisioned(3);
    directory.down = 'unavailable';
    const operation = await begin(rule);
    const asked = directory.count('read');
    await until('it to be asked', () => directory.count('read') > asked, 60_000);
    directory.down = undefined;
    expect(countsOf(await world.ended(operation))).toEqual({ UNCHANGED: 4 });
  });

  test('is told in the end, and holds up no other', async () => {
    const { rule, directory, targetId } = await provisioned(3);
    const other = new FakeDirectory({ id: 'other' });
    const otherId = await world.target(other);
    directory.refuse = (operation) => {
      if (operation === 'read') throw new ConnectorError('timeout', 'Nobody there.');
    };
    const draft = [...rule.syncAs, ...draftOf(rule, { targetId: otherId })];
    const operation = await world.ended(await begin(rule, draft));
    expect(operation.state).toBe('PARTIALLY_SUCCEEDED');
    expect(operation.progress.counts).toEqual({
      [`UNKNOWN ${targetId}`]: 1,
      [`CREATE ${otherId}`]: 4,
    });
    const { items } = await world.store.operations.items({
      itemsOf: operation.itemsOf,
      targetId,
      limit: 9,
    });
    expect(items).toMatchObject([{ outcome: 'UNKNOWN', detail: { message: 'Nobody there.' } }]);
    expect(operation.message).toContain('Not all is known');
  });
});
