/**
 * midPoint's SCIM connector (Evolveum connector-scimrest): everything it knows of the server it has from the discovery, names
 * are compared case-exactly, its pages overlap, bodies have no `schemas`, and PUT has nothing but what changed.
 */
import { WireClient, type Tenant } from './wire-client';

const PAGE = 25;

// What the server answers is looked at attribute by attribute.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Shown = any;

interface ObjectClass {
  readonly endpoint: string;
  readonly attributes: ReadonlySet<string>;
}

export class MidPointConnector extends WireClient {
  private readonly classes = new Map<string, ObjectClass>();

  constructor(private readonly resource: Tenant) {
    super(resource, { accept: 'application/scim+json', 'content-type': 'application/scim+json' });
  }

  /** Both lists must be there, and every resource type must be described; the paths may be absolute. */
  async init(): Promise<void> {
    const { resources: schemas } = await this.list('/Schemas');
    const { resources: types } = await this.list('/ResourceTypes');
    for (const { name, endpoint, schema } of types) {
      const described: Shown = schemas.find(({ id }) => id === schema);
      if (typeof name !== 'string' || typeof endpoint !== 'string' || described === undefined) {
        throw new Error(`cannot work with the resource type ${JSON.stringify(name)}`);
      }
      const path = endpoint.replace(this.resource.url, '');
      const names = described.attributes.map((attribute: Shown) => attribute.name as string);
      this.classes.set(name, {
        endpoint: path,
        attributes: new Set([...names, 'id', 'externalId']),
      });
    }
  }

  /** Pages 1, 2, 3 begin at the first, second, third resource: a bug, so that the same ones come again and again. */
  async search(objectClass: string): Promise<readonly Shown[]> {
    const { endpoint } = this.classOf(objectClass);
    const found = new Map<string, Shown>();
    let processed = 0;
    for (let page = 1; ; page += 1) {
      const list = await this.list(`${endpoint}?startIndex=${String(page)}&count=${String(PAGE)}`);
      for (const one of list.resources) found.set(one.id, this.checked(objectClass, one));
      processed += list.resources.length;
      if (processed >= list.totalResults) return [...found.values()];
      if (list.resources.length === 0) throw new Error('an empty page before the end');
    }
  }

  async create(objectClass: string, attributes: object): Promise<string> {
    const { endpoint } = this.classOf(objectClass);
    const { body } = await this.demand([201], 'POST', endpoint, attributes);
    return this.checked(objectClass, body).id;
  }

  async update(objectClass: string, id: string, changed: object): Promise<Shown> {
    const { endpoint } = this.classOf(objectClass);
    const { body } = await this.demand([200], 'PUT', `${endpoint}/${id}`, changed);
    return this.checked(objectClass, body);
  }

  async delete(objectClass: string, id: string): Promise<void> {
    await this.demand([204], 'DELETE', `${this.classOf(objectClass).endpoint}/${id}`);
  }

  private classOf(name: string): ObjectClass {
    const found = this.classes.get(name);
    if (found === undefined) throw new Error(`no object class ${name}`);
    return found;
  }

  /** Every attribute that is shown is described under exactly that name. */
  private checked(objectClass: string, resource: Shown): Shown {
    const { attributes } = this.classOf(objectClass);
    for (const name of Object.keys(resource)) {
      const isCommon = name === 'schemas' || name === 'meta' || name.startsWith('urn:');
      if (!isCommon && !attributes.has(name)) throw new Error(`"${name}" is in no schema`);
    }
    return resource;
  }
}
