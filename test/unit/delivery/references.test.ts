/** Entries that name other entries, as a user's names the manager's: whoever comes first, goes, or is renamed. */
import { type DeliveryEngine } from '../../../src/delivery/engine';
import { type Resource } from '../../../src/domain/resource';
import { type MappingEntry, type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { FakeDirectory } from '../../support/fake-connector';
import { World } from './world';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const MAPPING: readonly MappingEntry[] = [
  { attribute: 'uid', expression: 'userName', apply: 'AUTHORITATIVE' },
  { attribute: 'boss', expression: 'entryName(manager)', apply: 'AUTHORITATIVE' },
];

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery-references');
});

beforeEach(async () => {
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function started(
  more: Partial<SyncAs> = {},
): Promise<{ engine: DeliveryEngine; rule: SyncRule }> {
  const rule = await world.rule({ targetId, userMapping: MAPPING, ...more });
  return { engine: world.start(), rule };
}

function report(rule: SyncRule, userName: string, manager: string): Promise<Resource> {
  return world.user(rule.id, userName, { [ENTERPRISE]: { manager: { value: manager } } });
}

function boss(userName: string): readonly string[] {
  return directory.user(userName)?.attributes['boss'] ?? [];
}

test('the manager is named at once when it is there first', async () => {
  const { engine, rule } = await started();
  const ada = await world.user(rule.id, 'ada');
  await engine.idle();
  await report(rule, 'bob', ada.id);
  await engine.idle();
  expect(boss('bob')).toEqual(['ada']);
  expect(directory.count('update')).toBe(0);
});

test('a user whose manager is not there yet is delivered without, and then with it', async () => {
  const { engine, rule } = await started({ scopeFilter: 'title ne "away"' });
  const ada = await world.user(rule.id, 'ada', { title: 'away' });
  const bob = await report(rule, 'bob', ada.id);
  await engine.idle();
  expect(directory.user('bob')).toBeDefined();
  expect(boss('bob')).toEqual([]);
  await world.change(ada, { title: 'here' });
  await engine.idle();
  expect(boss('bob')).toEqual(['ada']);
  expect(await world.binding(targetId, bob)).toMatchObject({ state: 'SYNCED' });
});

test('a name follows its manager until there is none', async () => {
  const { engine, rule } = await started();
  const ada = await world.user(rule.id, 'ada');
  const reports = ['bob', 'eve', 'kim'];
  for (const name of reports) await report(rule, name, ada.id);
  const stranger = await world.user(rule.id, 'stranger');
  await engine.idle();
  const before = directory.calls.length;
  await world.change(ada, { userName: 'ada2' });
  await engine.idle();
  expect(reports.map(boss)).toEqual([['ada2'], ['ada2'], ['ada2']]);
  // Nobody else was looked at.
  const seen = directory.calls.slice(before).map(({ reference }) => reference);
  const { reference } = await world.binding(targetId, stranger);
  expect(seen).not.toContain(reference);

  await world.remove(ada);
  await engine.idle();
  expect(reports.map(boss)).toEqual([[], [], []]);
});

test.each(['DELETE', 'DISABLE', 'KEEP'] as const)(
  'who leaves the scope is named no longer, and again when it is back: %s',
  async (onLeaveScope) => {
    const { engine, rule } = await started({ scopeFilter: 'title ne "away"', onLeaveScope });
    const ada = await world.user(rule.id, 'ada', { title: 'here' });
    await report(rule, 'bob', ada.id);
    await engine.idle();
    expect(boss('bob')).toEqual(['ada']);
    await world.change(ada, { title: 'away' });
    await engine.idle();
    expect(boss('bob')).toEqual([]);
    await world.change(ada, { title: 'here' });
    await engine.idle();
    expect(boss('bob')).toEqual(['ada']);
  },
);

test('two who are each other\u2019s manager, and one who is its own', async () => {
  const { engine, rule } = await started();
  const ada = await world.user(rule.id, 'ada');
  const bob = await report(rule, 'bob', ada.id);
  await world.change(ada, { [ENTERPRISE]: { manager: { value: bob.id } } });
  const eve = await world.user(rule.id, 'eve');
  await world.change(eve, { [ENTERPRISE]: { manager: { value: eve.id } } });
  await engine.idle();
  expect(['ada', 'bob', 'eve'].map(boss)).toEqual([['bob'], ['ada'], ['eve']]);
});

test('nobody of another rule is named, nor what is no resource', async () => {
  const { engine, rule } = await started();
  const other = await world.rule({ targetId, userMapping: MAPPING });
  const ada = await world.user(other.id, 'ada');
  await engine.idle();
  await report(rule, 'bob', ada.id);
  await report(rule, 'eve', 'the boss');
  await engine.idle();
  expect([boss('bob'), boss('eve')]).toEqual([[], []]);
  const before = directory.calls.length;
  await world.change(ada, { userName: 'ada2' });
  await engine.idle();
  const seen = directory.calls.slice(before).map(({ reference }) => reference);
  expect(seen).not.toContain(directory.user('bob')?.reference);
});

test('what is parked for want of the manager goes on when the manager is there', async () => {
  const expression = 'if(exists(manager), required(entryName(manager), "A manager is needed."))';
  const needed = { attribute: 'boss', expression, apply: 'AUTHORITATIVE' } as const;
  const [name] = MAPPING;
  const { engine, rule } = await started({
    scopeFilter: 'title ne "away"',
    userMapping: [...(name ? [name] : []), needed],
  });
  const ada = await world.user(rule.id, 'ada', { title: 'away' });
  const bob = await report(rule, 'bob', ada.id);
  await engine.idle();
  expect(await world.binding(targetId, bob)).toMatchObject({
    state: 'PARKED',
    lastError: { kind: 'mapping', attribute: 'boss' },
  });
  await world.change(ada, { title: 'here' });
  await engine.idle();
  expect(boss('bob')).toEqual(['ada']);
});

test('the manager who comes between the look-up and its end is not missed', async () => {
  const { rule, engine } = await started();
  await engine.stop();
  const ada = await world.user(rule.id, 'ada');
  const { references } = world.stores;
  let came = false;
  const late = world.start({
    references: {
      announce: (entry, now) => references.announce(entry, now),
      namesOf: async (ruleId, target, ids) => {
        const names = await references.namesOf(ruleId, target, ids);
        if (!came) {
          came = true;
          // The manager's entry is renamed by its own delivery while this one has the old state in hand.
          await world.change(ada, { userName: 'ada2' });
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
        return names;
      },
    },
  });
  await late.idle();
  await report(rule, 'bob', ada.id);
  await late.idle();
  expect(boss('bob')).toEqual(['ada2']);
});
