/** Memberships that are no longer true, or none of a rule's business, are not told of. */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

let scim: ScimServer;
let other: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
  other = await startConformanceServer();
});

afterEach(async () => {
  expect([scim.errors, other.errors]).toEqual([[], []]);
  await Promise.all([scim.close(), other.close()]);
});

async function created(path: string, body: object): Promise<string> {
  const answer = await scim.request('POST', path, body);
  expect(answer.status).toBe(201);
  return answer.body.id;
}

it('nobody is in a deleted group, whatever a filter asks', async () => {
  const [both, one] = [
    await created('/Users', { userName: 'both' }),
    await created('/Users', { userName: 'one' }),
  ];
  const members = [{ value: both }, { value: one }];
  const deleted = await created('/Groups', { displayName: 'Deleted', members });
  const kept = await created('/Groups', { displayName: 'Kept', members: [{ value: both }] });
  await scim.request('DELETE', `/Groups/${deleted}`);

  const named = async (filter: string, more = ''): Promise<readonly string[]> => {
    const query = `filter=${encodeURIComponent(filter)}${more}`;
    const lists = [
      await scim.request('GET', `/Users?${query}`),
      await scim.request('GET', `/Users?${query}&sortBy=userName`),
      await scim.request('GET', `/Users?${query}&cursor=`),
      await scim.request('GET', `/?${query}`),
    ];
    const found = lists.map(({ body }) =>
      body.Resources.flatMap(({ userName }: { userName?: string }) => userName ?? []),
    );
    expect(found).toEqual(found.map(() => found[0]));
    return found[0];
  };
  expect(await named(`groups eq "${deleted}"`)).toEqual([]);
  expect(await named(`groups[value eq "${deleted}" or value eq "${kept}"]`)).toEqual(['both']);
  expect(await named(`groups.value eq "${kept}"`)).toEqual(['both']);
  expect(await named('groups pr')).toEqual(['both']);
  expect(await named('groups.type eq "direct"')).toEqual(['both']);
  expect(await named('userName pr and groups eq null')).toEqual(['one']);
  expect(await named(`groups.value ne "${deleted}" and userName pr`)).toEqual(['both', 'one']);
});

it('no error tells how many members a group of another rule has, or who they are', async () => {
  const members = [];
  for (let index = 0; index < 40; index += 1) {
    members.push({ value: await created('/Users', { userName: `u${String(index)}` }) });
  }
  const group = await created('/Groups', { displayName: 'Theirs', members });
  const path = `members[${Array(100).fill('display eq "x"').join(' or ')}]`;
  const Operations = Array.from({ length: 300 }, () => ({ op: 'remove', path }));
  // Too much work for so many members, as the rule itself is told.
  expect((await scim.request('PATCH', `/Groups/${group}`, { Operations })).status).toBe(413);
  expect((await other.request('PATCH', `/Groups/${group}`, { Operations })).status).toBe(404);
  expect((await other.request('PATCH', '/Groups/none', { Operations })).status).toBe(404);
});
