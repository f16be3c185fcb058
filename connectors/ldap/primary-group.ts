/** In Active Directory every account is a member of its primary group, which does not list it ([MS-ADTS] section 2.2.16). */
import { normalizeDn } from './dn';
import { type Exchange } from './exchange';
import { attributeValues, bytesOf, rawValues } from './values';
import { relativeId } from './vendor/active-directory/protection';

/** Which of the accounts have that group as their primary group; DNs in normalised spelling. */
export async function primaryMembers(
  exchange: Exchange,
  groupDn: string,
  accounts: readonly string[],
): Promise<ReadonlySet<string>> {
  const group = await exchange.readDn(groupDn, ['objectSid']);
  const rid = relativeId(bytesOf(rawValues(group, 'objectSid')));
  if (rid === undefined) return new Set();
  const found = new Set<string>();
  for (const dn of accounts) {
    const account = await exchange.readDn(dn, ['primaryGroupID']);
    const primary = attributeValues(rawValues(account, 'primaryGroupID'))[0];
    if (primary === String(rid)) found.add(normalizeDn(dn));
  }
  return found;
}
