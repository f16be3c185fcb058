/** Attribute values between LDAP's shapes and the connector interface's: always arrays of strings. */
import { type Entry as LdapEntry } from 'ldapts';
import { type Attributes } from '../spi';

/** Attributes whose values are bytes: a value that happens to be UTF-8 would else be taken for text. */
export const BINARY_ATTRIBUTES = [
  ...['jpegPhoto', 'photo', 'audio', 'userCertificate', 'userCertificate;binary'],
  ...['userSMIMECertificate', 'userPKCS12', 'thumbnailPhoto', 'objectGUID', 'objectSid'],
] as const;

/** The library's one value, many values or none, as strings; bytes in base64. */
export function attributeValues(raw: LdapEntry[string] | undefined): readonly string[] {
  if (raw === undefined) return [];
  const values: readonly (string | Buffer)[] = Array.isArray(raw) ? raw : [raw];
  return values.map((value) => (typeof value === 'string' ? value : value.toString('base64')));
}

/** The first value as bytes. */
export function bytesOf(raw: LdapEntry[string] | undefined): Buffer | undefined {
  const value = Array.isArray(raw) ? raw[0] : raw;
  return typeof value === 'string' ? Buffer.from(value) : value;
}

/** What the entry holds under that name, whatever its case. */
export function rawValues(raw: LdapEntry | undefined, name: string): LdapEntry[string] | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(raw ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** The name under which so many values of an attribute are asked for, from the first on ([MS-ADTS] section 3.1.1.3.1.3.3). */
export function rangeOf(attribute: string, first: number, size: number): string {
  return `${attribute};range=${first}-${first + size - 1}`;
}

/** The values of an attribute whatever its case; empty strings are no values. */
export function valuesOf(attributes: Attributes, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return Object.entries(attributes)
    .filter(([key]) => key.toLowerCase() === wanted)
    .flatMap(([, values]) => values)
    .filter((value) => value !== '');
}
