/** Members of groups: everybody who should be in is in, nobody else, and it costs what changed. */
import { ConnectorError, type CallContext } from '../../../connectors/spi';
import { type FakeCall, FakeDirectory } from '../../support/fake-connector';
import { type Resource } from '../../../src/domain/resource';
import { resourceModel } from '../../../src/store/models/resource.model';
import { until, World } from './world';

let world: World;
let directory: FakeDirectory;
let targetId: string;

beforeAll(async () => {
  world = await World.open('delivery-members');
});

async function withDirectory(made: FakeDirectory): Promise<void> {
  directory = made;
  targetId = await world.target(directory);
}

afterEach(async () => {
  expect(await world.clear()).toEqual([]);
});

afterAll(() => world.close());

test('one member more in a group of 3,000 is one call with one member', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const ids = Array.from({ length: 3_000 }, (_, n) => `member-${n}`);
  // Users that were delivered long ago, and their bindings.
  const now = new Date();
  await resourceModel(world.store.connection).insertMany(
    ids.map((id) => ({
      _id: id,
      ruleId: rule.id,
      resourceType: 'User',
      attributes: { userName: id },
      generation: 1,
      createdAt: now,
      lastModified: now,
      live: true,
    })),
  );
  await world.bindingDocuments.insertMany(
    ids.map((id) => ({
      _id: `${targetId}:${id}`,
      ruleId: rule.id,
      targetId,
      resourceId: id,
      resourceType: 'User',
      state: 'SYNCED',
      generation: 1,
      observedGeneration: 1,
      attempts: 0,
      leaseUntil: new Date(0),
      fence: 1,
      revision: 1,
      membersObserved: 0,
      resend: [],
      reference: `r-${id}`,
      name: id,
      announcedReference: `r-${id}`,
      announcedName: id,
    })),
  );
  const group = await world.group(rule.id, 'everybody', ids);
  const engine = world.start();
  await engine.idle();
  expect(directory.members('everybody')).toHaveLength(3_000);
  const user = await world.user(rule.id, 'ada');
  await engine.idle();
  const before = directory.count('members');
  await world.members(group, { add: [user.id] });
  await engine.idle();
  const calls = directory.calls.filter(({ operation }) => operation === 'members').slice(before);
  expect(calls.map(({ delta }) => delta)).toEqual([
    { add: [{ reference: directory.user('ada')?.reference, name: 'ada' }], remove: [] },
  ]);
});

test('a member whose entry comes later than the group is added then', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const late = await world.user(rule.id, 'late', { title: 'refused' });
  await world.group(rule.id, 'staff', [late.id]);
  directory.refuseCreate = ({ attributes }) => {
    if (attributes['title']?.[0] === 'refused') throw new ConnectorError('invalid', 'No.');
  };
  const engine = world.start();
  await engine.idle();
  expect(directory.members('staff')).toEqual([]);
  expect(await world.binding(targetId, late)).toMatchObject({ state: 'PARKED' });
  await world.change(late, { title: 'welcome' });
  await engine.idle();
  expect(directory.members('staff')).toEqual(['late']);
});

test.each([
  ['by name', false],
  ['by reference', true],
])('members follow a rename where the directory knows them %s', async (_, membersByReference) => {
  await withDirectory(new FakeDirectory({ membersByReference }));
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  await world.group(rule.id, 'staff', [ada.id]);
  const engine = world.start();
  await engine.idle();
  await world.change(ada, { userName: 'lovelace' });
  await engine.idle();
  const reference = directory.user('lovelace')?.reference;
  expect(directory.members('staff')).toEqual([membersByReference ? reference : 'lovelace']);
  // Not even for a moment: between two calls the directory may become unreachable.
  const left = directory.calls.filter(({ delta }) => delta && delta.remove.length > 0);
  expect(left).toEqual([]);
});

