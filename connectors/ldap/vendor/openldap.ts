/** OpenLDAP: the RFCs to the letter, accounts are locked by the ppolicy overlay. */
import { INET_ORG_PERSON } from './inet-org-person';
import { type VendorProfile } from './profile';

export const OPENLDAP: VendorProfile = { ...INET_ORG_PERSON, id: 'openldap', title: 'OpenLDAP' };
