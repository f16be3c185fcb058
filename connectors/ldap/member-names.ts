/** What a group calls its members: mostly their DNs, in posixGroup their user names. */
import { type Entry as LdapEntry } from 'ldapts';
import { namingValue, normalizeDn } from './dn';
import { type LdapSettings } from './settings';
import { attributeValues, rawValues } from './values';

export interface MemberNames {
  /** Whether the values are DNs. */
  readonly byDn: boolean;
  /** What has to be read of a member. */
  readonly attributes: readonly string[];
  /** The member's value; undefined for an entry that cannot be a member. */
  of(raw: LdapEntry): string | undefined;
  /** The value of a member that had that DN. */
  ofDn(dn: string): string | undefined;
  /** One text for all spellings of a value. */
  fold(value: string): string;
}

const BY_DN: MemberNames = {
  byDn: true,
  attributes: ['1.1'],
  of: (raw) => raw.dn,
  ofDn: (dn) => dn,
  fold: normalizeDn,
};

/** RFC 2307 section 3: caseExactIA5Match, so that no two spellings are one. */
const BY_UID: MemberNames = {
  byDn: false,
  attributes: ['uid'],
  of: (raw) => attributeValues(rawValues(raw, 'uid'))[0],
  ofDn: (dn) => namingValue(dn, 'uid'),
  fold: (value) => value,
};

export function memberNames({ memberAttribute }: LdapSettings): MemberNames {
  return memberAttribute.toLowerCase() === 'memberuid' ? BY_UID : BY_DN;
}
