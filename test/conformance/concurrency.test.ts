/** Requests at the same time, and conditional ones (RFC 7644 section 3.14): nothing that was acknowledged is lost. */
import { startConformanceServer } from '../support/conformance-server';
import { type ScimServer } from '../support/scim-server';

let scim: ScimServer;

beforeAll(async () => {
  scim = await startConformanceServer();
});

afterAll(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

let names = 0;

async function resource(endpoint: string): Promise<string> {
  names += 1;
  const name = `name${String(names)}`;
  const { body } = await scim.request('POST', endpoint, { userName: name, displayName: name });
  return `${endpoint}/${String(body.id)}`;
}

const times = <Value>(length: number, make: (index: number) => Value): Value[] =>
  Array.from({ length }, (_, index) => make(index));

test('20 changes of different attributes of one user all take effect', async () => {
  const path = await resource('/Users');
  const attributes = [
    ...['title', 'nickName', 'locale', 'timezone', 'preferredLanguage', 'userType', 'displayName'],
    ...[
      'givenName',
      'familyName',
      'middleName',
      'formatted',
      'honorificPrefix',
      'honorificSuffix',
    ].map((name) => `name.${name}`),
    ...['department', 'division', 'costCenter', 'organization', 'employeeNumber'].map(
      (name) => `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:${name}`,
    ),
    'externalId',
    'profileUrl',
  ];
  expect(attributes).toHaveLength(20);
  const answers = await Promise.all(
    attributes.map((attribute) =>
      scim.request('PATCH', path, {
        Operations: [{ op: 'replace', path: attribute, value: `v ${attribute}` }],
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(times(20, () => 200));
  const { body } = await scim.request('GET', path);
  for (const attribute of attributes) expect(JSON.stringify(body)).toContain(`"v ${attribute}"`);
  expect(body.meta.version).toBe('W/"21"');
});

test('20 members added at the same time are all kept', async () => {
  const group = await resource('/Groups');
  const users = await Promise.all(times(20, () => resource('/Users')));
  const ids = users.map((path) => path.slice('/Users/'.length));
  const answers = await Promise.all(
    ids.map((value) =>
      scim.request('PATCH', group, {
        Operations: [{ op: 'add', path: 'members', value: [{ value }] }],
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(times(20, () => 204));
  const { body } = await scim.request('GET', group);
  expect(body.members.map(({ value }: { value: string }) => value).sort()).toEqual(ids.sort());
  await Promise.all([
    ...ids.slice(0, 10).map((id) =>
      scim.request('PATCH', group, {
        Operations: [{ op: 'remove', path: `members[value eq "${id}"]` }],
      }),
    ),
    scim.request('PATCH', group, {
      Operations: [{ op: 'replace', path: 'displayName', value: 'Left' }],
    }),
  ]);
  const left = (await scim.request('GET', group)).body;
  expect(left.displayName).toBe('Left');
  expect(left.members.map(({ value }: { value: string }) => value)).toEqual(ids.slice(10));
});

test.each(['/Users', '/Groups'])('one of 20 creations at %s gets the name', async (endpoint) => {
  const answers = await Promise.all(
    times(20, (index) => {
      const name = index % 2 === 0 ? 'wanted' : 'WANTED';
      return scim.request('POST', endpoint, { userName: name, displayName: name });
    }),
  );
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([201, ...times(19, () => 409)]);
});

test('of 20 changes with the same If-Match one is made', async () => {
  for (const endpoint of ['/Users', '/Groups']) {
    const path = await resource(endpoint);
    const answers = await Promise.all(
      times(20, (index) =>
        scim.request(
          'PATCH',
          path,
          { Operations: [{ op: 'replace', path: 'externalId', value: String(index) }] },
          { 'if-match': 'W/"1"' },
        ),
      ),
    );
    const refused = answers.filter(({ status }) => status === 412);
    expect(refused).toHaveLength(19);
    expect((await scim.request('GET', path)).body.meta.version).toBe('W/"2"');
  }
});

describe.each(['/Users', '/Groups'])('conditional requests at %s', (endpoint) => {
  const put = { userName: 'conditional', displayName: 'conditional' };
  const change = { Operations: [{ op: 'replace', path: 'externalId', value: 'x' }] };

  test('If-Match that is not current is 412 and changes nothing', async () => {
    const path = await resource(endpoint);
    for (const wrong of ['W/"2"', '"0"', 'W/"abc"', 'W/"2", W/"3"']) {
      for (const [method, body] of [
        ['PUT', put],
        ['PATCH', change],
        ['DELETE', undefined],
      ] as const) {
        const { status } = await scim.request(method, path, body, { 'if-match': wrong });
        expect([method, wrong, status]).toEqual([method, wrong, 412]);
      }
    }
    expect((await scim.request('GET', path)).body.meta.version).toBe('W/"1"');
  });

  test('If-Match that is current, or any, lets the request through', async () => {
    const path = await resource(endpoint);
    const statuses: number[] = [];
    for (const [method, body, match] of [
      ['PUT', put, 'W/"1"'],
      ['PATCH', change, 'W/"1", W/"2"'],
      ['PATCH', { Operations: [{ op: 'remove', path: 'externalId' }] }, '*'],
      ['DELETE', undefined, '"4"'],
    ] as const) {
      statuses.push((await scim.request(method, path, body, { 'if-match': match })).status);
    }
    const patched = endpoint === '/Users' ? 200 : 204;
    expect(statuses).toEqual([200, patched, patched, 204]);
  });

  test('If-None-Match spares a GET what is known', async () => {
    const path = await resource(endpoint);
    const known = await scim.request('GET', path, undefined, { 'if-none-match': 'W/"1"' });
    expect([known.status, known.text, known.headers.get('etag')]).toEqual([304, '', 'W/"1"']);
    const other = await scim.request('GET', path, undefined, { 'if-none-match': 'W/"2"' });
    expect([other.status, other.headers.get('etag')]).toEqual([200, 'W/"1"']);
  });

  test('what changes nothing leaves version and lastModified', async () => {
    const path = await resource(endpoint);
    const { body: before } = await scim.request('GET', path);
    await scim.request('PUT', path, before);
    await scim.request('PATCH', path, {
      Operations: [{ op: 'replace', path: 'displayName', value: before.displayName }],
    });
    await scim.request('PATCH', path, { Operations: [{ op: 'remove', path: 'externalId' }] });
    expect((await scim.request('GET', path)).body).toEqual(before);
  });
});
