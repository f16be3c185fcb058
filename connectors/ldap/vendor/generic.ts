/** A directory that keeps to the RFCs and says nothing of its maker. */
import { INET_ORG_PERSON } from './inet-org-person';
import { type VendorProfile } from './profile';

export const GENERIC: VendorProfile = {
  ...INET_ORG_PERSON,
  id: 'generic',
  title: 'a directory by the RFCs',
};
