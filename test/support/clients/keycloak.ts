/**
 * Keycloak with a SCIM event listener (mitodl/keycloak-scim and its kin, on Captain-P-Goldfish's SDK): an event becomes one
 * request at once, which must be answered within five seconds. The SDK may write a value as a list of one.
 */
import { GROUP, patch, USER, WireClient, type Tenant } from './wire-client';

export interface KeycloakUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly enabled: boolean;
  readonly roles?: readonly string[];
}

const TIMEOUT_MS = 5_000;

export class KeycloakListener extends WireClient {
  private readonly users = new Map<string, string>();
  private readonly groups = new Map<string, string>();

  constructor(
    tenant: Tenant,
    private readonly style: 'PUT' | 'PATCH',
  ) {
    super(tenant, {
      accept: 'application/scim+json',
      'content-type': 'application/scim+json; charset=UTF-8',
    });
  }

  async userCreated(user: KeycloakUser): Promise<void> {
    const { body } = await this.inTime(this.demand([201], 'POST', '/Users', bodyOf(user)));
    this.users.set(user.id, body.id);
  }

  async userUpdated(user: KeycloakUser): Promise<void> {
    const path = `/Users/${this.users.get(user.id) ?? ''}`;
    if (this.style === 'PUT') {
      await this.inTime(this.demand([200, 204], 'PUT', path, bodyOf(user)));
      return;
    }
    const operations = [
      { op: 'replace', path: 'active', value: [String(user.enabled)] },
      { op: 'replace', path: 'name.givenName', value: [user.firstName] },
      { op: 'replace', path: 'name.familyName', value: [user.lastName] },
    ];
    await this.inTime(this.demand([200, 204], 'PATCH', path, patch(...operations)));
  }

  /** What other listeners send when a user is enabled or disabled. */
  async userEnabled(user: KeycloakUser, enabled: boolean): Promise<void> {
    const path = `/Users/${this.users.get(user.id) ?? ''}`;
    const operation = { op: 'replace', value: { active: String(enabled) } };
    await this.inTime(this.demand([200, 204], 'PATCH', path, patch(operation)));
  }

  async userDeleted(user: KeycloakUser): Promise<void> {
    await this.demand([200, 204], 'DELETE', `/Users/${this.users.get(user.id) ?? ''}`);
  }

  async groupCreated(id: string, name: string): Promise<void> {
    const body = { schemas: [GROUP], externalId: id, displayName: name };
    const created = await this.inTime(this.demand([201], 'POST', '/Groups', body));
    this.groups.set(id, created.body.id);
  }

  /** Everybody leaves and the members come back, in one request. */
  async groupUpdated(id: string, name: string, members: readonly KeycloakUser[]): Promise<void> {
    const path = `/Groups/${this.groups.get(id) ?? ''}`;
    const ids = members.map((user) => this.users.get(user.id) ?? '');
    if (this.style === 'PUT') {
      const value = ids.map((one) => ({ value: one, $ref: `Users/${one}` }));
      const body = { schemas: [GROUP], externalId: id, displayName: name, members: value };
      await this.inTime(this.demand([200, 204], 'PUT', path, body));
      return;
    }
    const operations = [
      { op: 'remove', path: 'members' },
      ...(ids.length === 0
        ? []
        : [{ op: 'replace', path: 'members', value: ids.map((value) => ({ value })) }]),
      { op: 'replace', path: 'displayName', value: [name] },
      { op: 'replace', path: 'externalId', value: [id] },
    ];
    await this.inTime(this.demand([200, 204], 'PATCH', path, patch(...operations)));
  }

  async groupDeleted(id: string): Promise<void> {
    await this.demand([200, 204], 'DELETE', `/Groups/${this.groups.get(id) ?? ''}`);
  }

  private async inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const started = Date.now();
    const answered = await answer;
    if (Date.now() - started > TIMEOUT_MS) throw new Error('too late: the listener has gone on');
    return answered;
  }
}

/** An e-mail has neither type nor primary. */
function bodyOf({ id, username, email, firstName, lastName, enabled, roles = [] }: KeycloakUser) {
  return {
    schemas: [USER],
    externalId: id,
    userName: username,
    displayName: `${firstName} ${lastName}`,
    name: { givenName: firstName, familyName: lastName },
    emails: [{ value: email }],
    active: enabled,
    roles: roles.map((value) => ({ value })),
  };
}
