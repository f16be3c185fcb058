/** Bindings, fan-out and membership deltas against a server that speaks the MongoDB protocol. */
import { type WorkItem } from '../../src/domain/delivery-ports';
import { GROUP, USER } from '../../src/domain/resource';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { MongoBindingStore } from '../../src/store/bindings';
import { MongoBindingSweeps } from '../../src/store/binding-sweeps';
import { MongoEntryReferences } from '../../src/store/entry-references';
import { MongoFanOutStore } from '../../src/store/fan-out';
import { MongoMembershipDeltas } from '../../src/store/membership-deltas';
import { bindingModel, type BindingModel } from '../../src/store/models/binding.model';
import { membershipModel, type MembershipModel } from '../../src/store/models/membership.model';
import { resourceModel } from '../../src/store/models/resource.model';
import { type Store } from '../../src/store/store';
import { openContractStore } from '../support/contract-store';

const userSchema = standardSchemas.get(USER)!;

let store: Store;
let model: BindingModel;
let memberships: MembershipModel;
let queue: MongoBindingStore;
let fanOut: MongoFanOutStore;
let deltas: MongoMembershipDeltas;

const NOW = new Date('2030-01-01T00:00:00Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

beforeAll(async () => {
  store = await openContractStore('binding-store');
  model = bindingModel(store.connection);
  memberships = membershipModel(store.connection);
  await model.createIndexes();
  queue = new MongoBindingStore(model);
  fanOut = new MongoFanOutStore(resourceModel(store.connection), memberships, model);
  deltas = new MongoMembershipDeltas(memberships, model);
});

afterEach(async () => {
  for (const each of Object.values(store.connection.models)) await each.deleteMany({});
});

afterAll(async () => {
  await store.connection.dropDatabase();
  await store.close();
});

function request(
  resourceId: string,
  more: { generation?: number; ruleId?: string; outOfScope?: boolean } = {},
) {
  return {
    ruleId: 'rule',
    targetId: 'target',
    resourceId,
    resourceType: USER,
    generation: 1,
    ...more,
  };
}

function claimSeveral(most: number, now = NOW, more: { ruleId?: string; dueBefore?: Date } = {}) {
  return queue.claim({
    targetId: 'target',
    ruleId: 'rule',
    owner: 'me',
    now,
    dueBefore: now,
    leaseUntil: new Date(now.getTime() + 1_000),
    most,
    ...more,
  });
}

async function claim(now = NOW, more: { ruleId?: string; dueBefore?: Date } = {}) {
  return (await claimSeveral(1, now, more))[0];
}

async function claimed(now = NOW) {
  const item = await claim(now);
  if (!item) throw new Error('Nothing to claim');
  return item;
}

const failure = { kind: 'throttled', message: 'Later.', at: NOW };

describe('enqueue', () => {
  test('makes a binding that is due, once', async () => {
    await queue.enqueue([request('a')], NOW);
    await queue.enqueue([request('a')], later(5));
    expect(await model.find().lean()).toMatchObject([
      { _id: 'target:a', state: 'PENDING', generation: 1, revision: 1, dueAt: NOW },
    ]);
  });

  test('goes forward only', async () => {
    await queue.enqueue([request('a', { generation: 5 })], NOW);
    await queue.enqueue([request('a', { generation: 4 })], later(5));
    expect(await queue.find('target:a')).toMatchObject({ generation: 5 });
    await queue.enqueue([request('a', { generation: 6 })], later(5));
    expect(await queue.find('target:a')).toMatchObject({ generation: 6 });
  });

  test('settles what the scope filter keeps out, as long as there is no entry', async () => {
    const work = await queue.enqueue([request('a', { outOfScope: true }), request('b')], NOW);
    expect(work).toEqual([request('b')]);
    const settled = { state: 'OUT_OF_SCOPE', generation: 1, observedGeneration: 1 };
    expect(await queue.find('target:a')).toMatchObject(settled);
    await queue.enqueue([request('a', { generation: 2, outOfScope: true })], later(1));
    const again = { ...settled, generation: 2, observedGeneration: 2 };
    expect(await queue.find('target:a')).toMatchObject(again);
    expect(await queue.countWork()).toBe(1);

    await queue.enqueue([request('a', { generation: 3 })], later(2));
    expect(await queue.find('target:a')).toMatchObject({ state: 'PENDING' });
    // It may be on its way into the directory already.
    const late = request('a', { generation: 4, outOfScope: true });
    expect(await queue.enqueue([late], later(3))).toEqual([late]);
    expect(await queue.find('target:a')).toMatchObject({ state: 'PENDING', generation: 4 });
  });

  test('leaves an entry that is out of scope to a delivery', async () => {
    await queue.enqueue([request('a', { outOfScope: true })], NOW);
    await model.updateOne({ _id: 'target:a' }, { $set: { reference: 'r' } });
    await queue.enqueue([request('a', { generation: 2, outOfScope: true })], later(1));
    expect(await queue.find('target:a')).toMatchObject({ state: 'PENDING', generation: 2 });
  });

  test('leaves what waits in its place, however often it changes', async () => {
    await queue.enqueue([request('a')], NOW);
    await queue.enqueue([request('b')], later(1));
    await queue.enqueue([request('a', { generation: 2 })], later(2));
    await queue.retry('target:a', later(3));
    await model.updateOne({ _id: 'target:a' }, { $set: { references: ['boss'] } });
    await new MongoEntryReferences(model).announce(
      { ruleId: 'rule', targetId: 'target', resourceId: 'boss' },
      later(4),
    );
    expect(await model.findById('target:a').lean()).toMatchObject({ generation: 2, dueAt: NOW });
    expect(await claimed(later(5))).toMatchObject({ resourceId: 'a' });
  });

  test('brings forward what waits for a later time', async () => {
    await queue.enqueue([request('a')], NOW);
    const nextAttemptAt = later(86_400_000);
    const held = { state: 'HELD', heldFor: 'DELETION_DELAY', nextAttemptAt } as const;
    await queue.complete(await claimed(), { ...held, at: NOW, condemnedAt: NOW });
    await queue.enqueue([request('a', { generation: 2 })], later(1));
    expect(await claimed(later(1))).toMatchObject({ resourceId: 'a', condemnedAt: NOW });
  });

  test('sends what changes while it is delivered behind what waited meanwhile', async () => {
    await queue.enqueue([request('a'), request('c')], NOW);
    await queue.enqueue([request('b')], later(1));
    const [a, c] = await claimSeveral(2);
    if (!a || !c) throw new Error('Nothing to claim');
    await queue.enqueue(
      [a, c].map(({ resourceId }) => request(resourceId, { generation: 2 })),
      later(2),
    );
    await queue.complete(a, { state: 'SYNCED', at: later(3), observedGeneration: 1 });
    await queue.fail(c, { error: { ...failure, at: later(3) }, nothingCreated: true });
    expect(await claimed(later(4))).toMatchObject({ resourceId: 'b' });
    expect(await claimSeveral(3, later(4))).toHaveLength(2);
  });

  test('by many at the same time makes one binding', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        queue.enqueue([request('a', { generation: n + 1 })], NOW),
      ),
    );
    expect(await queue.list({ limit: 10 })).toMatchObject({
      items: [{ generation: 20 }],
      hasMore: false,
    });
  });
});