test('who is renamed and leaves before the group hears of it is out under both names', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  const staff = await world.group(rule.id, 'staff', [ada.id]);
  // The rename is known, but the groups are told only when the rest is delivered as well.
  let refused = false;
  directory.refuse = (operation) => {
    if (refused && operation === 'setActive') throw new ConnectorError('permission', 'No.');
  };
  const engine = world.start();
  await world.change(ada, { active: false });
  await engine.idle();
  refused = true;
  await world.change(ada, { userName: 'lovelace', active: true });
  await engine.idle();
  expect(await world.binding(targetId, ada)).toMatchObject({ state: 'PARKED', name: 'lovelace' });
  await world.members(staff, { remove: [ada.id] });
  await engine.idle();
  // A directory that follows renames by itself may do so at the very moment that she leaves.
  directory.group('staff')?.members.add('lovelace');
  refused = false;
  await engine.control.retry(`${targetId}:${ada.id}`);
  await engine.idle();
  expect(directory.members('staff')).toEqual([]);
});

/** A user of whom everything but the rename is refused, so that the groups are not told of it, until it is welcome. */
async function renamedInSilence(more: { readonly onDeactivate?: 'DELETE' } = {}) {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId, ...more });
  const ada = await world.user(rule.id, 'ada');
  const before = await world.group(rule.id, 'before', [ada.id]);
  const engine = world.start();
  await engine.idle();
  const entry = directory.user('ada');
  if (entry) entry.active = false;
  directory.refuse = (operation) => {
    if (operation === 'setActive') throw new ConnectorError('permission', 'No.');
  };
  const rename = async (userName: string): Promise<void> => {
    await world.change(ada, { userName });
    await engine.idle();
    expect(await world.binding(targetId, ada)).toMatchObject({ state: 'PARKED', name: userName });
  };
  await rename('lovelace');
  return { engine, rule, ada, before, rename };
}

test('groups that know an entry by names of which none was announced forget all of them', async () => {
  const { engine, rule, ada, rename } = await renamedInSilence();
  await world.group(rule.id, 'between', [ada.id]);
  await engine.idle();
  expect(directory.members('between')).toEqual(['lovelace']);
  await rename('countess');
  directory.refuse = () => undefined;
  await engine.control.retry(`${targetId}:${ada.id}`);
  await engine.idle();
  expect(directory.members('before')).toEqual(['countess']);
  expect(directory.members('between')).toEqual(['countess']);
});

test('a group that has to hear of everybody again knows nobody by a former name', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const [ada, bob, cid] = await Promise.all(
    ['ada', 'bob', 'cid'].map((n) => world.user(rule.id, n)),
  );
  if (!ada || !bob || !cid) throw new Error('Nobody is there');
  const staff = await world.group(rule.id, 'staff', [ada.id, bob.id, cid.id]);
  const engine = world.start();
  await engine.idle();
  const binding = { _id: `${targetId}:${staff.id}` };
  // It is not its turn: ada is renamed twice, bob is renamed and leaves.
  await world.bindingDocuments.updateOne(binding, {
    $set: { leaseUntil: new Date(Date.now() + 60_000) },
  });
  await world.change(ada, { userName: 'ann' });
  await until('ann', () => directory.user('ann') !== undefined);
  await world.change(ada, { userName: 'eve' });
  await world.change(bob, { userName: 'rob' });
  await world.members(staff, { remove: [bob.id] });
  await until(
    'both',
    () => directory.user('eve') !== undefined && directory.user('rob') !== undefined,
  );
  await until('the news', async () => {
    const group = await world.bindingDocuments.findOne(binding).lean();
    return group?.resend.length === 3 && group.generation === 2;
  });
  directory.group('staff')?.members.add('ann');
  const everybody = { resend: [{ mark: 'everybody' }], leaseUntil: new Date(0) };
  await world.bindingDocuments.updateOne(binding, { $set: everybody });
  await engine.idle();
  expect(directory.members('staff')).toEqual(['cid', 'eve']);
  expect((await world.bindingDocuments.findOne(binding).lean())?.resend).toEqual([]);
});

test('an entry that goes before its new name was announced leaves its groups under that name too', async () => {
  const { engine, rule, ada } = await renamedInSilence({ onDeactivate: 'DELETE' });
  await world.group(rule.id, 'between', [ada.id]);
  await engine.idle();
  await world.change(ada, { active: false });
  await engine.idle();
  expect(directory.members('before')).toEqual([]);
  expect(directory.members('between')).toEqual([]);
});

