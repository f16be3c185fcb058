/**
 * Microsoft Entra ID: the provisioning job. Every cycle looks each user and group up, creates or compares, and sends only
 * what differs; references (managers, members) follow in a second pass. It keeps the ids it was given, and tries again in
 * the next cycle what failed in this one.
 */
import { randomUUID } from 'node:crypto';
import { attributeAt, putAttribute } from './attribute';
import { ENTERPRISE, GROUP, patch, quoted, USER, WireClient, type Tenant } from './wire-client';

export interface EntraUser {
  readonly objectId: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly givenName?: string;
  readonly surname?: string;
  readonly mail?: string;
  readonly mobile?: string;
  readonly street?: string;
  readonly department?: string;
  readonly employeeId?: string;
  /** An objectId. */
  readonly manager?: string;
  readonly appRoles?: readonly string[];
  /** Unassigned, disabled and soft-deleted users are the same to the job. */
  readonly disabled?: boolean;
}

export interface EntraGroup {
  readonly objectId: string;
  readonly displayName: string;
  /** objectIds of users. */
  readonly members: readonly string[];
}

export interface EntraDirectory {
  readonly users: readonly EntraUser[];
  readonly groups?: readonly EntraGroup[];
}

type RoleExpression = 'single' | 'complex' | 'assertive';
type ManagerForm = 'string' | 'list' | 'object';

export interface EntraSettings {
  /** `?aadOptscim062020` stands behind the tenant URL. */
  readonly flag?: boolean;
  readonly match?: 'userName' | 'externalId' | 'emails[type eq "work"].value';
  readonly roles?: RoleExpression;
  /** How this version of the job writes a manager. */
  readonly manager?: ManagerForm;
}

type Source = (user: EntraUser) => string | undefined;

const MAPPING: readonly (readonly [string, Source])[] = [
  ['userName', (user) => user.userPrincipalName],
  ['externalId', (user) => user.objectId],
  ['displayName', (user) => user.displayName],
  ['name.givenName', (user) => user.givenName],
  ['name.familyName', (user) => user.surname],
  ['emails[type eq "work"].value', (user) => user.mail],
  ['phoneNumbers[type eq "mobile"].value', (user) => user.mobile],
  ['addresses[type eq "work"].formatted', (user) => user.street],
  [`${ENTERPRISE}:department`, (user) => user.department],
  [`${ENTERPRISE}:employeeNumber`, (user) => user.employeeId],
];

const MANAGER = `${ENTERPRISE}:manager`;
const APP_ROLE = 'WindowsAzureActiveDirectoryRole';

interface Difference {
  readonly path: string;
  readonly before: unknown;
  /** Undefined: the source has no value any more. */
  readonly after: string | boolean | undefined;
}

// What the server answers is looked at attribute by attribute.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Shown = any;

export class EntraJob extends WireClient {
  private readonly users = new Map<string, string>();
  private readonly groups = new Map<string, string>();
  private readonly members = new Map<string, ReadonlySet<string>>();
  /** Objects that could not be provisioned in the last cycle, as the log of the job would show them. */
  failures: string[] = [];

  constructor(
    tenant: Tenant,
    private readonly settings: EntraSettings = {},
  ) {
    // No User-Agent: the job leaves it out.
    super(tenant, {
      accept: 'application/scim+json',
      'content-type': 'application/scim+json; charset=utf-8',
    });
  }

  /** "Test Connection", and the same again as keep-alive: nothing is found, and that is an answer. */
  async testConnection(): Promise<void> {
    for (const path of [
      `/Users?filter=userName+eq+${encodeURIComponent(quoted(randomUUID()))}`,
      `/Groups?excludedAttributes=members&filter=displayName%20eq%20"${randomUUID()}"`,
    ]) {
      const answer = await this.demand([200], 'GET', this.url(path));
      if (answer.headers['content-type'] !== 'application/scim+json') {
        throw new Error(`SCIM compliance: ${String(answer.headers['content-type'])}`);
      }
      const { totalResults, resources } = await this.list(this.url(path));
      if (totalResults !== 0 || resources.length > 0) throw new Error('found what does not exist');
    }
  }

