/**
 * Governance suites whose requests are templates that an administrator writes (Saviynt, Omada and others): booleans as
 * strings, blanks for what is unknown, URNs of other products among the schemas, and a token that is fetched anew on any
 * 400, 401 or 500, so that each of those costs a round.
 */
import { patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface IgaAccount {
  readonly userName: string;
  readonly given: string;
  readonly family: string;
  readonly active: boolean;
}

export class IgaTemplates extends WireClient {
  constructor(tenant: Tenant) {
    super(tenant, { accept: 'application/json', 'content-type': 'application/json' });
  }

  /** Explores all accounts, then creates who is missing and writes who differs. */
  async reconcile(accounts: readonly IgaAccount[]): Promise<void> {
    const { resources } = await this.list('/Users?startIndex=1&count=200');
    for (const account of accounts) {
      const found = resources.find(({ userName }) => userName === account.userName);
      if (found === undefined) {
        await this.demand([201], 'POST', '/Users', template(account));
      } else if (found.active !== account.active || found.name?.familyName !== account.family) {
        await this.demand([200], 'PUT', `/Users/${String(found.id)}`, template(account));
      }
    }
  }

  async setEnabled(userName: string, active: boolean): Promise<void> {
    const filter = encodeURIComponent(`userName eq ${quoted(userName)}`);
    const { resources } = await this.list(`/Users?filter=${filter}`);
    const operation = { op: 'replace', path: 'active', value: active ? 'True' : 'False' };
    await this.demand([200], 'PATCH', `/Users/${String(resources[0].id)}`, patch(operation));
  }
}

function template({ userName, given, family, active }: IgaAccount): object {
  return {
    schemas: [
      USER,
      ...['starttermdates', 'accountstatusdetails', 'authmethod', 'auth_method'].map(
        (name) => `urn:scim:schemas:extension:facebook:${name}:1.0`,
      ),
    ],
    userName,
    name: { formatted: `${given} ${family}`, givenName: given, familyName: family },
    profileUrl: ' ',
    title: '',
    emails: [{ value: `${userName}@northmill.example`, type: 'work', primary: 'true' }],
    active: String(active),
  };
}
