import fc from 'fast-check';
import { DomainError } from '../../../src/domain/error';
import { type AttributePath, type Filter, type ScimPath } from '../../../src/domain/filter/ast';
import { parseAttributePath, parseFilter, parsePath } from '../../../src/domain/filter/parser';
import { printFilter, printPath } from '../../../src/domain/filter/print';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

function eq(attribute: string, value: string | number | boolean | null): Filter {
  return { type: 'compare', path: { attribute }, operator: 'eq', value };
}

describe('parseFilter', () => {
  test.each<[string, Filter]>([
    ['userName eq "kit"', eq('userName', 'kit')],
    ['userName EQ "kit"', eq('userName', 'kit')],
    ['  title   pr ', { type: 'present', path: { attribute: 'title' } }],
    ['active eq true', eq('active', true)],
    ['active eq False', eq('active', false)],
    ['age eq -12.5', eq('age', -12.5)],
    ['manager eq null', eq('manager', null)],
    ['userName eq "a\\"b\\\\c\\u0041"', eq('userName', 'a"b\\cA')],
    ['userName eq "O\'Neil (x) [y]"', eq('userName', "O'Neil (x) [y]")],
    [
      'name.familyName co "x"',
      {
        type: 'compare',
        path: { attribute: 'name', subAttribute: 'familyName' },
        operator: 'co',
        value: 'x',
      },
    ],
    [
      `${ENTERPRISE}:manager.value eq "x"`,
      {
        type: 'compare',
        path: { schema: ENTERPRISE, attribute: 'manager', subAttribute: 'value' },
        operator: 'eq',
        value: 'x',
      },
    ],
    [
      'a eq 1 and b eq 2 and c eq 3',
      { type: 'and', filters: [eq('a', 1), eq('b', 2), eq('c', 3)] },
    ],
    [
      'a eq 1 or b eq 2 AND c eq 3',
      { type: 'or', filters: [eq('a', 1), { type: 'and', filters: [eq('b', 2), eq('c', 3)] }] },
    ],
    [
      '(a eq 1 or b eq 2) and not (c eq 3)',
      {
        type: 'and',
        filters: [
          { type: 'or', filters: [eq('a', 1), eq('b', 2)] },
          { type: 'not', filter: eq('c', 3) },
        ],
      },
    ],
    ['not(a eq 1)', { type: 'not', filter: eq('a', 1) }],
    [
      'emails[type eq "work" and value co "@x"]',
      {
        type: 'valuePath',
        path: { attribute: 'emails' },
        filter: {
          type: 'and',
          filters: [
            eq('type', 'work'),
            { type: 'compare', path: { attribute: 'value' }, operator: 'co', value: '@x' },
          ],
        },
      },
    ],
    [
      'emails[type eq "work"].value eq "x"',
      {
        type: 'valuePath',
        path: { attribute: 'emails' },
        filter: { type: 'and', filters: [eq('type', 'work'), eq('value', 'x')] },
      },
    ],
    [
      'emails[type eq "work"].value pr and active eq true',
      {
        type: 'and',
        filters: [
          {
            type: 'valuePath',
            path: { attribute: 'emails' },
            filter: {
              type: 'and',
              filters: [eq('type', 'work'), { type: 'present', path: { attribute: 'value' } }],
            },
          },
          eq('active', true),
        ],
      },
    ],
    ['userName eq kit.marlow@x.example', eq('userName', 'kit.marlow@x.example')],
    ['externalId eq 007', eq('externalId', '007')],
    ['externalId eq 12345678901234567890', eq('externalId', '12345678901234567890')],
    [
      'emails[type eq work]',
      { type: 'valuePath', path: { attribute: 'emails' }, filter: eq('type', 'work') },
    ],
  ])('%s', (text, expected) => {
    expect(parseFilter(text)).toEqual(expected);
  });

  test.each<[string, string]>([
    ['', 'position 1: expected an attribute name but found the end'],
    ['userName', 'position 9: expected an operator (eq, ne'],
    [
      'userName is "x"',
      'position 10: expected an operator (eq, ne, co, sw, ew, pr, gt, ge, lt, le) but found "is"',
    ],
    ['userName eq', 'position 12: expected a value to compare with'],
    ['userName eq "x', 'position 13: the quoted string has no closing quote'],
    ['userName eq "\\x"', 'position 13: the quoted string is not a valid JSON string'],
    ['userName eq "a\\u0000b"', 'position 13: the quoted string has NUL'],
    ['userName eq "a\\ud800b"', 'position 13: the quoted string has NUL or unpaired surrogate'],
    [
      'userName eq "x" userName eq "y"',
      'position 17: expected "and", "or" or the end of the filter but found "userName"',
    ],
    ['displayName eq Kit Marlow', 'position 20: expected "and"'],
    ['(userName eq "x"', 'position 17: expected "and", "or" or ")" but found the end'],
    [
      'userName eq "x")',
      'position 16: expected "and", "or" or the end of the filter but found ")"',
    ],
    ['emails[type eq "work"', 'expected "and", "or" or "]"'],
    ['emails[photos[type eq "x"]]', 'cannot stand inside another'],
    ['emails[type eq "work"]value eq "x"', 'position 23: expected "and", "or" or the end'],
    ['"userName" eq "x"', 'position 1: expected an attribute name but found the string "userName"'],
    ['user name eq "x"', 'position 6: expected an operator'],
    ['__proto__ eq "x"', 'expected an attribute name'],
    ['a.b.c eq "x"', 'expected an attribute name but found "a.b.c"'],
    ['urn:a b:c eq "x"', 'expected a schema URN before "a"'],
    ['and eq eq', 'no error'],
  ])('%s is refused', (text, message) => {
    if (message === 'no error') expect(() => parseFilter(text)).not.toThrow();
    else expect(() => parseFilter(text)).toThrow(message);
  });

  test('errors are invalidFilter', () => {
    expect(() => parseFilter('x')).toThrow(expect.objectContaining({ code: 'invalidFilter' }));
  });

  test('length, depth and number of expressions are limited', () => {
    const expressions = (count: number): string =>
      Array.from({ length: count }, () => 'a eq 1').join(' or ');
    const nested = (depth: number): string => '('.repeat(depth) + 'a eq 1' + ')'.repeat(depth);
    expect(() => parseFilter(expressions(150))).not.toThrow();
    expect(() => parseFilter(expressions(201))).toThrow('more than 200 expressions');
    expect(() => parseFilter(nested(32))).not.toThrow();
    expect(() => parseFilter(nested(33))).toThrow('deeper than 32');
    expect(() => parseFilter(`userName eq "${'x'.repeat(9000)}"`)).toThrow('longer than 8192');
  });

  test('a long hostile text is refused quickly', () => {
    const hostile = [
      '('.repeat(8000),
      'not '.repeat(2000),
      'a eq "' + '\\"'.repeat(4000),
      ' '.repeat(8192),
      `${'a'.repeat(8000)} eq`,
      `urn:${'a:'.repeat(4000)} eq 1`,
      '[['.repeat(4000),
    ];
    // Processor time: what else the machine has to do says nothing about this.
    const start = process.cpuUsage();
    for (let round = 0; round < 20; round += 1) {
      for (const text of hostile) expect(() => parseFilter(text)).toThrow(DomainError);
    }
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(1_000_000);
  });

  test('nothing but a DomainError is ever thrown', () => {
    const piece = fc.constantFrom(
      ...['(', ')', '[', ']', '"', '\\', '.', ':', ' ', 'and', 'or', 'not', 'eq', 'pr', 'userName'],
      ...[
        'urn:x:2.0:User',
        'true',
        '1',
        '"x"',
        '__proto__',
        '$ref',
        'emails[type eq "work"]',
        '\0',
      ],
    );
    const text = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(' ')),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const parse of [parseFilter, parsePath, parseAttributePath]) {
          try {
            parse(input);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parsePath', () => {
  test.each<[string, ScimPath]>([
    ['members', { path: { attribute: 'members' } }],
    ['name.givenName', { path: { attribute: 'name', subAttribute: 'givenName' } }],
    ['members[value eq "x"]', { path: { attribute: 'members' }, filter: eq('value', 'x') }],
    [
      'emails[type eq "work"].value',
      { path: { attribute: 'emails', subAttribute: 'value' }, filter: eq('type', 'work') },
    ],
    [`${ENTERPRISE}:department`, { path: { schema: ENTERPRISE, attribute: 'department' } }],
    [
      `${ENTERPRISE}.manager`,
      {
        path: {
          schema: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0',
          attribute: 'User',
          subAttribute: 'manager',
        },
      },
    ],
    ['members.$ref', { path: { attribute: 'members', subAttribute: '$ref' } }],
  ])('%s', (text, expected) => {
    expect(parsePath(text)).toEqual(expected);
  });

  test.each([
    '',
    'a b',
    'a[',
    'a[]',
    'a]',
    'a[b eq 1].c.d',
    'a[b eq 1]c',
    '.a',
    'a.',
    'a..b',
    ':a',
    '1a',
    'a/b',
  ])('%j is refused', (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ code: 'invalidPath' }));
  });
});

