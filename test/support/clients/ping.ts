/**
 * PingFederate and PingOne: users by PUT, never PATCH; groups by either, as set; an existing group is found by listing all
 * groups and comparing names on Ping's side. Users may be created disabled. HTTP Basic or bearer.
 */
import { GROUP, patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface PingUser {
  readonly username: string;
  readonly given: string;
  readonly family: string;
  readonly enabled: boolean;
}

export class PingProvisioner extends WireClient {
  private readonly users = new Map<string, string>();

  constructor(
    tenant: Tenant,
    private readonly groupsBy: 'PUT' | 'PATCH',
    authorization?: string,
  ) {
    super(tenant, {
      accept: 'application/scim+json,application/json',
      'content-type': 'application/scim+json',
      ...(authorization !== undefined && { authorization }),
    });
  }

  async provision(user: PingUser): Promise<void> {
    const filter = encodeURIComponent(`userName eq ${quoted(user.username)}`);
    const { resources } = await this.list(`/Users?filter=${filter}`);
    const body = {
      schemas: [USER],
      userName: user.username,
      name: { givenName: user.given, familyName: user.family },
      active: user.enabled,
    };
    if (resources[0] === undefined) {
      const created = await this.demand([201], 'POST', '/Users', body);
      this.users.set(user.username, created.body.id);
      return;
    }
    // The whole of what is there, with the attributes that are mapped.
    this.users.set(user.username, resources[0].id);
    const whole = { ...resources[0], ...body };
    await this.demand([200], 'PUT', `/Users/${String(resources[0].id)}`, whole);
  }

  async remove(user: PingUser, action: 'disable' | 'delete'): Promise<void> {
    if (action === 'disable') await this.provision({ ...user, enabled: false });
    else await this.demand([204], 'DELETE', `/Users/${this.users.get(user.username) ?? ''}`);
  }

  async provisionGroup(displayName: string, members: readonly PingUser[]): Promise<void> {
    const value = members.map(({ username }) => ({ value: this.users.get(username) }));
    const found = (await this.allGroups()).find((group) => group.displayName === displayName);
    if (found === undefined) {
      await this.demand([201], 'POST', '/Groups', {
        schemas: [GROUP],
        displayName,
        members: value,
      });
    } else if (this.groupsBy === 'PUT') {
      await this.demand([200], 'PUT', `/Groups/${found.id}`, {
        ...found,
        displayName,
        members: value,
      });
    } else {
      const operation = { op: 'replace', path: 'members', value };
      await this.demand([200, 204], 'PATCH', `/Groups/${found.id}`, patch(operation));
    }
  }

  private async allGroups() {
    const groups: { readonly id: string; readonly displayName: string }[] = [];
    for (;;) {
      const page = await this.list(`/Groups?startIndex=${String(groups.length + 1)}&count=10`);
      groups.push(...page.resources);
      if (groups.length >= page.totalResults) return groups;
      if (page.resources.length === 0) throw new Error('an empty page before the end');
    }
  }
}
