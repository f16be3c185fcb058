/** The immutable identifiers by which directories know their entries. */
import { EqualityFilter, type Filter, type Entry as LdapEntry } from 'ldapts';
import { attributeValues, bytesOf, rawValues } from '../values';

/** How the entries of a directory are told apart for ever. */
export interface ReferenceScheme {
  readonly attribute: string;
  /** The reference of the entry; empty where the attribute may not be read. It must have been asked for. */
  of(raw: LdapEntry | undefined): string;
  /** Matches the entry of that reference and no other. */
  filter(reference: string): Filter;
  /** Written instead of a DN: the server itself finds the entry, wherever it stands. Undefined for what is no reference. */
  address?(reference: string): string | undefined;
  /** Whether the reference was written by another scheme, so that nothing found by it would mean anything. */
  isForeign(reference: string): boolean;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NS_UNIQUE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{8}){3}$/i;

function textReference(attribute: string, foreign: RegExp): ReferenceScheme {
  return {
    attribute,
    of: (raw) => attributeValues(rawValues(raw, attribute))[0] ?? '',
    filter: (reference) => new EqualityFilter({ attribute, value: reference }),
    isForeign: (reference) => foreign.test(reference),
  };
}

/** RFC 4530. */
export const ENTRY_UUID = textReference('entryUUID', NS_UNIQUE_ID);

/** What 389 Directory Server and its forebears gave every entry, long before entryUUID. */
export const NS_UNIQUE_IDENTIFIER = textReference('nsUniqueId', UUID);

/** A GUID's first three groups are little-endian numbers ([MS-DTYP] section 2.3.4.2). */
function swapped(bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8),
  ]);
}

/** The usual spelling of the 16 bytes; empty for other bytes. */
export function guidOf(bytes: Buffer | undefined): string {
  if (bytes?.length !== 16) return '';
  return swapped(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The 16 bytes of a GUID, as Active Directory stores them. */
export function guidBytes(guid: string): Buffer {
  return swapped(Buffer.from(guid.replaceAll('-', ''), 'hex'));
}

/** [MS-ADTS] section 3.1.1.3.1.2.4: `<GUID=...>` stands for a DN. */
export const OBJECT_GUID: ReferenceScheme = {
  attribute: 'objectGUID',
  of: (raw) => guidOf(bytesOf(rawValues(raw, 'objectGUID'))),
  filter: (reference) =>
    new EqualityFilter({ attribute: 'objectGUID', value: guidBytes(reference) }),
  address: (reference) => (UUID.test(reference) ? `<GUID=${reference}>` : undefined),
  isForeign: (reference) => NS_UNIQUE_ID.test(reference),
};