  async cycle({ users, groups = [] }: EntraDirectory): Promise<void> {
    this.failures = [];
    for (const user of users) await this.provisionUser(user);
    await this.purge('/Users', this.users, users);
    for (const group of groups) await this.provisionGroup(group);
    await this.purge('/Groups', this.groups, groups);
    for (const user of users) await this.referenceManager(user);
    for (const group of groups) await this.referenceMembers(group);
  }

  /** The POST gets no answer in time, so that it is sent once more; what that one answers is not fatal. */
  async createWithTimeOut(user: EntraUser): Promise<readonly number[]> {
    const body = this.creationOf(user);
    const first = await this.send('POST', this.url('/Users'), body);
    const second = await this.demand([201, 409], 'POST', this.url('/Users'), body);
    return [first.status, second.status];
  }

  private async provisionUser(user: EntraUser): Promise<void> {
    const found = await this.findUser(user);
    if (found === 'ambiguous') {
      this.failures.push(`${user.userPrincipalName}: more than one match`);
      return;
    }
    if (found === undefined) {
      if (!user.disabled) await this.createUser(user);
      return;
    }
    this.users.set(user.objectId, found.id);
    const operations = [
      ...this.operations(differences(user, found)),
      ...this.roleOperations(user, found),
    ];
    if (operations.length === 0) return;
    const path = this.url(`/Users/${String(found.id)}`);
    const { status, body } = await this.demand([200, 204], 'PATCH', path, patch(...operations));
    if (status === 200) readable(body);
  }

  private async createUser(user: EntraUser): Promise<void> {
    const body = this.creationOf(user);
    const created = await this.demand([201, 409], 'POST', this.url('/Users'), body);
    if (created.status === 409) {
      this.failures.push(`${user.userPrincipalName}: 409`);
      return;
    }
    readable(created.body);
    this.users.set(user.objectId, created.body.id);
  }

  /** By the id it was given, or else by the matching attribute. */
  private async findUser(user: EntraUser): Promise<Shown> {
    const id = this.users.get(user.objectId);
    if (id !== undefined) {
      const known = await this.demand([200, 404], 'GET', this.url(`/Users/${id}`));
      if (known.status === 200) return readable(known.body);
      this.users.delete(user.objectId);
    }
    const { match = 'userName' } = this.settings;
    const source = MAPPING.find(([target]) => target === match);
    const filter = `${match} eq ${quoted(source?.[1](user) ?? '')}`;
    const { totalResults, resources } = await this.find('/Users', filter);
    if (totalResults > 1) return 'ambiguous';
    if (totalResults === 0) return undefined;
    const path = this.url(`/Users/${String(resources[0].id)}`);
    return readable((await this.demand([200], 'GET', path)).body);
  }

  private creationOf(user: EntraUser): object {
    const body: Record<string, unknown> = {
      schemas: [USER, ENTERPRISE],
      active: this.settings.flag ? true : 'True',
      meta: { resourceType: 'User' },
      roles: this.createdRoles(user),
    };
    for (const [target, source] of MAPPING) {
      const value = source(user);
      if (value !== undefined) putAttribute(body, target, value);
    }
    return body;
  }

  /** Without the flag one operation for each attribute, with it everything without a filter in one. */
  private operations(all: readonly Difference[]): readonly object[] {
    if (!this.settings.flag) return all.map(classicOperation);
    const whole = all.filter(({ path, after }) => !path.includes('[') && after !== undefined);
    const single = all.filter((one) => !whole.includes(one));
    const value = Object.fromEntries(whole.map(({ path, after }) => [path, after]));
    return [
      ...single.map(({ path, after }) =>
        after === undefined ? { op: 'remove', path } : { op: 'replace', path, value: after },
      ),
      ...(whole.length > 0 ? [{ op: 'replace', value }] : []),
    ];
  }

  private createdRoles({ appRoles = [] }: EntraUser): readonly object[] {
    if (this.settings.roles === 'single') {
      return appRoles.slice(0, 1).map((value) => ({ primary: true, type: APP_ROLE, value }));
    }
    return this.settings.roles === undefined ? [] : appRoles.map(roleObject);
  }

