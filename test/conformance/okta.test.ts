/** Okta: what it sends over the life of users and pushed groups. */
import { conformanceStore, startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

const rosa = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: 'r.solis@northmill.example',
  name: { givenName: 'Rosa', familyName: 'Solis' },
  emails: [{ primary: true, value: 'r.solis@northmill.example', type: 'work' }],
  displayName: 'Rosa Solis',
  locale: 'en-GB',
  externalId: '00u9zzExample',
  groups: [],
  password: 'R4nd0m-x',
  active: true,
};

test('the connection test', async () => {
  const { body } = await scim.request('GET', '/Users?startIndex=1&count=2');
  expect([body.totalResults, body.startIndex, body.itemsPerPage]).toEqual([0, 1, 0]);
  expect((await scim.request('GET', '/Groups?startIndex=1&count=100')).status).toBe(200);
});

test('the life of a user', async () => {
  const search = `/Users?filter=userName eq "${rosa.userName}"&startIndex=1&count=100`;
  expect((await scim.request('GET', search)).body.Resources).toEqual([]);
  const created = await scim.request('POST', '/Users', rosa);
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ userName: rosa.userName, name: rosa.name, active: true });
  expect(created.text).not.toContain('R4nd0m');
  expect((await scim.request('POST', '/Users', rosa)).status).toBe(409);

  const path = `/Users/${created.body.id}`;
  const { body } = await scim.request('GET', path);
  const put = await scim.request('PUT', path, { ...body, displayName: 'Rosa S.', groups: [] });
  expect(put.status).toBe(200);
  expect(put.body).toMatchObject({ id: created.body.id, displayName: 'Rosa S.' });

  const off = await scim.request('PATCH', path, {
    schemas,
    Operations: [{ op: 'replace', value: { active: false } }],
  });
  expect(off.body.active).toBe(false);
  const password = await scim.request('PATCH', path, {
    schemas,
    Operations: [{ op: 'replace', value: { password: 'N3w-secret' } }],
  });
  expect(password.status).toBe(200);
  expect(password.body.meta.version).toBe(off.body.meta.version);
  expect(JSON.stringify(await (await conformanceStore()).findAll([created.body.id]))).not.toMatch(
    /N3w|R4nd0m/,
  );
  const on = await scim.request('PUT', path, { ...rosa, active: true });
  expect(on.body.active).toBe(true);
});

test('pushed groups', async () => {
  const ids: string[] = [];
  for (const userName of ['a', 'b']) {
    ids.push((await scim.request('POST', '/Users', { userName })).body.id);
  }
  const [first, second] = ids;
  const created = await scim.request('POST', '/Groups', { displayName: 'Ops', members: [] });
  const path = `/Groups/${created.body.id}`;
  const change = async (...Operations: object[]): Promise<string[]> => {
    expect((await scim.request('PATCH', path, { schemas, Operations })).status).toBe(204);
    const { body } = await scim.request('GET', path);
    return body.members.map(({ value }: { value: string }) => value);
  };

  expect(await change({ op: 'add', path: 'members', value: [{ value: first }] })).toEqual([first]);
  const rename = { op: 'replace', value: { id: created.body.id, displayName: 'Ops EU' } };
  expect(await change(rename)).toEqual([first]);
  expect(
    await change(
      { op: 'remove', path: `members[value eq "${first}"]` },
      { op: 'add', path: 'members', value: [{ value: second, display: 'b' }] },
    ),
  ).toEqual([second]);
  const full = { id: created.body.id, displayName: 'Ops EU', members: [{ value: first }] };
  expect(await change({ op: 'replace', value: full })).toEqual([first]);
  expect(await change({ op: 'replace', path: 'members', value: [] })).toEqual([]);
  const put = await scim.request('PUT', path, {
    displayName: 'Ops',
    members: [{ value: first }, { value: second }, { value: 'unknown' }],
  });
  expect(put.body).toMatchObject({ displayName: 'Ops' });
  expect(put.body.members).toHaveLength(2);
  const asked = await scim.request('PATCH', `${path}?attributes=displayName`, {
    schemas,
    Operations: [rename],
  });
  expect([asked.status, asked.body.displayName]).toEqual([200, 'Ops EU']);
  expect(asked.body).not.toHaveProperty('members');
  expect((await scim.request('DELETE', path)).status).toBe(204);
});

test('the import is stable and complete', async () => {
  for (let index = 0; index < 25; index += 1) {
    await scim.request('POST', '/Users', { userName: `u${String(index)}` });
  }
  const seen: string[] = [];
  for (let startIndex = 1; startIndex <= 25; startIndex += 10) {
    const { body } = await scim.request('GET', `/Users?startIndex=${String(startIndex)}&count=10`);
    seen.push(...body.Resources.map(({ id }: { id: string }) => id));
  }
  expect(new Set(seen).size).toBe(25);
});
