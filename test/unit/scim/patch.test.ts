import { type ScimObject } from '../../../src/domain/resource';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { tolerant } from '../../../src/domain/validation';
import { applyPatch, parsePatch, patchModification } from '../../../src/scim/patch';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const user = standardSchemas.get('User')!;
const group = standardSchemas.get('Group')!;
const ofUser = { schema: user, profile: tolerant };
const ofGroup = { schema: group, profile: tolerant };

const kit: ScimObject = {
  userName: 'kit',
  active: true,
  name: { givenName: 'Kit', familyName: 'Marlow' },
  emails: [
    { value: 'w@x.example', type: 'work', primary: true },
    { value: 'h@x.example', type: 'home' },
  ],
  [ENTERPRISE]: { department: 'Milling', manager: { value: 'boss' } },
};

async function* currentMembers(): AsyncGenerator<ScimObject> {
  yield { value: 'a', type: 'User', display: 'Ann' };
  yield { value: 'b', type: 'User', display: 'Bob' };
  yield { value: 'g', type: 'Group' };
}

function nobody(): AsyncIterable<ScimObject> {
  throw new Error('members must not be read');
}

async function patched(...Operations: object[]): Promise<ScimObject> {
  const before = structuredClone(kit);
  const { attributes } = await applyPatch(ofUser, kit, parsePatch({ Operations }), nobody);
  expect(kit).toEqual(before);
  return attributes;
}

/** What differs from before. */
async function changes(...Operations: object[]): Promise<Record<string, unknown>> {
  const after = await patched(...Operations);
  const names = new Set([...Object.keys(kit), ...Object.keys(after)]);
  const different = [...names].filter(
    (name) => JSON.stringify(kit[name]) !== JSON.stringify(after[name]),
  );
  return Object.fromEntries(different.map((name) => [name, after[name]]));
}

describe('singular attributes', () => {
  test.each<[object, object]>([
    [{ op: 'add', path: 'title', value: 'Miller' }, { title: 'Miller' }],
    [{ op: 'replace', path: 'userName', value: 'kitty' }, { userName: 'kitty' }],
    [{ op: 'replace', path: `${CORE}:active`, value: false }, { active: false }],
    [{ op: 'replace', path: 'TITLE', value: 'Miller' }, { title: 'Miller' }],
    [{ op: 'remove', path: 'active' }, {}],
    [{ op: 'remove', path: 'active', value: 'other' }, {}],
    [{ op: 'replace', path: 'active', value: null }, {}],
    [{ op: 'remove', path: 'title' }, {}],
    [{ op: 'replace', path: 'userName', value: 'kit' }, {}],
    [{ op: 'replace', path: 'externalId', value: '0c9d' }, { externalId: '0c9d' }],
    [{ op: 'replace', path: 'password', value: 's3cret' }, {}],
    [{ op: 'remove', path: 'password' }, {}],
    [{ op: 'add', path: 'schemas', value: [ENTERPRISE] }, {}],
  ])('%j', async (operation, expected) => {
    expect(await changes(operation)).toEqual(expected);
  });
});

describe('complex attributes', () => {
  test.each<[object, object]>([
    [
      { op: 'replace', path: 'name', value: { givenName: 'Kitty' } },
      { name: { givenName: 'Kitty', familyName: 'Marlow' } },
    ],
    [
      { op: 'add', path: 'name', value: { middleName: 'M' } },
      { name: { givenName: 'Kit', familyName: 'Marlow', middleName: 'M' } },
    ],
    [
      { op: 'replace', path: 'name', value: { givenName: null } },
      { name: { familyName: 'Marlow' } },
    ],
    [{ op: 'replace', path: 'name.givenName', value: '' }, { name: { familyName: 'Marlow' } }],
    [{ op: 'remove', path: 'name.givenName' }, { name: { familyName: 'Marlow' } }],
    [{ op: 'remove', path: 'name' }, { name: undefined }],
    [{ op: 'remove', path: 'name.middleName' }, {}],
    [
      { op: 'replace', path: `${ENTERPRISE}:manager`, value: 'chief' },
      { [ENTERPRISE]: { department: 'Milling', manager: { value: 'chief' } } },
    ],
    [{ op: 'remove', path: `${ENTERPRISE}:manager` }, { [ENTERPRISE]: { department: 'Milling' } }],
    [{ op: 'remove', path: ENTERPRISE }, { [ENTERPRISE]: undefined }],
    [
      { op: 'replace', path: ENTERPRISE, value: { costCenter: '7', manager: '' } },
      { [ENTERPRISE]: { department: 'Milling', costCenter: '7' } },
    ],
    [{ op: 'replace', path: `${ENTERPRISE}:manager.$ref`, value: 'x' }, {}],
  ])('%j', async (operation, expected) => {
    expect(await changes(operation)).toEqual(expected);
  });
});