describe('leases', () => {
  test('the longest due comes first, and nobody else gets it', async () => {
    await queue.enqueue([request('late')], later(1));
    await queue.enqueue([request('early')], NOW);
    expect(await claim(later(10))).toMatchObject({ resourceId: 'early', fence: 1 });
    expect(await claim(later(10))).toMatchObject({ resourceId: 'late' });
    expect(await claim(later(10))).toBeUndefined();
  });

  test('several at once are the longest due, and nobody else gets them', async () => {
    for (const [index, name] of ['first', 'second', 'third'].entries()) {
      await queue.enqueue([request(name)], later(index));
    }
    const items = await claimSeveral(2, later(10));
    expect(items.map((item) => [item.resourceId, item.fence]).sort()).toEqual([
      ['first', 1],
      ['second', 1],
    ]);
    expect(await claimSeveral(5, later(10))).toMatchObject([{ resourceId: 'third' }]);
    expect(await claimSeveral(5, later(10))).toEqual([]);
    expect(await claimSeveral(5, later(1_010))).toHaveLength(3);
  });

  test('many who claim several at once share them without overlap', async () => {
    const all = Array.from({ length: 60 }, (_, index) => `u${index}`);
    await queue.enqueue(
      all.map((id) => request(id)),
      NOW,
    );
    const items: string[] = [];
    const work = async (): Promise<void> => {
      for (;;) {
        const some = await claimSeveral(7);
        if (some.length === 0) return;
        items.push(...some.map(({ resourceId }) => resourceId));
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(items.sort()).toEqual(all.sort());
  });

  test('twenty workers claim twenty different bindings', async () => {
    await queue.enqueue(
      Array.from({ length: 20 }, (_, n) => request(`r${n}`)),
      NOW,
    );
    const items = await Promise.all(Array.from({ length: 20 }, () => claim()));
    expect(new Set(items.map((item) => item?.id)).size).toBe(20);
  });

  test('an expired lease is taken over, and the former holder may not write', async () => {
    await queue.enqueue([request('a')], NOW);
    const first = await claimed();
    expect(await queue.renew(first, later(2_000))).toBe(true);
    expect(await claim(later(1_999))).toBeUndefined();
    const second = await claimed(later(2_000));
    expect(second.fence).toBe(2);
    const refused = [
      await queue.renew(first, later(9_000)),
      await queue.markCreating(first, 'a'),
      await queue.bindEntry(first, { reference: 'r', name: 'a' }),
      await queue.renameEntry(first, 'b'),
      await queue.forgetEntry(first, 'r'),
      await queue.complete(first, { state: 'SYNCED', at: NOW }),
      await queue.fail(first, { error: failure, nothingCreated: true }),
      await queue.release(first),
      await queue.discard(first),
    ];
    expect(refused).toEqual(refused.map(() => false));
    expect(await queue.complete(second, { state: 'SYNCED', at: NOW })).toBe(true);
  });

  test('what a delivery has ended is not given back, for it would be pending and never due', async () => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    await queue.complete(item, { state: 'HELD', heldFor: 'RULE_DISABLED', at: NOW });
    expect(await queue.release(item)).toBe(false);
    expect(await queue.find(item.id)).toMatchObject({ state: 'HELD' });
    expect(await queue.requeueHeld(item.ruleId, 'RULE_DISABLED', NOW)).toBe(1);
    expect((await claimed()).id).toBe(item.id);
  });

  test('a renewal that comes late does not bring back the lease of a delivery that has ended', async () => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    expect(await queue.complete(item, { state: 'SYNCED', at: NOW })).toBe(true);
    expect(await queue.renew(item, later(60_000))).toBe(false);
    await queue.enqueue([{ ...request('a'), generation: 2 }], later(1));
    expect(await claim(later(2))).toBeDefined();
  });

  test('what was asked for during a delivery keeps the binding due', async () => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    await queue.enqueue([request('a', { generation: 2 })], later(1));
    await queue.complete(item, { state: 'SYNCED', at: NOW, observedGeneration: 1 });
    expect(await queue.find('target:a')).toMatchObject({
      state: 'PENDING',
      generation: 2,
      observedGeneration: 1,
    });
    expect(await claim(later(1))).toMatchObject({ generation: 2 });
  });

  test('a binding is not parked when a new change came meanwhile', async () => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    await queue.enqueue([request('a', { generation: 2 })], later(1));
    await queue.fail(item, { error: failure, nothingCreated: true });
    expect(await queue.find('target:a')).toMatchObject({ state: 'PENDING', attempts: 1 });
    expect(await claim(later(1))).toBeDefined();
  });
});

