/** A resource that is too large for the database is refused, and nobody but its client notices. */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const BLOBS = 'urn:example:params:scim:schemas:extension:blobs:1.0:Group';
const blobs = Array.from({ length: 60 }, (_, index) => `${String(index)} ${'x'.repeat(200_000)}`);

let scim: ScimServer;
let neighbour: ScimServer;

beforeAll(async () => {
  scim = await startConformanceServer({
    definitions: {
      schemas: [{ id: BLOBS, name: 'Blobs', attributes: [{ name: 'blobs', multiValued: true }] }],
      schemaExtensions: [{ resourceType: 'Group', schema: BLOBS }],
    },
  });
  neighbour = await startConformanceServer();
});

afterAll(async () => {
  expect([scim.errors, neighbour.errors]).toEqual([[], []]);
  await Promise.all([scim.close(), neighbour.close()]);
});

it('what others create at the same moment is created', async () => {
  let done = false;
  const tooLarge = scim
    .request('POST', '/Groups', { displayName: 'Large', [BLOBS]: { blobs } })
    .finally(() => (done = true));
  const statuses: number[] = [];
  while (!done) {
    const names = Array.from({ length: 8 }, () => `u${String(Math.random())}`);
    const answers = await Promise.all(
      names.map((userName) => neighbour.request('POST', '/Users', { userName })),
    );
    statuses.push(...answers.map(({ status }) => status));
  }
  expect((await tooLarge).status).toBe(413);
  expect(statuses).toEqual(statuses.map(() => 201));
});

it('a group that grew as large as it may keeps what it has, and can be made smaller', async () => {
  const { body } = await scim.request('POST', '/Groups', { displayName: 'Growing' });
  const path = `/Groups/${body.id}`;
  const patch = async (Operations: readonly object[]): Promise<number> =>
    (await scim.request('PATCH', path, { Operations })).status;
  const add = (value: readonly string[]): object => ({ op: 'add', path: `${BLOBS}:blobs`, value });
  expect(await patch([add(blobs.slice(0, 20))])).toBe(204);
  expect(await patch([add(blobs.slice(20, 40))])).toBe(413);
  const replacement = { displayName: 'Growing', [BLOBS]: { blobs } };
  expect((await scim.request('PUT', path, replacement)).status).toBe(413);
  expect((await scim.request('GET', path)).body[BLOBS].blobs).toHaveLength(20);
  expect(await patch([{ op: 'remove', path: `${BLOBS}:blobs` }])).toBe(204);
});
