import fc from 'fast-check';
import { SAFE_CHARACTERS } from '../../../connectors/radius/settings';
import {
  decodeName,
  decodeValue,
  encodeName,
  encodeValue,
} from '../../../connectors/radius/sql-store/encoding';
import { checkName } from '../../../connectors/radius/text';
import { ConnectorError } from '../../../connectors/spi';

const printable = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  // eslint-disable-next-line no-control-regex -- control characters are refused, and tested below
  .filter((text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text) && Buffer.byteLength(text) < 253);
const nasty = fc
  .array(fc.constantFrom('"', "'", '`', '\\', '=', '%', '{', 'n', '2', '0', 'é', ' '), {
    maxLength: 30,
  })
  .map((parts) => parts.join(''));

describe('RADIUS encoding', () => {
  it('decodes every name and value to what was encoded', () => {
    fc.assert(
      fc.property(
        fc.oneof(printable, nasty),
        fc.constantFrom('user' as const, 'group' as const),
        (text, kind) => {
          expect(decodeValue(encodeValue(text))).toBe(text);
          expect(decodeName(kind, encodeName(kind, text, SAFE_CHARACTERS))).toBe(text);
        },
      ),
    );
  });

  it('never leaves a value that FreeRADIUS would run or unquote', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const stored = encodeValue(text);
        expect(stored).not.toMatch(/^[`']/);
        expect(stored).toMatch(/^(?:[^\\]|\\.)*$/);
      }),
    );
  });

  it.each([
    ["o'neil", 'o=27neil'],
    ['a+b@c.d', 'a=2Bb@c.d'],
    ['back\\slash', 'back=5C=5Cslash'],
    ['q"d', 'q=5C=22d'],
    ['é漢字', 'é漢字'],
    ['a=27b', 'a=3D27b'],
  ])('stores the user name %j as %j', (name, stored) => {
    expect(encodeName('user', name, SAFE_CHARACTERS)).toBe(stored);
  });

  it('escapes group names once only', () => {
    expect(encodeName('group', 'g "x" \\', SAFE_CHARACTERS)).toBe('g =22x=22 =5C');
  });

  it.each([
    ['plain', 'plain'],
    ['`id`', '"`id`"'],
    ['"x"', '"\\"x\\""'],
    ['a\\b', 'a\\\\b'],
    ["it's", "it's"],
  ])('stores the value %j as %j', (value, stored) => {
    expect(encodeValue(value)).toBe(stored);
  });

  it.each(['', 'DEFAULT', 'a\u0000', 'a\n', 'a\u0085', '\ud800', 'x'.repeat(254), 'é'.repeat(127)])(
    'refuses the user name %j',
    (name) => expect(() => checkName('user', 'User-Name', name)).toThrow(ConnectorError),
  );

  it('lets a group be called DEFAULT', () => {
    expect(() => checkName('group', 'Group-Name', 'DEFAULT')).not.toThrow();
  });
});