test('who is deleted before a new name was announced leaves groups under the former one too', async () => {
  const { engine, ada } = await renamedInSilence();
  expect(directory.members('before')).toEqual(['ada']);
  await world.remove(ada);
  await engine.idle();
  expect(directory.user('lovelace')).toBeUndefined();
  expect(directory.members('before')).toEqual([]);
});

test('two users who swap names, one after the other, both stay members', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  const bob = await world.user(rule.id, 'bob');
  await world.group(rule.id, 'staff', [ada.id, bob.id]);
  const engine = world.start();
  await engine.idle();
  await world.change(ada, { userName: 'free' });
  await engine.idle();
  await world.change(bob, { userName: 'ada' });
  await engine.idle();
  await world.change(ada, { userName: 'bob' });
  await engine.idle();
  expect(directory.members('staff')).toEqual(['ada', 'bob']);
});

test('a namesake of somebody who was deleted keeps the membership', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const old = await world.user(rule.id, 'ada');
  const staff = await world.group(rule.id, 'staff', [old.id]);
  const engine = world.start();
  await engine.idle();
  await engine.stop();
  await world.remove(old);
  const young = await world.user(rule.id, 'ada');
  await world.members(staff, { add: [young.id] });
  world.start();
  // Whoever wants the name before the other one is gone is parked for a moment, and nothing is under way then.
  const isMember = (): boolean => directory.members('staff').join() === 'ada';
  await until('the namesake', () => isMember() && directory.user('ada')?.owner === young.id);
  for (const engine of world.engines) await engine.idle();
  expect(directory.members('staff')).toEqual(['ada']);
  expect(directory.user('ada')?.owner).toBe(young.id);
});

test.each([false, true])(
  'whose entry was removed by hand is in no group while it cannot be made again (known by reference: %s)',
  async (membersByReference) => {
    await withDirectory(new FakeDirectory({ membersByReference }));
    const rule = await world.rule({ targetId });
    const ada = await world.user(rule.id, 'ada');
    await world.group(rule.id, 'staff', [ada.id]);
    const engine = world.start();
    await engine.idle();
    const entry = directory.user('ada');
    if (!entry) throw new Error('There is no ada');
    directory.entries.delete(entry.reference);
    const stranger = directory.plant('user', 'ada');
    await world.change(ada, { title: 'boss' });
    await engine.idle();
    expect(await world.binding(targetId, ada)).toMatchObject({ state: 'PARKED' });
    expect(directory.members('staff')).toEqual([]);
    directory.entries.delete(stranger.reference);
    directory.entries.set(entry.reference, entry);
    await engine.control.retry(`${targetId}:${ada.id}`);
    await engine.idle();
    expect(directory.members('staff')).toEqual([membersByReference ? entry.reference : 'ada']);
  },
);

test('an entry that is deleted on deactivation leaves its groups, and comes back to them', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId, onDeactivate: 'DELETE' });
  const ada = await world.user(rule.id, 'ada');
  await world.group(rule.id, 'staff', [ada.id]);
  const engine = world.start();
  await engine.idle();
  await world.change(ada, { active: false });
  await engine.idle();
  expect(directory.user('ada')).toBeUndefined();
  expect(directory.members('staff')).toEqual([]);
  expect(await world.binding(targetId, ada)).toMatchObject({ state: 'REMOVED' });
  await world.change(ada, { active: true });
  await engine.idle();
  expect(directory.members('staff')).toEqual(['ada']);
});

test('a group that vanished is made again with all its members', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const users: Resource[] = [];
  for (const name of ['ada', 'bob', 'cyd']) users.push(await world.user(rule.id, name));
  const staff = await world.group(
    rule.id,
    'staff',
    users.map(({ id }) => id),
  );
  const engine = world.start();
  await engine.idle();
  directory.entries.delete(directory.group('staff')?.reference ?? '');
  await world.members(staff, { remove: users.slice(0, 1).map(({ id }) => id) });
  await engine.idle();
  expect(directory.members('staff')).toEqual(['bob', 'cyd']);
});

