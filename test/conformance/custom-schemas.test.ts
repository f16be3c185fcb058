/** Schemas and resource types that a rule adds are served like the standard ones (RFC 7643 sections 3.3, 6 and 7). */
import { ACME, ASSET, CUSTOM_DEFINITIONS, DEVICE } from '../support/custom-definitions';
import { startConformanceServer } from '../support/conformance-server';
import { type ScimAnswer, type ScimServer } from '../support/scim-server';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

let scim: ScimServer;
let serial = 0;

beforeAll(async () => {
  scim = await startConformanceServer({ definitions: CUSTOM_DEFINITIONS });
});

afterAll(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

async function user(acme: object = {}, more: object = {}): Promise<ScimAnswer> {
  const userName = `user-${String((serial += 1))}`;
  return scim.request('POST', '/Users', { schemas: [USER, ACME], userName, [ACME]: acme, ...more });
}

async function device(more: object = {}): Promise<ScimAnswer> {
  const number = `S-${String((serial += 1))}`;
  return scim.request('POST', '/Devices', {
    schemas: [DEVICE, ASSET],
    serialNumber: number,
    [ASSET]: { tag: `tag-${number}` },
    ...more,
  });
}

const patch = (path: string, ...Operations: object[]): Promise<ScimAnswer> =>
  scim.request('PATCH', path, { Operations });

async function names(filter: string, endpoint = '/Users', more = ''): Promise<string[]> {
  const { status, body } = await scim.request(
    'GET',
    `${endpoint}?filter=${encodeURIComponent(filter)}${more}`,
  );
  expect([status, body.detail]).toEqual([200, undefined]);
  return body.Resources.map((one: { id: string }) => one.id);
}

describe('an extension of users', () => {
  test('is coerced, stored and shown under its URN', async () => {
    const { status, body } = await user({
      Badge: 'B-1',
      hired: '2026-01-31T12:00:00Z',
      level: '7',
      rate: 1.5,
      vip: 'True',
      rank: 'ignored',
      unknown: 'ignored',
      skills: 'welding',
    });
    expect(status).toBe(201);
    expect(body.schemas).toEqual([USER, ACME]);
    expect(body[ACME]).toEqual({
      badge: 'B-1',
      hired: '2026-01-31T12:00:00Z',
      level: 7,
      rate: 1.5,
      vip: true,
      skills: ['welding'],
    });
    const read = await scim.request('GET', `/Users/${body.id}`);
    expect(read.body).toEqual(body);
  });

  test('is not in schemas when there is nothing of it', async () => {
    const { body } = await user({});
    expect(body.schemas).toEqual([USER]);
    expect(body).not.toHaveProperty([ACME]);
  });

  test.each([
    [{ level: 1.5 }, `level" must be an integer`],
    [{ hired: 'yesterday' }, 'hired" must be a time'],
    [{ vip: 'maybe' }, 'vip" must be true or false'],
    [{ desks: [{ type: 'x', floor: 1 }] }, 'desks.value" is required'],
  ])('refuses %j', async (acme, detail) => {
    const { status, body } = await user(acme);
    expect([status, body.scimType]).toEqual([400, 'invalidValue']);
    expect(body.detail).toContain(detail);
    expect(body.detail).toContain(ACME);
  });

  test('a unique attribute is there once, regardless of case, and free again after a DELETE', async () => {
    const first = await user({ badge: 'Unique-1' });
    const second = await user({ badge: 'UNIQUE-1' });
    expect([second.status, second.body.scimType]).toEqual([409, 'uniqueness']);
    expect(second.body.detail).toContain(`${ACME}:badge`);
    const other = await user({ badge: 'Unique-2' });
    const moved = await patch(`/Users/${other.body.id}`, {
      op: 'replace',
      path: `${ACME}:badge`,
      value: 'unique-1',
    });
    expect([moved.status, moved.body.scimType]).toEqual([409, 'uniqueness']);
    await scim.request('DELETE', `/Users/${first.body.id}`);
    expect((await user({ badge: 'unique-1' })).status).toBe(201);
  });

  test('an immutable attribute is set once', async () => {
    const { body } = await user({ level: 1 });
    const at = `/Users/${body.id}`;
    const path = `${ACME}:origin`;
    const set = await patch(at, { op: 'add', path, value: 'Oslo' });
    expect(set.body[ACME].origin).toBe('Oslo');
    expect((await patch(at, { op: 'add', path, value: 'Oslo' })).status).toBe(200);
    for (const operation of [
      { op: 'replace', path, value: 'Rome' },
      { op: 'remove', path },
      { op: 'replace', value: { [ACME]: { origin: 'Rome' } } },
      { op: 'remove', path: ACME },
    ]) {
      const refused = await patch(at, operation);
      expect([refused.status, refused.body.scimType]).toEqual([400, 'mutability']);
    }
    const { userName } = body;
    const changed = await scim.request('PUT', at, { userName, [ACME]: { origin: 'Rome' } });
    expect([changed.status, changed.body.scimType]).toEqual([400, 'mutability']);
    const silent = await scim.request('PUT', at, { userName });
    expect(silent.body[ACME]).toEqual({ origin: 'Oslo' });
  });

  test('an immutable sub-attribute stays with its value', async () => {
    const { body } = await user({ desks: [{ value: 'd1', serial: 'x' }, { value: 'd2' }] });
    const at = `/Users/${body.id}`;
    const change = (value: string, serialNumber: string): Promise<ScimAnswer> =>
      patch(at, {
        op: 'replace',
        path: `${ACME}:desks[value eq "${value}"].serial`,
        value: serialNumber,
      });
    expect((await change('d1', 'y')).body.scimType).toBe('mutability');
    const added = await patch(at, {
      op: 'add',
      path: `${ACME}:desks`,
      value: [{ value: 'd1', serial: 'y' }],
    });
    expect(added.body.scimType).toBe('mutability');
    expect((await change('d2', 'y')).body[ACME].desks[1]).toEqual({ value: 'd2', serial: 'y' });
    const gone = await patch(at, { op: 'remove', path: `${ACME}:desks[value eq "d1"]` });
    expect(gone.body[ACME].desks).toEqual([{ value: 'd2', serial: 'y' }]);
  });

  test('what is never returned is checked and forgotten', async () => {
    const { body } = await user({ pin: '1234', badge: 'pin-user' });
    expect(body[ACME]).toEqual({ badge: 'pin-user' });
    expect((await user({ pin: 5 })).status).toBe(400);
    const filtered = await scim.request(
      'GET',
      `/Users?filter=${encodeURIComponent(`${ACME}:pin eq "1234"`)}`,
    );
    expect([filtered.status, filtered.body.scimType]).toEqual([400, 'invalidFilter']);
  });

  test('what is returned on request is shown when it is asked for', async () => {
    const { body } = await user({
      note: 'quiet',
      level: 3,
      desks: [{ value: 'd', secret: 's' }],
    });
    const at = `/Users/${body.id}`;
    expect(body[ACME]).toEqual({ level: 3, desks: [{ value: 'd' }] });
    const shown = async (query: string): Promise<unknown> =>
      (await scim.request('GET', `${at}?${query}`)).body[ACME];
    expect(await shown(`attributes=${ACME}:note`)).toEqual({ note: 'quiet' });
    expect(await shown(`attributes=note`)).toEqual({ note: 'quiet' });
    expect(await shown(`attributes=${ACME}:desks.secret`)).toEqual({ desks: [{ secret: 's' }] });
    expect(await shown(`excludedAttributes=${ACME}:level`)).toEqual({ desks: [{ value: 'd' }] });
    expect(await shown(`excludedAttributes=${ACME}`)).toBeUndefined();
  });

  test('a reference gets its $ref', async () => {
    const { body } = await user({ buddy: { value: 'someone', $ref: 'made up' } });
    expect(body[ACME].buddy).toEqual({ value: 'someone', $ref: `${scim.url}/Users/someone` });
  });

  test('every form of a PATCH path', async () => {
    const { body } = await user({ desks: [{ value: 'd1', type: 'home' }] });
    const at = `/Users/${body.id}`;
    const steps: [object, object][] = [
      [{ op: 'add', path: `${ACME}:level`, value: '4' }, { level: 4 }],
      [{ op: 'replace', path: `${ACME.toUpperCase()}:LEVEL`, value: 5 }, { level: 5 }],
      [{ op: 'replace', path: 'level', value: 6 }, { level: 6 }],
      [{ op: 'replace', value: { [`${ACME}:level`]: 7 } }, { level: 7 }],
      [{ op: 'replace', value: { [ACME]: { level: 8 } } }, { level: 8 }],
      [{ op: 'replace', path: ACME, value: { level: 9 } }, { level: 9 }],
      [
        { op: 'replace', path: `${ACME}:desks[type eq "home"].floor`, value: 2 },
        { desks: [{ value: 'd1', type: 'home', floor: 2 }] },
      ],
      [
        { op: 'add', path: `${ACME}:desks`, value: [{ value: 'd2' }] },
        { desks: [{ value: 'd1', type: 'home', floor: 2 }, { value: 'd2' }] },
      ],
      [{ op: 'remove', path: `${ACME}:desks[value eq "d1"]` }, { desks: [{ value: 'd2' }] }],
      [{ op: 'add', path: `${ACME}:skills`, value: ['a', 'b'] }, { skills: ['a', 'b'] }],
      [{ op: 'remove', path: `${ACME}:skills[value eq "a"]` }, { skills: ['b'] }],
      [{ op: 'add', path: `${ACME}:buddy.value`, value: 'x' }, {}],
      [{ op: 'remove', path: `${ACME}:buddy` }, {}],
    ];
    for (const [operation, expected] of steps) {
      const answer = await patch(at, operation);
      expect([answer.status, answer.body.detail]).toEqual([200, undefined]);
      expect(answer.body[ACME]).toMatchObject(expected);
    }
    const emptied = await patch(at, { op: 'remove', path: ACME });
    expect(emptied.body.schemas).toEqual([USER]);
    const unknown = await patch(at, { op: 'replace', path: `${ACME}:unknown`, value: 1 });
    expect([unknown.status, unknown.body.scimType]).toEqual([400, 'invalidPath']);
    const readOnly = await patch(at, { op: 'replace', path: `${ACME}:rank`, value: 'x' });
    expect([readOnly.status, readOnly.body.scimType]).toEqual([400, 'mutability']);
  });

  test('filters and sorting', async () => {
    const low = (
      await user({ level: 101, code: 'Abc', hired: '2026-01-01T00:00:00Z', badge: 'F-1' })
    ).body.id;
    const high = (
      await user({
        level: 202,
        code: 'aBC',
        hired: '2027-01-01T00:00:00+02:00',
        badge: 'F-2',
        desks: [{ value: 'q', type: 'work', floor: 3 }],
        skills: ['Diving'],
      })
    ).body.id;
    const ours = `${ACME}:level gt 100`;
    expect(await names(`${ACME}:level eq 101`)).toEqual([low]);
    expect(await names(`level ge "202"`)).toEqual([high]);
    expect(await names(`${ACME}:code eq "Abc"`)).toEqual([low]);
    expect(await names(`${ACME}:badge eq "f-2"`)).toEqual([high]);
    expect(await names(`${ACME}:badge sw "F-" and ${ours}`)).toEqual([low, high]);
    expect(await names(`${ACME}:hired lt "2026-06-01T00:00:00Z"`)).toContain(low);
    expect(await names(`${ACME}:hired eq "2026-12-31T22:00:00Z"`)).toEqual([high]);
    expect(await names(`${ACME}:desks[type eq "work" and floor gt 2]`)).toEqual([high]);
    expect(await names(`${ACME}:desks.value eq "Q"`)).toEqual([high]);
    expect(await names(`${ACME}:skills eq "diving"`)).toEqual([high]);
    expect(await names(`not (${ACME}:skills pr) and ${ours}`)).toEqual([low]);
    expect(await names(`schemas eq "${ACME}" and ${ours}`)).toEqual([low, high]);
    const sorted = `&sortBy=${ACME}:level&sortOrder=descending`;
    expect(await names(ours, '/Users', sorted)).toEqual([high, low]);
  });
});

describe('a resource type of its own', () => {
  test('is created, read, replaced, changed and deleted', async () => {
    const owner = (await user()).body.id;
    const { status, headers, body } = await device({
      displayName: 'Laptop',
      active: 'true',
      model: 'M1',
      owner,
      [ASSET]: { tag: 'T-1', price: '9.5' },
    });
    expect(status).toBe(201);
    const at = `/Devices/${body.id}`;
    expect(headers.get('location')).toBe(`${scim.url}${at}`);
    expect(body).toMatchObject({
      schemas: [DEVICE, ASSET],
      displayName: 'Laptop',
      active: true,
      owner: { value: owner, $ref: `${scim.url}/Users/${owner}` },
      [ASSET]: { tag: 'T-1', price: 9.5 },
      meta: { resourceType: 'Device', location: `${scim.url}${at}`, version: 'W/"1"' },
    });
    expect((await scim.request('GET', at)).body).toEqual(body);
    const { serialNumber } = body;
    const replaced = await scim.request('PUT', at, { serialNumber, [ASSET]: { tag: 'T-1' } });
    expect(replaced.status).toBe(200);
    // Not `active`, which means something for users only; but what is immutable.
    expect(replaced.body).not.toHaveProperty('active');
    expect(replaced.body).toMatchObject({ model: 'M1', [ASSET]: { tag: 'T-1' } });
    const patched = await patch(at, { op: 'add', path: 'displayName', value: 'Desktop' });
    expect([patched.status, patched.body.displayName]).toEqual([200, 'Desktop']);
    expect((await patch(at, { op: 'replace', path: 'model', value: 'M2' })).body.scimType).toBe(
      'mutability',
    );
    expect((await scim.request('DELETE', at)).status).toBe(204);
    expect((await scim.request('GET', at)).status).toBe(404);
  });

  test('a new one is not active by itself', async () => {
    expect((await device()).body).not.toHaveProperty('active');
  });

  test('needs what is required of it, and its required extension with what is required of that', async () => {
    const [noSerial, noExtension, noTag] = [
      await device({ serialNumber: null }),
      await device({ [ASSET]: null }),
      await device({ [ASSET]: { price: 1 } }),
    ];
    for (const { status, body } of [noSerial, noExtension, noTag]) {
      expect([status, body.scimType]).toEqual([400, 'invalidValue']);
    }
    expect(noSerial.body.detail).toContain('"serialNumber" is required');
    expect(noExtension.body.detail).toContain(`"${ASSET}:tag" is required`);
    expect(noTag.body.detail).toContain(`"${ASSET}:tag" is required`);
    const { body } = await device();
    const removed = await patch(`/Devices/${body.id}`, { op: 'remove', path: `${ASSET}:tag` });
    expect([removed.status, removed.body.scimType]).toEqual([400, 'mutability']);
  });

  test('keeps its unique attributes apart, by the case of each', async () => {
    const first = await device({ serialNumber: 'abc' });
    expect((await device({ serialNumber: 'ABC' })).status).toBe(201);
    const same = await device({ serialNumber: 'abc' });
    expect([same.status, same.body.scimType]).toEqual([409, 'uniqueness']);
    expect(same.body.detail).toContain('serialNumber');
    const tag = await device({ [ASSET]: { tag: first.body[ASSET].tag.toUpperCase() } });
    expect([tag.status, tag.body.scimType]).toEqual([409, 'uniqueness']);
    expect(await names('serialNumber eq "ABC"', '/Devices')).toHaveLength(1);
  });

  test('lists, searches, filters and sorts like any other', async () => {
    const cheap = (await device({ [ASSET]: { tag: 'p-1', price: 1001 } })).body.id;
    const dear = (await device({ [ASSET]: { tag: 'p-2', price: 1002 } })).body.id;
    const filter = `${ASSET}:price gt 1000`;
    expect(await names(filter, '/Devices', `&sortBy=${ASSET}:price&sortOrder=descending`)).toEqual([
      dear,
      cheap,
    ]);
    const { body } = await scim.request('POST', '/Devices/.search', {
      filter,
      attributes: ['serialNumber'],
    });
    expect(body.totalResults).toBe(2);
    // `price` is always returned.
    expect(body.Resources[0]).toEqual({
      schemas: [DEVICE, ASSET],
      id: cheap,
      serialNumber: expect.any(String),
      [ASSET]: { price: 1001 },
    });
  });

  test('is no member of a group', async () => {
    const { id } = (await device()).body;
    const member = (await user()).body.id;
    const group = await scim.request('POST', '/Groups', {
      displayName: `group-${String((serial += 1))}`,
      members: [{ value: id }, { value: member }],
    });
    expect(group.body.members.map(({ value }: { value: string }) => value)).toEqual([member]);
  });

  test('the resources of one type are not those of another', async () => {
    const { id } = (await device()).body;
    expect((await scim.request('GET', `/Users/${id}`)).status).toBe(404);
    expect((await scim.request('DELETE', `/Groups/${id}`)).status).toBe(404);
  });
});

describe('discovery', () => {
  test('shows schemas with every default filled in', async () => {
    const { body } = await scim.request('GET', `/Schemas/${ACME}`);
    expect(body).toMatchObject({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
      id: ACME,
      name: 'AcmeUser',
      meta: { resourceType: 'Schema', location: `${scim.url}/Schemas/${ACME}` },
    });
    expect(body.attributes[0]).toEqual({
      name: 'badge',
      type: 'string',
      multiValued: false,
      description: '',
      required: false,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'server',
    });
    const all = await scim.request('GET', '/Schemas');
    const ids = all.body.Resources.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([USER, ACME, DEVICE, ASSET]));
    expect(all.body.totalResults).toBe(ids.length);
  });

  test('shows resource types with their extensions', async () => {
    const { body } = await scim.request('GET', '/ResourceTypes');
    const byName = new Map(body.Resources.map((one: { name: string }) => [one.name, one]));
    expect(byName.get('User')).toMatchObject({
      schemaExtensions: expect.arrayContaining([{ schema: ACME, required: false }]),
    });
    expect(byName.get('Device')).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'Device',
      name: 'Device',
      endpoint: '/Devices',
      description: 'A device',
      schema: DEVICE,
      schemaExtensions: [{ schema: ASSET, required: true }],
      meta: { resourceType: 'ResourceType', location: `${scim.url}/ResourceTypes/Device` },
    });
    expect((await scim.request('GET', '/ResourceTypes/device')).status).toBe(200);
  });

  test('another rule has none of it', async () => {
    const other = await startConformanceServer();
    expect((await other.request('GET', '/Devices')).status).toBe(404);
    expect((await other.request('GET', `/Schemas/${ACME}`)).status).toBe(404);
    const { body } = await other.request('POST', '/Users', { userName: 'x', [ACME]: { level: 1 } });
    expect(body).not.toHaveProperty([ACME]);
    await other.close();
  });
});
