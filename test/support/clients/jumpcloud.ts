/**
 * JumpCloud: activating the integration creates, changes and deletes a test user and a test group, and so does every later
 * change of its settings. No extension schemas.
 */
import { GROUP, patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface JumpCloudUser {
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
}

export class JumpCloudIntegration extends WireClient {
  constructor(tenant: Tenant) {
    super(tenant, { accept: 'application/json', 'content-type': 'application/json' });
  }

  /** The live test; both test objects are gone afterwards. */
  async activate(testEmail: string): Promise<void> {
    const user = { email: testEmail, firstName: 'JumpCloud', lastName: 'Test' };
    const found = await this.lookUp(testEmail);
    if (found !== undefined) throw new Error('the test user is still there');
    const { body } = await this.demand([201], 'POST', '/Users', bodyOf(user));
    const id = String(body.id);
    await this.demand([200], 'GET', `/Users/${id}`);
    const changed = { ...bodyOf(user), name: { givenName: 'JumpCloud', familyName: 'Tested' } };
    await this.demand([200], 'PUT', `/Users/${id}`, changed);
    const off = { op: 'replace', path: 'active', value: false };
    await this.demand([200, 204], 'PATCH', `/Users/${id}`, patch(off));
    const group = await this.demand([201], 'POST', '/Groups', {
      schemas: [GROUP],
      displayName: 'JumpCloud Test Group',
    });
    const groupId = String(group.body.id);
    await this.changeMembers(groupId, 'add', [id]);
    await this.changeMembers(groupId, 'remove', [id]);
    await this.demand([204], 'DELETE', `/Users/${id}`);
    await this.demand([204], 'DELETE', `/Groups/${groupId}`);
  }

  /** "User lookup" before every provisioning, then the creation or the update. */
  async provision(user: JumpCloudUser): Promise<string> {
    const id = await this.lookUp(user.email);
    if (id === undefined) {
      return (await this.demand([201], 'POST', '/Users', bodyOf(user))).body.id;
    }
    await this.demand([200], 'PUT', `/Users/${id}`, bodyOf(user));
    return id;
  }

  async deactivate(email: string): Promise<void> {
    const id = await this.lookUp(email);
    const off = { op: 'replace', value: { active: false } };
    await this.demand([200, 204], 'PATCH', `/Users/${id ?? ''}`, patch(off));
  }

  async createGroup(displayName: string): Promise<string> {
    const body = { schemas: [GROUP], displayName };
    return (await this.demand([201], 'POST', '/Groups', body)).body.id;
  }

  /** Removal names the members in a list, without a filter. */
  async changeMembers(id: string, op: 'add' | 'remove', ids: readonly string[]): Promise<void> {
    const operation = { op, path: 'members', value: ids.map((value) => ({ value })) };
    await this.demand([200, 204], 'PATCH', `/Groups/${id}`, patch(operation));
  }

  private async lookUp(email: string): Promise<string | undefined> {
    const filter = encodeURIComponent(`userName eq ${quoted(email)}`);
    return (await this.list(`/Users?filter=${filter}`)).resources[0]?.id;
  }
}

function bodyOf({ email, firstName, lastName }: JumpCloudUser): object {
  return {
    schemas: [USER],
    userName: email,
    name: { givenName: firstName, familyName: lastName },
    displayName: `${firstName} ${lastName}`,
    emails: [{ value: email, type: 'work', primary: true }],
    active: true,
  };
}