test('groups can be members of groups', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const inner = await world.group(rule.id, 'inner');
  await world.group(rule.id, 'outer', [inner.id]);
  const engine = world.start();
  await engine.idle();
  expect(directory.members('outer')).toEqual(['inner']);
});

test('a target without groups hears of none', async () => {
  await withDirectory(new FakeDirectory({ capabilities: { kinds: ['user'] } }));
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  const staff = await world.group(rule.id, 'staff', [ada.id]);
  const engine = world.start();
  await engine.idle();
  expect(await world.binding(targetId, staff)).toMatchObject({ state: 'OUT_OF_SCOPE' });
});

test('memberships that ended are forgotten once every target knows', async () => {
  await withDirectory(new FakeDirectory());
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  const staff = await world.group(rule.id, 'staff', [ada.id]);
  const engine = world.start({ times: { tombstoneAgeMs: 0 } });
  await engine.idle();
  directory.down = 'unavailable';
  await world.members(staff, { remove: [ada.id] });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const memberships = world.store.connection.collection('memberships');
  expect(await memberships.countDocuments()).toBe(1);
  directory.down = undefined;
  await engine.idle();
  await until('the tombstone to go', async () => (await memberships.countDocuments()) === 0);
  expect(directory.members('staff')).toEqual([]);
});

/** Hangs while its caller is stopped, and does then what it was asked. */
class BelatedDirectory extends FakeDirectory {
  meanwhile: (() => Promise<void>) | undefined;

  override async serve<Answer>(
    call: Omit<FakeCall, 'at'>,
    context: CallContext,
    run: () => Answer,
  ): Promise<Answer> {
    const { meanwhile } = this;
    if (call.operation === 'members' && meanwhile) {
      this.meanwhile = undefined;
      await meanwhile();
    }
    return super.serve(call, context, run);
  }
}

test('members that a worker sends after its lease was lost do not stay the last word', async () => {
  const belated = new BelatedDirectory();
  await withDirectory(belated);
  const rule = await world.rule({ targetId });
  const [ada, bob] = [await world.user(rule.id, 'ada'), await world.user(rule.id, 'bob')];
  const staff = await world.group(rule.id, 'staff', [bob.id]);
  const engine = world.start();
  await engine.idle();
  belated.meanwhile = async () => {
    // Both come back to what they were, and another worker has delivered that.
    await world.members(staff, { remove: [ada.id], add: [bob.id] });
    await until('the change to be known', async () => {
      const { generation } = await world.binding(targetId, staff);
      return generation === 3;
    });
    await world.bindingDocuments.updateOne(
      { _id: `${targetId}:${staff.id}` },
      {
        $set: {
          state: 'SYNCED',
          observedGeneration: 3,
          membersObserved: 3,
          leaseUntil: new Date(0),
        },
        $unset: { dueAt: 1, owner: 1 },
        $inc: { fence: 1 },
      },
    );
  };
  await world.members(staff, { remove: [bob.id], add: [ada.id] });
  await until('the late call', async () => directory.members('staff').includes('ada'));
  await until('the second look', async () => directory.members('staff').join() === 'bob');
});

/** Does what it is asked, and has something to say about every change of members. */
class TalkativeDirectory extends FakeDirectory {
  override serve<Answer>(
    call: Omit<FakeCall, 'at'>,
    context: CallContext,
    run: () => Answer,
  ): Promise<Answer> {
    const warnings = ['ada is not there', 'ada has an old name'];
    return super.serve(call, context, () =>
      call.operation === 'members' ? { ...run(), warnings } : run(),
    );
  }
}

test('warnings of a connector are counted in the log, and name nobody there', async () => {
  await withDirectory(new TalkativeDirectory());
  const rule = await world.rule({ targetId });
  const ada = await world.user(rule.id, 'ada');
  const staff = await world.group(rule.id, 'staff', [ada.id]);
  const engine = world.start();
  await engine.idle();
  expect(directory.members('staff')).toEqual(['ada']);
  const warned = world.log.filter(({ level }) => level === 'warn');
  expect(warned.map(({ fields }) => fields)).toContainEqual({
    bindingId: `${targetId}:${staff.id}`,
    targetId,
    warnings: 2,
  });
  expect(JSON.stringify(world.log)).not.toContain('ada');
});