describe('multi-valued attributes', () => {
  const [work, home] = [
    { value: 'w@x.example', type: 'work', primary: true },
    { value: 'h@x.example', type: 'home' },
  ];
  const other = { value: 'o@x.example', type: 'other' };

  test.each<[object, object[] | undefined]>([
    [{ op: 'add', path: 'emails', value: [other] }, [work, home, other]],
    [{ op: 'add', path: 'emails', value: [home] }, [work, home]],
    [{ op: 'add', path: 'emails', value: [] }, [work, home]],
    [{ op: 'add', path: 'emails', value: null }, [work, home]],
    [
      { op: 'add', path: 'emails', value: { ...other, primary: true } },
      [{ ...work, primary: false }, home, { ...other, primary: true }],
    ],
    [
      { op: 'add', path: 'emails', value: [{ ...home, primary: true }] },
      [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    ],
    [{ op: 'replace', path: 'emails', value: [other] }, [other]],
    [{ op: 'replace', value: { emails: [other] } }, [other]],
    [{ op: 'replace', path: 'emails', value: [] }, undefined],
    [{ op: 'remove', path: 'emails' }, undefined],
    [{ op: 'remove', path: 'emails', value: [] }, [work, home]],
    [{ op: 'remove', path: 'emails', value: [{ value: 'w@x.example', type: 'work' }] }, [home]],
    [{ op: 'remove', path: 'emails', value: [{ value: 'w@x.example', display: 'x' }] }, [home]],
    [{ op: 'remove', path: 'emails', value: ['w@x.example'] }, [home]],
    [{ op: 'remove', path: 'emails', value: [{ type: 'home' }] }, [work]],
    [{ op: 'remove', path: 'emails', value: [other] }, [work, home]],
    [{ op: 'remove', path: 'emails[type eq "work"]' }, [home]],
    [{ op: 'remove', path: 'emails[type eq "other"]' }, [work, home]],
    [{ op: 'remove', path: 'emails[type eq "work"].value' }, [home]],
    [
      { op: 'remove', path: 'emails[type eq "work"].primary' },
      [{ value: work.value, type: 'work' }, home],
    ],
    [{ op: 'replace', path: 'emails[type eq "work"].value', value: '' }, [home]],
    [
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'n@x.example' },
      [{ ...work, value: 'n@x.example' }, home],
    ],
    [
      { op: 'replace', path: 'emails[TYPE EQ "WORK"].VALUE', value: ['n@x.example'] },
      [{ ...work, value: 'n@x.example' }, home],
    ],
    [
      { op: 'replace', path: 'emails[type eq "work"]', value: { value: 'n@x.example' } },
      [{ value: 'n@x.example', type: 'work' }, home],
    ],
    [
      { op: 'add', path: 'emails[type eq "work"]', value: { display: 'W' } },
      [{ ...work, display: 'W' }, home],
    ],
    [
      { op: 'replace', path: 'emails[type eq "home"].primary', value: 'True' },
      [
        { ...work, primary: false },
        { ...home, primary: true },
      ],
    ],
    [
      { op: 'replace', path: 'emails[type eq "other"].value', value: 'o@x.example' },
      [work, home, other],
    ],
    [{ op: 'replace', path: 'emails[type eq "other"].value', value: '' }, [work, home]],
    [
      { op: 'replace', path: 'emails[type eq "other"]', value: { value: 'o@x.example' } },
      [work, home, other],
    ],
    [
      { op: 'add', path: 'emails[type eq "custom"].value', value: 'c@x.example' },
      [work, home, { type: 'custom', value: 'c@x.example' }],
    ],
    [
      {
        op: 'replace',
        path: 'emails[type eq "other" and primary eq true].value',
        value: 'o@x.example',
      },
      [{ ...work, primary: false }, home, { ...other, primary: true }],
    ],
    [
      { op: 'replace', path: 'emails.display', value: 'D' },
      [
        { ...work, display: 'D' },
        { ...home, display: 'D' },
      ],
    ],
    [
      { op: 'replace', value: { 'emails[type eq "other"].value': 'o@x.example' } },
      [work, home, other],
    ],
  ])('%j', async (operation, expected) => {
    expect((await patched(operation))['emails']).toEqual(expected);
  });

  test('a sub-attribute of no value makes one', async () => {
    const after = await patched({ op: 'add', path: 'photos.value', value: 'https://x.example/k' });
    expect(after['photos']).toEqual([{ value: 'https://x.example/k' }]);
  });

  test('operations see what those before them did', async () => {
    const after = await patched(
      { op: 'remove', path: 'emails' },
      { op: 'add', path: 'emails[type eq "work"].value', value: '1@x.example' },
      { op: 'replace', path: 'emails[type eq "work"].value', value: '2@x.example' },
      { op: 'remove', path: 'userName' },
      { op: 'add', path: 'userName', value: 'kitty' },
    );
    expect(after).toMatchObject({
      userName: 'kitty',
      emails: [{ type: 'work', value: '2@x.example' }],
    });
  });
});

