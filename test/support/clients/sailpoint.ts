/** SailPoint IdentityNow: reads the whole discovery first and stops at any 404; PATCH by `add` without a path. */
import { patch, USER, WireClient, type Tenant } from './wire-client';

export interface SailPointAccount {
  readonly userName: string;
  readonly givenName: string;
  readonly familyName: string;
}

// What the server answers is looked at attribute by attribute.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Shown = any;

export class SailPointSource extends WireClient {
  constructor(tenant: Tenant) {
    super(tenant, { accept: 'application/scim+json', 'content-type': 'application/scim+json' });
  }

  /** Before every aggregation; answers the names of a user's attributes. */
  async discover(): Promise<readonly string[]> {
    const config = await this.demand([200], 'GET', '/ServiceProviderConfig');
    if (config.body.patch?.supported !== true) throw new Error('no PATCH');
    await this.list('/ResourceTypes');
    await this.list('/Schemas');
    const type = await this.demand([200], 'GET', '/ResourceTypes/User');
    if (type.body.endpoint !== '/Users') throw new Error('users are elsewhere');
    const schema = await this.demand([200], 'GET', `/Schemas/${String(type.body.schema)}`);
    return schema.body.attributes.map(({ name }: Shown) => name as string);
  }

  async create({ userName, givenName, familyName }: SailPointAccount): Promise<string> {
    const body = { schemas: [USER], userName, name: { givenName, familyName }, active: true };
    return (await this.demand([201], 'POST', '/Users', body)).body.id;
  }

  async setEnabled(id: string, active: boolean): Promise<void> {
    const operation = { op: 'add', value: { active } };
    await this.demand([200, 204], 'PATCH', `/Users/${id}`, patch(operation));
  }

  /** Only the part of the name that changed; the rest is expected to stay. */
  async rename(id: string, name: object): Promise<void> {
    const operation = { op: 'replace', path: 'name', value: name };
    await this.demand([200, 204], 'PATCH', `/Users/${id}`, patch(operation));
  }

  async aggregate(endpoint: '/Users' | '/Groups', count: number): Promise<readonly Shown[]> {
    const accounts = new Map<string, Shown>();
    for (let startIndex = 1; ; startIndex += count) {
      const query = `startIndex=${String(startIndex)}&count=${String(count)}`;
      const page = await this.list(`${endpoint}?${query}`);
      for (const one of page.resources) {
        if (accounts.has(one.id)) throw new Error('the same account in two pages');
        accounts.set(one.id, one);
      }
      if (accounts.size >= page.totalResults) return [...accounts.values()];
      if (page.resources.length === 0) throw new Error('an empty page before the end');
    }
  }
}
