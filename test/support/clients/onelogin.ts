/** OneLogin: bodies from templates that administrators edit, look-ups with plus signs, users by PUT, groups by PATCH. */
import { patch, WireClient, type Tenant } from './wire-client';

export interface OneLoginUser {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly department?: string;
}

/** What the connector does when a user is deleted or suspended in OneLogin. */
export type OneLoginDeletion = 'delete' | 'suspend by PUT' | 'suspend by PATCH';

/** The schemas of its shipped templates; none of them is one of the IETF's. */
const TEMPLATES = {
  1: ['urn:scim:schemas:core:1.0'],
  2: ['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0'],
};

export class OneLoginConnector extends WireClient {
  private readonly users = new Map<string, string>();

  constructor(
    tenant: Tenant,
    private readonly template: 1 | 2,
  ) {
    super(tenant, {
      'user-agent': '',
      accept: 'application/scim+json',
      'content-type': 'application/scim+json',
    });
  }

  /** Creates the user, or takes over the one with its name. */
  async provision(user: OneLoginUser): Promise<void> {
    const name = encodeURIComponent(`"${user.email}"`);
    const { totalResults, resources } = await this.list(`/Users?filter=userName+eq+${name}&`);
    if (totalResults === 0) {
      const { body } = await this.demand([201], 'POST', '/Users', this.bodyOf(user, true));
      this.users.set(user.email, body.id);
    } else {
      this.users.set(user.email, resources[0].id);
      await this.update(user);
    }
  }

  async update(user: OneLoginUser, active = true): Promise<void> {
    await this.demand([200], 'PUT', `${this.pathOf(user)}?`, this.bodyOf(user, active));
  }

  async remove(user: OneLoginUser, how: OneLoginDeletion): Promise<void> {
    switch (how) {
      case 'delete':
        await this.demand([204], 'DELETE', this.pathOf(user));
        break;
      case 'suspend by PUT':
        await this.update(user, false);
        break;
      case 'suspend by PATCH': {
        const operation = { op: 'replace', value: { active: false } };
        await this.demand([200, 204], 'PATCH', this.pathOf(user), patch(operation));
      }
    }
  }

  /** Finds the group by its name, creates it if there is none, and adds the user. */
  async addToGroup(displayName: string, user: OneLoginUser): Promise<void> {
    const name = encodeURIComponent(`"${displayName}"`);
    const { totalResults, resources } = await this.list(`/Groups?filter=displayName+eq+${name}&`);
    const id: unknown =
      totalResults === 0
        ? (await this.demand([201], 'POST', '/Groups', { displayName })).body.id
        : resources[0].id;
    const member = { op: 'add', path: 'members', value: [{ value: this.users.get(user.email) }] };
    await this.demand([200, 204], 'PATCH', `/Groups/${String(id)}`, patch(member));
  }

  private pathOf(user: OneLoginUser): string {
    return `/Users/${this.users.get(user.email) ?? ''}`;
  }

  /** One e-mail instead of a list, and keys as the administrator capitalised them. */
  private bodyOf(
    { email, firstName, lastName, department }: OneLoginUser,
    active: boolean,
  ): object {
    return {
      schemas: TEMPLATES[this.template],
      userName: email,
      active,
      emails: { value: email, type: 'work', primary: true },
      Name: { GivenName: firstName, FamilyName: lastName, formatted: '' },
      ...(this.template === 2 && { department }),
    };
  }
}