describe('failures', () => {
  test('a retried binding is not put off when a change comes', async () => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    await queue.fail(item, { error: failure, retryAt: later(100), nothingCreated: true });
    await queue.enqueue([request('a', { generation: 2 })], later(1));
    expect(await queue.find('target:a')).toMatchObject({
      state: 'RETRYING',
      generation: 2,
      nextAttemptAt: later(100),
    });
    expect(await claim(later(99))).toBeUndefined();
    expect(await claim(later(99), { dueBefore: later(1_000) })).toBeDefined();
  });

  test.each([
    ['far away is brought forward', 290_000, 2_000],
    ['near is kept', 500, 500],
  ])('a retry that is %s when a change came during the failure', async (_, planned, expected) => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    await queue.enqueue([request('a', { generation: 2 })], later(1));
    await queue.fail(item, { error: failure, retryAt: later(planned), nothingCreated: true });
    expect(await queue.find('target:a')).toMatchObject({
      state: 'RETRYING',
      attempts: 1,
      nextAttemptAt: later(expected),
    });
    expect(await claim(later(expected - 1))).toBeUndefined();
    expect(await claim(later(expected))).toMatchObject({ generation: 2 });
  });

  test('a parked one resumes on a change, on request, and with its target', async () => {
    const park = async (now: Date): Promise<void> => {
      await queue.fail(await claimed(now), { error: failure, nothingCreated: true });
      expect(await claim(later(9_000))).toBeUndefined();
    };
    await queue.enqueue([request('a')], NOW);
    await park(NOW);
    await queue.enqueue([request('a', { generation: 2 })], NOW);
    await park(NOW);
    expect(await queue.retry('target:a', NOW)).toMatchObject({ state: 'PENDING', attempts: 0 });
    await park(NOW);
    expect(await queue.requeueParked('target', NOW)).toBe(1);
    await park(NOW);
  });

  test('those that failed by an outage are hastened, others are not', async () => {
    const kinds = ['unavailable', 'timeout', 'throttled'];
    await queue.enqueue(
      kinds.map((kind) => request(kind)),
      NOW,
    );
    for (let n = 0; n < kinds.length; n += 1) {
      const item = await claimed();
      const error = { ...failure, kind: item.resourceId };
      await queue.fail(item, { error, retryAt: later(60_000), nothingCreated: true });
    }
    expect(await queue.hasten('target', later(10))).toBe(2);
    const due = [await claimed(later(10)), await claimed(later(10))];
    expect(due.map(({ resourceId }) => resourceId).sort()).toEqual(['timeout', 'unavailable']);
    expect(await claim(later(10))).toBeUndefined();
  });

  test('what may have been created is remembered until it is known', async () => {
    await queue.enqueue([request('a')], NOW);
    let item = await claimed();
    await queue.markCreating(item, 'ada');
    await queue.fail(item, { error: failure, retryAt: NOW, nothingCreated: false });
    item = await claimed();
    expect(item.creating).toBe('ada');
    await queue.fail(item, { error: failure, retryAt: NOW, nothingCreated: true });
    item = await claimed();
    expect(item.creating).toBeUndefined();
  });
});

