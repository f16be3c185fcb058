/** What OpenLDAP, 389 Directory Server and other directories by the RFCs have in common. */
import { type Mapping } from '../../spi';
import { type VendorProfile } from './profile';
import { ENTRY_UUID } from './reference';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** RFC 2798 and RFC 4519. */
const MAPPING: Mapping = {
  user: [
    { attribute: 'uid', expression: 'profile.userName' },
    {
      attribute: 'cn',
      expression:
        'default(profile.displayName, join(" ", profile.firstName, profile.lastName), profile.userName)',
    },
    { attribute: 'sn', expression: 'default(profile.lastName, profile.userName)' },
    { attribute: 'givenName', expression: 'profile.firstName' },
    { attribute: 'displayName', expression: 'profile.displayName' },
    {
      attribute: 'mail',
      expression: 'default(profile.email, emails[primary eq true].value)',
    },
    { attribute: 'telephoneNumber', expression: 'profile.phone' },
    { attribute: 'mobile', expression: 'profile.mobile' },
    { attribute: 'title', expression: 'profile.title' },
    { attribute: 'o', expression: 'profile.company' },
    { attribute: 'ou', expression: 'profile.department' },
    { attribute: 'departmentNumber', expression: 'profile.department' },
    { attribute: 'employeeType', expression: 'role' },
    { attribute: 'manager', expression: `entryName(${ENTERPRISE}:manager)` },
    { attribute: 'employeeNumber', expression: `${ENTERPRISE}:employeeNumber` },
  ],
  group: [{ attribute: 'cn', expression: 'displayName' }],
};

/** All of a profile but its name. */
export const INET_ORG_PERSON: Omit<VendorProfile, 'id' | 'title'> = {
  reference: ENTRY_UUID,
  identifiers: ['entryUUID'],
  layout: {
    userObjectClasses: ['top', 'person', 'organizationalPerson', 'inetOrgPerson'],
    userRdnAttribute: 'uid',
    groupObjectClasses: ['top', 'groupOfNames'],
    groupRdnAttribute: 'cn',
    followRenames: true,
  },
  mapping: () => MAPPING,
  activation: { by: 'pwdAccountLockedTime', needsPasswordPolicy: true },
  password: 'passwordModify',
  bindsByName: false,
  needsEncryption: false,
  // RFC 4511 appendix A.2: attributeOrValueExists, noSuchAttribute.
  membership: { exists: [20], missing: [16] },
  emptyGroups: false,
  primaryGroups: false,
  values: [],
  supplied: [],
};
