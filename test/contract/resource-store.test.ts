import { randomUUID } from 'node:crypto';
import { type DomainError } from '../../src/domain/error';
import { parseFilter } from '../../src/domain/filter/parser';
import { GROUP, type Resource, type ScimObject, USER } from '../../src/domain/resource';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { membershipModel } from '../../src/store/models/membership.model';
import { resourceModel } from '../../src/store/models/resource.model';
import { openTestStore, type TestStore } from '../support/test-store';

const userSchema = standardSchemas.get(USER)!;
const groupSchema = standardSchemas.get(GROUP)!;
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('the resource store', () => {
  let store: TestStore;
  let ruleId: string;

  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());
  beforeEach(() => {
    ruleId = randomUUID();
  });

  const user = (attributes: ScimObject): Promise<Resource> =>
    store.resources.insert({ ruleId, resourceType: USER, attributes }, userSchema);
  const group = (displayName: string, members: readonly string[] = []): Promise<Resource> =>
    store.resources.insert(
      { ruleId, resourceType: GROUP, attributes: { displayName }, members },
      groupSchema,
    );
  const users = () => ({ ruleId, resourceType: USER });
  const groups = () => ({ ruleId, resourceType: GROUP });
  const memberIds = async (groupId: string): Promise<string[]> => {
    const page = await store.resources.members(groupId, undefined, 10_000);
    return page.items.map((membership) => membership.memberId);
  };
  const found = async (filter: string, resourceType = USER): Promise<string[]> => {
    const page = await store.resources.search(
      {
        ruleId,
        filter: parseFilter(filter),
        from: { offset: 0 },
        limit: 100,
      },
      [resourceType === USER ? userSchema : groupSchema],
    );
    expect(page.total).toBe(page.resources.length);
    return page.resources.map(({ attributes }) =>
      JSON.stringify(attributes['userName'] ?? attributes['displayName']).slice(1, -1),
    );
  };
  const code = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'no error',
      (error: DomainError) => error.code,
    );

  describe('reading and writing', () => {
    it('refuses only the one of many that comes too late', async () => {
      await user({ userName: 'taken' });
      const names = ['first', 'TAKEN', 'second'];
      const outcomes = await Promise.all(names.map((userName) => code(user({ userName }))));
      expect(outcomes).toEqual(['no error', 'uniqueness', 'no error']);
      expect(await found('userName eq "second"')).toEqual(['second']);
    });

    it('answers each of many look-ups what it asked for', async () => {
      const made = await Promise.all(
        ['a', 'b'].map((name) => user({ userName: name, externalId: 'same' })),
      );
      const other = { ruleId: randomUUID(), resourceType: USER };
      const [a, b, foreign, unknown, wrongType, byName, byId] = await Promise.all([
        store.resources.find(users(), made[0]?.id ?? ''),
        store.resources.find(users(), made[1]?.id ?? ''),
        store.resources.find(other, made[0]?.id ?? ''),
        store.resources.find(users(), randomUUID()),
        store.resources.find(groups(), made[0]?.id ?? ''),
        Promise.all([found('userName eq "B"'), found('userName eq "c"'), found('userName eq "a"')]),
        Promise.all([found('externalId eq "same"'), found('externalId eq "Same"')]),
      ]);
      expect([a, b]).toEqual(made);
      expect([foreign, unknown, wrongType]).toEqual([undefined, undefined, undefined]);
      expect(byName).toEqual([['b'], [], ['a']]);
      expect(byId.map((names) => [...names].sort())).toEqual([['a', 'b'], []]);
    });

    it('answers what was written, extension included', async () => {
      const attributes = { userName: 'Ada', [ENTERPRISE]: { department: 'Mills' } };
      const inserted = await user(attributes);
      const read = await store.resources.find(users(), inserted.id);
      expect(read).toEqual(inserted);
      expect(read?.attributes).toEqual(attributes);
      expect(read?.generation).toBe(1);
    });

    it('hides resources of other rules and of other types', async () => {
      const { id } = await user({ userName: 'ada' });
      expect(
        await store.resources.find({ ruleId: randomUUID(), resourceType: USER }, id),
      ).toBeUndefined();
      expect(await store.resources.find(groups(), id)).toBeUndefined();
    });

    it('refuses an update of what somebody else changed meanwhile', async () => {
      const first = await user({ userName: 'ada' });
      const second = await store.resources.update(
        first,
        { userName: 'ada', title: 'a' },
        userSchema,
      );
      expect(second?.generation).toBe(2);
      expect(
        await store.resources.update(first, { userName: 'ada', title: 'b' }, userSchema),
      ).toBeUndefined();
      expect((await store.resources.find(users(), first.id))?.attributes['title']).toBe('a');
    });
  });

  describe('unique names', () => {
    it('gives one of 20 parallel creations the name, whatever its case', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) => code(user({ userName: i % 2 ? 'ada' : 'ADA' }))),
      );
      expect(outcomes.filter((outcome) => outcome === 'no error')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'uniqueness')).toHaveLength(19);
    });

    it('lets two rules use the same name', async () => {
      await user({ userName: 'ada' });
      await expect(
        store.resources.insert(
          { ruleId: randomUUID(), resourceType: USER, attributes: { userName: 'ada' } },
          userSchema,
        ),
      ).resolves.toBeDefined();
    });

    it('refuses to rename to a taken name and changes nothing', async () => {
      await user({ userName: 'ada' });
      const bob = await user({ userName: 'bob' });
      expect(await code(store.resources.update(bob, { userName: 'Ada' }, userSchema))).toBe(
        'uniqueness',
      );
      expect((await store.resources.find(users(), bob.id))?.attributes['userName']).toBe('bob');
    });

    it('frees the name of a removed user at once', async () => {
      const { id } = await user({ userName: 'ada' });
      expect(await store.resources.remove(users(), id)).toBe(true);
      expect(await store.resources.remove(users(), id)).toBe(false);
      expect((await user({ userName: 'ada' })).id).not.toBe(id);
    });

    it('keeps group names unique, and apart from the names of users', async () => {
      await user({ userName: 'x', displayName: 'Ops' });
      await group('Ops');
      expect(await code(group('OPS'))).toBe('uniqueness');
    });
  });

  describe('filters', () => {
    beforeEach(async () => {
      await user({
        userName: 'Ada.Lovelace',
        externalId: 'E-1',
        active: true,
        name: { familyName: 'Lovelace' },
        emails: [
          { type: 'work', value: 'ada@example.test', primary: true },
          { type: 'home', value: 'love@example.test' },
        ],
        [ENTERPRISE]: { department: 'Mills', manager: { value: 'boss' } },
      });
      await user({
        userName: 'bob',
        externalId: 'e-1',
        active: false,
        emails: [{ type: 'home', value: 'ada@example.test' }],
      });
    });

    it.each([
      ['userName eq "ADA.LOVELACE"', ['Ada.Lovelace']],
      ['userName ne "bob"', ['Ada.Lovelace']],
      ['userName sw "ada."', ['Ada.Lovelace']],
      ['userName co "."', ['Ada.Lovelace']],
      ['userName co ".*"', []],
      ['userName ew "LACE"', ['Ada.Lovelace']],
      ['userName gt "b"', ['bob']],
      ['externalId eq "E-1"', ['Ada.Lovelace']],
      ['active eq true', ['Ada.Lovelace']],
      ['active eq "False"', ['bob']],
      ['name.familyName eq "lovelace"', ['Ada.Lovelace']],
      ['name.familyName pr', ['Ada.Lovelace']],
      ['name pr', ['Ada.Lovelace']],
      ['not (name.familyName pr)', ['bob']],
      ['name.familyName eq null', ['bob']],
      ['emails.value eq "ada@example.test"', ['Ada.Lovelace', 'bob']],
      ['emails eq "love@example.test"', ['Ada.Lovelace']],
      ['emails[type eq "work"].value eq "ADA@example.test"', ['Ada.Lovelace']],
      ['emails[type eq "work" and value co "love"]', []],
      ['emails[primary eq true]', ['Ada.Lovelace']],
      [`${ENTERPRISE}:department eq "mills"`, ['Ada.Lovelace']],
      [`${ENTERPRISE}:manager.value eq "boss"`, ['Ada.Lovelace']],
      [`${ENTERPRISE} pr`, ['Ada.Lovelace']],
      [`schemas eq "${ENTERPRISE}"`, ['Ada.Lovelace']],
      ['schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"', ['Ada.Lovelace', 'bob']],
      ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bob"', ['bob']],
      ['meta.created gt "2020-01-01T00:00:00Z"', ['Ada.Lovelace', 'bob']],
      ['meta.lastModified lt "2020-01-01T00:00:00.0000000Z"', []],
      ['userName eq "bob" or (active eq true and externalId pr)', ['Ada.Lovelace', 'bob']],
      ['id eq "nobody"', []],
    ])('%s', async (filter, expected) => {
      expect((await found(filter)).sort()).toEqual(expected);
    });

    it.each([
      'shoeSize eq "44"',
      'active gt true',
      'name eq "x"',
      'password eq "x"',
      'active co "x"',
      'meta.created eq "soon"',
    ])('refuses %s', async (filter) => {
      expect(await code(found(filter))).toBe('invalidFilter');
    });

    it('finds groups by member and users by group', async () => {
      const member = await user({ userName: 'member' });
      const ops = await group('Ops', [member.id]);
      expect(await found(`members[value eq "${member.id}"]`, GROUP)).toEqual(['Ops']);
      expect(await found(`members eq "${member.id}" and displayName eq "ops"`, GROUP)).toEqual([
        'Ops',
      ]);
      expect(await found(`groups.value eq "${ops.id}"`)).toEqual(['member']);
    });
  });

  it('lets KEEP end the deletion of a rule whose directory is gone for good', async () => {
    const rule = await store.syncRules.insert({ name: randomUUID(), enabled: true, syncAs: [] });
    await store.resources.insert(
      { ruleId: rule.id, resourceType: USER, attributes: { userName: 'ada' } },
      userSchema,
    );
    expect((await store.syncRules.startDeletion(rule.id, 'DELETE'))?.deletion).toBe('DELETE');
    expect(await store.syncRules.startDeletion(rule.id, 'DISABLE')).toBeUndefined();
    expect((await store.syncRules.startDeletion(rule.id, 'KEEP'))?.deletion).toBe('KEEP');
    const left = await resourceModel(store.connection).find({ ruleId: rule.id }).lean();
    expect(left.map((document) => [document.live, document.generation])).toEqual([[false, 3]]);
  });

  it('pages through everything once, in a stable order', async () => {
    for (let i = 0; i < 25; i += 1) await user({ userName: `u${i}` });
    const seen: string[] = [];
    for (let offset = 0; offset < 25; offset += 10) {
      const page = await store.resources.search({ ruleId, from: { offset }, limit: 10 }, [
        userSchema,
      ]);
      expect(page.total).toBe(25);
      seen.push(...page.resources.map((resource) => resource.id));
    }
    expect(new Set(seen).size).toBe(25);
  });

  describe('memberships', () => {
    it('keeps all of 20 parallel additions and moves the generation', async () => {
      const ops = await group('Ops');
      const members = await Promise.all(
        Array.from({ length: 20 }, (_, i) => user({ userName: `u${i}` })),
      );
      await Promise.all(
        members.map(({ id }) =>
          store.resources.changeMembers(groups(), ops.id, {
            replaceAll: false,
            add: [id],
            remove: [],
          }),
        ),
      );
      expect((await memberIds(ops.id)).sort()).toEqual(members.map(({ id }) => id).sort());
      // What comes together may be one change, so that it is no more than 20.
      const generation = (await store.resources.find(groups(), ops.id))?.generation;
      expect(generation).toBeGreaterThan(1);
      expect(generation).toBeLessThanOrEqual(21);
    });

    it('changes nothing for a member that is there already', async () => {
      const { id } = await user({ userName: 'ada' });
      const ops = await group('Ops', [id]);
      const same = await store.resources.changeMembers(groups(), ops.id, {
        replaceAll: false,
        add: [id],
        remove: [randomUUID()],
      });
      expect(same?.generation).toBe(1);
      const replaced = await store.resources.changeMembers(groups(), ops.id, {
        replaceAll: true,
        add: [id],
        remove: [],
      });
      expect(replaced?.generation).toBe(1);
    });

    it('replaces all members and marks only those that changed', async () => {
      const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((userName) => user({ userName })));
      const ops = await group('Ops', [a!.id, b!.id]);
      await store.resources.changeMembers(groups(), ops.id, {
        replaceAll: true,
        add: [b!.id, c!.id],
        remove: [],
      });
      expect((await memberIds(ops.id)).sort()).toEqual([b!.id, c!.id].sort());
      const changed = await membershipModel(store.connection)
        .find({ groupId: ops.id, generation: { $gt: 1 } })
        .lean();
      expect(changed.map((document) => document.memberId).sort()).toEqual([a!.id, c!.id].sort());
    });

    it('tells the groups of users, and forgets a removed user in all of them', async () => {
      const [a, b] = await Promise.all(['a', 'b'].map((userName) => user({ userName })));
      const ops = await group('Ops', [a!.id, b!.id]);
      const dev = await group('Dev', [a!.id]);
      const before = await store.resources.groupsOf([a!.id, b!.id]);
      expect(
        before
          .get(a!.id)
          ?.map((one) => one.id)
          .sort(),
      ).toEqual([ops.id, dev.id].sort());
      expect(before.get(b!.id)?.map((one) => one.id)).toEqual([ops.id]);
      await store.resources.remove(users(), a!.id);
      expect(await memberIds(ops.id)).toEqual([b!.id]);
      expect(await memberIds(dev.id)).toEqual([]);
    });

    it('keeps nobody who is deleted while being added', async () => {
      const ops = await group('Ops');
      for (let round = 0; round < 20; round += 1) {
        const { id } = await user({ userName: `racer${round}` });
        const add = { replaceAll: false, add: [id], remove: [] };
        await Promise.all([
          store.resources.changeMembers(groups(), ops.id, add),
          new Promise((resolve) => setTimeout(resolve, round % 7)).then(() =>
            store.resources.remove(users(), id),
          ),
        ]);
      }
      expect(await memberIds(ops.id)).toEqual([]);
    });

    it('keeps nobody whose addition a crash cut short and who was deleted before it was finished', async () => {
      const { id } = await user({ userName: 'ada' });
      const ops = await group('Ops');
      await resourceModel(store.connection).updateOne(
        { _id: ops.id },
        {
          $inc: { generation: 1 },
          $push: { journal: { token: 't', replaceAll: false, add: [id], remove: [] } },
        },
      );
      await store.resources.remove(users(), id);
      await store.memberships.applyJournal(ops.id);
      expect(await memberIds(ops.id)).toEqual([]);
    });

    it('finishes a change that a crash cut short after its first write', async () => {
      const { id } = await user({ userName: 'ada' });
      const ops = await group('Ops');
      // What changeMembers does first; the process dies here.
      await resourceModel(store.connection).updateOne(
        { _id: ops.id },
        {
          $inc: { generation: 1 },
          $push: { journal: { token: 't', replaceAll: false, add: [id], remove: [] } },
        },
      );
      expect(await store.memberships.applyJournal(ops.id)).toBe(2);
      expect(await memberIds(ops.id)).toEqual([id]);
      const document = await resourceModel(store.connection).findById(ops.id).lean();
      expect(document?.journal).toEqual([]);
    });
  });
});
