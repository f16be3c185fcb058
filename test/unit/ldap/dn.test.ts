import fc from 'fast-check';
import {
  escapeValue,
  formatRdn,
  isDn,
  isWithin,
  namingValue,
  normalizeDn,
  parentDn,
  parseDn,
  sameDn,
} from '../../../connectors/ldap/dn';
import { ConnectorError } from '../../../connectors/spi';

const names = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((name) => name.trim() !== '' && !name.includes('\0'));

describe('writing', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', 'a\\2cb'],
    ['a+b=c', 'a\\2bb\\3dc'],
    ['"quoted"', '\\22quoted\\22'],
    ['back\\', 'back\\5c'],
    ['<a>;b', '\\3ca\\3e\\3bb'],
    ['#hash', '\\23hash'],
    ['in#side', 'in#side'],
    [' both ', '\\20both\\20'],
    ['in side', 'in side'],
    ['new\nline', 'new\\0aline'],
    ['ünï漢😀', 'ünï漢😀'],
    ['*)(uid=*', '*)(uid\\3d*'],
  ])('%j as %s', (value, escaped) => {
    expect(escapeValue(value)).toBe(escaped);
  });

  it('leaves nothing the library would cut a new RDN at', () => {
    fc.assert(fc.property(names, (name) => !/[^\\],/.test(formatRdn('uid', name))));
  });

  it.each([undefined, '', '   ', 'nul\0byte'])('refuses %j as the name of an entry', (value) => {
    const attempt = (): string => formatRdn('uid', value);
    expect(attempt).toThrow(ConnectorError);
    expect(attempt).toThrow(expect.objectContaining({ kind: 'invalid', attribute: 'uid' }));
  });
});

describe('parsing', () => {
  it('gives back every name that was written', () => {
    fc.assert(
      fc.property(names, names, (user, unit) => {
        const dn = `${formatRdn('uid', user)},${formatRdn('ou', unit)},dc=example`;
        expect(parseDn(dn)).toEqual([
          [{ type: 'uid', value: user }],
          [{ type: 'ou', value: unit }],
          [{ type: 'dc', value: 'example' }],
        ]);
        expect(namingValue(dn, 'UID')).toBe(user);
        expect(sameDn(parentDn(dn), `${formatRdn('OU', unit)} , DC=Example`)).toBe(true);
      }),
    );
  });

  it.each([
    ['cn=a\\,b,dc=x', 'a,b'],
    ['cn=a\\2Cb,dc=x', 'a,b'],
    ['cn=\\C3\\BCn\\69,dc=x', 'üni'],
    ['cn=\\ lead and trail\\ ,dc=x', ' lead and trail '],
    ['cn = spaced out , dc=x', 'spaced out'],
    ['CN=a;dc=x', 'a'],
    ['cn=a\\\\,dc=x', 'a\\'],
  ])('understands %s', (dn, value) => {
    expect(namingValue(dn, 'cn')).toBe(value);
    expect(parentDn(dn)).toBe('dc=x');
  });

  it('keeps the parts of a multi-valued RDN apart', () => {
    expect(parseDn('cn=a+sn=b\\+c,dc=x')[0]).toEqual([
      { type: 'cn', value: 'a' },
      { type: 'sn', value: 'b+c' },
    ]);
  });

  it.each(['no dn', 'cn', '=x', 'cn="quoted"', 'cn=a,,dc=x', 'a b=c', 'cn=x\\', 'cn=<x>'])(
    'refuses %s',
    (text) => expect(isDn(text)).toBe(false),
  );

  it('takes the empty DN for no name of an entry', () => expect(isDn('')).toBe(false));
});

describe('comparing', () => {
  it.each([
    ['UID=Ada, OU=People,dc=x', 'uid=ada,ou=people,dc=x'],
    ['uid=a\\,b,dc=x', 'uid=a\\2Cb,dc=x'],
    ['cn=a+sn=b,dc=x', 'SN=B+CN=A,dc=x'],
    ['cn=a  b,dc=x', 'cn=a b,dc=x'],
  ])('takes %s for %s', (one, other) => expect(sameDn(one, other)).toBe(true));

  it.each([
    ['uid=a,dc=x', 'uid=b,dc=x'],
    ['uid=a,dc=x', 'cn=a,dc=x'],
    ['uid=a\\,ou=b,dc=x', 'uid=a,ou=b,dc=x'],
    ['uid=a', 'uid=a,dc=x'],
  ])('tells %s from %s', (one, other) => expect(sameDn(one, other)).toBe(false));

  it('is settled after one pass', () => {
    fc.assert(
      fc.property(names, (name) => {
        const once = normalizeDn(formatRdn('uid', name));
        expect(normalizeDn(once)).toBe(once);
      }),
    );
  });

  it('knows what lies within a base', () => {
    expect(isWithin('uid=a,OU=People,dc=x', 'ou=people,dc=x')).toBe(true);
    expect(isWithin('ou=people,dc=x', 'ou=people,dc=x')).toBe(true);
    expect(isWithin('uid=a,ou=morepeople,dc=x', 'ou=people,dc=x')).toBe(false);
    expect(isWithin('dc=x', 'ou=people,dc=x')).toBe(false);
  });
});
