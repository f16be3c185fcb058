/** The audit trail: every effective change and every outcome once, whatever dies meanwhile, and nothing else. */
import { ConnectorError } from '../../../connectors/spi';
import { type AuditEvent } from '../../../src/domain/audit';
import { auditEvents, brokenChains, toldBy } from '../../support/audit-chains';
import { FakeDirectory } from '../../support/fake-connector';
import { dyingAfter, mortal, type Life } from './mortal-stores';
import { until, World } from './world';

jest.setTimeout(400_000);

let world: World;

beforeAll(async () => {
  world = await World.open('delivery-audit');
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function settled(): Promise<readonly AuditEvent[]> {
  const engine = world.start();
  await engine.idle();
  await engine.stop();
  const events = await auditEvents(world.store);
  expect(brokenChains(events)).toEqual([]);
  return events;
}

function ofCategory(events: readonly AuditEvent[], category: string): readonly AuditEvent[] {
  return events.filter((event) => event.category === category);
}

test('a change is told with before and after, and the delivery with what it did', async () => {
  const targetId = await world.target(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada', { title: 'Countess', password: 'enchantress' });
  await settled();
  await world.change(ada, { title: 'Lady', password: 'numbers' });
  const events = await settled();
  expect(JSON.stringify(events)).not.toMatch(/enchantress|numbers/);
  expect(toldBy(events)).toEqual([
    'entry.delivered ada 1',
    'entry.delivered ada 2',
    'user.changed ada 2',
    'user.created ada 1',
  ]);
  expect(events.find(({ action }) => action === 'user.changed')).toMatchObject({
    chain: rule.id,
    changes: [
      { attribute: 'title', before: '"Countess"', after: '"Lady"' },
      { attribute: 'password', before: '"********"', after: '"********"' },
    ],
  });
  const second = events.find(
    ({ category, generation }) => category === 'DELIVERY' && generation === 2,
  );
  expect(second).toMatchObject({
    fromGeneration: 1,
    target: { id: targetId },
    native: { count: 1, first: [{ operation: 'update', object: 'ada', detail: 'title' }] },
  });
});

test('nothing is told of what changes nothing', async () => {
  const targetId = await world.target(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  const ops = await world.group(rule.id, 'ops', [ada.id]);
  await settled();
  const before = (await settled()).length;
  await world.members(ops, { add: [ada.id] });
  await world.members(ops, { remove: ['nobody'] });
  // The directory has no place for it, so that there is nothing to deliver.
  await world.change(ada, { nickName: 'Enchantress of Numbers' });
  const events = await settled();
  expect(toldBy(events.slice(-1))).toEqual(['user.changed ada 2']);
  expect(events).toHaveLength(before + 1);
});

test('members are told by who really came and went', async () => {
  const targetId = await world.target(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const users = await Promise.all(['ada', 'bob', 'cyd'].map((name) => world.user(rule.id, name)));
  const [ada, bob, cyd] = users.map(({ id }) => id) as [string, string, string];
  const ops = await world.group(rule.id, 'ops', [ada, bob]);
  await settled();
  await world.members(ops, { add: [bob, cyd], remove: [ada] });
  await settled();
  const scope = { ruleId: rule.id, resourceType: 'Group' };
  const replacement = { replaceAll: true, add: [ada, bob], remove: [] };
  await world.store.resources.changeMembers(scope, ops.id, replacement);
  const events = await settled();
  const changes = events.filter(({ action }) => action === 'group.changed');
  expect(changes.map(({ members }) => members)).toEqual([
    { added: { count: 1, first: [cyd] }, removed: { count: 1, first: [ada] } },
    { added: { count: 1, first: [ada] }, removed: { count: 1, first: [cyd] } },
  ]);
});

test('requests that are made one change are told one by one, each with its own origin', async () => {
  const targetId = await world.target(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const users = await Promise.all(['ada', 'bob'].map((name) => world.user(rule.id, name)));
  const [ada, bob] = users.map(({ id }) => id) as [string, string];
  const ops = await world.group(rule.id, 'ops');
  const add = (id: string, requestId: string): Promise<unknown> =>
    world.store.resources.changeMembers(
      {
        ruleId: rule.id,
        resourceType: 'Group',
        origin: { actor: { type: 'SYNC_RULE', name: 'entra' }, requestId },
      },
      ops.id,
      { replaceAll: false, add: [id], remove: [] },
    );
  await Promise.all([add(ada, 'one'), add(ada, 'two'), add(bob, 'three')]);
  const events = await settled();
  const changes = events.filter(({ action }) => action === 'group.changed');
  expect(changes.map(({ requestId, members }) => [requestId, members?.added.first])).toEqual([
    ['one', [ada]],
    ['three', [bob]],
  ]);
});

test('of many members the first ones are named, and all are counted', async () => {
  const targetId = await world.target(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const names = Array.from({ length: 60 }, (_, n) => `member-${String(n)}`);
  const users = await Promise.all(names.map((name) => world.user(rule.id, name)));
  const ids = users.map(({ id }) => id);
  const ops = await world.group(rule.id, 'ops', ids);
  await settled();
  const scope = { ruleId: rule.id, resourceType: 'Group' };
  await world.store.resources.changeMembers(scope, ops.id, {
    replaceAll: true,
    add: ids.slice(25),
    remove: [],
  });
  const events = await settled();
  const members = events.flatMap((event) => event.members ?? []);
  expect(members.map(({ added, removed }) => [added.count, removed.count])).toEqual([
    [60, 0],
    [0, 25],
  ]);
  expect(members[0]?.added.first).toHaveLength(20);
  expect(members[1]?.removed.first).toHaveLength(20);
  const delivered = events.find(
    ({ resource, category }) => category === 'DELIVERY' && resource?.name === 'ops',
  );
  expect(delivered?.native?.first[1]?.detail).toContain('50 more');
});

test('of an outage its beginning and its end are told, not every attempt', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const rule = await world.rule({ targetId });
  directory.down = 'unavailable';
  await world.user(rule.id, 'ada');
  const engine = world.start();
  await until(
    'several attempts',
    () => directory.count('create') + directory.count('correlate') > 4,
  );
  directory.down = undefined;
  await engine.idle();
  const events = ofCategory(await auditEvents(world.store), 'DELIVERY');
  expect(events.map(({ outcome, error }) => [outcome, error?.kind])).toEqual([
    ['RETRYING', 'unavailable'],
    ['DELIVERED', undefined],
  ]);
});

test('what is parked, held, adopted, removed and released is told', async () => {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const adopting = { targetId, correlation: { attributes: [], policy: 'ADOPT' as const } };
  const rule = await world.rule({ ...adopting, onDelete: 'DELETE' });
  directory.plant('user', 'eve');
  directory.refuseCreate = ({ attributes }) => {
    if (attributes['uid']?.includes('mal')) throw new ConnectorError('invalid', 'No such name.');
  };
  const eve = await world.user(rule.id, 'eve');
  await world.user(rule.id, 'mal');
  await settled();
  await world.store.syncRules.setEnabled(rule.id, false);
  await world.change(eve, { title: 'Dr' });
  const held = await settled();
  await world.store.syncRules.setEnabled(rule.id, true);
  await world.remove(eve);
  const events = await settled();
  const outcomes = ofCategory(events, 'DELIVERY').map(({ outcome, resource }) => [
    resource?.name,
    outcome,
  ]);
  expect(held.at(-1)).toMatchObject({ outcome: 'HELD', generation: 2 });
  expect(outcomes).toEqual(
    expect.arrayContaining([
      ['eve', 'ADOPTED'],
      ['mal', 'PARKED'],
      ['eve', 'HELD'],
      ['eve', 'REMOVED'],
    ]),
  );
  expect(events.find(({ action }) => action === 'user.deleted')).toMatchObject({
    resource: { name: 'eve' },
    changes: expect.arrayContaining([{ attribute: 'userName', before: '"eve"' }]) as unknown,
  });
});

describe('a process that dies', () => {
  const TIMES = { leaseMs: 250 };

  async function runUntilDeath(life: Life, inTheMiddle: boolean): Promise<boolean> {
    const { trail } = world.store.audit;
    const outbox = world.outboxInto(inTheMiddle ? dyingAfter(trail, life, 'record') : trail);
    const stores = { ...world.stores, audit: { ...world.stores.audit, outbox } };
    const counted = inTheMiddle ? new Set<string>() : undefined;
    const engine = world.start({ ...mortal(stores, life, counted), times: TIMES });
    let finished = false;
    void engine.idle().then(
      () => (finished = true),
      () => undefined,
    );
    await until('death or the end', () => life.dead || finished, 20_000);
    await engine.stop();
    return !life.dead;
  }

  test.each([
    ['before each write', false],
    ['right after each write of the trail', true],
  ])('%s leaves one event for each change, and its deliveries', async (_, inTheMiddle) => {
    let finished = false;
    for (let writes = 0; !finished; writes += 1) {
      const directory = new FakeDirectory();
      const targetId = await world.target(directory);
      const rule = await world.rule({ targetId });
      const ada = await world.user(rule.id, 'ada');
      const bob = await world.user(rule.id, 'bob');
      const ops = await world.group(rule.id, 'ops', [ada.id]);
      await world.change(ada, { title: 'Countess' });
      await world.members(ops, { add: [bob.id] });
      await world.remove(bob);
      finished = await runUntilDeath({ writesLeft: writes, dead: false }, inTheMiddle);
      const events = await settled();
      expect({ writes, told: toldBy(ofCategory(events, 'CHANGE')) }).toEqual({
        writes,
        told: [
          'group.changed  2',
          'group.changed  3',
          'group.created ops 1',
          'user.changed ada 2',
          'user.created ada 1',
          'user.created bob 1',
          'user.deleted bob 2',
        ],
      });
      const deliveries = ofCategory(events, 'DELIVERY');
      // Who came and went before anybody looked was never delivered, as far as is known.
      const told = deliveries.filter(({ resource, native }) => resource?.name !== 'bob' || native);
      expect({ writes, delivered: new Set(told.map(({ resource }) => resource?.name)) }).toEqual({
        writes,
        delivered: new Set(['ada', 'ops']),
      });
      const done = deliveries.reduce((sum, { native }) => sum + (native?.count ?? 0), 0);
      const isSure = deliveries.every(({ cutShort }) => !cutShort);
      expect({ writes, done: isSure ? done : 'unsure' }).toEqual({
        writes,
        done: isSure ? directory.writes.length : 'unsure',
      });
      expect(await world.clear()).toEqual([]);
    }
  });
});
