import {
  expectError,
  LIST_RESPONSE,
  RfcClient,
  SEARCH_REQUEST,
  USER,
  type Shown,
} from '../../support/rfc-client';

const scim = new RfcClient();

beforeAll(async () => {
  for (const nickName of ['b', 'a', 'c']) {
    await scim.user({ nickName, title: nickName.toUpperCase(), name: { givenName: nickName } });
  }
});

const search = async (message: object, path = '/Users/.search'): Promise<Shown> => {
  const body = { schemas: [SEARCH_REQUEST], ...message };
  const answer = await scim.request('POST', path, body);
  expect([answer.status, answer.body.detail]).toEqual([200, undefined]);
  return answer.body;
};

it('7644-3.4.3-1 POST to .search is a query, on an endpoint and on the root', async () => {
  expect(await search({})).toMatchObject({ schemas: [LIST_RESPONSE], totalResults: 3 });
  expect(await search({ count: 1 }, '/.search')).toMatchObject({
    totalResults: 3,
    itemsPerPage: 1,
  });
});

it('7644-3.4.3-3, 7644-3.4.3-4, 7644-3.4.3-5 attributes and excludedAttributes are those of a list', async () => {
  const attributes = [`${USER}:name.givenName`, 'title'];
  const { Resources: only } = await search({ attributes });
  for (const resource of only) {
    expect(Object.keys(resource).sort()).toEqual(['id', 'name', 'schemas', 'title']);
  }
  const excludedAttributes = ['id', 'schemas', `${USER}:name.givenName`, 'title'];
  const { Resources: without } = await search({ excludedAttributes });
  for (const resource of without) {
    expect(resource).toMatchObject({ id: expect.any(String), schemas: [USER] });
    expect([resource.name, resource.title]).toEqual([undefined, undefined]);
  }
});

it('7644-3.4.3-6 filter is a filter', async () => {
  const { Resources } = await search({ filter: 'nickName eq "a" or title eq "c"' });
  expect(Resources.map(({ nickName }: Shown) => nickName).sort()).toEqual(['a', 'c']);
  const wrong = await scim.request('POST', '/Users/.search', { filter: 'nickName' });
  expectError(wrong, 400, 'invalidFilter');
});

it('7644-3.4.3-7, 7644-3.4.3-8 sortBy names an attribute in standard notation', async () => {
  for (const sortBy of ['nickName', `${USER}:nickName`, 'name.givenName']) {
    const { Resources } = await search({ sortBy, sortOrder: 'descending' });
    expect(Resources.map(({ nickName }: Shown) => nickName)).toEqual(['c', 'b', 'a']);
  }
});
