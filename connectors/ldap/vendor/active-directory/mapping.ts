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
      ? 'userName'
      : `if(exists(domainPart(userName)), userName, append(userName, ${JSON.stringify(`@${domain}`)}))`;
  return {
    user: [
      { attribute: 'cn', expression: 'userName' },
      { attribute: 'sAMAccountName', expression: 'localPart(userName)' },
      { attribute: 'userPrincipalName', expression: principal },
      {
        attribute: 'displayName',
        expression: 'default(displayName, join(" ", name.givenName, name.familyName))',
      },
      { attribute: 'sn', expression: 'name.familyName' },
      { attribute: 'givenName', expression: 'name.givenName' },
      {
        attribute: 'mail',
        expression: 'default(emails[type eq "work"].value, emails[primary eq true].value)',
      },
      { attribute: 'telephoneNumber', expression: 'phoneNumbers[type eq "work"].value' },
      { attribute: 'mobile', expression: 'phoneNumbers[type eq "mobile"].value' },
      { attribute: 'title', expression: 'title' },
      { attribute: 'company', expression: `${ENTERPRISE}:organization` },
      { attribute: 'department', expression: `${ENTERPRISE}:department` },
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
