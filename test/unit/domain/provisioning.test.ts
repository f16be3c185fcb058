import { Provisioning, type Modification } from '../../../src/domain/provisioning';
import { type Resource, type ScimObject } from '../../../src/domain/resource';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { RULE_DEFAULTS } from '../../../src/domain/sync-rule';
import { tolerant } from '../../../src/domain/validation';
import { MemoryResourceStore } from '../../support/memory-resource-store';

const userSchema = standardSchemas.get('User')!;
const groupSchema = standardSchemas.get('Group')!;
const users = {
  ruleId: 'rule-1',
  resourceType: 'User',
  schema: userSchema,
  profile: tolerant,
  roles: RULE_DEFAULTS,
};
const groups = { ...users, resourceType: 'Group', schema: groupSchema };

let store: MemoryResourceStore;
let changes: string[];
let provisioning: Provisioning;

beforeEach(() => {
  store = new MemoryResourceStore();
  changes = [];
  provisioning = new Provisioning({
    store,
    changes: { resourceChanged: ({ id }) => changes.push(id) },
  });
});

function setting(attributes: ScimObject): Modification {
  return {
    onlyMembers: false,
    apply: async (current) => ({ attributes: { ...current, ...attributes } }),
  };
}

function adding(...add: string[]): Modification {
  return {
    onlyMembers: true,
    apply: async (attributes) => ({
      attributes,
      members: { replaceAll: false, add, remove: [] },
    }),
  };
}

async function membersOf({ id }: Pick<Resource, 'id'>): Promise<string[]> {
  return (await store.members(id, undefined, 1000)).items.map(({ memberId }) => memberId);
}

test('a new user is active unless it says otherwise', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const rosa = await provisioning.create(users, { userName: 'rosa', active: 'False' });
  expect(kit.attributes).toEqual({ userName: 'kit', active: true });
  expect(rosa.attributes).toEqual({ userName: 'rosa', active: false });
  expect(changes).toEqual([kit.id, rosa.id]);
});

test('PUT without active keeps it, and clears everything else that is left out', async () => {
  const { id } = await provisioning.create(users, { userName: 'kit', active: false, title: 'x' });
  const replaced = await provisioning.replace(users, id, { userName: 'kit', nickName: 'K' });
  expect(replaced.attributes).toEqual({ userName: 'kit', active: false, nickName: 'K' });
});

test('a modification that takes active away leaves it as it is', async () => {
  const { id } = await provisioning.create(users, { userName: 'kit', active: false });
  const modified = await provisioning.modify(users, id, {
    onlyMembers: false,
    apply: async ({ active: _active, ...others }) => ({ attributes: { ...others, title: 'x' } }),
  });
  expect(modified.attributes).toEqual({ userName: 'kit', active: false, title: 'x' });
});

test('what changes nothing writes nothing', async () => {
  const kit = await provisioning.create(users, { userName: 'kit', name: { givenName: 'Kit' } });
  changes.length = 0;
  for (const same of [
    await provisioning.replace(users, kit.id, { name: { givenName: 'Kit' }, userName: 'kit' }),
    await provisioning.modify(users, kit.id, setting({ userName: 'kit' })),
  ]) {
    expect(same).toEqual(kit);
  }
  expect(store.callsOf('update')).toBe(0);
  expect(changes).toEqual([]);
});

test('members that do not exist, are deleted, of another rule or the group itself are left out', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const gone = await provisioning.create(users, { userName: 'gone' });
  await provisioning.delete(users, gone.id);
  const foreign = await provisioning.create({ ...users, ruleId: 'rule-2' }, { userName: 'kit' });
  const members = [kit.id, gone.id, foreign.id, 'unknown'].map((value) => ({ value }));
  const ops = await provisioning.create(groups, { displayName: 'Ops', members });
  expect(await membersOf(ops)).toEqual([kit.id]);
  await provisioning.modify(groups, ops.id, adding(ops.id, gone.id, 'unknown'));
  expect(await membersOf(ops)).toEqual([kit.id]);
});

test('PUT of a group replaces its members, and clears them when they are left out', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const rosa = await provisioning.create(users, { userName: 'rosa' });
  const ops = await provisioning.create(groups, {
    displayName: 'Ops',
    members: [{ value: kit.id }],
  });
  await provisioning.replace(groups, ops.id, { displayName: 'Ops', members: [{ value: rosa.id }] });
  expect(await membersOf(ops)).toEqual([rosa.id]);
  await provisioning.replace(groups, ops.id, { displayName: 'Ops EU' });
  expect(await membersOf(ops)).toEqual([]);
});

test('a change of members only reads no attributes', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const ops = await provisioning.create(groups, { displayName: 'Ops' });
  const changed = await provisioning.modify(groups, ops.id, adding(kit.id));
  expect(changed.generation).toBe(2);
  expect([store.callsOf('find'), store.callsOf('update')]).toEqual([0, 0]);
  await expect(provisioning.modify(groups, 'unknown', adding(kit.id))).rejects.toMatchObject({
    code: 'notFound',
  });
});