describe('the work on long lists is bounded', () => {
  /** Values that count how often they are looked at. */
  function watchedRoles(length: number): {
    readonly roles: ScimObject[];
    readonly looks: () => number;
  } {
    let looks = 0;
    const roles = Array.from({ length }, (_, index) => ({
      get value(): string {
        looks += 1;
        return `role-${String(index)}`;
      },
      type: 'x',
    }));
    return { roles, looks: () => looks };
  }

  function rolesPatched(roles: readonly ScimObject[], Operations: readonly object[]) {
    return applyPatch(ofUser, { userName: 'kit', roles }, parsePatch({ Operations }), nobody);
  }

  test.each(['remove', 'add'])('%s of a list looks at each value a few times', async (op) => {
    const { roles, looks } = watchedRoles(1000);
    // In another order than they stand, and for a removal with many that are not there.
    const count = op === 'remove' ? 20_000 : 1000;
    const value = Array.from({ length: count }, (_, index) => ({
      value: `role-${String(count - 1 - index)}`,
      type: 'x',
    }));
    const { attributes } = await rolesPatched(roles, [{ op, path: 'roles', value }]);
    expect(attributes['roles']).toEqual(op === 'remove' ? undefined : roles);
    expect(looks()).toBeLessThan(10_000);
  });

  const many = 1000;
  test.each<[string, object[]]>([
    [
      'filtered replacements',
      Array.from({ length: many }, (_, index) => ({
        op: 'replace',
        path: `roles[value eq "role-${String(index)}"].display`,
        value: 'x',
      })),
    ],
    [
      'keys of one value without a path',
      [
        {
          op: 'replace',
          value: Object.fromEntries(
            Array.from({ length: 9000 }, (_, n) => [`roles[value eq "r${String(n)}"].display`, '']),
          ),
        },
      ],
    ],
    [
      'additions one by one',
      Array.from({ length: many }, (_, n) => ({
        op: 'add',
        path: 'roles',
        value: { value: `role-${String(n)}`, type: 'x' },
      })),
    ],
    [
      'removals by list',
      Array.from({ length: many }, () => ({ op: 'remove', path: 'roles', value: ['x'] })),
    ],
    [
      'a long filter again and again',
      Array.from({ length: 20 }, () => ({
        op: 'remove',
        path: `roles[${Array.from({ length: 200 }, () => 'display eq "x"').join(' or ')}]`,
      })),
    ],
    [
      'a long text for every value',
      Array.from({ length: 10 }, () => ({
        op: 'replace',
        path: 'roles[value pr].display',
        value: 'x'.repeat(100_000),
      })),
    ],
  ])('%s end as too much', async (_name, Operations) => {
    const { roles, looks } = watchedRoles(1000);
    await expect(rolesPatched(roles, Operations)).rejects.toMatchObject({
      code: 'tooLarge',
      message: expect.stringContaining('Split them'),
    });
    expect(looks()).toBeLessThan(2_000_000);
  });

  test('a value nested as deep as a body allows is no more than a wrong value', async () => {
    const value: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    const operation = { op: 'replace', path: 'roles[value pr].display', value };
    await expect(rolesPatched([{ value: 'a' }], [operation])).rejects.toMatchObject({
      code: 'invalidValue',
    });
  });

  test('hundreds of operations on a list of hundreds are fine', async () => {
    const roles = Array.from({ length: 300 }, (_, n) => ({ value: `role-${String(n)}` }));
    const Operations = roles.map(({ value }) => ({
      op: 'replace',
      path: `roles[value eq "${value}"].display`,
      value: 'X',
    }));
    const { attributes } = await rolesPatched(roles, Operations);
    expect(attributes['roles']).toEqual(roles.map((role) => ({ ...role, display: 'X' })));
  });

  test('an address is found again after it stopped being the primary one', async () => {
    const old = { formatted: 'Mill Lane 1', primary: true };
    const other = { formatted: 'Mill Lane 2', primary: true };
    const { attributes } = await applyPatch(
      ofUser,
      { userName: 'kit', addresses: [old] },
      parsePatch({
        Operations: [{ op: 'add', path: 'addresses', value: [other, { ...old, primary: false }] }],
      }),
      nobody,
    );
    expect(attributes['addresses']).toEqual([{ ...old, primary: false }, other]);
  });
});

