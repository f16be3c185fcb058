/**
 * An application that speaks the protocol of connectors/http/README.md, with a store of its own: an SQLite file. It is
 * a process, so that a test can kill it, freeze it and start it again.
 *
 *     node http-service.cjs PORT FILE SECRET [bearer|hmac]
 */
'use strict';
const { createHash, createHmac, randomUUID, timingSafeEqual } = require('node:crypto');
const http = require('node:http');
const Database = require('libsql');

const [port, file, secret, authentication = 'bearer'] = process.argv.slice(2);
const LONGEST_BODY = 4 * 1024 * 1024;
const LONGEST_NAME = 256;
const LONGEST_VALUE = 100_000;

const db = new Database(file, { timeout: 2_000 });
db.exec('PRAGMA journal_mode = WAL');
db.exec(`
  CREATE TABLE IF NOT EXISTS entry (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, attributes TEXT NOT NULL,
    active INTEGER NOT NULL, owner TEXT, UNIQUE (kind, name));
  CREATE TABLE IF NOT EXISTS member (
    group_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (group_id, user_id));`);

/** What is answered instead of success. */
class Refusal extends Error {
  constructor(status, error, message, attribute) {
    super(message);
    this.status = status;
    this.body = { error, message, attribute };
  }
}

const SCHEMA = {
  protocol: 'usher-http-1',
  user: [
    { name: 'name', multiValued: false, required: true, maxLength: LONGEST_NAME },
    { name: 'displayName', multiValued: false, maxLength: LONGEST_VALUE },
    { name: 'mail', multiValued: true, maxLength: LONGEST_VALUE },
  ],
  group: [{ name: 'name', multiValued: false, required: true, maxLength: LONGEST_NAME }],
};

/** The requests. What they do to the store happens whole or not at all: each runs in a transaction. */
const ROUTES = [
  ['GET', /^\/schema$/, () => [200, SCHEMA]],
  ['GET', /^\/(user|group)s$/, (kind, _id, { query }) => [200, list(kind, query)]],
  ['POST', /^\/(user|group)s\/search$/, (kind, _id, { body }) => [200, search(kind, body)]],
  ['POST', /^\/(user|group)s$/, (kind, _id, { body }) => [201, create(kind, body)]],
  ['GET', /^\/(user|group)s\/([^/]+)$/, (kind, id) => [200, shown(existing(kind, id))]],
  ['PATCH', /^\/(user|group)s\/([^/]+)$/, (kind, id, { body }) => [200, change(kind, id, body)]],
  ['PATCH', /^\/(group)s\/([^/]+)\/members$/, (_kind, id, { body }) => [200, members(id, body)]],
  ['DELETE', /^\/(user|group)s\/([^/]+)$/, (kind, id) => [204, remove(kind, id)]],
];

function list(kind, query) {
  const limit = Number(query.get('limit'));
  const rows = db
    .prepare('SELECT * FROM entry WHERE kind = ? AND id > ? ORDER BY id LIMIT ?')
    .all(kind, query.get('after') ?? '', limit + 1);
  return page(rows.map(shown), limit);
}

function search(kind, { match, after = '', limit }) {
  // A real application has an index for what it is searched by.
  const found = db
    .prepare('SELECT * FROM entry WHERE kind = ? AND id > ? ORDER BY id')
    .all(kind, after)
    .map(shown)
    .filter((entry) =>
      match.every(({ attribute, value }) =>
        attribute === 'name'
          ? entry.name === value
          : new Map(Object.entries(entry.attributes)).get(attribute)?.includes(value),
      ),
    );
  return page(found.slice(0, limit + 1), limit);
}

/** One entry more than asked for was looked up: whether it is there tells if there is a next page. */
function page(entries, limit) {
  const more = entries.length > limit;
  const shownEntries = entries.slice(0, limit);
  return { entries: shownEntries, next: more ? shownEntries.at(-1).id : null };
}

function create(kind, { name, attributes, active = true, owner }) {
  check(name, attributes);
  refuseTaken(kind, name);
  const id = randomUUID();
  const values = [id, kind, name, JSON.stringify(attributes), active ? 1 : 0, owner];
  db.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)').run(values);
  return { id, name };
}

