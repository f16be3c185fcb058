import { startConformanceServer } from '../../support/conformance-server';
import { newName, RfcClient, type Shown } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
const other = new RfcClient();

async function oneOfEach(): Promise<readonly Shown[]> {
  const device = { name: newName(), externalId: newName(), [LEASE]: { lessor: 'x' } };
  return [
    await scim.user({ externalId: newName() }),
    await scim.group({ externalId: newName() }),
    await scim.created('/Devices', device),
  ];
}

it('7643-3.1-1, 7643-3.1-2 resources of every type have id, externalId and meta', async () => {
  for (const resource of await oneOfEach()) {
    expect(resource).toMatchObject({
      id: expect.stringMatching(/.+/),
      externalId: expect.stringMatching(/^name-/),
      meta: {
        resourceType: expect.stringMatching(/^(?:User|Group|Device)$/),
        created: expect.any(String),
        lastModified: expect.any(String),
        location: expect.any(String),
        version: expect.any(String),
      },
    });
  }
});

it('7643-3.1-4 every representation has the id', async () => {
  const { id } = await scim.user();
  for (const more of ['', '?attributes=userName', '?excludedAttributes=id,meta']) {
    expect((await scim.get(`/Users/${String(id)}${more}`))['id']).toBe(id);
  }
});

it('7643-3.1-5, 7643-3.1-8 ids are unique among all resources, and none contains "bulkId"', async () => {
  const resources = [...(await oneOfEach()), ...(await oneOfEach()), await other.user()];
  const ids = resources.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).not.toMatch(/bulkId/i);
});

it('7643-3.1-6 an id stays, and is not given to another resource', async () => {
  const { id, userName } = await scim.user();
  const path = `/Users/${String(id)}`;
  const put = await scim.request('PUT', path, { userName: newName() });
  expect(put.body.id).toBe(id);
  expect((await scim.patched(id, { op: 'replace', path: 'title', value: 'x' }))['id']).toBe(id);
  await scim.request('DELETE', path);
  expect((await scim.user({ userName }))['id']).not.toBe(id);
  expect((await scim.request('GET', path)).status).toBe(404);
});

it('7643-3.1-7 an id that a client sends is not taken', async () => {
  const { id } = await scim.user({ id: 'mine' });
  expect(id).not.toBe('mine');
  const { status, body } = await scim.request('PUT', `/Users/${String(id)}`, {
    id: 'mine',
    userName: newName(),
  });
  expect([status, body.id]).toEqual([200, id]);
});

it('7643-3.1-9 no externalId is made up', async () => {
  expect(await scim.user()).not.toHaveProperty('externalId');
});

it('7643-3.1-10 the externalId of one provisioning domain is nothing to another', async () => {
  const externalId = newName();
  const { id } = await scim.user({ externalId });
  expect(await other.found(`externalId eq "${externalId}"`)).toEqual([]);
  const theirs = await other.user({ externalId });
  expect(await scim.found(`externalId eq "${externalId}"`)).toEqual([id]);
  expect(await other.found(`externalId eq "${externalId}"`)).toEqual([theirs['id']]);
});

it('7643-3.1-11 meta from clients is ignored', async () => {
  const meta = { resourceType: 'X', created: '2001-01-01T00:00:00Z', location: 'x', version: 'x' };
  const created = await scim.user({ meta });
  expect(created['meta'].resourceType).toBe('User');
  expect(created['meta'].created).not.toBe(meta.created);
  const path = `/Users/${String(created['id'])}`;
  const put = await scim.request('PUT', path, { userName: created['userName'], meta });
  expect(put.body.meta).toEqual(created['meta']);
  const patched = await scim.patched(created['id'], { op: 'replace', value: { meta } });
  expect(patched['meta']).toEqual(created['meta']);
});

it('7643-3.1-12, 7643-3.1-13 created is a time, and lastModified the same until the first change', async () => {
  const { id, meta } = await scim.user();
  expect(Number.isNaN(Date.parse(meta.created))).toBe(false);
  expect(meta.lastModified).toBe(meta.created);
  const changed = await scim.patched(id, { op: 'add', path: 'title', value: 'x' });
  expect(changed['meta'].created).toBe(meta.created);
  expect(Date.parse(changed['meta'].lastModified)).toBeGreaterThanOrEqual(Date.parse(meta.created));
});

it('7643-3.1-14 Content-Location is meta.location', async () => {
  const { id, userName } = await scim.user();
  const { id: groupId } = await scim.group();
  const answers = [
    await scim.request('POST', '/Users', { userName: newName() }),
    await scim.request('GET', `/Users/${String(id)}`),
    await scim.request('PUT', `/Users/${String(id)}`, { userName }),
    await scim.patch(`/Users/${String(id)}`, { op: 'add', path: 'title', value: 'x' }),
    await scim.request('GET', `/Groups/${String(groupId)}`),
    await scim.request('GET', '/ServiceProviderConfig'),
    await scim.request('GET', '/ResourceTypes/User'),
    await scim.request('GET', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User'),
  ];
  for (const { headers, body } of answers) {
    expect(headers.get('content-location')).toBe(body.meta.location);
  }
});

it('7643-3.1-15 versions are marked as weak, alike in meta and in the ETag header', async () => {
  const { id } = await scim.user();
  const { headers, body } = await scim.request('GET', `/Users/${String(id)}`);
  expect(body.meta.version).toMatch(/^W\/"[^"]+"$/);
  expect(headers.get('etag')).toBe(body.meta.version);
});

it('7643-3.1-3 no schema describes common attributes otherwise', async () => {
  const [device, ...others] = DEVICES.schemas;
  const [name] = device?.attributes ?? [];
  if (device === undefined || name === undefined) throw new Error('There is no schema of devices.');
  const attributes = [...device.attributes, { ...name, name: 'externalId' }];
  const definitions = { ...DEVICES, schemas: [{ ...device, attributes }, ...others] };
  await expect(startConformanceServer({ definitions })).rejects.toThrow(/externalId/);
  const { id, externalId } = await scim.user({ externalId: 'CaSe' });
  expect(externalId).toBe('CaSe');
  expect(await scim.found('externalId eq "CaSe"')).toEqual([id]);
  expect(await scim.found('externalId eq "case"')).toEqual([]);
});