describe('printing', () => {
  const name = fc.constantFrom('userName', 'emails', 'a', 'x-y_z', '$ref', 'not', 'and');
  const schema = fc.constantFrom(undefined, ENTERPRISE, 'urn:x:1.0');
  const path: fc.Arbitrary<AttributePath> = fc
    .tuple(schema, name, fc.option(name, { nil: undefined }))
    .map(([urn, attribute, subAttribute]) => ({
      ...(urn === undefined ? {} : { schema: urn }),
      attribute,
      ...(subAttribute === undefined ? {} : { subAttribute }),
    }));
  const literal = fc.oneof(
    fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  );
  const compare = fc.record({
    type: fc.constant('compare' as const),
    path,
    operator: fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'),
    value: literal,
  }) as fc.Arbitrary<Filter>;
  const present: fc.Arbitrary<Filter> = path.map((of) => ({ type: 'present', path: of }));

  function tree(depth: number, inner: boolean): fc.Arbitrary<Filter> {
    if (depth === 0) return fc.oneof(compare, present);
    const part = tree(depth - 1, inner);
    const joined = fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const),
        fc.array(part, { minLength: 2, maxLength: 3 }),
      )
      .map(([type, filters]): Filter => ({ type, filters }));
    const not = part.map((filter): Filter => ({ type: 'not', filter }));
    const leaves = [compare, present, joined, not];
    if (inner) return fc.oneof(...leaves);
    const valuePath = fc
      .tuple(path, tree(depth - 1, true))
      .map(([of, filter]): Filter => ({ type: 'valuePath', path: of, filter }));
    return fc.oneof(...leaves, valuePath);
  }

  test('a printed filter parses to itself', () => {
    fc.assert(
      fc.property(tree(3, false), (filter) => {
        expect(parseFilter(printFilter(filter))).toEqual(filter);
      }),
      { numRuns: 500 },
    );
  });

  test('a printed path parses to itself', () => {
    const filter = fc.option(tree(2, true), { nil: undefined });
    fc.assert(
      fc.property(path, filter, (of, inside) => {
        const scimPath: ScimPath =
          inside === undefined ? { path: of } : { path: of, filter: inside };
        expect(parsePath(printPath(scimPath))).toEqual(scimPath);
      }),
    );
  });
});