describe('entries', () => {
  test('one entry belongs to one resource, among those of a kind', async () => {
    await queue.enqueue(
      [request('a'), request('b'), { ...request('g'), resourceType: GROUP }],
      NOW,
    );
    const items = [await claimed(), await claimed(), await claimed()];
    const users = items.filter((item) => item.resourceType === USER);
    const group = items.find((item) => item.resourceType === GROUP);
    const [first, second] = users;
    if (!first || !second || !group) throw new Error('Nothing to claim');
    const entry = { reference: '1', name: 'x' };
    expect(await queue.bindEntry(first, entry)).toBe(true);
    expect(await queue.bindEntry(second, entry)).toBe('taken');
    expect(await queue.bindEntry(group, entry)).toBe(true);
    expect(await queue.forgetEntry(first, '1')).toBe(true);
    expect(await queue.bindEntry(second, entry)).toBe(true);
    const found = await deltas.entriesOf('target', [first.resourceId, second.resourceId, 'none']);
    expect([...found.values()]).toEqual(
      expect.arrayContaining([
        { memberId: first.resourceId, lastReference: '1', name: 'x' },
        { memberId: second.resourceId, reference: '1', name: 'x' },
      ]),
    );
    expect(await deltas.entriesNamed('target', ['x'])).toEqual(
      expect.arrayContaining([{ memberId: second.resourceId, reference: '1', name: 'x' }]),
    );
  });
});

