/**
 * Okta: users that are assigned to an application, groups that are pushed, and the import back. It never deletes a user.
 * Applications made with its wizard write users and groups whole, by PUT; those of the network may patch.
 */
import { patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface OktaUser {
  /** Okta's own id. */
  readonly id: string;
  readonly login: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly locale?: string;
}

// What the server answers is looked at attribute by attribute.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Shown = any;

export class OktaApp extends WireClient {
  private readonly users = new Map<string, string>();
  private readonly groups = new Map<string, string>();

  constructor(
    tenant: Tenant,
    private readonly style: 'PUT' | 'PATCH',
  ) {
    super(tenant, {
      'user-agent': 'Okta SCIM Client 1.0.0',
      accept: 'application/scim+json',
      'content-type': 'application/scim+json; charset=utf-8',
    });
  }

  /** "Test API credentials", for users and for group push. */
  async testConnection(): Promise<void> {
    await this.list('/Users?startIndex=1&count=2');
    await this.list('/Users?startIndex=1&count=1');
    await this.list('/Groups?startIndex=1&count=100');
  }

  /** Its SPEC test: there is a user, and it has what the runtime will need. */
  async specTest(): Promise<void> {
    const { totalResults, resources } = await this.list('/Users?count=1&startIndex=1');
    const user: Shown = resources[0];
    const isComplete =
      totalResults > 0 &&
      typeof user.id === 'string' &&
      typeof user.active === 'boolean' &&
      [user.name?.familyName, user.name?.givenName, user.userName, user.emails?.[0]?.value].every(
        (value) => typeof value === 'string' && value !== '',
      );
    if (!isComplete) throw new Error(`not what the SPEC test wants: ${JSON.stringify(user)}`);
    await this.demand([200], 'GET', `/Users/${String(user.id)}`);
    const missing = await this.demand([404], 'GET', '/Users/00000000-0000-0000-0000-000000000000');
    if (missing.body.detail === '' || !Array.isArray(missing.body.schemas)) {
      throw new Error('the error is no SCIM error');
    }
    const duplicate = { schemas: [USER], userName: user.userName, active: true };
    await this.demand([409], 'POST', '/Users', duplicate);
  }

  /** Assignment: looks the user up by its name, and creates or links it. */
  async assign(user: OktaUser, password?: string): Promise<void> {
    const filter = encodeURIComponent(`userName eq ${quoted(user.login)}`);
    const found = await this.list(`/Users?filter=${filter}&startIndex=1&count=100`);
    if (found.totalResults === 0) {
      const body = { ...profile(user), groups: [], ...(password && { password }), active: true };
      const created = await this.demand([201], 'POST', '/Users', body);
      if (created.body?.id === undefined) throw new Error('returned empty user');
      this.users.set(user.id, created.body.id);
      return;
    }
    this.users.set(user.id, found.resources[0].id);
    await this.update(user, true);
  }

  async update(user: OktaUser, active?: boolean): Promise<void> {
    const path = this.pathOf(user.id);
    const changed: Record<string, unknown> = {
      ...profile(user),
      ...(active !== undefined && { active }),
    };
    if (this.style === 'PATCH') {
      const { schemas: _schemas, ...value } = changed;
      await this.demand([200, 204], 'PATCH', path, patch({ op: 'replace', value }));
      return;
    }
    // All that it was shown goes back: id, meta and groups too.
    const { body } = await this.demand([200], 'GET', path);
    await this.demand([200], 'PUT', path, { ...body, ...changed });
  }

  /** Unassigned, suspended or deactivated, and back again. */
  async setActive(user: OktaUser, active: boolean): Promise<void> {
    const path = this.pathOf(user.id);
    if (this.style === 'PATCH') {
      await this.demand([200, 204], 'PATCH', path, patch({ op: 'replace', value: { active } }));
      return;
    }
    const { body } = await this.demand([200], 'GET', path);
    await this.demand([200], 'PUT', path, { ...body, active });
  }

  async syncPassword(user: OktaUser, password: string): Promise<void> {
    const operation = { op: 'replace', value: { password } };
    await this.demand([200, 204], 'PATCH', this.pathOf(user.id), patch(operation));
  }

  /** The import: pages of a hundred until all are there; who is inactive is left out on Okta's side. */
  async import(count = 100): Promise<readonly string[]> {
    const names: string[] = [];
    for (let startIndex = 1; ; startIndex += count) {
      const page = await this.list(
        `/Users?startIndex=${String(startIndex)}&count=${String(count)}`,
      );
      names.push(
        ...page.resources.filter(({ active }) => active).map(({ userName }) => userName as string),
      );
      if (startIndex + count > page.totalResults) return names;
    }
  }

  /** The first push of a group: it is created empty, then filled. */
  async pushGroup(displayName: string, members: readonly OktaUser[]): Promise<void> {
    const body = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName };
    const created = await this.demand([201], 'POST', '/Groups', { ...body, members: [] });
    this.groups.set(displayName, created.body.id);
    await this.pushNow(displayName, displayName, members);
  }

  /** "Push now": everybody, or an empty list. */
  async pushNow(group: string, displayName: string, members: readonly OktaUser[]): Promise<void> {
    const id = this.groupId(group);
    const value = members.map((one) => ({ value: this.users.get(one.id), display: one.login }));
    if (this.style === 'PUT') {
      const whole = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], id, displayName };
      await this.demand([200], 'PUT', `/Groups/${id}`, { ...whole, members: value });
      return;
    }
    const operations =
      value.length === 0
        ? [{ op: 'replace', value: { id, displayName, members: [] } }]
        : [
            { op: 'replace', path: 'members', value },
            { op: 'replace', value: { id, displayName } },
          ];
    await this.demand([200, 204], 'PATCH', `/Groups/${id}`, patch(...operations));
  }

  /** A change of members: the name goes along in a request of its own. */
  async pushMembers(
    group: string,
    displayName: string,
    change: { readonly add?: readonly OktaUser[]; readonly remove?: readonly OktaUser[] },
  ): Promise<void> {
    const id = this.groupId(group);
    const rename = { op: 'replace', value: { id, displayName } };
    await this.demand([200, 204], 'PATCH', `/Groups/${id}`, patch(rename));
    const operations = [
      ...(change.remove ?? []).map((user) => ({
        op: 'remove',
        path: `members[value eq ${quoted(this.users.get(user.id) ?? '')}]`,
      })),
      ...(change.add ?? []).map((user) => ({
        op: 'add',
        path: 'members',
        value: [{ value: this.users.get(user.id), display: user.login }],
      })),
    ];
    await this.demand([200, 204], 'PATCH', `/Groups/${id}`, patch(...operations));
  }

  async unlinkGroup(group: string): Promise<void> {
    await this.demand([204], 'DELETE', `/Groups/${this.groupId(group)}`);
    this.groups.delete(group);
  }

  /** Governance: what kinds of resources there are, and one of each to see whether they can be read. */
  async discoverEntitlements(): Promise<Readonly<Record<string, number>>> {
    const types = await this.list('/ResourceTypes');
    const { resources: schemas } = await this.list('/Schemas');
    const known = new Set(schemas.map(({ id }) => id as string));
    const totals: Record<string, number> = {};
    for (const { endpoint, schema, schemaExtensions = [] } of types.resources) {
      for (const urn of [schema, ...schemaExtensions.map((one: Shown) => one.schema)]) {
        if (!known.has(urn)) throw new Error(`${String(urn)} is not among the schemas`);
      }
      const { totalResults, resources } = await this.list(
        `${String(endpoint)}?count=1&startIndex=1`,
      );
      if (totalResults > 0 && resources.length !== 1) throw new Error('itemsPerPage is not 1');
      totals[endpoint] = totalResults;
    }
    return totals;
  }

  private pathOf(oktaId: string): string {
    return `/Users/${this.users.get(oktaId) ?? ''}`;
  }

  private groupId(name: string): string {
    return this.groups.get(name) ?? '';
  }
}

function profile({ id, login, firstName, lastName, locale }: OktaUser): Record<string, unknown> {
  return {
    schemas: [USER],
    userName: login,
    name: { givenName: firstName, familyName: lastName },
    emails: [{ primary: true, value: login, type: 'work' }],
    displayName: `${firstName} ${lastName}`,
    ...(locale !== undefined && { locale }),
    externalId: id,
  };
}
