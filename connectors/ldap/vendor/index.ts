/** The vendor profiles, and which of them a target has. */
import { DIRECTORY_SERVER_389 } from './389ds';
import { ACTIVE_DIRECTORY } from './active-directory';
import { GENERIC } from './generic';
import { OPENLDAP } from './openldap';
import { type Vendor, type VendorProfile } from './profile';

export const PROFILES: Readonly<Record<Vendor, VendorProfile>> = {
  openldap: OPENLDAP,
  '389ds': DIRECTORY_SERVER_389,
  ad: ACTIVE_DIRECTORY,
  generic: GENERIC,
};

/** What an administrator may say: a vendor, or that Usher is to look. */
export type VendorSetting = Vendor | 'auto';

/**
 * What the settings alone fix, before any server was asked: references, names and layout. `auto` means what the RFCs say,
 * so that no answer of a server changes the meaning of a reference.
 */
export function settledProfile(setting: VendorSetting): VendorProfile {
  return setting === 'auto' ? GENERIC : PROFILES[setting];
}

/** How the server is spoken to: as the settings say, else as what it turned out to be. */
export function spokenProfile(setting: VendorSetting, detected: Vendor): VendorProfile {
  return setting === 'auto' ? PROFILES[detected] : PROFILES[setting];
}
