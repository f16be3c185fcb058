import fc from 'fast-check';
import { equalAttributes } from '../../../src/domain/attribute-values';
import { DomainError } from '../../../src/domain/error';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { coerceResource } from '../../../src/domain/validation';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const user = standardSchemas.get('User')!;
const group = standardSchemas.get('Group')!;

function attributesOf(body: object) {
  return coerceResource(user, { userName: 'kit', ...body }).attributes;
}

test('names become canonical and values stay as they are', () => {
  expect(
    attributesOf({
      DISPLAYNAME: '  Kit  Marlow ',
      Emails: [{ VALUE: 'Kit@X.example', Type: 'Work' }],
      [ENTERPRISE.toLowerCase()]: { Department: 'Milling' },
    }),
  ).toEqual({
    userName: 'kit',
    displayName: '  Kit  Marlow ',
    emails: [{ value: 'Kit@X.example', type: 'Work' }],
    [ENTERPRISE]: { department: 'Milling' },
  });
});

test('dotted and qualified keys join what else is said of the attribute', () => {
  expect(
    attributesOf({
      name: { familyName: 'Marlow' },
      'name.givenName': 'Kit',
      [`${ENTERPRISE}:department`]: 'Milling',
      [ENTERPRISE]: { costCenter: '7' },
      manager: 'boss',
    }),
  ).toEqual({
    userName: 'kit',
    name: { familyName: 'Marlow', givenName: 'Kit' },
    [ENTERPRISE]: { department: 'Milling', costCenter: '7', manager: { value: 'boss' } },
  });
});

test('what is unknown, read-only, derived or secret is left out', () => {
  expect(
    attributesOf({
      id: 'x',
      meta: {},
      schemas: ['x'],
      groups: [{ value: 'g' }],
      unknown: 1,
      'a b c': 1,
      password: 's3cret',
      emails: [{ value: 'a@x.example', unknown: 1 }],
      manager: { value: 'boss', $ref: 'x', displayName: 'The boss' },
    }),
  ).toEqual({
    userName: 'kit',
    emails: [{ value: 'a@x.example' }],
    [ENTERPRISE]: { manager: { value: 'boss' } },
  });
});

test('keys that reach for the prototype are unknown attributes', () => {
  const body = JSON.parse(
    '{"userName":"kit","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"name":{"__proto__":{"polluted":true},"givenName":"Kit"},"emails":[{"value":"x","__proto__":{"polluted":true}}]}',
  ) as object;
  const { attributes } = coerceResource(user, body);
  expect(attributes).toEqual({
    userName: 'kit',
    name: { givenName: 'Kit' },
    emails: [{ value: 'x' }],
  });
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect((attributes as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('a label without anything labelled is no value', () => {
  expect(
    attributesOf({
      emails: [
        { type: 'work', value: '' },
        { type: 'home', primary: true },
      ],
    }),
  ).toEqual({
    userName: 'kit',
  });
});

test.each<[string, object]>([
  ['"displayName" must be a string', { displayName: 5 }],
  ['"displayName" must be a string', { displayName: { value: 'x' } }],
  ['"displayName" takes one value, not a list', { displayName: ['a', 'b'] }],
  ['"active" must be true or false', { active: 'yes' }],
  ['"active" must be true or false', { active: 1 }],
  ['"name" must be an object', { name: 'Kit' }],
  ['"name.givenName" must be a string', { name: { givenName: 1 } }],
  ['"emails" must be an object', { emails: [5] }],
  ['"emails.value" must be a string', { emails: [{ value: {} }] }],
  [
    '"emails" may have "primary": true in one value only',
    {
      emails: [
        { value: 'a', primary: true },
        { value: 'b', primary: 'true' },
      ],
    },
  ],
  ['"emails" may have at most 1000 values', { emails: Array.from({ length: 1001 }, () => 'x') }],
  ['"userName" may have at most 1024 characters', { userName: 'x'.repeat(1025) }],
  ['"title" may have at most 262144 characters', { title: 'x'.repeat(262145) }],
  ['"title" has characters that cannot be stored', { title: 'a\0b' }],
  ['"title" has characters that cannot be stored', { title: 'a\ud800b' }],
  ['"password" must be a string', { password: 5 }],
  [':manager.value" must be a string', { [ENTERPRISE]: { manager: { value: 5 } } }],
])('%s', (message, body) => {
  const run = (): unknown => attributesOf(body);
  expect(run).toThrow(expect.objectContaining({ code: 'invalidValue' }));
  expect(run).toThrow(message);
});

test.each([[{}], [{ userName: '' }], [{ userName: null }], [{ userName: ' ' }]])(
  '%j lacks userName',
  (body) => {
    expect(() => coerceResource(user, body)).toThrow('"userName" is required for a User');
  },
);

test.each([['text'], [5], [null], [[]], [undefined]])('%j is no resource', (body) => {
  expect(() => coerceResource(user, body)).toThrow(
    expect.objectContaining({ code: 'invalidSyntax' }),
  );
});

describe('members', () => {
  test.each<[unknown, readonly string[] | undefined]>([
    [undefined, undefined],
    [null, []],
    [[], []],
    [
      [{ value: 'a' }, { value: 'b', display: 'B', $ref: null }, { value: 'a' }],
      ['a', 'b'],
    ],
    [{ value: 'a' }, ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[{ $ref: 'https://x.example/scim/v2/Users/a' }], ['a']],
  ])('%j', (members, expected) => {
    const body = { displayName: 'Ops', ...(members === undefined ? {} : { members }) };
    expect(coerceResource(group, body)).toEqual({
      attributes: { displayName: 'Ops' },
      ...(expected === undefined ? {} : { members: expected }),
    });
  });

  test.each([[[5]], [[{}]], [[{ value: 5 }]], [[{ display: 'x' }]], [7]])(
    '%j is refused',
    (members) => {
      expect(() => coerceResource(group, { displayName: 'Ops', members })).toThrow(
        expect.objectContaining({ code: 'invalidValue', field: 'members' }),
      );
    },
  );
});

test('coercing twice changes nothing, and only DomainErrors are thrown', () => {
  const names = [
    'userName',
    'name',
    'active',
    'emails',
    'manager',
    ENTERPRISE,
    'name.givenName',
    '__proto__',
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, '', ' ', 'x', 'True', true, 0, '\0'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom('value', 'type', 'primary', 'givenName', 'department', 'manager'),
        tie('any'),
      ),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (body) => {
      try {
        const { attributes } = coerceResource(user, { userName: 'kit', ...body });
        expect(coerceResource(user, attributes).attributes).toEqual(attributes);
      } catch (error) {
        expect(error).toBeInstanceOf(DomainError);
      }
    }),
    { numRuns: 1000 },
  );
});

test.each([
  [{ a: 1, b: [1, { c: 'x' }] }, { b: [1, { c: 'x' }], a: 1 }, true],
  [{ a: [1, 2] }, { a: [2, 1] }, false],
  [{ a: 1 }, { a: 1, b: 1 }, false],
  [{ a: { b: 1 } }, { a: [1] }, false],
  [{ a: '1' }, { a: 1 }, false],
])('equalAttributes(%j, %j)', (left, right, expected) => {
  expect(equalAttributes(left, right)).toBe(expected);
});