test('a value without a path', async () => {
  expect(
    await changes({
      op: 'replace',
      value: {
        id: 'other',
        meta: {},
        groups: [],
        unknown: 1,
        'name.givenName': 'Kitty',
        ACTIVE: 'False',
        [`${ENTERPRISE}:employeeNumber`]: '7731',
        [ENTERPRISE]: { costCenter: '7', unknown: 1 },
      },
    }),
  ).toEqual({
    active: false,
    name: { givenName: 'Kitty', familyName: 'Marlow' },
    [ENTERPRISE]: {
      department: 'Milling',
      manager: { value: 'boss' },
      employeeNumber: '7731',
      costCenter: '7',
    },
  });
});

test('keys that reach for the prototype are ignored', async () => {
  const value: unknown = JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"name":{"__proto__":{"polluted":true}}}',
  );
  expect(await changes({ op: 'add', value })).toEqual({});
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each<[string, object]>([
  ['invalidPath', { op: 'replace', path: 'unknown', value: 1 }],
  ['invalidPath', { op: 'replace', path: 'name.unknown', value: 1 }],
  ['invalidPath', { op: 'replace', path: 'emails[type eq "work"', value: 1 }],
  ['invalidPath', { op: 'replace', path: 'name[givenName eq "Kit"].familyName', value: 'x' }],
  ['invalidPath', { op: 'replace', path: '__proto__', value: 1 }],
  ['invalidPath', { op: 'replace', path: 'constructor.prototype', value: 1 }],
  ['invalidPath', { op: 'replace', path: 5, value: 1 }],
  ['mutability', { op: 'replace', path: 'id', value: 'x' }],
  ['mutability', { op: 'replace', path: 'meta.version', value: 'x' }],
  ['mutability', { op: 'add', path: 'groups', value: [{ value: 'g' }] }],
  ['mutability', { op: 'replace', path: `${ENTERPRISE}:manager.displayName`, value: 'x' }],
  ['noTarget', { op: 'remove' }],
  ['noTarget', { op: 'replace', path: 'emails[type eq "nonexistent"].value', value: 'x' }],
  ['noTarget', { op: 'replace', path: 'emails[type co "z"].value', value: 'x' }],
  ['noTarget', { op: 'add', path: 'emails[type eq "a" or type eq "b"].value', value: 'x' }],
  ['invalidFilter', { op: 'replace', path: 'emails[unknown eq "a"].value', value: 'x' }],
  ['invalidValue', { op: 'replace', path: 'active', value: 'perhaps' }],
  ['invalidValue', { op: 'replace', path: 'userName', value: '' }],
  ['invalidValue', { op: 'replace', path: 'userName', value: 5 }],
  ['mutability', { op: 'remove', path: 'userName' }],
  ['invalidValue', { op: 'replace', path: 'name', value: 'Kit' }],
  ['invalidValue', { op: 'add', path: 'emails', value: [5] }],
  ['invalidValue', { op: 'add', path: 'title' }],
  ['invalidValue', { op: 'replace', value: 'text' }],
  ['invalidValue', { op: 'replace', path: 'emails.primary', value: true }],
  ['invalidValue', { op: 'replace', path: 'password', value: 5 }],
  ['invalidSyntax', { op: 'move', path: 'title', value: 'x' }],
  ['invalidSyntax', { path: 'title', value: 'x' }],
])('%s: %j', async (code, operation) => {
  await expect(patched(operation)).rejects.toMatchObject({ name: 'DomainError', code });
});

