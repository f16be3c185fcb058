/** What a sync rule writes into Active Directory when its administrator says nothing else. */
import { type Mapping } from '../../../spi';
import { parseDn } from '../../dn';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** [MS-ADTS] section 2.2.2: a global security group. */
const GLOBAL_SECURITY_GROUP = '-2147483646';

/** The domain's DNS name, which its DN spells in `DC=` (RFC 2247). */
function domainOf(dn: string): string | undefined {
  const labels = parseDn(dn)
    .flat()
    .filter(({ type }) => type.toLowerCase() === 'dc');
  return labels.length > 0 ? labels.map(({ value }) => value).join('.') : undefined;
}

export function activeDirectoryMapping(bases: { readonly userBaseDN: string }): Mapping {
  const domain = domainOf(bases.userBaseDN);
  const principal =
    domain === undefined
      ? 'profile.userName'
      : `if(exists(domainPart(profile.userName)), profile.userName, append(profile.userName, ${JSON.stringify(`@${domain}`)}))`;
  return {
    user: [
      { attribute: 'cn', expression: 'profile.userName' },
      { attribute: 'sAMAccountName', expression: 'localPart(profile.userName)' },
      { attribute: 'userPrincipalName', expression: principal },
      {
        attribute: 'displayName',
        expression: 'default(profile.displayName, join(" ", profile.firstName, profile.lastName))',
      },
      { attribute: 'sn', expression: 'profile.lastName' },
      { attribute: 'givenName', expression: 'profile.firstName' },
      {
        attribute: 'mail',
        expression: 'default(profile.email, emails[primary eq true].value)',
      },
      { attribute: 'telephoneNumber', expression: 'profile.phone' },
      { attribute: 'mobile', expression: 'profile.mobile' },
      { attribute: 'title', expression: 'profile.title' },
      { attribute: 'company', expression: 'profile.company' },
      { attribute: 'department', expression: 'profile.department' },
      { attribute: 'employeeType', expression: 'role' },
      { attribute: 'manager', expression: `entryName(${ENTERPRISE}:manager)` },
      { attribute: 'employeeID', expression: `${ENTERPRISE}:employeeNumber` },
    ],
    group: [
      { attribute: 'cn', expression: 'displayName' },
      { attribute: 'sAMAccountName', expression: 'displayName' },
      {
        attribute: 'groupType',
        expression: JSON.stringify(GLOBAL_SECURITY_GROUP),
        apply: 'INITIAL',
      },
    ],
  };
}