describe('a second look', () => {
  const nextAttemptAt = later(86_400_000);

  test.each([
    ['DELETION_DELAY', nextAttemptAt],
    ['RULE_DISABLED', undefined],
  ] as const)('wakes what is held for %s', async (heldFor, at) => {
    await queue.enqueue([request('a')], NOW);
    const held = { state: 'HELD', heldFor, at: NOW, ...(at ? { nextAttemptAt: at } : {}) } as const;
    await queue.complete(await claimed(), { ...held, condemnedAt: NOW });
    await new MongoBindingSweeps(model).lookAgain('target:a', [], later(1));
    expect(await claimed(later(1))).toMatchObject({ resourceId: 'a', condemnedAt: NOW });
  });

  test('wakes what is parked', async () => {
    await queue.enqueue([request('a')], NOW);
    await queue.fail(await claimed(), { error: failure, nothingCreated: true });
    await new MongoBindingSweeps(model).lookAgain('target:a', [], later(1));
    expect(await claimed(later(1))).toMatchObject({ resourceId: 'a' });
  });

  test('waits with what failed and with what the guard holds', async () => {
    await queue.enqueue([request('a'), request('b')], NOW);
    for (let n = 0; n < 2; n += 1) {
      const item = await claimed();
      if (item.resourceId === 'a') {
        await queue.fail(item, { error: failure, nothingCreated: true, retryAt: later(9_000) });
      } else {
        await queue.complete(item, { state: 'HELD', heldFor: 'GUARD_MEMBERS', at: NOW });
      }
    }
    const sweeps = new MongoBindingSweeps(model);
    await sweeps.lookAgain('target:a', [], later(1));
    await sweeps.lookAgain('target:b', [{ memberId: 'm' }], later(1));
    expect(await claim(later(8_000))).toBeUndefined();
    expect(await model.findById('target:b').lean()).toMatchObject({
      state: 'HELD',
      resend: [{ memberId: 'm' }],
    });
  });
});

describe('rules that share a target', () => {
  test('all with work are found, and each is served for itself', async () => {
    await queue.enqueue(
      ['b', 'a', 'c'].flatMap((ruleId) => [
        request(`${ruleId}1`, { ruleId }),
        request(`${ruleId}2`, { ruleId }),
      ]),
      NOW,
    );
    expect(await queue.rulesWithWork('target', NOW)).toEqual(['a', 'b', 'c']);
    expect(await queue.rulesWithWork('other', NOW)).toEqual([]);
    expect(await claim(NOW, { ruleId: 'c' })).toMatchObject({ ruleId: 'c' });
  });

  test('what is held for one is requeued for that one only', async () => {
    await queue.enqueue([request('a', { ruleId: 'a' }), request('b', { ruleId: 'b' })], NOW);
    for (const ruleId of ['a', 'b']) {
      const item = await claim(NOW, { ruleId });
      if (item) await queue.complete(item, { state: 'HELD', heldFor: 'RULE_DISABLED', at: NOW });
    }
    expect(await queue.rulesWithWork('target', NOW)).toEqual([]);
    expect(await queue.requeueHeld('a', 'RULE_DISABLED', NOW)).toBe(1);
    expect(await queue.rulesWithWork('target', NOW)).toEqual(['a']);
  });
});

describe('administrators', () => {
  test('page through bindings by id, filter and count them', async () => {
    await queue.enqueue(
      ['a', 'b', 'c'].map((id) => request(id)),
      NOW,
    );
    const page = await queue.list({ targetId: 'target', limit: 2 });
    expect(page).toMatchObject({ hasMore: true, items: [{ id: 'target:a' }, { id: 'target:b' }] });
    const rest = await queue.list({ states: ['PENDING'], after: 'target:b', limit: 2 });
    expect(rest).toMatchObject({ hasMore: false, items: [{ id: 'target:c' }] });
    expect(await queue.count({ ruleId: 'rule', states: ['PENDING', 'PARKED'] })).toBe(3);
    expect((await queue.ofResources(['a', 'c', 'x'])).get('c')).toHaveLength(1);
  });

  test('see nothing of the queue', async () => {
    await queue.enqueue([request('a')], NOW);
    expect(await queue.find('target:a')).toEqual({
      id: 'target:a',
      ruleId: 'rule',
      targetId: 'target',
      resourceId: 'a',
      resourceType: USER,
      state: 'PENDING',
      generation: 1,
      observedGeneration: 0,
      attempts: 0,
    });
  });
});

