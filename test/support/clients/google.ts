/**
 * Google Workspace: users only. Speaks `application/json`, and cannot use a server that answers 406 or 415 to it. Which of
 * PATCH and PUT it updates with is not documented, so that there is a simulator of each.
 */
import { patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface GoogleUser {
  readonly primaryEmail: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly suspended?: boolean;
}

export class GoogleAutoProvisioning extends WireClient {
  constructor(
    tenant: Tenant,
    private readonly style: 'PUT' | 'PATCH',
  ) {
    super(tenant, {
      'user-agent': 'Google-Auto-Provisioning',
      accept: 'application/json',
      'content-type': 'application/json',
    });
  }

  async authorize(): Promise<void> {
    await this.list('/Users?count=1');
    await this.list('/Users');
  }

  /** One run over the users in scope; who is no longer in scope is suspended, or deleted after the delay. */
  async run(
    users: readonly GoogleUser[],
    gone: readonly { readonly primaryEmail: string; readonly deleted: boolean }[] = [],
  ): Promise<void> {
    for (const user of users) {
      const found = await this.lookUp(user.primaryEmail);
      if (found === undefined) await this.demand([201], 'POST', '/Users', bodyOf(user));
      else await this.update(found, user);
    }
    for (const { primaryEmail, deleted } of gone) {
      const found = await this.lookUp(primaryEmail);
      if (found === undefined) continue;
      if (deleted) await this.demand([204, 404], 'DELETE', `/Users/${found.id}`);
      else await this.suspend(found.id);
    }
  }

  private async update(
    found: { readonly id: string; readonly active: boolean; readonly name?: object },
    user: GoogleUser,
  ): Promise<void> {
    const name = { givenName: user.givenName, familyName: user.familyName };
    const active = !user.suspended;
    const same = JSON.stringify([found.name, found.active]) === JSON.stringify([name, active]);
    if (same) return;
    const path = `/Users/${found.id}`;
    if (this.style === 'PUT') {
      await this.demand([200], 'PUT', path, bodyOf(user));
    } else {
      const operations = [
        { op: 'replace', path: 'name', value: name },
        { op: 'replace', path: 'active', value: active },
      ];
      await this.demand([200, 204], 'PATCH', path, patch(...operations));
    }
  }

  private async suspend(id: string): Promise<void> {
    if (this.style === 'PUT') {
      const { body } = await this.demand([200], 'GET', `/Users/${id}`);
      await this.demand([200], 'PUT', `/Users/${id}`, { ...body, active: false });
    } else {
      const operation = { op: 'replace', path: 'active', value: false };
      await this.demand([200, 204], 'PATCH', `/Users/${id}`, patch(operation));
    }
  }

  private async lookUp(email: string) {
    const filter = encodeURIComponent(`userName eq ${quoted(email)}`);
    return (await this.list(`/Users?filter=${filter}`)).resources[0] as
      { readonly id: string; readonly active: boolean; readonly name?: object } | undefined;
  }
}

function bodyOf({ primaryEmail, givenName, familyName, suspended }: GoogleUser): object {
  return {
    schemas: ['urn:scim:schemas:core:1.0', USER],
    userName: primaryEmail,
    emails: [{ value: primaryEmail, type: 'work', primary: true }],
    displayName: `${givenName} ${familyName}`,
    name: { givenName, familyName },
    active: !suspended,
  };
}
