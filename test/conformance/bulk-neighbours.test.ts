/** Bulk requests: operations that are carried out at the same time do not disturb each other, and none breaks the others. */
import { startConformanceServer } from '../support/conformance-server';
import { ACME, CUSTOM_DEFINITIONS } from '../support/custom-definitions';
import { type ScimServer } from '../support/scim-server';

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer({ definitions: CUSTOM_DEFINITIONS });
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

async function statuses(Operations: readonly object[]): Promise<readonly string[]> {
  const { body } = await scim.request('POST', '/Bulk', { Operations });
  return body.Operations.map(({ status }: { status: string }) => status);
}

it('a name of an extension that one operation gives up is free for the next one', async () => {
  const badges = Array.from({ length: 8 }, (_, index) => `b${String(index)}`);
  const places: string[] = [];
  for (const badge of badges) {
    const { body } = await scim.request('POST', '/Users', { userName: badge, [ACME]: { badge } });
    places.push(`/Users/${body.id}`);
  }
  const rename = (path: string, index: number): object => ({
    method: 'PATCH',
    path,
    data: {
      Operations: [{ op: 'replace', path: `${ACME}:badge`, value: badges[index - 1] ?? 'free' }],
    },
  });
  expect(await statuses(places.map(rename))).toEqual(places.map(() => '200'));
});

it('of several operations that want one name of an extension the first one gets it', async () => {
  const create = (userName: string, extension: object): object => ({
    method: 'POST',
    path: '/Users',
    data: { ...extension, userName },
  });
  for (let round = 0; round < 5; round += 1) {
    const badge = `Badge ${String(round)}`;
    const name = (letter: string): string => `${letter}${String(round)}`;
    const list = await statuses([
      create(name('a'), { [ACME]: { badge }, note: 'x'.repeat(100_000) }),
      create(name('b'), { [`${ACME}:badge`]: badge.toUpperCase() }),
      create(name('c'), { [ACME]: { badge } }),
      create(name('d'), {}),
    ]);
    expect(list).toEqual(['201', '409', '409', '201']);
  }
});

it.each<[string, (deep: string) => string]>([
  ['data', (deep) => `{"method":"POST","path":"/Users","data":{"userName":"b","x":${deep}}}`],
  ['a PATCH', (deep) => `{"method":"PATCH","path":"/Users/1","data":{"Operations":[${deep}]}}`],
  ['a method', (deep) => `{"method":${deep},"path":"/Users"}`],
  ['a bulkId', (deep) => `{"method":"POST","path":"/Users","bulkId":${deep}}`],
])('%s of any depth is 400, and nothing is done', async (_name, operation) => {
  const first = '{"method":"POST","path":"/Users","data":{"userName":"a"}}';
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const body = `{"Operations":[${first},${operation(deep)}]}`;
  const answer = await scim.request('POST', '/Bulk', body);
  expect([answer.status, answer.body.scimType]).toEqual([400, 'invalidSyntax']);
  expect((await scim.request('GET', '/Users?count=0')).body.totalResults).toBe(0);
});
