/** What Express can do at best: the same bodies from a Map, without SCIM, store or durability. */
import { randomUUID } from 'node:crypto';
import express from 'express';

const users = new Map<string, object>();
const idsByName = new Map<string, string>();
const members = new Set<string>();

const app = express();
app.disable('etag');
app.use(express.json({ type: () => true, limit: '16mb' }));
app.post('/scim/v2/Users', (request, response) => {
  const id = randomUUID();
  const user = { ...(request.body as { userName: string }), id };
  users.set(id, user);
  idsByName.set(user.userName, id);
  response.status(201).type('application/scim+json').send(JSON.stringify(user));
});
app.get('/scim/v2/Users', (request, response) => {
  const name = /"(.*)"/.exec(decodeURIComponent(request.url))?.[1] ?? '';
  const user = users.get(idsByName.get(name) ?? '');
  const body = { totalResults: user ? 1 : 0, Resources: user ? [user] : [] };
  response.type('application/scim+json').send(JSON.stringify(body));
});
app.get('/scim/v2/Users/:id', (request, response) => {
  response.type('application/scim+json').send(JSON.stringify(users.get(request.params.id)));
});
app.patch('/scim/v2/Users/:id', (request, response) => {
  const user = { ...users.get(request.params.id), active: Math.random() > 0.5 };
  users.set(request.params.id, user);
  response.type('application/scim+json').send(JSON.stringify(user));
});
app.post('/scim/v2/Groups', (request, response) => {
  response.status(201).send(JSON.stringify({ ...(request.body as object), id: 'group' }));
});
app.patch('/scim/v2/Groups/:id', (request, response) => {
  members.add(JSON.stringify(request.body));
  response.status(204).end();
});
app.get('/readyz', (_request, response) => {
  response.send('ready');
});
app.listen(Number(process.argv[2]), '127.0.0.1');
