import { detectVendor, mismatch } from '../../../connectors/ldap/vendor/detect';
import {
  ENTRY_UUID,
  guidBytes,
  guidOf,
  NS_UNIQUE_IDENTIFIER,
  OBJECT_GUID,
} from '../../../connectors/ldap/vendor/reference';

const GUID = '01020304-0506-0708-090a-0b0c0d0e0f10';
const NS_UNIQUE_ID = '8b5f8a01-9d9f11ee-8a7ae9ae-0e6e1b1c';

describe('the vendor', () => {
  it.each([
    ['ad', { supportedCapabilities: ['1.2.840.113556.1.4.1670', '1.2.840.113556.1.4.800'] }],
    ['389ds', { vendorName: ['389 Project'] }],
    ['openldap', { objectClass: ['top', 'OpenLDAProotDSE'] }],
    ['generic', { vendorName: ['Somebody else'] }],
    ['generic', {}],
  ] as const)('is %s by its rootDSE', (vendor, rootDse: Record<string, readonly string[]>) => {
    expect(detectVendor((attribute) => rootDse[attribute] ?? [])).toBe(vendor);
  });

  it.each([
    ['auto', 'openldap', false],
    ['auto', '389ds', false],
    ['auto', 'ad', true],
    ['openldap', 'ad', true],
    ['openldap', '389ds', false],
    ['389ds', 'openldap', true],
    ['ad', 'openldap', true],
    ['ad', '389ds', true],
    ['ad', 'ad', false],
    // A server that hides its rootDSE may be anything.
    ['ad', 'generic', false],
    ['389ds', 'generic', false],
  ] as const)('set to %s is refused for a directory that is %s: %s', (set, found, refused) => {
    const message = mismatch(set, found);
    if (refused) expect(message).toContain(`set vendor to ${found}`);
    else expect(message).toBeUndefined();
  });
});

describe('references', () => {
  it('spell a GUID as Windows does', () => {
    const bytes = Buffer.from('0403020106050807090a0b0c0d0e0f10', 'hex');
    expect(guidOf(bytes)).toBe(GUID);
    expect(guidBytes(GUID)).toEqual(bytes);
    expect(guidOf(Buffer.from('short'))).toBe('');
    expect(guidOf(undefined)).toBe('');
  });

  it('take bytes that happen to be UTF-8 for bytes', () => {
    const raw = { dn: 'cn=x', objectGUID: Buffer.from('0123456789abcdef') };
    expect(OBJECT_GUID.of(raw)).toBe('33323130-3534-3736-3839-616263646566');
  });

  it('stand for a DN only when they are one GUID and nothing else', () => {
    expect(OBJECT_GUID.address?.(GUID)).toBe(`<GUID=${GUID}>`);
    for (const wrong of ['', 'x', `${GUID}>;CN=x`, `${GUID}\n`, NS_UNIQUE_ID]) {
      expect(OBJECT_GUID.address?.(wrong)).toBeUndefined();
    }
  });

  it('of another scheme are recognised', () => {
    expect(ENTRY_UUID.isForeign(NS_UNIQUE_ID)).toBe(true);
    expect(ENTRY_UUID.isForeign(GUID)).toBe(false);
    expect(NS_UNIQUE_IDENTIFIER.isForeign(GUID)).toBe(true);
    expect(NS_UNIQUE_IDENTIFIER.isForeign(NS_UNIQUE_ID)).toBe(false);
    expect(OBJECT_GUID.isForeign(NS_UNIQUE_ID)).toBe(true);
  });
});