test.each([
  [{}],
  [[]],
  ['text'],
  [null],
  [undefined],
  [{ Operations: [] }],
  [{ Operations: {} }],
  [{ Operations: ['x'] }],
])('%j is no PatchOp', (body) => {
  expect(() => parsePatch(body)).toThrow(expect.objectContaining({ code: 'invalidSyntax' }));
});

test('keys of the message in any case, and a null path', () => {
  expect(parsePatch({ operations: [{ Op: 'ADD', Path: null, Value: { active: true } }] })).toEqual([
    { op: 'add', value: { active: true } },
  ]);
});

describe('members', () => {
  const none = { replaceAll: false, add: [], remove: [] };

  test.each<[string, object[], object | undefined]>([
    [
      'add',
      [{ op: 'add', path: 'members', value: [{ value: 'x' }, { value: 'x' }] }],
      { ...none, add: ['x'] },
    ],
    [
      'add without a path',
      [{ op: 'add', value: { members: [{ value: 'x' }] } }],
      { ...none, add: ['x'] },
    ],
    ['add nothing', [{ op: 'add', path: 'members', value: [] }], undefined],
    ['remove one', [{ op: 'remove', path: 'members[value eq "a"]' }], { ...none, remove: ['a'] }],
    [
      'remove either',
      [{ op: 'remove', path: 'members[value eq "a" or value eq b]' }],
      { ...none, remove: ['a', 'b'] },
    ],
    [
      'remove its value',
      [{ op: 'remove', path: 'members[value eq "a"].value' }],
      { ...none, remove: ['a'] },
    ],
    [
      'replace',
      [{ op: 'replace', path: 'members', value: [{ value: 'x' }] }],
      { replaceAll: true, add: ['x'], remove: [] },
    ],
    ['remove all', [{ op: 'remove', path: 'members' }], { replaceAll: true, add: [], remove: [] }],
    [
      'remove all, null',
      [{ op: 'remove', path: 'members', value: null }],
      { replaceAll: true, add: [], remove: [] },
    ],
    ['remove none', [{ op: 'remove', path: 'members', value: [] }], undefined],
    [
      'last word counts',
      [
        { op: 'add', path: 'members', value: [{ value: 'x' }, { value: 'y' }] },
        { op: 'remove', path: 'members[value eq "x"]' },
        { op: 'remove', path: 'members', value: [{ value: 'z' }] },
        { op: 'add', path: 'members', value: [{ value: 'z' }] },
      ],
      { replaceAll: false, add: ['y', 'z'], remove: ['x'] },
    ],
    [
      'changes after a replacement',
      [
        { op: 'remove', path: 'members', value: [{ value: 'a' }] },
        { op: 'replace', path: 'members', value: [{ value: 'x' }, { value: 'y' }] },
        { op: 'remove', path: 'members[value eq "x"]' },
        { op: 'add', path: 'members', value: [{ value: 'z' }] },
      ],
      { replaceAll: true, add: ['y', 'z'], remove: [] },
    ],
    [
      'display of a member',
      [{ op: 'replace', path: 'members[value eq "a"].display', value: 'A' }],
      undefined,
    ],
    [
      'one by another',
      [{ op: 'replace', path: 'members[value eq "a"]', value: { value: 'x' } }],
      { ...none, add: ['x'], remove: ['a'] },
    ],
  ])('%s', async (_name, Operations, expected) => {
    const modification = patchModification(ofGroup, parsePatch({ Operations }));
    expect(modification.onlyMembers).toBe(true);
    expect((await modification.apply({}, nobody)).members).toEqual(expected);
  });

  test.each<[string, object[], object | undefined]>([
    ['groups', [{ op: 'remove', path: 'members[type eq "Group"]' }], { ...none, remove: ['g'] }],
    [
      'by display',
      [{ op: 'remove', path: 'members[display eq "bob"]' }],
      { ...none, remove: ['b'] },
    ],
    ['but one', [{ op: 'remove', path: 'members[value ne "a"]' }], { ...none, remove: ['b', 'g'] }],
    [
      'those added just now',
      [
        { op: 'add', path: 'members', value: [{ value: 'x' }] },
        { op: 'remove', path: 'members[value sw "x"]' },
      ],
      { ...none, remove: ['x'] },
    ],
    [
      'nobody but those added after a replacement',
      [
        { op: 'replace', path: 'members', value: [{ value: 'x' }] },
        { op: 'remove', path: 'members[type eq "User"]' },
      ],
      { replaceAll: true, add: ['x'], remove: [] },
    ],
  ])('a filter that needs to know the members: %s', async (_name, Operations, expected) => {
    const modified = await applyPatch(ofGroup, {}, parsePatch({ Operations }), currentMembers);
    expect(modified.members).toEqual(expected);
  });

  test('together with a new name', async () => {
    const value = { id: 'g-5', displayName: 'Ops EU', members: [{ value: 'x' }] };
    const modification = patchModification(
      ofGroup,
      parsePatch({ Operations: [{ op: 'replace', value }] }),
    );
    expect(modification.onlyMembers).toBe(false);
    expect(await modification.apply({ displayName: 'Ops' }, nobody)).toEqual({
      attributes: { displayName: 'Ops EU' },
      members: { replaceAll: true, add: ['x'], remove: [] },
    });
  });

  test.each<[string, object]>([
    ['mutability', { op: 'replace', path: 'members[value eq "a"].value', value: 'b' }],
    ['invalidValue', { op: 'add', path: 'members', value: [5] }],
    ['invalidValue', { op: 'remove', path: 'members', value: [{ display: 'x' }] }],
    ['invalidFilter', { op: 'remove', path: 'members[unknown eq "a"]' }],
  ])('%s: %j', async (code, operation) => {
    await expect(
      applyPatch(ofGroup, {}, parsePatch({ Operations: [operation] }), currentMembers),
    ).rejects.toMatchObject({ code });
  });

  describe('with filters that need to know the members', () => {
    function group300() {
      let reads = 0;
      const read = async function* (): AsyncGenerator<ScimObject> {
        reads += 1;
        for (let n = 0; n < 300; n += 1) {
          yield { value: `m-${String(n)}`, type: 'User', display: `Name ${String(n)}` };
        }
      };
      return { read, reads: () => reads };
    }

    test('they are read once, and every filter sees what those before it did', async () => {
      const { read, reads } = group300();
      const removals = Array.from({ length: 300 }, (_, n) => ({
        op: 'remove',
        path: `members[display eq "name ${String(n)}"]`,
      }));
      const Operations = [
        ...removals,
        { op: 'add', path: 'members', value: ['new-1', 'new-2'] },
        { op: 'remove', path: 'members[value ew "-2"]' },
        { op: 'remove', path: 'members[display sw "Name"]' },
      ];
      const { members } = await applyPatch(ofGroup, {}, parsePatch({ Operations }), read);
      expect(reads()).toBe(1);
      expect([members?.add, members?.remove.length]).toEqual([['new-1'], 301]);
    });

    test('they are not read for filters by id, however many', async () => {
      const Operations = Array.from({ length: 1000 }, (_, n) => ({
        op: 'remove',
        path: `members[value eq "m-${String(n)}"]`,
      }));
      const { members } = await applyPatch(ofGroup, {}, parsePatch({ Operations }), nobody);
      expect(members?.remove).toHaveLength(1000);
    });

    test.each<[string, object[]]>([
      [
        'many long filters on many members',
        Array.from({ length: 100 }, () => ({
          op: 'remove',
          path: `members[${Array.from({ length: 100 }, () => 'display co "x"').join(' or ')}]`,
        })),
      ],
      [
        'many filters on many members added just now',
        [
          { op: 'replace', path: 'members', value: Array.from({ length: 9000 }, (_, n) => `${n}`) },
          ...Array.from({ length: 900 }, () => ({ op: 'remove', path: 'members[display co "x"]' })),
        ],
      ],
    ])('%s end as too much', async (_name, Operations) => {
      const { read, reads } = group300();
      await expect(applyPatch(ofGroup, {}, parsePatch({ Operations }), read)).rejects.toMatchObject(
        {
          code: 'tooLarge',
        },
      );
      expect(reads()).toBeLessThan(2);
    });
  });

  test('as many operations as there may be', async () => {
    const Operations = Array.from({ length: 1000 }, (_, index) => ({
      op: 'add',
      path: 'members',
      value: [{ value: `u-${String(index)}` }],
    }));
    const { members } = await applyPatch(ofGroup, {}, parsePatch({ Operations }), nobody);
    expect(members?.add).toHaveLength(1000);
    expect(() => parsePatch({ Operations: [...Operations, 'not even looked at'] })).toThrow(
      expect.objectContaining({ code: 'tooLarge', message: expect.stringContaining('Split it') }),
    );
  });
});
