/**
 * authentik's SCIM provider (authentik/providers/scim/clients): asks what the server can do, creates or adopts, updates
 * users by PUT whatever the server can do, sends one operation for each member, and compares what it reads afterwards.
 */
import { GROUP, patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface AuthentikUser {
  readonly uid: string;
  readonly username: string;
  /** One field for the whole name; it may be empty. */
  readonly name: string;
  readonly email?: string;
  readonly active: boolean;
}

export interface AuthentikGroup {
  readonly pk: string;
  readonly name: string;
  readonly users: readonly AuthentikUser[];
}

interface Capabilities {
  readonly patch: boolean;
  readonly filter: boolean;
  readonly maxOperations: number;
}

/** What it assumes of a server whose ServiceProviderConfig it cannot parse. */
const NOTHING: Capabilities = { patch: false, filter: false, maxOperations: 0 };

export class AuthentikProvider extends WireClient {
  private readonly users = new Map<string, string>();
  private readonly groups = new Map<string, string>();
  private capabilities: Capabilities | undefined;

  constructor(
    tenant: Tenant,
    private readonly version: 'current' | 'old' = 'current',
  ) {
    super(tenant, {
      'user-agent': 'goauthentik.io/2026.8',
      accept: 'application/scim+json',
      'content-type': 'application/scim+json',
    });
  }

  async sync(users: readonly AuthentikUser[], groups: readonly AuthentikGroup[]): Promise<void> {
    this.capabilities = await this.discover();
    for (const user of users) await this.syncUser(user);
    for (const group of groups) await this.syncGroup(group);
  }

  async removeUser({ uid }: AuthentikUser): Promise<void> {
    await this.demand([204, 404], 'DELETE', `/Users/${this.users.get(uid) ?? ''}`);
    this.users.delete(uid);
  }

  async removeGroup({ pk }: AuthentikGroup): Promise<void> {
    await this.demand([204, 404], 'DELETE', `/Groups/${this.groups.get(pk) ?? ''}`);
    this.groups.delete(pk);
  }

  /** The import: pages of whatever size the server likes, until all are seen. An empty page would loop for ever. */
  async import(endpoint: '/Users' | '/Groups'): Promise<readonly string[]> {
    let page = await this.list(endpoint);
    const ids = page.resources.map(({ id }) => id as string);
    while (ids.length < page.totalResults) {
      page = await this.list(`${endpoint}?startIndex=${String(ids.length + 1)}`);
      if (page.resources.length === 0) throw new Error('an empty page: the import never ends');
      ids.push(...page.resources.map(({ id }) => id as string));
    }
    return ids;
  }

  /** Whether it found the server able to patch and filter. */
  async discover(): Promise<Capabilities> {
    const { status, body } = await this.send('GET', '/ServiceProviderConfig');
    const { patch: patching, filter, bulk } = body ?? {};
    const isValid =
      status === 200 &&
      typeof patching?.supported === 'boolean' &&
      typeof filter?.supported === 'boolean' &&
      Number.isInteger(filter.maxResults) &&
      typeof bulk?.supported === 'boolean' &&
      Number.isInteger(bulk.maxOperations) &&
      Number.isInteger(bulk.maxPayloadSize);
    if (!isValid) return NOTHING;
    return {
      patch: patching.supported,
      filter: filter.supported,
      maxOperations: bulk.maxOperations,
    };
  }

  private async syncUser(user: AuthentikUser): Promise<void> {
    const id = this.users.get(user.uid);
    if (id === undefined) {
      await this.createUser(user);
      return;
    }
    const body = { ...this.bodyOf(user), id };
    const { status } = await this.demand([200, 404], 'PUT', `/Users/${id}`, body);
    if (status === 404) await this.createUser(user);
  }

  private async createUser(user: AuthentikUser): Promise<void> {
    const answer = await this.demand([201, 409], 'POST', '/Users', this.bodyOf(user));
    if (answer.status === 201) {
      if (typeof answer.body.id !== 'string')
        throw new Error('SCIM Response with missing or invalid id');
      this.users.set(user.uid, answer.body.id);
      return;
    }
    const filter = encodeURIComponent(`userName eq ${quoted(user.username)}`);
    const { resources } = await this.list(`/Users?filter=${filter}`);
    if (resources[0] === undefined) throw new Error('a conflict with nobody');
    this.users.set(user.uid, resources[0].id);
    await this.syncUser(user);
  }

  private async syncGroup(group: AuthentikGroup): Promise<void> {
    const { patch: canPatch } = this.capabilities ?? NOTHING;
    const members = group.users.flatMap(({ uid }) => this.users.get(uid) ?? []);
    const body = { schemas: [GROUP], externalId: group.pk, displayName: group.name };
    const whole = { ...body, members: members.map((value) => ({ value })) };
    let id = this.groups.get(group.pk);
    if (id === undefined) {
      const created = await this.demand([201, 409], 'POST', '/Groups', canPatch ? body : whole);
      id = created.status === 201 ? (created.body.id as string) : await this.adoptGroup(group);
      this.groups.set(group.pk, id);
    }
    if (!canPatch) {
      await this.demand([200], 'PUT', `/Groups/${id}`, { ...whole, id });
      return;
    }
    const operation =
      this.version === 'old'
        ? { op: 'replace', path: null, value: { id, ...body } }
        : { op: 'replace', path: 'displayName', value: group.name };
    await this.demand([200, 204], 'PATCH', `/Groups/${id}`, patch(operation));
    await this.compareMembers(id, new Set(members));
  }

  private async adoptGroup({ name }: AuthentikGroup): Promise<string> {
    const filter = encodeURIComponent(`displayName eq ${quoted(name)}`);
    return (await this.list(`/Groups?filter=${filter}`)).resources[0]?.id as string;
  }

  /** Reads who is a member and sends the difference, one operation each, and reads again whether it holds. */
  private async compareMembers(id: string, wanted: ReadonlySet<string>): Promise<void> {
    const present = await this.membersOf(id);
    const operations = [
      ...[...wanted]
        .filter((one) => !present.has(one))
        .map((value) => ({ op: 'add', path: 'members', value: [{ value }] })),
      ...[...present]
        .filter((one) => !wanted.has(one))
        .map((value) =>
          this.version === 'old'
            ? { op: 'remove', path: 'members', value: [{ value }] }
            : { op: 'remove', path: `members[value eq ${quoted(value)}]` },
        ),
    ];
    const chunk = Math.max(1, this.capabilities?.maxOperations || operations.length);
    for (let start = 0; start < operations.length; start += chunk) {
      const part = operations.slice(start, start + chunk);
      await this.demand([200, 204], 'PATCH', `/Groups/${id}`, patch(...part));
    }
    const after = await this.membersOf(id);
    if ([...after].sort().join() !== [...wanted].sort().join()) {
      throw new Error('the members are not who they should be');
    }
  }

  private async membersOf(id: string): Promise<ReadonlySet<string>> {
    const { body } = await this.demand([200], 'GET', `/Groups/${id}`);
    if (!Array.isArray(body.members)) throw new Error('members must be a list');
    return new Set(body.members.map(({ value }: { value: string }) => value));
  }

  /** The name is cut at its first blank, and what is missing is an empty string or a blank. */
  private bodyOf({ uid, username, name, email, active }: AuthentikUser): object {
    const blank = name.indexOf(' ');
    return {
      ...(this.version === 'current' && { schemas: [USER] }),
      externalId: uid,
      userName: username,
      name: {
        formatted: name,
        givenName: blank < 0 ? name : name.slice(0, blank),
        familyName: blank < 0 ? ' ' : name.slice(blank + 1),
      },
      displayName: name,
      emails: email === undefined ? [] : [{ value: email, type: 'other', primary: true }],
      photos: null,
      active,
    };
  }
}
