/** What decides on a list is never passed over, and never makes a list that ends too early. */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const LISTS = 'urn:example:params:scim:schemas:extension:lists:1.0:User';

let scim: ScimServer;

beforeAll(async () => {
  const subAttributes = [{ name: 'label' }, { name: 'words', multiValued: true }];
  const attributes = [{ name: 'topic', type: 'complex', subAttributes }];
  scim = await startConformanceServer({
    definitions: {
      schemas: [{ id: LISTS, name: 'Lists', attributes }],
      schemaExtensions: [{ resourceType: 'User', schema: LISTS }],
    },
  });
  for (const userName of ['a', 'b', 'c']) {
    const topic = { label: userName, words: [userName, 'z'] };
    await scim.request('POST', '/Users', { userName, [LISTS]: { topic } });
  }
});

afterAll(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

it.each<[object, string]>([
  [{ filter: true }, 'invalidFilter'],
  [{ filter: {} }, 'invalidFilter'],
  [{ FILTER: { userName: 'a' } }, 'invalidFilter'],
  [{ filter: [] }, 'invalidFilter'],
  [{ sortBy: {} }, 'invalidValue'],
  [{ count: true }, 'invalidValue'],
  [{ startIndex: {} }, 'invalidValue'],
  [{ excludedAttributes: { name: 'emails' } }, 'invalidValue'],
])('a SearchRequest with %j is refused and does not list everybody', async (body, scimType) => {
  for (const path of ['/Users/.search', '/.search']) {
    const answer = await scim.request('POST', path, body);
    expect([answer.status, answer.body.scimType]).toEqual([400, scimType]);
  }
});

it('null in a SearchRequest is as if nothing was said', async () => {
  const body = { filter: null, count: null, other: true };
  const answer = await scim.request('POST', '/Users/.search', body);
  expect([answer.status, answer.body.totalResults]).toEqual([200, 3]);
});

it.each(['', '&cursor='])(
  'a list is not sorted by what has several values in one value%s',
  async (more) => {
    const sorted = await scim.request('GET', `/Users?sortBy=${LISTS}:topic.words&count=2${more}`);
    expect([sorted.status, sorted.body.scimType]).toEqual([400, 'invalidValue']);
    const other = await scim.request('GET', `/Users?sortBy=${LISTS}:topic.label&count=2${more}`);
    expect([other.status, other.body.itemsPerPage]).toEqual([200, 2]);
  },
);
