/** What requests cost: which reads of the store they cause. */
import { type ResourceStore } from '../../../src/domain/ports';
import { MemoryResourceStore } from '../../support/memory-resource-store';
import { startScimServer, type ScimServer } from '../../support/scim-server';

let store: MemoryResourceStore;
let scim: ScimServer;
let user: string;
let group: string;

beforeAll(async () => {
  store = new MemoryResourceStore();
  scim = await startScimServer(store);
  user = (await scim.request('POST', '/Users', { userName: 'kit' })).body.id;
  const members = [{ value: user }];
  group = (await scim.request('POST', '/Groups', { displayName: 'Ops', members })).body.id;
});

afterAll(() => scim.close());

beforeEach(() => store.calls.clear());

const add = { Operations: [{ op: 'add', path: 'members', value: [{ value: 'unknown' }] }] };
const deactivate = { Operations: [{ op: 'replace', path: 'active', value: true }] };

test.each<[string, () => [string, string, object?], Partial<Record<keyof ResourceStore, number>>]>([
  ['a user', () => ['GET', `/Users/${user}`], { find: 1, groupsOf: 1 }],
  ['a user without groups', () => ['GET', `/Users/${user}?excludedAttributes=groups`], { find: 1 }],
  ['users', () => ['GET', '/Users'], { search: 1, groupsOf: 1 }],
  ['names of users', () => ['GET', '/Users?attributes=userName'], { search: 1 }],
  ['a group', () => ['GET', `/Groups/${group}`], { find: 1, members: 1 }],
  [
    'a group without members',
    () => ['GET', `/Groups/${group}?excludedAttributes=members`],
    { find: 1 },
  ],
  ['the name of a group', () => ['GET', `/Groups/${group}?attributes=displayName`], { find: 1 }],
  ['groups without members', () => ['GET', '/Groups?excludedAttributes=members'], { search: 1 }],
  ['an unknown user', () => ['GET', '/Users/unknown'], { find: 1, groupsOf: 1 }],
  ['an unknown member added', () => ['PATCH', `/Groups/${group}`, add], { typesOf: 1, find: 1 }],
  ['a change of nothing', () => ['PATCH', `/Users/${user}`, deactivate], { find: 1, groupsOf: 1 }],
  ['discovery', () => ['GET', '/Schemas'], {}],
  ['another method', () => ['DELETE', '/Users'], {}],
])('%s', async (_name, request, expected) => {
  const [method, path, body] = request();
  await scim.request(method, path, body);
  expect(Object.fromEntries(store.calls)).toEqual(expected);
});

test('a member is added without reading the group or its members', async () => {
  const { body } = await scim.request('POST', '/Users', { userName: 'rosa' });
  store.calls.clear();
  const Operations = [{ op: 'add', path: 'members', value: [{ value: body.id }] }];
  const { status } = await scim.request('PATCH', `/Groups/${group}`, { Operations });
  expect(status).toBe(204);
  expect(Object.fromEntries(store.calls)).toEqual({ typesOf: 1, changeMembers: 1 });
});

test('a request without a token costs nothing', async () => {
  await scim.request('GET', '/Users', undefined, { authorization: undefined });
  expect(store.calls.size).toBe(0);
});
