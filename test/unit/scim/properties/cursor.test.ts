/** Nobody but this deployment can make a cursor, and it is of no use anywhere but where it was made for. */
import fc from 'fast-check';
import { DomainError } from '../../../../src/domain/error';
import { CURSOR_TIMEOUT, Cursors, type CursorContext } from '../../../../src/scim/cursor';

let now = 1_000_000;
const cursors = new Cursors(Buffer.alloc(32, 1), () => now);
const others = new Cursors(Buffer.alloc(32, 2), () => now);
const context: CursorContext = { query: ['rule', '/Users', undefined, 'title pr'], count: 10 };

function codeOf(cursor: string, where: CursorContext = context, by: Cursors = cursors): string {
  try {
    by.open(cursor, where);
    return 'opened';
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return (error as DomainError).code;
  }
}

const position = fc.record({ value: fc.oneof(fc.string(), fc.integer()), id: fc.string() });

describe('a cursor', () => {
  it('gives back the place it was made of', () => {
    fc.assert(
      fc.property(position, (place) => {
        const cursor = cursors.seal(place as never, context);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(cursors.open(cursor, context)).toEqual(place);
      }),
    );
  });

  it('that is garbage, cut or changed in any character is an invalid one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        expect(codeOf(text)).toBe('invalidCursor');
      }),
      { numRuns: 1000 },
    );
    const whole = Buffer.from(cursors.seal({ id: 'a' } as never, context), 'base64url');
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      expect(codeOf(changed.toString('base64url'))).toBe('invalidCursor');
      expect(codeOf(whole.subarray(0, at).toString('base64url'))).toBe('invalidCursor');
    }
  });

  it('belongs to its rule, endpoint, query, count and deployment', () => {
    const cursor = cursors.seal({ id: 'a' } as never, context);
    for (let at = 0; at < context.query.length; at += 1) {
      const query = context.query.map((part, index) => (index === at ? 'other' : part));
      expect(codeOf(cursor, { ...context, query })).toBe('invalidCursor');
    }
    expect(codeOf(cursor, { ...context, count: 11 })).toBe('invalidCount');
    expect(codeOf(cursor, context, others)).toBe('invalidCursor');
  });

  it('ends', () => {
    const cursor = cursors.seal({ id: 'a' } as never, context);
    now += CURSOR_TIMEOUT * 1000;
    expect(codeOf(cursor)).toBe('opened');
    now += 1;
    expect(codeOf(cursor)).toBe('expiredCursor');
  });
});