describe('fan-out', () => {
  test('what waits is found by age, page by page, and cleared only as it was seen', async () => {
    for (const userName of ['a', 'b', 'c', 'd', 'e']) {
      await store.resources.insert(
        { ruleId: 'rule', resourceType: USER, attributes: { userName } },
        userSchema,
      );
    }
    const now = new Date(Date.now() + 1_000);
    const first = await fanOut.pendingBefore(now, undefined, 2);
    const second = await fanOut.pendingBefore(now, first.at(-1), 2);
    const third = await fanOut.pendingBefore(now, second.at(-1), 2);
    const all = [...first, ...second, ...third];
    expect(new Set(all.map(({ id }) => id)).size).toBe(5);
    const [changed] = all;
    if (!changed) throw new Error('Nothing is pending');
    const current = await store.resources.find({ ruleId: 'rule', resourceType: USER }, changed.id);
    if (current) await store.resources.update(current, { userName: 'z' }, userSchema);
    await fanOut.clearPending(all);
    expect(await fanOut.countPending()).toBe(1);
    expect(await fanOut.pendingAmong(all.map(({ id }) => id))).toMatchObject([
      { id: changed.id, generation: 2, deleted: false, hasJournal: false },
    ]);
  });
});

describe('membership deltas', () => {
  async function membership(
    memberId: string,
    generation: number,
    present = true,
    changedAt = NOW,
  ): Promise<void> {
    await memberships.create({
      _id: `group:${memberId}`,
      ruleId: 'rule',
      groupId: 'group',
      memberId,
      memberType: USER,
      present,
      generation,
      changedAt,
    });
  }

  async function groupBinding(membersObserved: number) {
    await queue.enqueue([{ ...request('group'), resourceType: GROUP }], NOW);
    const item = await claimed();
    await queue.complete(item, { state: 'SYNCED', at: NOW, membersObserved });
  }

  test('changes come in order of generation, page by page, none twice', async () => {
    for (const [id, generation] of [
      ['a', 3],
      ['b', 3],
      ['c', 3],
      ['d', 2],
      ['e', 4],
      ['f', 9],
    ] as const) {
      await membership(id, generation);
    }
    const seen: string[] = [];
    let last;
    do {
      const page = await deltas.changes({
        groupId: 'group',
        after: 2,
        upTo: 4,
        limit: 2,
        ...(last ? { last } : {}),
      });
      seen.push(...page.map(({ memberId }) => memberId));
      last = page.at(-1);
    } while (last);
    expect(seen).toEqual(['a', 'b', 'c', 'e']);
  });

  test('a group that has delivered members is asked to deliver one again', async () => {
    await membership('a', 1);
    await groupBinding(1);
    const asked = { targetId: 'target', memberId: 'a', formerName: 'old', now: later(5) };
    expect(await deltas.announce(asked)).toBe(1);
    const item = await claimed(later(5));
    expect(item.resend).toEqual([
      { memberId: 'a', formerName: 'old', mark: expect.any(String) as string },
    ]);
    await deltas.announce({ targetId: 'target', memberId: 'a', now: later(6) });
    const resent = item.resend.map(({ mark }) => mark);
    await queue.complete(item, { state: 'SYNCED', at: NOW, resent });
    const next = await claimed(later(6));
    expect(next.resend).toEqual([{ memberId: 'a', mark: expect.any(String) as string }]);
  });

  test('a group that waits keeps its place, whoever is announced', async () => {
    await membership('a', 1);
    await groupBinding(1);
    await queue.enqueue([{ ...request('group', { generation: 2 }), resourceType: GROUP }], NOW);
    await queue.enqueue([request('b')], later(1));
    await deltas.announce({ targetId: 'target', memberId: 'a', now: later(2) });
    expect(await claimed(later(3))).toMatchObject({
      resourceId: 'group',
      resend: [{ memberId: 'a' }],
    });
  });

  test('a group that was left is told the former name, and nothing else', async () => {
    await membership('a', 1, false);
    await groupBinding(1);
    const asked = { targetId: 'target', memberId: 'a', now: NOW };
    expect(await deltas.announce(asked)).toBe(0);
    expect(await deltas.announce({ ...asked, formerName: 'old' })).toBe(1);
    expect((await claimed()).resend).toMatchObject([{ memberId: 'a', formerName: 'old' }]);
  });

  test('a group that has delivered nobody yet need not be asked', async () => {
    await membership('a', 1);
    await queue.enqueue([{ ...request('group'), resourceType: GROUP }], NOW);
    await deltas.announce({ targetId: 'target', memberId: 'a', now: NOW });
    const item = await claimed();
    expect(item.resend).toEqual([]);
    await deltas.announce({ targetId: 'target', memberId: 'a', now: NOW });
    await queue.release(item);
    expect((await claimed()).resend).toHaveLength(1);
  });

  test('a group that may have delivered somebody without an answer is asked', async () => {
    await membership('a', 1);
    await queue.enqueue([{ ...request('group'), resourceType: GROUP }], NOW);
    const item = await claimed();
    await queue.bindEntry(item, { reference: 'g', name: 'g' });
    await queue.fail(item, { error: failure, retryAt: NOW, nothingCreated: true });
    await deltas.announce({ targetId: 'target', memberId: 'a', formerName: 'old', now: NOW });
    expect((await claimed()).resend).toMatchObject([{ memberId: 'a', formerName: 'old' }]);
  });

  /** Others get to work between any two operations, as they may on a server. */
  function interruptedBy(between: () => Promise<unknown>): MongoMembershipDeltas {
    const bulkWrite = async (operations: Parameters<BindingModel['bulkWrite']>[0]) => {
      for (const operation of operations) {
        await model.bulkWrite([operation]);
        await between();
      }
    };
    const interrupted = new Proxy(model, {
      get: (target, name): unknown =>
        name === 'bulkWrite' ? bulkWrite : Reflect.get(target, name, target),
    });
    return new MongoMembershipDeltas(memberships, interrupted);
  }

  test('a request survives a claim in the midst of it', async () => {
    await membership('a', 1);
    await groupBinding(1);
    await queue.enqueue([{ ...request('group', { generation: 2 }), resourceType: GROUP }], NOW);
    const failing = await claimed();
    await queue.fail(failing, { error: failure, retryAt: NOW, nothingCreated: true });
    let item: WorkItem | undefined;
    const interrupted = interruptedBy(async () => (item ??= await claim()));
    await interrupted.announce({ targetId: 'target', memberId: 'a', now: NOW });
    if (!item) throw new Error('Nothing was claimed');
    const resent = item.resend.map(({ mark }) => mark);
    await queue.complete(item, { state: 'SYNCED', at: NOW, membersObserved: 2, resent });
    const next = await claim();
    const delivered = [...item.resend, ...(next?.resend ?? [])];
    expect(delivered.map(({ memberId }) => memberId)).toEqual(['a']);
  });

  test('a request survives a failure in the midst of it', async () => {
    await membership('a', 1);
    await groupBinding(1);
    await queue.enqueue([{ ...request('group', { generation: 2 }), resourceType: GROUP }], NOW);
    const item = await claimed();
    const interrupted = interruptedBy(() =>
      queue.fail(item, { error: failure, retryAt: NOW, nothingCreated: true }),
    );
    await interrupted.announce({ targetId: 'target', memberId: 'a', now: NOW });
    expect((await claimed(later(5_000))).resend).toMatchObject([{ memberId: 'a' }]);
  });

  test('a request repeated is kept once, under the mark of the latest', async () => {
    await membership('a', 1);
    await membership('b', 1);
    await groupBinding(1);
    const asked = { targetId: 'target', memberId: 'a', now: NOW };
    await deltas.announce({ ...asked, memberId: 'b', formerName: 'x' });
    for (const formerName of ['x', 'y', 'x', 'y']) {
      await deltas.announce({ ...asked, formerName });
    }
    const delivering = await claimed();
    await deltas.announce(asked);
    await deltas.announce({ ...asked, formerName: 'x' });
    await deltas.announce(asked);
    const resent = delivering.resend.map(({ mark }) => mark);
    expect(resent).toHaveLength(3);
    await queue.complete(delivering, { state: 'SYNCED', at: NOW, resent });
    const { resend } = await claimed();
    expect(resend.map(({ formerName }) => formerName)).toEqual(['x', undefined]);
  });

  test('requests without end become one request for everybody', async () => {
    await membership('a', 1);
    await groupBinding(1);
    const many = Array.from({ length: 1_001 }, (_, n) => ({ memberId: `m${n}`, mark: `${n}` }));
    await model.updateOne({ _id: 'target:group' }, { $set: { resend: many } });
    await deltas.announce({ targetId: 'target', memberId: 'a', formerName: 'old', now: NOW });
    const item = await claimed();
    expect(item).toMatchObject({ membersObserved: 1 });
    expect(item.resend).toEqual([{ mark: expect.any(String) as string }]);
  });

  test('requests without end under a delivery become another request for everybody', async () => {
    await membership('a', 1);
    await groupBinding(1);
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({
        memberId: 'm',
        formerName: `n${n}`,
        mark: `${n}`,
      }));
    await deltas.announce({ targetId: 'target', memberId: 'a', now: NOW });
    const item = await claimed();
    await model.updateOne({ _id: 'target:group' }, { $set: { resend: many(1_001) } });
    await deltas.announce({ targetId: 'target', memberId: 'a', now: NOW });
    expect((await model.findById('target:group').lean())?.resend).toHaveLength(1_002);
    await model.updateOne({ _id: 'target:group' }, { $set: { resend: many(5_001) } });
    await deltas.announce({ targetId: 'target', memberId: 'a', now: NOW });
    const resent = item.resend.map(({ mark }) => mark);
    await queue.complete(item, { state: 'SYNCED', at: NOW, membersObserved: 1, resent });
    expect((await claimed()).resend).toEqual([{ mark: expect.any(String) as string }]);
  });

  test('the names of an entry that its groups were told to forget stay known', async () => {
    await queue.enqueue([request('a')], NOW);
    const item = await claimed();
    await queue.bindEntry(item, { reference: 'r', name: 'one' });
    const announced = { reference: 'r', name: 'one', formerNames: ['nought'] };
    await queue.complete(item, { state: 'SYNCED', at: NOW, announced });
    await queue.enqueue([request('a', { generation: 2 })], NOW);
    const next = await claimed();
    await queue.renameEntry(next, 'two');
    const entries = await deltas.entriesOf('target', ['a']);
    expect(entries.get('a')).toMatchObject({ name: 'two', formerNames: ['nought', 'one'] });
    await queue.fail(next, {
      error: failure,
      nothingCreated: true,
      lost: { formerNames: ['nought', 'one', 'two'] },
    });
    expect(await model.findById('target:a').lean()).toMatchObject({
      formerNames: ['nought', 'one', 'two'],
    });
  });

  test('who left is forgotten when every target knows, and not before', async () => {
    await membership('known', 1, false);
    await membership('unknown', 2, false);
    await membership('recent', 1, false, later(100));
    await membership('there', 1, true);
    await groupBinding(1);
    const everybody = { resend: [{ mark: 'm' }] };
    await model.updateOne({ _id: 'target:group' }, { $set: everybody });
    expect(await deltas.purge(later(50))).toBe(0);
    await model.updateOne({ _id: 'target:group' }, { $set: { resend: [] } });
    expect(await deltas.purge(later(50))).toBe(1);
    const left = await memberships.find().sort({ _id: 1 }).lean();
    expect(left.map(({ memberId }) => memberId)).toEqual(['recent', 'there', 'unknown']);
  });
});