  private roleOperations({ appRoles = [] }: EntraUser, found: Shown): readonly object[] {
    const stored = ((found.roles ?? []) as readonly Shown[]).map(({ value }) => String(value));
    switch (this.settings.roles) {
      case undefined:
        return [];
      case 'single': {
        const path = 'roles[primary eq "True"].value';
        const before = attributeAt(found, 'roles[primary eq "True"].value');
        const [value] = appRoles;
        if (value === undefined || value === before) return [];
        return [{ op: before === undefined ? 'Add' : 'Replace', path, value }];
      }
      case 'complex': {
        // Only ever adds, as a JSON text in a string.
        const isThere = (role: string): boolean =>
          stored.some((one) => one === role || one.includes(`"value":"${role}"`));
        const missing = appRoles.filter((role) => !isThere(role));
        const value = missing.map((role) => ({
          value: JSON.stringify({ id: `r-${role}`, value: role, displayName: role }),
        }));
        return missing.length === 0 ? [] : [{ op: 'Add', path: 'roles', value }];
      }
      case 'assertive': {
        const same = [...stored].sort().join() === [...appRoles].sort().join();
        return same ? [] : [{ op: 'replace', path: 'roles', value: appRoles.map(roleObject) }];
      }
    }
  }

  private async provisionGroup(group: EntraGroup): Promise<void> {
    const { objectId, displayName } = group;
    const found = await this.findGroup(group);
    if (found === undefined) {
      const created = await this.demand([201, 409], 'POST', this.url('/Groups'), {
        schemas: [
          GROUP,
          'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
        ],
        externalId: objectId,
        displayName,
        meta: { resourceType: 'Group' },
      });
      if (created.status === 409) this.failures.push(`${displayName}: 409`);
      else this.groups.set(objectId, created.body.id);
      return;
    }
    this.groups.set(objectId, found.id);
    const operations = [
      ['displayName', displayName] as const,
      ['externalId', objectId] as const,
    ].flatMap(([path, value]) =>
      found[path] === value
        ? []
        : [{ op: found[path] === undefined ? 'Add' : 'Replace', path, value }],
    );
    if (operations.length > 0) await this.patchGroup(found.id, ...operations);
  }

  private async findGroup({ objectId, displayName }: EntraGroup): Promise<Shown> {
    const id = this.groups.get(objectId);
    if (id !== undefined) {
      const path = this.url(`/Groups/${id}?excludedAttributes=members`);
      const known = await this.demand([200, 404], 'GET', path);
      if (known.status === 200) return known.body;
      this.groups.delete(objectId);
    }
    const filter = `displayName eq ${quoted(displayName)}`;
    return (await this.find('/Groups', filter, 'excludedAttributes=members&')).resources[0];
  }

  /** A manager is set after everybody exists, when a query says that it is not set yet. */
  private async referenceManager({ objectId, manager }: EntraUser): Promise<void> {
    const id = this.users.get(objectId);
    if (id === undefined) return;
    if (manager === undefined) {
      const { body } = await this.demand([200], 'GET', this.url(`/Users/${id}`));
      if (readable(body)[ENTERPRISE]?.manager === undefined) return;
      const removal = this.settings.flag
        ? { op: 'remove', path: MANAGER }
        : { op: 'Replace', path: MANAGER, value: '' };
      await this.demand([200, 204], 'PATCH', this.url(`/Users/${id}`), patch(removal));
      return;
    }
    const managerId = this.users.get(manager);
    if (managerId === undefined) return;
    const filter = `id eq ${quoted(id)} and manager eq ${quoted(managerId)}`;
    if ((await this.find('/Users', filter, 'attributes=id&')).totalResults === 1) return;
    const operation = this.managerOperation(managerId);
    const answer = await this.demand(
      [200, 204],
      'PATCH',
      this.url(`/Users/${id}`),
      patch(operation),
    );
    if (answer.status === 200) readable(answer.body);
  }

