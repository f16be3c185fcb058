/** Active Directory Domain Services, and Samba in its place. */
import { type VendorProfile } from '../profile';
import { OBJECT_GUID } from '../reference';
import { activeDirectoryMapping } from './mapping';
import { PROTECTION } from './protection';
import { explainSubCode } from './sub-codes';
import { VALUES } from './values';

export const ACTIVE_DIRECTORY: VendorProfile = {
  id: 'ad',
  title: 'Active Directory',
  reference: OBJECT_GUID,
  identifiers: ['objectGUID'],
  layout: {
    userObjectClasses: ['top', 'person', 'organizationalPerson', 'user'],
    userRdnAttribute: 'cn',
    groupObjectClasses: ['top', 'group'],
    groupRdnAttribute: 'cn',
    // Members are links, not names: the directory itself follows.
    followRenames: false,
  },
  mapping: activeDirectoryMapping,
  activation: { by: 'userAccountControl', needsPasswordPolicy: false },
  password: 'unicodePwd',
  bindsByName: true,
  needsEncryption: true,
  // entryAlreadyExists and unwillingToPerform, beside what others answer.
  membership: { exists: [68, 20], missing: [53, 16] },
  emptyGroups: true,
  // MaxValRange, 1,500 since Windows 2003; asking for fewer is never wrong.
  valuesPerRange: 1_500,
  primaryGroups: true,
  // Computers and managed service accounts are of class user too.
  categories: { user: 'person', group: 'group' },
  values: VALUES,
  supplied: [
    ...['instancetype', 'objectcategory', 'ntsecuritydescriptor', 'objectsid'],
    ...['samaccountname', 'grouptype'],
  ],
  protection: PROTECTION,
  explain: explainSubCode,
};