test('parallel modifications all take effect', async () => {
  const { id } = await provisioning.create(users, { userName: 'kit' });
  const names = ['title', 'nickName', 'locale', 'timezone', 'userType', 'displayName'];
  await Promise.all(names.map((name) => provisioning.modify(users, id, setting({ [name]: 'x' }))));
  const { attributes } = await provisioning.get(users, id);
  expect(Object.keys(attributes)).toEqual(expect.arrayContaining(names));
});

test('a resource that never stands still ends in a conflict', async () => {
  const { id } = await provisioning.create(users, { userName: 'kit' });
  store.update = async () => undefined;
  await expect(provisioning.modify(users, id, setting({ title: 'x' }))).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('If-Match: only the expected generation is changed', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const { id } = kit;
  const stale = { code: 'preconditionFailed' };
  await expect(provisioning.modify(users, id, setting({ title: 'x' }), [7])).rejects.toMatchObject(
    stale,
  );
  await expect(provisioning.replace(users, id, { userName: 'k' }, [])).rejects.toMatchObject(stale);
  await expect(provisioning.delete(users, id, [2])).rejects.toMatchObject(stale);
  await provisioning.modify(users, id, setting({ title: 'x' }), [1, 7]);
  const ops = await provisioning.create(groups, { displayName: 'Ops' });
  await expect(provisioning.modify(groups, ops.id, adding(id), [2])).rejects.toMatchObject(stale);
  await provisioning.modify(groups, ops.id, adding(id), [1]);
  expect(await membersOf(ops)).toEqual([id]);
  await provisioning.delete(users, id, [2]);
  await expect(provisioning.get(users, id)).rejects.toMatchObject({ code: 'notFound' });
});

test('If-Match: members that stay the same make no new version', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const rosa = await provisioning.create(users, { userName: 'rosa' });
  const members = [{ value: kit.id }];
  const ops = await provisioning.create(groups, { displayName: 'Ops', members });
  const removing: Modification = {
    onlyMembers: true,
    apply: async (attributes) => ({
      attributes,
      members: { replaceAll: false, add: [kit.id], remove: [rosa.id] },
    }),
  };
  changes.length = 0;
  for (const same of [
    await provisioning.modify(groups, ops.id, adding(kit.id), [1]),
    await provisioning.modify(groups, ops.id, removing, [1]),
    await provisioning.replace(groups, ops.id, { displayName: 'Ops', members }, [1]),
  ]) {
    expect(same).toEqual(ops);
  }
  expect([changes, store.callsOf('update')]).toEqual([[], 0]);
  const both = [...members, { value: rosa.id }];
  await provisioning.replace(groups, ops.id, { displayName: 'Ops', members: both }, [1]);
  const none = await provisioning.replace(groups, ops.id, { displayName: 'Ops' }, [2]);
  expect(none.generation).toBe(3);
  expect(await membersOf(ops)).toEqual([]);
});

test('If-Match: members that change while they are compared fail the precondition', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const ops = await provisioning.create(groups, { displayName: 'Ops' });
  const groupsOf = store.groupsOf.bind(store);
  store.groupsOf = async (ids) => {
    await store.changeMembers(groups, ops.id, { replaceAll: false, add: [kit.id], remove: [] });
    return groupsOf(ids);
  };
  await expect(provisioning.modify(groups, ops.id, adding(kit.id), [1])).rejects.toMatchObject({
    code: 'preconditionFailed',
  });
});

test('deleting frees the name and tells the listener', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  await provisioning.delete(users, kit.id);
  expect(changes).toEqual([kit.id, kit.id]);
  await expect(provisioning.delete(users, kit.id)).rejects.toMatchObject({ code: 'notFound' });
  await expect(provisioning.create(users, { userName: 'KIT' })).resolves.toMatchObject({
    generation: 1,
  });
});

test('one rule does not see the resources of another', async () => {
  const kit = await provisioning.create(users, { userName: 'kit' });
  const other = { ...users, ruleId: 'rule-2' };
  await expect(provisioning.get(other, kit.id)).rejects.toMatchObject({ code: 'notFound' });
  await expect(provisioning.delete(other, kit.id)).rejects.toMatchObject({ code: 'notFound' });
  await expect(provisioning.replace(other, kit.id, { userName: 'x' })).rejects.toMatchObject({
    code: 'notFound',
  });
});

test('a filter over members reads them page by page, with names', async () => {
  const ids: string[] = [];
  for (let index = 0; index < 501; index += 1) {
    const { id } = await store.insert(
      { ...users, attributes: { userName: `u${String(index)}`, displayName: 'U' } },
      userSchema,
    );
    ids.push(id);
  }
  const ops = await store.insert(
    { ...groups, attributes: { displayName: 'Ops' }, members: ids },
    groupSchema,
  );
  const seen: ScimObject[] = [];
  await provisioning.modify(groups, ops.id, {
    onlyMembers: true,
    apply: async (attributes, currentMembers) => {
      for await (const member of currentMembers()) seen.push(member);
      return { attributes };
    },
  });
  expect(seen).toHaveLength(501);
  expect(seen[0]).toEqual({ value: expect.any(String), type: 'User', display: 'U' });
  expect(store.callsOf('members')).toBe(2);
});
