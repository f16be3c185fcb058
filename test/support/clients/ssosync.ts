/** awslabs/ssosync, made for AWS IAM Identity Center: exactly one hit for every look-up, members in chunks of a hundred. */
import { GROUP, patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface SsoUser {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly active: boolean;
}

const CHUNK = 100;

export class SsoSync extends WireClient {
  constructor(tenant: Tenant) {
    super(tenant, {
      'user-agent': 'Go-http-client/1.1',
      'content-type': 'application/scim+json',
    });
  }

  async syncUsers(users: readonly SsoUser[]): Promise<void> {
    for (const user of users) {
      const id = await this.idOf('/Users', 'userName', user.email);
      if (id === undefined) await this.demand([201], 'POST', '/Users', bodyOf(user));
      else await this.demand([200], 'PUT', `/Users/${id}`, { id, ...bodyOf(user) });
    }
  }

  async deleteUser({ email }: SsoUser): Promise<void> {
    const id = await this.idOf('/Users', 'userName', email);
    await this.demand([204], 'DELETE', `/Users/${id ?? ''}`);
  }

  async changeMembers(
    group: string,
    op: 'add' | 'remove',
    users: readonly SsoUser[],
  ): Promise<void> {
    let id = await this.idOf('/Groups', 'displayName', group);
    if (id === undefined) {
      const body = { schemas: [GROUP], displayName: group, members: [] };
      id = (await this.demand([201], 'POST', '/Groups', body)).body.id as string;
    }
    const value: { readonly value: string }[] = [];
    for (const { email } of users) {
      value.push({ value: (await this.idOf('/Users', 'userName', email)) ?? '' });
    }
    for (let start = 0; start < value.length; start += CHUNK) {
      const operation = { op, path: 'members', value: value.slice(start, start + CHUNK) };
      await this.demand([204], 'PATCH', `/Groups/${id}`, patch(operation));
    }
  }

  async isMember(group: string, { email }: SsoUser): Promise<boolean> {
    const id = (await this.idOf('/Groups', 'displayName', group)) ?? '';
    const user = (await this.idOf('/Users', 'userName', email)) ?? '';
    const filter = `id eq ${quoted(id)} and members eq ${quoted(user)}`;
    return (await this.list(`/Groups?filter=${encodeURIComponent(filter)}`)).totalResults === 1;
  }

  /** "totalResults is not 1" means that there is none. */
  private async idOf(
    endpoint: string,
    attribute: string,
    name: string,
  ): Promise<string | undefined> {
    const filter = encodeURIComponent(`${attribute} eq ${quoted(name)}`);
    const { totalResults, resources } = await this.list(`${endpoint}?filter=${filter}`);
    return totalResults === 1 ? (resources[0].id as string) : undefined;
  }
}

function bodyOf({ email, firstName, lastName, active }: SsoUser): object {
  return {
    schemas: [USER],
    userName: email,
    name: { familyName: lastName, givenName: firstName },
    displayName: `${firstName} ${lastName}`,
    active,
    emails: [{ value: email, type: 'work', primary: true }],
    addresses: [{ type: 'work' }],
  };
}
