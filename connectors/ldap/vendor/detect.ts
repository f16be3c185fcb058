/** Which vendor's directory answers, by its rootDSE (RFC 4512 section 5.1), and whether the settings fit it. */
import { ConnectorError } from '../../spi';
import { PROFILES, settledProfile, type VendorSetting } from '.';
import { type Vendor } from './profile';

/** The attributes of the rootDSE that tell. */
export const TELLING_ATTRIBUTES = ['objectClass', 'vendorName', 'supportedCapabilities'] as const;

/** [MS-ADTS] section 3.1.1.3.4.3: LDAP_CAP_ACTIVE_DIRECTORY_OID. */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

/** The vendor; `generic` for a server that does not say. */
export function detectVendor(values: (attribute: string) => readonly string[]): Vendor {
  if (values('supportedCapabilities').includes(ACTIVE_DIRECTORY)) return 'ad';
  if (values('vendorName').some((name) => /389 project|red hat/i.test(name))) return '389ds';
  if (values('objectClass').includes('OpenLDAProotDSE')) return 'openldap';
  return 'generic';
}

/**
 * Why the directory cannot be served with these settings, or undefined. A server that hides what it is gets the benefit
 * of the doubt; one that is known to know its entries by something else does not: every entry would seem to be gone.
 */
export function mismatch(setting: VendorSetting, detected: Vendor): string | undefined {
  if (detected === 'generic') return undefined;
  const wanted = settledProfile(setting).reference.attribute;
  const { identifiers, title } = PROFILES[detected];
  if (identifiers.includes(wanted)) return undefined;
  return `The directory is ${title}, and with vendor ${setting} Usher knows entries by ${wanted}, which they do not have: set vendor to ${detected}.`;
}

/** Throws where `mismatch` has something to say. */
export function refuseMismatch(setting: VendorSetting, detected: Vendor): void {
  const message = mismatch(setting, detected);
  if (message !== undefined) throw new ConnectorError('invalid', message);
}
