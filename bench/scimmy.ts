/** scimmy-routers over a Map: SCIM in the same framework without a store, for comparison. */
import { randomUUID } from 'node:crypto';
import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

interface Stored {
  readonly id: string;
  readonly userName?: string;
  readonly externalId?: string;
  readonly meta: { readonly created: Date; readonly lastModified: Date };
}

const users = new Map<string, Stored>();
const idsByName = new Map<string, string>();
const groups = new Map<string, Stored>();

interface Asked {
  readonly id?: string;
  readonly filter?: unknown;
}

function store(kind: Map<string, Stored>, id: string | undefined, value: object): Stored {
  const now = new Date();
  const before = id === undefined ? undefined : kind.get(id);
  const meta = { created: before?.meta.created ?? now, lastModified: now };
  const stored = { ...value, id: id ?? randomUUID(), meta };
  kind.set(stored.id, stored);
  return stored;
}

function find(kind: Map<string, Stored>, id: string): Stored {
  const stored = kind.get(id);
  if (stored === undefined) throw new SCIMMY.Types.Error(404, '', `No resource ${id}`);
  return stored;
}

/** Filters by name are answered from a Map, as an index would. */
function named(filter: unknown): Stored[] {
  const name = /"eq","([^"]*)"/.exec(JSON.stringify(filter))?.[1] ?? '';
  const user = users.get(idsByName.get(name) ?? '');
  return user === undefined ? [] : [user];
}

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  extensions: [{ schema: SCIMMY.Schemas.EnterpriseUser, required: false }],
  ingress: (resource: Asked, instance: { userName?: string; externalId?: string }) => {
    const user: Stored = store(users, resource.id, JSON.parse(JSON.stringify(instance)) as object);
    idsByName.set(user.userName ?? '', user.id);
    idsByName.set(user.externalId ?? '', user.id);
    return user;
  },
  egress: ({ id, filter }: Asked) => (id === undefined ? named(filter) : find(users, id)),
  degress: ({ id = '' }: Asked) => {
    users.delete(id);
  },
});
SCIMMY.Resources.declare(SCIMMY.Resources.Group, {
  ingress: (resource: Asked, instance: object) =>
    store(groups, resource.id, JSON.parse(JSON.stringify(instance)) as object),
  egress: ({ id }: Asked) => (id === undefined ? [...groups.values()] : find(groups, id)),
  degress: ({ id = '' }: Asked) => {
    groups.delete(id);
  },
});

const app = express();
app.get('/readyz', (_request, response) => {
  response.send('ready');
});
app.use('/scim/v2', new SCIMMYRouters({ type: 'bearer', handler: () => 'bench' }));
app.listen(Number(process.argv[2]), '127.0.0.1');
