import fc from 'fast-check';

import { DomainError } from '../../../src/domain/error';
import { checkMapping, compileMapping, evaluateMapping } from '../../../src/domain/mapping';
import { signature } from '../../../src/domain/mapping/definition';
import { FUNCTIONS } from '../../../src/domain/mapping/functions';
import { type ScimObject } from '../../../src/domain/resource';
import { mappingUser, userSchema } from './mapping-user';

const text = fc.string({ unit: 'binary', maxLength: 40 });

const paths = fc.constantFrom(
  'id',
  'userName',
  'active',
  'emails',
  'emails[type eq "work"].value',
  'emails[primary eq true or value co "a"].type',
  'roles',
  'department',
  'meta.lastModified',
);

/** Expressions that are right more often than not. */
const expressions = fc.letrec<{ expression: string; call: string; literal: string }>((tie) => ({
  expression: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie('literal'), paths, tie('call')),
  literal: fc.oneof(
    fc.string({ maxLength: 10 }).map((value) => JSON.stringify(value)),
    fc.integer({ min: -20, max: 20 }).map(String),
    fc.boolean().map(String),
  ),
  call: fc
    .tuple(fc.constantFrom(...FUNCTIONS.keys()), fc.array(tie('expression'), { maxLength: 5 }))
    .map(([name, args]) => `${name}(${args.join(', ')})`),
})).expression;

/** The pieces expressions are made of, in no order. */
const gibberish = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '"',
        '\\',
        ',',
        ' ',
        '.',
        ':',
        'eq',
        'lower',
        '__proto__',
      ),
      paths,
      text,
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

const users: fc.Arbitrary<ScimObject> = fc.record(
  {
    userName: text,
    active: fc.boolean(),
    emails: fc.array(
      fc.record({ value: text, type: fc.constantFrom('work', 'home'), primary: fc.boolean() }),
      { maxLength: 5 },
    ),
    roles: fc.array(fc.record({ value: text }), { maxLength: 5 }),
  },
  { requiredKeys: [] },
);

/** What comes of it, or the domain's error; anything else that is thrown fails the test. */
function attempt(expression: string, attributes: ScimObject): string[] | DomainError {
  try {
    const mapping = compileMapping([{ attribute: '__proto__', expression }], userSchema);
    return evaluateMapping(mapping, mappingUser(attributes)).authoritative['__proto__'] ?? [];
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

describe('whatever is written', () => {
  it.each([
    ['gibberish', fc.oneof(gibberish, text, fc.string({ maxLength: 6000, size: 'max' }))],
    ['a likely expression', expressions],
  ])('%s has non-empty values or ends in an error of the domain', (_, written) => {
    fc.assert(
      fc.property(written, users, (expression, attributes) => {
        const result = attempt(expression, attributes);
        if (result instanceof DomainError) {
          expect(result.code).toBe('invalidValue');
          expect(result.message.length).toBeLessThan(2000);
        } else {
          expect(result.every((value) => typeof value === 'string' && value !== '')).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('passes the check exactly when it compiles', () => {
    fc.assert(
      fc.property(fc.oneof(gibberish, expressions), (expression) => {
        const issues = checkMapping([{ attribute: 'a', expression }], userSchema);
        const compiles = (): unknown =>
          compileMapping([{ attribute: 'a', expression }], userSchema);
        if (issues.length === 0) expect(compiles).not.toThrow();
        else expect(compiles).toThrow(DomainError);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same result again and leaves the resource as it was', () => {
    fc.assert(
      fc.property(expressions, users, (expression, attributes) => {
        const before = JSON.stringify(attributes);
        const [once, again] = [attempt(expression, attributes), attempt(expression, attributes)];
        expect(again).toEqual(once);
        expect(JSON.stringify(attributes)).toBe(before);
      }),
    );
  });
});

describe('laws', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 });
  const of = (expression: string, userName: string): string | undefined => {
    const result = attempt(expression, { userName });
    if (result instanceof DomainError) throw result;
    return result[0];
  };

  it('a literal is itself, however it is escaped', () => {
    fc.assert(
      fc.property(value, (literal) => {
        expect(of(JSON.stringify(literal), '')).toBe(literal);
      }),
    );
  });

  it('local part and domain part make the whole again', () => {
    fc.assert(
      fc.property(value, value, (local, domain) => {
        const whole = `${local}@${domain.replaceAll('@', '')}`;
        expect(of('join("", localPart(userName), "@", domainPart(userName))', whole)).toBe(whole);
      }),
    );
  });

  it('a beginning and the rest make the whole again', () => {
    fc.assert(
      fc.property(value, fc.nat(60), (whole, length) => {
        const parts = `join("", limit(userName, ${length}), substring(userName, ${length}))`;
        expect(of(parts, whole)).toBe(whole);
      }),
    );
  });

  it('ascii() yields ASCII and leaves ASCII alone', () => {
    fc.assert(
      fc.property(value, (any) => {
        const plain = of('ascii(userName)', any);
        // eslint-disable-next-line no-control-regex -- ASCII is what is asked for, control characters included.
        expect(plain ?? '').toMatch(/^[\u0000-\u007f]*$/);
        expect(of('ascii(userName)', plain ?? '')).toBe(plain);
      }),
    );
  });
});

describe('signatures', () => {
  it.each([...FUNCTIONS])('%s() says what it takes', (name, definition) => {
    expect(signature(name, definition)).toMatch(new RegExp(`^${name}\\([a-z]+`));
  });
});
