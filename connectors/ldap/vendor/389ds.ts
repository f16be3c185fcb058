/** 389 Directory Server, also sold as Red Hat Directory Server. */
import { INET_ORG_PERSON } from './inet-org-person';
import { type VendorProfile } from './profile';
import { NS_UNIQUE_IDENTIFIER } from './reference';

export const DIRECTORY_SERVER_389: VendorProfile = {
  ...INET_ORG_PERSON,
  id: '389ds',
  title: '389 Directory Server',
  // entryUUID is a plug-in there, and entries older than it have none.
  reference: NS_UNIQUE_IDENTIFIER,
  identifiers: ['nsUniqueId', 'entryUUID'],
  activation: { by: 'nsAccountLock', needsPasswordPolicy: false },
  // Its schema has the member among the optional attributes of groupOfNames.
  emptyGroups: true,
};
