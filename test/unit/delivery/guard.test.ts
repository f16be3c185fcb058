/** The guard: nothing destroys much, or what is protected, without an administrator's approval; and nothing held is lost. */
import { ConnectorError } from '../../../connectors/spi';
import { FakeDirectory } from '../../support/fake-connector';
import { type DeliveryEngine } from '../../../src/delivery/engine';
import { GUARD_DEFAULTS, type GuardSettings } from '../../../src/domain/guard';
import { type Resource } from '../../../src/domain/resource';
import { rolloutsOf } from '../../../src/domain/rollout';
import { type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { mortal, type Life } from './mortal-stores';
import { until, World } from './world';

jest.setTimeout(400_000);

let world: World;
let directory: FakeDirectory;
let targetId: string;
let engine: DeliveryEngine;
let rule: SyncRule;

beforeAll(async () => {
  world = await World.open('delivery-guard');
});

beforeEach(async () => {
  directory = new FakeDirectory();
  targetId = await world.target(directory);
});

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

async function ruleWith(
  guard: Partial<GuardSettings>,
  ...syncAs: readonly Partial<SyncAs>[]
): Promise<SyncRule> {
  const made = await world.rule(
    ...(syncAs.length > 0 ? syncAs : [{}]).map((one) => ({ targetId, ...one })),
  );
  return guarded(made, guard);
}

async function guarded(made: SyncRule, guard: Partial<GuardSettings>): Promise<SyncRule> {
  const change = { guard: { ...GUARD_DEFAULTS, ...guard } };
  const updated = await world.store.syncRules.update(made, change);
  if (!updated) throw new Error('Somebody else changed the rule');
  return updated;
}

/** So many users that have their entries. */
async function provisioned(amount: number): Promise<readonly Resource[]> {
  const users = await Promise.all(
    Array.from({ length: amount }, (_, index) => world.user(rule.id, `user${String(index)}`)),
  );
  engine = world.start();
  await engine.idle();
  return users;
}

async function deactivate(users: readonly Resource[]): Promise<void> {
  for (const user of users) await world.change(user, { active: false });
}

function disabled(of = directory): number {
  return [...of.entries.values()].filter(({ kind, active }) => kind === 'user' && !active).length;
}

function count(state: 'HELD' | 'PARKED' | 'SYNCED', heldFor?: 'GUARD_THRESHOLD'): Promise<number> {
  return world.bindings.count({ states: [state], ...(heldFor ? { heldFor: [heldFor] } : {}) });
}

function warnings(): readonly object[] {
  return world.log.filter(({ level }) => level === 'warn');
}

function decide(
  verdict: 'APPROVED' | 'REJECTED',
  bindingIds?: readonly string[],
  by: Pick<DeliveryEngine, 'control'> = engine,
): Promise<number> {
  const command = { ruleId: rule.id, verdict, by: 'Kim' };
  return by.control.guardDecided({ ...command, ...(bindingIds ? { bindingIds } : {}) });
}

function bindingOf({ id }: Resource): string {
  return `${targetId}:${id}`;
}

describe('of many deactivations', () => {
  let users: readonly Resource[];

  beforeEach(async () => {
    rule = await ruleWith({ minCount: 2, maxPercent: 20 });
    users = await provisioned(30);
    await deactivate(users.slice(0, 18));
    await engine.idle();
  });

  test('a share passes, the rest is held, and it is said once', async () => {
    expect(disabled()).toBe(6);
    expect(await count('HELD', 'GUARD_THRESHOLD')).toBe(12);
    expect(warnings()).toMatchObject([
      { fields: { ruleId: rule.id, targetId, subject: 'USERS', count: 7, limit: 6 } },
    ]);
    expect((await world.store.guards.find(rule.id))?.trip).toMatchObject({ number: 1, limit: 6 });
  });

  test('what destroys nothing goes on, and who comes back waits for nobody', async () => {
    const held = await world.bindings.list({ ruleId: rule.id, states: ['HELD'], limit: 1 });
    const [waiting] = users.filter(({ id }) => id === held.items[0]?.resourceId);
    if (!waiting) throw new Error('Nobody is held');
    await world.change(waiting, { active: true, title: 'back' });
    await world.change(users[29] as Resource, { title: 'changed' });
    await world.user(rule.id, 'newcomer');
    await engine.idle();
    expect(directory.user('user29')?.attributes['title']).toEqual(['changed']);
    expect(directory.user('newcomer')?.active).toBe(true);
    expect(await world.binding(targetId, waiting)).toMatchObject({ state: 'SYNCED' });
    expect(await world.binding(targetId, waiting)).not.toHaveProperty('heldFor');
    expect(await count('HELD')).toBe(11);
  });

  test('all that waits is delivered when it is approved, and it is counted anew', async () => {
    expect(await decide('APPROVED')).toBe(12);
    await engine.idle();
    expect(disabled()).toBe(18);
    expect(await count('HELD')).toBe(0);
    expect(await decide('APPROVED')).toBe(0);
    // 20 percent of the 12 that are left.
    await deactivate(users.slice(18, 20));
    await engine.idle();
    expect(disabled()).toBe(20);
    expect(await count('HELD')).toBe(0);
  });

  test('nothing of it is delivered when it is rejected; a retry asks again', async () => {
    expect(await decide('REJECTED')).toBe(12);
    await engine.idle();
    expect(disabled()).toBe(6);
    expect(await count('PARKED')).toBe(12);
    const { items } = await world.bindings.list({ states: ['PARKED'], limit: 1 });
    const [parked] = items;
    expect(parked?.lastError).toMatchObject({ kind: 'guard' });
    expect(parked?.lastError?.message).toContain('Rejected by Kim');
    await engine.control.retry(parked?.id ?? '');
    await engine.idle();
    expect(await world.bindings.find(parked?.id ?? '')).toMatchObject({
      state: 'HELD',
      heldFor: 'GUARD_THRESHOLD',
    });
    expect(disabled()).toBe(6);
    expect(warnings()).toHaveLength(2);
  });

  test('one can be let pass by itself, and the guard stays as it is', async () => {
    const { items } = await world.bindings.list({ states: ['HELD'], limit: 1 });
    expect(await decide('APPROVED', [items[0]?.id ?? ''])).toBe(1);
    await engine.idle();
    expect(disabled()).toBe(7);
    expect(await count('HELD')).toBe(11);
    expect((await world.store.guards.find(rule.id))?.trip).toBeDefined();
  });

  test('what waits is judged by other settings as soon as there are any', async () => {
    const updated = await guarded(await freshRule(), { enabled: false });
    expect(updated.guard.enabled).toBe(false);
    engine.control.ruleChanged(rule.id);
    await until('all to be disabled', () => disabled() === 18);
  });

  test('what waits is delivered when the rule is deleted', async () => {
    await world.store.syncRules.startDeletion(rule.id, 'DELETE');
    engine.control.ruleDeletionStarted(rule.id);
    await until(
      'the rule to be gone',
      async () => !(await world.store.syncRules.find(rule.id)),
      60_000,
    );
    expect(directory.entries.size).toBe(0);
    expect(await world.store.guards.find(rule.id)).toBeUndefined();
  });
});

async function freshRule(): Promise<SyncRule> {
  const found = await world.store.syncRules.find(rule.id);
  if (!found) throw new Error('The rule is gone');
  return found;
}

test.each(['DELETE', 'DISABLE'] as const)(
  'deletions with %s are held as well',
  async (onDelete) => {
    rule = await ruleWith({ minCount: 0, maxPercent: 10 }, { onDelete });
    const users = await provisioned(20);
    for (const user of users) await world.remove(user);
    await engine.idle();
    expect([directory.entries.size - disabled(), await count('HELD')]).toEqual([18, 18]);
    await decide('APPROVED');
    await engine.idle();
    expect(directory.entries.size - disabled()).toBe(0);
  },
);

test('who leaves all groups and keeps the entry is held as well: out of scope, or deleted with KEEP', async () => {
  rule = await ruleWith(
    { minCount: 2, maxPercent: 20 },
    { onLeaveScope: 'KEEP', onDelete: 'KEEP' },
  );
  const users = await provisioned(30);
  const members = users.map(({ id }) => id);
  await world.group(rule.id, 'staff', members);
  await engine.idle();
  const scoped = rule.syncAs.map((syncAs) => ({ ...syncAs, scopeFilter: 'title eq "typo"' }));
  const rollouts = rolloutsOf(rule.syncAs, scoped, 'KEEP', new Date());
  await world.store.syncRules.update(rule, { syncAs: scoped, rollouts });
  engine.control.ruleChanged(rule.id);
  const isRolledOut = async () => !(await freshRule()).rollouts?.length;
  await until('the change to be rolled out', isRolledOut, 60_000);
  await engine.idle();
  expect(directory.members('staff')).toHaveLength(24);
  expect(await count('HELD')).toBe(24);

  await decide('REJECTED');
  for (const user of users.slice(10)) await world.remove(user);
  await engine.idle();
  expect(await count('HELD')).toBeGreaterThan(10);
  expect(directory.members('staff')).toHaveLength(24);
  await decide('APPROVED');
  await engine.idle();
  expect(directory.entries.size).toBe(31);
});

test('an approval to disable does not remove', async () => {
  rule = await ruleWith({ protectedUsers: 'userName eq "user0"' });
  const [boss] = (await provisioned(1)) as [Resource];
  await deactivate([boss]);
  await engine.idle();
  expect(await world.binding(targetId, boss)).toMatchObject({ heldFor: 'GUARD_PROTECTED' });
  await engine.stop();
  await decide('APPROVED', [bindingOf(boss)]);
  const back = await world.change(boss, { active: true });
  await world.remove(back);
  engine = world.start();
  await engine.idle();
  expect(directory.user('user0')?.active).toBe(true);
  expect(await world.binding(targetId, boss)).toMatchObject({ heldFor: 'GUARD_PROTECTED' });
  await decide('APPROVED', [bindingOf(boss)]);
  await engine.idle();
  expect(directory.entries.size).toBe(0);
});

test('an absolute number holds also where it is few percent', async () => {
  rule = await ruleWith({ minCount: 0, maxCount: 3, maxPercent: 100 });
  await deactivate((await provisioned(12)).slice(0, 6));
  await engine.idle();
  expect(disabled()).toBe(3);
  expect(await count('HELD')).toBe(3);
});

test('a retry and a second change of the same user are not counted again', async () => {
  rule = await ruleWith({ minCount: 0, maxCount: 2, maxPercent: 100 });
  const users = await provisioned(4);
  let refusals = 6;
  directory.refuse = (operation) => {
    if (operation === 'setActive' && (refusals -= 1) >= 0) {
      throw new ConnectorError('throttled', 'Not now.');
    }
  };
  await deactivate(users.slice(0, 2));
  await engine.idle();
  expect(refusals).toBeLessThan(0);
  expect(disabled()).toBe(2);
  await world.change(users[0] as Resource, { active: true });
  await engine.idle();
  await world.change(users[0] as Resource, { active: false });
  await engine.idle();
  expect([disabled(), await count('HELD')]).toEqual([2, 0]);
});

test('targets of one rule count each for itself', async () => {
  const second = new FakeDirectory({ id: 'second' });
  rule = await ruleWith(
    { minCount: 0, maxCount: 3, maxPercent: 100 },
    {},
    { targetId: await world.target(second) },
  );
  const users = await provisioned(6);
  await deactivate(users.slice(0, 3));
  await engine.idle();
  expect([disabled(), disabled(second), await count('HELD')]).toEqual([3, 3, 0]);
});

test('two processes together let no more pass than the guard does', async () => {
  rule = await ruleWith({ minCount: 0, maxCount: 7, maxPercent: 100 });
  const users = await provisioned(40);
  const other = world.start();
  directory.delayMs = 2;
  await deactivate(users.slice(0, 30));
  await Promise.all([engine.idle(), other.idle()]);
  expect(directory.writes.filter(({ operation }) => operation === 'setActive')).toHaveLength(7);
  expect([disabled(), await count('HELD')]).toEqual([7, 23]);
  expect(warnings()).toHaveLength(1);
});

describe('what is protected', () => {
  test('is held until an approval names it', async () => {
    rule = await ruleWith({ protectedUsers: 'userName eq "USER1"' });
    const users = await provisioned(3);
    const [, boss] = users as [Resource, Resource, Resource];
    await deactivate(users);
    await engine.idle();
    expect(disabled()).toBe(2);
    expect(await world.binding(targetId, boss)).toMatchObject({ heldFor: 'GUARD_PROTECTED' });
    expect(warnings()).toHaveLength(1);
    expect(await decide('APPROVED')).toBe(0);
    expect(await decide('APPROVED', [bindingOf(boss)])).toBe(1);
    await engine.idle();
    expect(disabled()).toBe(3);
  });

  test('is held also when it is deleted, and with its rule', async () => {
    rule = await ruleWith({ protectedUsers: 'userName eq "user1"' });
    const [other, boss] = (await provisioned(2)) as [Resource, Resource];
    await world.store.syncRules.startDeletion(rule.id, 'DELETE');
    engine.control.ruleDeletionStarted(rule.id);
    await until('the rest to be gone', () => directory.entries.size === 1);
    await until('it to be held', async () => (await count('HELD')) === 1);
    expect(directory.user('user1')?.active).toBe(true);
    expect(await world.bindings.find(bindingOf(other))).not.toMatchObject({ state: 'HELD' });
    await decide('APPROVED', [bindingOf(boss)]);
    await until(
      'the rule to be gone',
      async () => !(await world.store.syncRules.find(rule.id)),
      60_000,
    );
    expect(directory.entries.size).toBe(0);
  });

  test('groups lose members, but not all of them', async () => {
    rule = await ruleWith({ protectedGroups: 'displayName eq "admins"' });
    const [one, two] = (await provisioned(2)) as [Resource, Resource];
    const admins = await world.group(rule.id, 'admins', [one.id, two.id]);
    await engine.idle();
    await world.members(admins, { remove: [one.id] });
    await engine.idle();
    expect(directory.members('admins')).toEqual(['user1']);
    await world.members(admins, { remove: [two.id] });
    await engine.idle();
    expect(directory.members('admins')).toEqual(['user1']);
    expect(await world.binding(targetId, admins)).toMatchObject({ heldFor: 'GUARD_PROTECTED' });
  });
});

describe('members of groups', () => {
  let users: readonly Resource[];
  let staff: Resource;

  beforeEach(async () => {
    rule = await ruleWith({ minCount: 3, maxMemberPercent: 50, maxPercent: 60 });
    users = await provisioned(20);
    staff = await world.group(
      rule.id,
      'staff',
      users.slice(0, 10).map(({ id }) => id),
    );
    await engine.idle();
  });

  test('leave when they are few', async () => {
    await world.members(staff, { remove: users.slice(0, 3).map(({ id }) => id) });
    await engine.idle();
    expect(directory.members('staff')).toHaveLength(7);
    expect(await count('HELD')).toBe(0);
  });

  test('stay when they are most of them, while others come in', async () => {
    await world.members(staff, {
      remove: users.slice(0, 6).map(({ id }) => id),
      add: users.slice(10, 12).map(({ id }) => id),
    });
    await engine.idle();
    expect(directory.members('staff')).toHaveLength(12);
    expect(await world.binding(targetId, staff)).toMatchObject({ heldFor: 'GUARD_MEMBERS' });
    await world.members(staff, { add: users.slice(12, 13).map(({ id }) => id) });
    await engine.idle();
    expect(directory.members('staff')).toHaveLength(13);
    expect(await decide('APPROVED')).toBe(1);
    await engine.idle();
    expect(directory.members('staff')).toHaveLength(7);
    expect(await world.binding(targetId, staff)).toMatchObject({ state: 'SYNCED' });
  });

  test('stay when everybody has to be sent again, and leave under all names when they may', async () => {
    await world.members(staff, { remove: users.slice(0, 8).map(({ id }) => id) });
    await engine.idle();
    expect(await world.binding(targetId, staff)).toMatchObject({ heldFor: 'GUARD_MEMBERS' });
    await world.change(users[0] as Resource, { userName: 'renamed' });
    await engine.idle();
    const many = Array.from({ length: 1_001 }, (_, n) => ({ memberId: `m${n}`, mark: `${n}` }));
    await world.bindingDocuments.updateOne(
      { _id: bindingOf(staff) },
      { $push: { resend: { $each: many } } },
    );
    const now = new Date();
    await world.stores.deltas.announce({ targetId, memberId: users[9]?.id ?? '', now });
    await world.change(staff, { displayName: 'crew' });
    await engine.idle();
    expect(directory.members('crew')).toHaveLength(10);
    expect(await world.binding(targetId, staff)).toMatchObject({ heldFor: 'GUARD_MEMBERS' });
    expect(await decide('APPROVED')).toBe(1);
    await engine.idle();
    expect(directory.members('crew')).toEqual(['user8', 'user9']);
    expect((await world.bindingDocuments.findById(bindingOf(staff)).lean())?.resend).toEqual([]);
  });

  test('stay under a former name, and leave under it when they may', async () => {
    await world.members(staff, { remove: users.slice(0, 8).map(({ id }) => id) });
    await engine.idle();
    await world.change(users[0] as Resource, { userName: 'renamed' });
    await engine.idle();
    await world.change(staff, { displayName: 'crew' });
    await engine.idle();
    expect(directory.members('crew')).toHaveLength(10);
    expect(await decide('APPROVED')).toBe(1);
    await engine.idle();
    expect(directory.members('crew')).toEqual(['user8', 'user9']);
  });

  test('who came in under a lease that was lost is sent again', async () => {
    await engine.stop();
    let taken = false;
    // Another worker has the lease before the delivery is held, and has delivered what was before.
    const complete: typeof world.bindings.complete = async (claim, completion) => {
      if (completion.state === 'HELD' && !taken) {
        taken = true;
        await world.bindingDocuments.updateOne(
          { _id: claim.id },
          {
            $set: { state: 'SYNCED', leaseUntil: new Date(0) },
            $unset: { dueAt: 1, owner: 1 },
            $inc: { fence: 1 },
          },
        );
      }
      return world.bindings.complete(claim, completion);
    };
    const queue = new Proxy(world.bindings, {
      get: (target, name): unknown => {
        if (name === 'complete') return complete;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    await world.members(staff, {
      remove: users.slice(0, 6).map(({ id }) => id),
      add: users.slice(10, 11).map(({ id }) => id),
    });
    const sent = () =>
      directory.calls.filter(({ delta }) => delta?.add.some(({ name }) => name === 'user10'));
    world.start({ queue });
    await until('a second look', () => sent().length > 1);
    await until('the wait', async () => (await count('HELD')) === 1);
    expect(directory.members('staff')).toHaveLength(11);
  });

  test('of an emptied group stay, and its members who come back end the wait', async () => {
    const ids = users.slice(0, 10).map(({ id }) => id);
    await world.members(staff, { remove: ids });
    await engine.idle();
    expect(directory.members('staff')).toHaveLength(10);
    expect(await count('HELD')).toBe(1);
    await world.members(staff, { add: ids });
    await engine.idle();
    expect(await world.binding(targetId, staff)).toMatchObject({ state: 'SYNCED' });
  });

  test('stay where many small groups are emptied', async () => {
    const groups = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        world.group(
          rule.id,
          `small${String(index)}`,
          users.slice(0, 3).map(({ id }) => id),
        ),
      ),
    );
    await engine.idle();
    for (const group of groups) {
      await world.members(group, { remove: users.slice(0, 3).map(({ id }) => id) });
      await engine.idle();
    }
    // 60 percent of 25 memberships are 15; what is left counts, so that fewer may pass.
    const left = groups.flatMap((_, index) => directory.members(`small${String(index)}`));
    expect(left.length).toBe(0);
    await world.members(staff, { remove: [users[0]?.id ?? ''] });
    await engine.idle();
    expect(directory.members('staff')).toHaveLength(10);
    expect(await count('HELD', 'GUARD_THRESHOLD')).toBe(1);
  });
});

describe('a process that dies', () => {
  const LEASE = { times: { leaseMs: 250 } };

  async function runUntilDeath(
    life: Life,
    run: (engine: DeliveryEngine) => Promise<unknown>,
  ): Promise<void> {
    const mortalEngine = world.start({ ...mortal(world.stores, life), ...LEASE });
    let ended = false;
    void run(mortalEngine)
      .catch(() => undefined)
      .finally(() => (ended = true));
    await until('death or the end', () => life.dead || ended, 20_000);
    await mortalEngine.stop();
  }

  async function survive(): Promise<DeliveryEngine> {
    const survivor = world.start(LEASE);
    await survivor.idle();
    return survivor;
  }

  async function settled(): Promise<void> {
    rule = await ruleWith({ minCount: 0, maxCount: 2, maxPercent: 100 });
    const users = await provisioned(5);
    await engine.stop();
    await deactivate(users.slice(0, 4));
  }

  test('while it counts, trips and holds lets no more pass, and forgets nothing', async () => {
    for (let writes = 0, isDead = true; isDead; writes += 1) {
      await settled();
      const life: Life = { writesLeft: writes, dead: false };
      await runUntilDeath(life, (one) => one.idle());
      isDead = life.dead;
      const survivor = await survive();
      const held = await count('HELD', 'GUARD_THRESHOLD');
      expect({ writes, together: disabled() + held }).toEqual({ writes, together: 4 });
      expect(disabled()).toBeLessThanOrEqual(2);
      await decide('APPROVED', undefined, survivor);
      await survivor.idle();
      expect({ writes, disabled: disabled() }).toEqual({ writes, disabled: 4 });
      await again();
    }
  });

  test.each(['APPROVED', 'REJECTED'] as const)(
    'while a decision is carried out (%s): another one carries it out',
    async (verdict) => {
      for (let writes = 0, isDead = true; isDead; writes += 1) {
        await settled();
        await (await survive()).stop();
        // Whoever loses a lease while it counts is counted twice: one more may be held, never one fewer.
        const held = await count('HELD');
        expect(held).toBeGreaterThanOrEqual(2);
        const life: Life = { writesLeft: writes, dead: false };
        await runUntilDeath(life, (one) => decide(verdict, undefined, one));
        isDead = life.dead;
        await survive();
        // Either it was never decided, or it was for good.
        if ((await world.store.guards.find(rule.id))?.trip) {
          expect(await count('HELD')).toBe(held);
        } else {
          await until(
            `${verdict} after ${String(writes)}`,
            async () => (await count('HELD')) === 0,
          );
          await until('the end', () => verdict === 'REJECTED' || disabled() === 4);
          expect(await count('PARKED')).toBe(verdict === 'REJECTED' ? held : 0);
          expect(disabled()).toBe(verdict === 'REJECTED' ? 4 - held : 4);
        }
        await again();
      }
    },
  );

  /** Everything anew, for the next death. */
  async function again(): Promise<void> {
    expect(await world.clear()).toEqual([]);
    directory = new FakeDirectory();
    targetId = await world.target(directory);
  }
});
