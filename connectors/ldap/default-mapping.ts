/** What a sync rule writes into an LDAP directory when its administrator says nothing else. */
import { type Mapping, type MappingEntry } from '../spi';
import { type LdapSettings } from './settings';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const USER: readonly MappingEntry[] = [
  { attribute: 'uid', expression: 'userName' },
  {
    attribute: 'cn',
    expression: 'default(displayName, join(" ", name.givenName, name.familyName), userName)',
  },
  { attribute: 'sn', expression: 'default(name.familyName, userName)' },
  { attribute: 'givenName', expression: 'name.givenName' },
  { attribute: 'displayName', expression: 'displayName' },
  {
    attribute: 'mail',
    expression: 'default(emails[type eq "work"].value, emails[primary eq true].value)',
  },
  { attribute: 'telephoneNumber', expression: 'phoneNumbers[type eq "work"].value' },
  { attribute: 'mobile', expression: 'phoneNumbers[type eq "mobile"].value' },
  { attribute: 'title', expression: 'title' },
  { attribute: 'o', expression: `${ENTERPRISE}:organization` },
  { attribute: 'ou', expression: `${ENTERPRISE}:department` },
  { attribute: 'departmentNumber', expression: `${ENTERPRISE}:department` },
  { attribute: 'employeeNumber', expression: `${ENTERPRISE}:employeeNumber` },
];

const GROUP: readonly MappingEntry[] = [{ attribute: 'cn', expression: 'displayName' }];

function named(
  entries: readonly MappingEntry[],
  attribute: string,
  expression: string,
): readonly MappingEntry[] {
  const others = entries.filter((one) => one.attribute.toLowerCase() !== attribute.toLowerCase());
  return [{ attribute, expression }, ...others];
}

export function defaultMapping(settings: LdapSettings): Mapping {
  const owner = settings.ownerAttribute?.toLowerCase();
  return {
    // The owner mark has the attribute to itself.
    user: named(USER, settings.userRdnAttribute, 'userName').filter(
      (one) => one.attribute.toLowerCase() !== owner,
    ),
    group: named(GROUP, settings.groupRdnAttribute, 'displayName').filter(
      (one) => one.attribute.toLowerCase() !== owner,
    ),
  };
}
