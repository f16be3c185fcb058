/** The accounts and groups a domain is born with: Administrator, krbtgt, Domain Admins and the like. */
import { type Entry as LdapEntry } from 'ldapts';
import { attributeValues, bytesOf, rawValues } from '../../values';

/** [MS-ADTS] section 6.1.1.6: relative identifiers below are reserved for the domain itself. */
const FIRST_ORDINARY_RID = 1000;

/** The last part of a security identifier ([MS-DTYP] section 2.4.2.2), little-endian. */
export function relativeId(sid: Buffer | undefined): number | undefined {
  return sid === undefined || sid.length < 12 ? undefined : sid.readUInt32LE(sid.length - 4);
}

export const PROTECTION = {
  attributes: ['isCriticalSystemObject', 'objectSid'],
  reason: (raw: LdapEntry): string | undefined => {
    const critical = attributeValues(rawValues(raw, 'isCriticalSystemObject'))[0];
    const rid = relativeId(bytesOf(rawValues(raw, 'objectSid')));
    return critical === 'TRUE' || (rid !== undefined && rid < FIRST_ORDINARY_RID)
      ? 'it is a built-in account or group of the domain'
      : undefined;
  },
} as const;
