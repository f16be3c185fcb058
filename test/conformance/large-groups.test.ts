/** What groups cost: as much as what changes or is shown, whatever their size. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type CommandStartedEvent, type CommandSucceededEvent, type MongoClient } from 'mongodb';
import { USER } from '../../src/domain/resource';
import { type ResourceDocument, resourceModel } from '../../src/store/models/resource.model';
import { openStore, type Store } from '../../src/store/store';
import { startScimServer, type ScimServer } from '../support/scim-server';

const SIZES = [100, 10_000] as const;

let store: Store;
let scim: ScimServer;
/** Ids of users, by ascending id. */
let users: string[];
const groups = new Map<number, string>();
/** Names of commands with how many documents they sent to and got from the database. */
let log: string[] = [];

beforeAll(async () => {
  const uri = new URL(process.env['TEST_MONGODB_URI'] ?? '');
  uri.searchParams.set('monitorCommands', 'true');
  store = await openStore({
    uri: uri.href,
    dbName: `usher_test_${randomBytes(6).toString('hex')}`,
    encryptionKey: randomBytes(32),
  });
  const ruleId = randomUUID();
  scim = await startScimServer(store.resources, { ruleId });
  const now = new Date();
  const documents: ResourceDocument[] = Array.from({ length: 10_100 }, (_, index) => ({
    _id: `user-${String(index).padStart(5, '0')}`,
    ruleId,
    resourceType: USER,
    attributes: { userName: `u${String(index)}` },
    norm: { userName: `u${String(index)}` },
    unique: [`User.userName:u${String(index)}`],
    generation: 1,
    createdAt: now,
    lastModified: now,
    live: true,
  }));
  await resourceModel(store.connection).insertMany(documents, { lean: true });
  users = documents.map(({ _id }) => _id);
  for (const size of SIZES) {
    const members = users.slice(0, size).map((value) => ({ value }));
    const displayName = `Group of ${String(size)}`;
    const { status, body } = await scim.request('POST', '/Groups?attributes=id', {
      displayName,
      members,
    });
    expect(status).toBe(201);
    groups.set(size, body.id);
  }
  watch(store.connection.getClient() as unknown as MongoClient);
}, 120_000);

afterAll(async () => {
  await scim.close();
  await store.connection.dropDatabase();
  await store.close();
});

function watch(client: MongoClient): void {
  client.on('commandStarted', ({ commandName, command }: CommandStartedEvent) => {
    const sent = ['documents', 'updates', 'deletes'].flatMap((name) => command[name] ?? []);
    log.push(`${commandName} sends ${String(sent.length)}`);
  });
  client.on('commandSucceeded', ({ commandName, reply }: CommandSucceededEvent) => {
    const { cursor } = reply as { cursor?: { firstBatch?: unknown[]; nextBatch?: unknown[] } };
    const got = cursor?.firstBatch ?? cursor?.nextBatch ?? [];
    log.push(`${commandName} gets ${String(got.length)}`);
  });
}

/** What a request makes the store do with each of the groups. */
async function costs(
  request: (group: string, size: number) => readonly [string, string, object?],
  status: number,
): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const size of SIZES) {
    log = [];
    const [method, path, body] = request(groups.get(size) ?? '', size);
    const answer = await scim.request(method, path, body);
    expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
    all.push([...log].sort());
  }
  return all;
}

const patch = (group: string, op: object): readonly [string, string, object] => [
  'PATCH',
  `/Groups/${group}`,
  { Operations: [op] },
];
/** A user that is in neither of the groups. */
const outsider = (): string => users[10_050] ?? '';
const query = (filter: string): string => `filter=${encodeURIComponent(filter)}`;

test('removing as many as a request can name, none of whom is a member, changes nothing', async () => {
  const path = `/Groups/${groups.get(100) ?? ''}`;
  const before = await scim.request('GET', `${path}?attributes=meta`);
  const value = Array.from({ length: 60_000 }, (_, index) => ({
    value: String(index).padStart(255, 'x'),
  }));
  const removal = { Operations: [{ op: 'remove', path: 'members', value }] };
  expect((await scim.request('PATCH', path, removal)).status).toBe(204);
  expect((await scim.request('GET', `${path}?attributes=meta`)).text).toBe(before.text);
  expect(scim.errors).toEqual([]);
});

test('HEAD on a group, or on a list of groups, does not read members that nobody gets', async () => {
  for (const path of [`/Groups/${groups.get(10_000) ?? ''}`, '/Groups']) {
    log = [];
    const answer = await scim.request('HEAD', path);
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.get('content-type')).toBe('application/scim+json');
    // Of the pages of members the first one is read, to know whether it can be.
    const pages = log.filter((line) => /^find gets 2001$/.test(line));
    expect(pages.length).toBeLessThanOrEqual(1);
  }
});