  private managerOperation(value: string): object {
    switch (this.settings.manager ?? 'string') {
      case 'string':
        return { op: this.settings.flag ? 'replace' : 'Add', path: MANAGER, value };
      case 'list':
        return { op: 'Add', path: 'manager', value: [{ $ref: `../Users/${value}`, value }] };
      case 'object':
        return { op: 'Add', path: `${ENTERPRISE}.manager`, value: { value } };
    }
  }

  private async referenceMembers({ objectId, members }: EntraGroup): Promise<void> {
    const groupId = this.groups.get(objectId);
    if (groupId === undefined) return;
    const before = this.members.get(groupId) ?? new Set<string>();
    const after = new Set(members.flatMap((member) => this.users.get(member) ?? []));
    const added: string[] = [];
    for (const id of [...after].filter((one) => !before.has(one))) {
      const filter = `id eq ${quoted(groupId)} and members eq ${quoted(id)}`;
      const { totalResults } = await this.find('/Groups', filter, 'attributes=id&');
      if (totalResults === 0) added.push(id);
    }
    const removed = [...before].filter((id) => !after.has(id));
    const listed = (ids: readonly string[]) => ids.map((value) => ({ $ref: null, value }));
    if (added.length > 0) {
      await this.patchGroup(groupId, { op: 'Add', path: 'members', value: listed(added) });
    }
    if (removed.length > 0 && this.settings.flag) {
      const operations = removed.map((id) => ({
        op: 'remove',
        path: `members[value eq ${quoted(id)}]`,
      }));
      await this.patchGroup(groupId, ...operations);
    } else if (removed.length > 0) {
      await this.patchGroup(groupId, { op: 'Remove', path: 'members', value: listed(removed) });
    }
    this.members.set(groupId, after);
  }

  /** 204 and no body is what it documents for groups. */
  private async patchGroup(id: string, ...operations: readonly object[]): Promise<void> {
    const answer = await this.demand(
      [204],
      'PATCH',
      this.url(`/Groups/${id}`),
      patch(...operations),
    );
    if (answer.text !== '') throw new Error('204 with a body');
  }

  /** What is no longer in the directory at all is deleted; that somebody was faster does not matter. */
  private async purge(
    endpoint: string,
    links: Map<string, string>,
    present: readonly { readonly objectId: string }[],
  ): Promise<void> {
    for (const [objectId, id] of [...links]) {
      if (present.some((one) => one.objectId === objectId)) continue;
      await this.demand([204, 404], 'DELETE', this.url(`${endpoint}/${id}`));
      links.delete(objectId);
    }
  }

  private find(endpoint: string, filter: string, parameters = '') {
    return this.list(this.url(`${endpoint}?${parameters}filter=${encodeURIComponent(filter)}`));
  }

  private url(path: string): string {
    if (!this.settings.flag) return path;
    return `${path}${path.includes('?') ? '&' : '?'}aadOptscim062020`;
  }
}

function roleObject(value: string): object {
  return { primary: false, type: APP_ROLE, display: value, value };
}

function differences(user: EntraUser, found: Shown): readonly Difference[] {
  const all: readonly Difference[] = [
    { path: 'active', before: found.active, after: !user.disabled },
    ...MAPPING.map(([path, source]) => ({
      path,
      before: attributeAt(found, path),
      after: source(user),
    })),
  ];
  return all.filter(({ before, after }) => before !== after);
}

function classicOperation({ path, before, after }: Difference): object {
  if (after === undefined) return { op: 'Remove', path, value: before };
  const value = typeof after === 'boolean' ? (after ? 'True' : 'False') : after;
  return { op: before === undefined ? 'Add' : 'Replace', path, value };
}

/** What its deserializer needs: an id, JSON booleans, no nulls, a manager that is an object. */
function readable(resource: Shown): Shown {
  const manager: unknown = resource?.[ENTERPRISE]?.manager;
  const isReadable =
    typeof resource?.id === 'string' &&
    typeof resource.active === 'boolean' &&
    !JSON.stringify(resource).includes(':null') &&
    (manager === undefined || typeof (manager as Shown).value === 'string');
  if (!isReadable) throw new Error(`cannot be deserialized: ${JSON.stringify(resource)}`);
  return resource;
}