function change(kind, id, { name, replace = {}, add = {}, remove: taken = {}, active }) {
  const entry = shown(existing(kind, id));
  const attributes = new Map(Object.entries(entry.attributes));
  const set = (attribute, values) =>
    values.length > 0 ? attributes.set(attribute, values) : attributes.delete(attribute);
  for (const [attribute, values] of Object.entries(replace)) set(attribute, values);
  for (const [attribute, values] of Object.entries(taken)) {
    const before = attributes.get(attribute) ?? [];
    set(
      attribute,
      before.filter((value) => !values.includes(value)),
    );
  }
  for (const [attribute, values] of Object.entries(add)) {
    set(attribute, [...new Set([...(attributes.get(attribute) ?? []), ...values])]);
  }
  const after = {
    name: name ?? entry.name,
    attributes: Object.fromEntries(attributes),
    active: active ?? entry.active,
  };
  check(after.name, after.attributes);
  if (after.name !== entry.name) refuseTaken(kind, after.name);
  db.prepare('UPDATE entry SET name = ?, attributes = ?, active = ? WHERE id = ?').run([
    after.name,
    JSON.stringify(after.attributes),
    after.active ? 1 : 0,
    id,
  ]);
  return { id, name: after.name };
}

function members(id, { add, remove: leaving }) {
  const { name } = existing('group', id);
  const take = db.prepare('DELETE FROM member WHERE group_id = ? AND user_id = ?');
  const put = db.prepare('INSERT OR IGNORE INTO member VALUES (?, ?)');
  const known = db.prepare("SELECT 1 FROM entry WHERE kind = 'user' AND id = ?");
  for (const user of leaving) take.run(id, user);
  const missing = add.filter((user) => !known.get(user));
  for (const user of add) if (!missing.includes(user)) put.run(id, user);
  return { id, name, missing };
}

function remove(kind, id) {
  existing(kind, id);
  db.prepare('DELETE FROM entry WHERE id = ?').run(id);
  db.prepare('DELETE FROM member WHERE group_id = ? OR user_id = ?').run(id, id);
}

function existing(kind, id) {
  const row = db.prepare('SELECT * FROM entry WHERE kind = ? AND id = ?').get(kind, id);
  if (!row) throw new Refusal(404, 'notFound', `There is no such ${kind}.`);
  return row;
}

function refuseTaken(kind, name) {
  if (!db.prepare('SELECT 1 FROM entry WHERE kind = ? AND name = ?').get(kind, name)) return;
  throw new Refusal(409, 'conflict', `There is another ${kind} of that name.`, 'name');
}

function check(name, attributes) {
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) {
    throw new Refusal(422, 'invalid', `A name has 1 to ${LONGEST_NAME} characters.`, 'name');
  }
  for (const [attribute, values] of Object.entries(attributes)) {
    if (values.every((value) => value.length <= LONGEST_VALUE)) continue;
    throw new Refusal(422, 'invalid', `At most ${LONGEST_VALUE} characters.`, attribute);
  }
}

function shown({ id, name, attributes, active, owner }) {
  return { id, name, attributes: JSON.parse(attributes), active: active === 1, owner };
}

function isAuthentic({ method, url, headers }, body) {
  if (authentication === 'bearer') return isSame(headers.authorization, `Bearer ${secret}`);
  const time = headers['x-usher-time'] ?? '';
  const id = headers['x-usher-id'] ?? '';
  // A real application also remembers the ids of the last five minutes, and refuses one that comes again.
  if (!(Math.abs(Date.now() / 1_000 - Number(time)) < 300)) return false;
  const digest = createHash('sha256').update(body).digest('hex');
  const text = ['v1', time, id, method, url, digest].join('\n');
  const expected = createHmac('sha256', secret).update(text).digest('hex');
  return isSame(headers['x-usher-signature'], `v1=${expected}`);
}

/** In constant time, so that nobody learns the secret by measuring. */
function isSame(given, expected) {
  const hash = (text) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given ?? ''), hash(expected));
}

async function bodyOf(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= LONGEST_BODY) chunks.push(chunk);
  }
  if (length > LONGEST_BODY) throw new Refusal(413, 'invalid', 'The request is too long.');
  return Buffer.concat(chunks);
}

async function answer(request) {
  const raw = await bodyOf(request);
  if (!isAuthentic(request, raw)) throw new Refusal(401, 'permission', 'The secret is wrong.');
  const { pathname, searchParams: query } = new URL(request.url, 'http://service');
  for (const [method, pattern, run] of ROUTES) {
    const match = method === request.method && pattern.exec(pathname.replace(/^\/usher/, ''));
    if (!match) continue;
    const body = raw.length > 0 ? JSON.parse(raw.toString()) : {};
    return db.transaction(() => run(match[1], match[2], { query, body })).immediate();
  }
  throw new Refusal(404, 'unknown', 'There is no such request.');
}

const server = http.createServer(async (request, response) => {
  const reply = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body && JSON.stringify(body));
  };
  try {
    reply(...(await answer(request)));
  } catch (error) {
    if (error instanceof Refusal) reply(error.status, error.body);
    else reply(500, { error: 'unavailable', message: 'A defect.' });
  }
});
server.listen(Number(port), '127.0.0.1');

// For tests: how many connections there are.
process.on('message', () => server.getConnections((_error, count) => process.send(count)));