test.each<[string, number, (group: string) => readonly [string, string, object?]]>([
  [
    'adding a member',
    204,
    (group) => patch(group, { op: 'add', path: 'members', value: [{ value: outsider() }] }),
  ],
  [
    'adding it again',
    204,
    (group) => patch(group, { op: 'add', path: 'members', value: [{ value: outsider() }] }),
  ],
  [
    'removing a member',
    204,
    (group) => patch(group, { op: 'remove', path: `members[value eq "${outsider()}"]` }),
  ],
  [
    'a change of the name',
    204,
    (group) => patch(group, { op: 'replace', path: 'displayName', value: group }),
  ],
  [
    'reading the group without members',
    200,
    (group) => ['GET', `/Groups/${group}?excludedAttributes=members`],
  ],
  [
    'finding it by a member',
    200,
    () => [
      'GET',
      `/Groups?attributes=displayName&${query(`members[value eq "${users[5] ?? ''}"]`)}`,
    ],
  ],
  [
    'finding its members',
    200,
    (group) => ['GET', `/Users?count=5&attributes=userName&${query(`groups.value eq "${group}"`)}`],
  ],
  [
    'finding them by cursor',
    200,
    (group) => [
      'GET',
      `/Users?count=5&cursor&attributes=userName&${query(`groups eq "${group}"`)}`,
    ],
  ],
])('%s costs the same for 100 members and for 10,000', async (_name, status, request) => {
  const [small, large] = await costs(request, status);
  expect(large).toEqual(small);
  expect(small?.length).toBeGreaterThan(0);
});

test('a replacement writes what changes only', async () => {
  const id = groups.get(10_000) ?? '';
  log = [];
  const members = users.slice(1, 10_001).map((value) => ({ value }));
  const answer = await scim.request('PUT', `/Groups/${id}?excludedAttributes=members`, {
    displayName: 'Shifted',
    members,
  });
  expect(answer.status).toBe(200);
  const writes = log.filter((line) => /^update sends/.test(line));
  // One who came; who left is one update of many documents at once, and the journal is written and emptied.
  expect(writes.every((line) => line === 'update sends 1')).toBe(true);
  expect(writes.length).toBeLessThanOrEqual(4);
});

test('a group is sent while its members are read, page by page, whole and in order', async () => {
  log = [];
  const answer = await scim.request('GET', `/Groups/${groups.get(10_000) ?? ''}`);
  expect(answer.headers.get('content-length')).toBeNull();
  expect(answer.headers.get('etag')).toBe(answer.body.meta.version);
  expect(answer.body.members.map(({ value }: { value: string }) => value)).toEqual(
    users.slice(1, 10_001),
  );
  expect(answer.body.members[0]).toEqual({
    value: users[1],
    type: 'User',
    $ref: `${scim.url}/Users/${users[1] ?? ''}`,
  });
  const most = Math.max(...log.map((line) => Number(/ gets (\d+)$/.exec(line)?.[1] ?? 0)));
  expect(most).toBeLessThanOrEqual(2001);
  const parts = await scim.request(
    'GET',
    `/Groups/${groups.get(10_000) ?? ''}?attributes=members.value`,
  );
  expect(parts.body.members[9999]).toEqual({ value: users[10_000] });
});

test('a list of groups is sent the same way', async () => {
  const { body, headers } = await scim.request('GET', '/Groups');
  expect(headers.get('content-length')).toBeNull();
  expect(body.Resources.map(({ members }: { members: object[] }) => members.length)).toEqual([
    ...SIZES,
  ]);
  expect(body).toMatchObject({ totalResults: 2, itemsPerPage: 2, startIndex: 1 });
});

test('5,000 members join and leave by one operation', async () => {
  const group = groups.get(100) ?? '';
  const value = users.slice(100, 5100).map((id) => ({ value: id }));
  const count = async (): Promise<number> =>
    (await scim.request('GET', `/Users?count=0&${query(`groups eq "${group}"`)}`)).body
      .totalResults;
  const [, path, add] = patch(group, { op: 'add', path: 'members', value });
  expect((await scim.request('PATCH', path, add)).status).toBe(204);
  expect(await count()).toBe(5100);
  const [, , remove] = patch(group, { op: 'remove', path: 'members', value });
  expect((await scim.request('PATCH', path, remove)).status).toBe(204);
  expect(await count()).toBe(100);
});

test('a group may be sent in a body of 16 MiB; other bodies end at 1 MiB, and members at 150,000', async () => {
  const member = (index: number): object => ({ value: `00000000-${String(index)}` });
  const large = (length: number): object => ({
    displayName: `Large ${String(length)}`,
    members: Array.from({ length }, (_, index) => member(index)),
  });
  const created = await scim.request('POST', '/Groups', large(60_000));
  expect([created.status, created.body.members]).toEqual([201, []]);
  const many = await scim.request('POST', '/Groups', large(150_001));
  expect([many.status, many.body.detail]).toEqual([413, expect.stringContaining('150000')]);
  const user = { userName: 'large', title: 'x'.repeat(1_100_000) };
  const refused = await scim.request('POST', '/Users', user);
  expect([refused.status, refused.body.detail]).toEqual([413, expect.stringContaining('1048576')]);
  const text = { displayName: 'Text', unknown: 'x'.repeat(17 * 1024 * 1024) };
  expect((await scim.request('POST', '/Groups', text)).status).toBe(413);
});
