/** Each row of the table in docs/scim.md, "Profiles": what both profiles make of the same request. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { type ScimProfile } from '../../src/domain/sync-rule';
import { coerceAttribute, profiles } from '../../src/domain/validation';
import { startConformanceServer } from '../support/conformance-server';
import { type ScimAnswer, type ScimServer } from '../support/scim-server';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const MESSAGES = 'urn:ietf:params:scim:api:messages:2.0';
const PATCH_OP = `${MESSAGES}:PatchOp`;
const SEARCH = `${MESSAGES}:SearchRequest`;
const PROFILES: readonly ScimProfile[] = ['tolerant', 'strict'];

const servers = new Map<ScimProfile, ScimServer>();

beforeAll(async () => {
  for (const scimProfile of PROFILES) {
    servers.set(scimProfile, await startConformanceServer({ scimProfile }));
  }
});

afterAll(async () => {
  for (const server of servers.values()) {
    expect(server.errors).toEqual([]);
    await server.close();
  }
});

type Exchange = (server: ScimServer) => Promise<ScimAnswer>;

/** `201`, or `400 invalidValue`. */
function outcome({ status, body }: ScimAnswer): string {
  return status < 400 ? String(status) : `${String(status)} ${body.scimType ?? ''}`.trim();
}

async function inBoth(exchange: Exchange): Promise<Record<ScimProfile, ScimAnswer>> {
  const [tolerant, strict] = await Promise.all(
    PROFILES.map((profile) => exchange(servers.get(profile)!)),
  );
  return { tolerant: tolerant!, strict: strict! };
}

async function expectBoth(tolerant: string, strict: string, exchange: Exchange): Promise<void> {
  const answers = await inBoth(exchange);
  expect([outcome(answers.tolerant), outcome(answers.strict)]).toEqual([tolerant, strict]);
}

let names = 0;
function user(more: object = {}): object {
  names += 1;
  return { schemas: [USER], userName: `user-${String(names)}`, ...more };
}

async function newUser(server: ScimServer, more: object = {}): Promise<string> {
  const { status, body } = await server.request('POST', '/Users', user(more));
  expect(status).toBe(201);
  return body.id;
}

async function newGroup(server: ScimServer, more: object = {}): Promise<string> {
  const group = { schemas: [GROUP], displayName: randomUUID(), ...more };
  const { status, body } = await server.request('POST', '/Groups', group);
  expect(status).toBe(201);
  return body.id;
}

/** A PATCH of a new user. */
function patched(operation: object, more: object = {}): Exchange {
  return async (server) => {
    const id = await newUser(server, more);
    const body = { schemas: [PATCH_OP], Operations: [operation] };
    return server.request('PATCH', `/Users/${id}`, body);
  };
}

const found =
  (filter: string): Exchange =>
  (server) =>
    server.request('GET', `/Users?filter=${encodeURIComponent(filter)}`);

const posted =
  (more: object): Exchange =>
  (server) =>
    server.request('POST', '/Users', user(more));

test.each<[row: string, body: object, strict: string]>([
  ['boolean', { active: 'True' }, '400 invalidValue'],
  ['binary', { x509Certificates: [{ value: 'not base64' }] }, '400 invalidValue'],
  ['list', { emails: { value: 'a@x.example' } }, '400 invalidValue'],
  ['single', { title: ['Miller'] }, '400 invalidValue'],
  [
    'complex',
    { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { manager: 'm-1' } },
    '400 invalidValue',
  ],
  ['pathsAsNames', { 'name.givenName': 'Kit' }, '400 invalidSyntax'],
  ['unknownAttribute', { shoeSize: 44 }, '400 invalidSyntax'],
  ['checkSchemas: none', { schemas: undefined }, '400 invalidValue'],
  ['checkSchemas: another', { schemas: [GROUP] }, '400 invalidValue'],
  ['checkSchemas: incomplete', { [ENTERPRISE]: { department: 'Milling' } }, '400 invalidValue'],
])('%s', async (_row, body, strict) => {
  await expectBoth('201', strict, posted(body));
});

test('number', () => {
  // No attribute of the standard schemas is a number.
  const age = { ...standardSchemas.get('User')!.attribute('title')!, type: 'integer' } as const;
  expect(coerceAttribute(age, '44', profiles.tolerant)).toBe(44);
  expect(coerceAttribute(age, 44, profiles.strict)).toBe(44);
  expect(() => coerceAttribute(age, '44', profiles.strict)).toThrow('must be an integer');
});

test('unassigned: a blank text is no value, or a value', async () => {
  const { tolerant, strict } = await inBoth(posted({ title: ' ' }));
  expect([tolerant.status, strict.status]).toEqual([201, 201]);
  expect([tolerant.body.title, strict.body.title]).toEqual([undefined, ' ']);
  await expectBoth(
    '200',
    '400 invalidValue',
    patched({ op: 'replace', path: 'active', value: '' }),
  );
});

const title = { op: 'add', path: 'title', value: 'x' };

test.each<[what: string, body: object, strict: string]>([
  ['no schemas', { Operations: [title] }, '400 invalidValue'],
  ['other schemas', { schemas: [USER], Operations: [title] }, '400 invalidValue'],
  ['other members', { schemas: [PATCH_OP], Operations: [title], x: 1 }, '400 invalidSyntax'],
])('checkMessage: PATCH with %s', async (_what, body, strict) => {
  await expectBoth('200', strict, async (server) =>
    server.request('PATCH', `/Users/${await newUser(server)}`, body),
  );
});

test.each<[what: string, body: object, strict: string]>([
  ['no schemas', { filter: 'title pr' }, '400 invalidValue'],
  ['a list as filter', { schemas: [SEARCH], filter: ['title pr'] }, '400 invalidValue'],
  ['digits as count', { schemas: [SEARCH], count: '5' }, '400 invalidValue'],
  ['a text as attributes', { schemas: [SEARCH], attributes: 'title' }, '400 invalidValue'],
])('checkMessage: search with %s', async (_what, body, strict) => {
  await expectBoth('200', strict, (server) => server.request('POST', '/Users/.search', body));
});

test('checkMessage: bulk without schemas', async () => {
  const Operations = [{ method: 'DELETE', path: '/Users/x' }];
  await expectBoth('200', '400 invalidValue', (server) =>
    server.request('POST', '/Bulk', { Operations }),
  );
});

test('operator', async () => {
  await expectBoth('200', '400 invalidSyntax', patched({ ...title, op: 'Add' }));
});

test('checkRemoval: the group loses whom it lists, or nobody', async () => {
  for (const value of ['list', []]) {
    const { tolerant, strict } = await inBoth(async (server) => {
      const members = [{ value: await newUser(server) }, { value: await newUser(server) }];
      const id = await newGroup(server, { members });
      const listed = value === 'list' ? members.slice(0, 1) : [];
      const Operations = [{ op: 'remove', path: 'members', value: listed }];
      const body = { schemas: [PATCH_OP], Operations };
      const answer = await server.request('PATCH', `/Groups/${id}`, body);
      const left = (await server.request('GET', `/Groups/${id}`)).body.members.length;
      return { ...answer, text: `${outcome(answer)}, ${String(left)} left` };
    });
    const left = value === 'list' ? '1' : '2';
    expect([tolerant.text, strict.text]).toEqual([`204, ${left} left`, '400 invalidValue, 2 left']);
  }
});

const work = 'emails[type eq "work"]';

test('replaceCreates: replace with a filter that selects nothing', async () => {
  for (const path of [work, `${work}.value`]) {
    const value = path === work ? { value: 'a@x.example' } : 'a@x.example';
    await expectBoth('200', '400 noTarget', patched({ op: 'replace', path, value }));
    await expectBoth('200', '200', patched({ op: 'add', path, value }));
  }
  await expectBoth('200', '200', patched({ op: 'replace', path: 'emails.value', value: 'a@x.y' }));
  await expectBoth('204', '400 noTarget', async (server) => {
    const id = await newGroup(server);
    const value = await newUser(server);
    const path = `members[value eq "${value}"]`;
    const Operations = [{ op: 'replace', path, value: { value } }];
    return server.request('PATCH', `/Groups/${id}`, { schemas: [PATCH_OP], Operations });
  });
});

test('replaceCreates: a member that is one can be replaced in both', async () => {
  await expectBoth('204', '204', async (server) => {
    const [old, next] = [await newUser(server), await newUser(server)];
    const id = await newGroup(server, { members: [{ value: old }] });
    const Operations = [
      { op: 'replace', path: `members[value eq "${old}"]`, value: { value: next } },
    ];
    const body = { schemas: [PATCH_OP], Operations };
    const answer = await server.request('PATCH', `/Groups/${id}`, body);
    const { members } = (await server.request('GET', `/Groups/${id}`)).body;
    expect(members).toMatchObject([{ value: next }]);
    return answer;
  });
});

test('members', async () => {
  for (const form of ['bare', 'wrapped', 'unknown name']) {
    await expectBoth(
      '204',
      form === 'unknown name' ? '400 invalidSyntax' : '400 invalidValue',
      async (server) => {
        const id = await newUser(server);
        const list =
          form === 'bare' ? [id] : [{ value: id, ...(form === 'wrapped' ? {} : { x: 1 }) }];
        const value = form === 'wrapped' ? { members: list } : list;
        const body = { schemas: [PATCH_OP], Operations: [{ op: 'add', path: 'members', value }] };
        return server.request('PATCH', `/Groups/${await newGroup(server)}`, body);
      },
    );
  }
});

test('unknownMembers', async () => {
  const members = [{ value: randomUUID() }];
  const group = (): object => ({ schemas: [GROUP], displayName: randomUUID(), members });
  await expectBoth('201', '400 invalidValue', (server) =>
    server.request('POST', '/Groups', group()),
  );
  await expectBoth('200', '400 invalidValue', async (server) =>
    server.request('PUT', `/Groups/${await newGroup(server)}`, group()),
  );
  await expectBoth('204', '400 invalidValue', async (server) => {
    const Operations = [{ op: 'add', path: 'members', value: members }];
    const path = `/Groups/${await newGroup(server)}`;
    return server.request('PATCH', path, { schemas: [PATCH_OP], Operations });
  });
});

test.each([
  'userName eq kit',
  'active eq True',
  'active eq FALSE',
  `${work}.value eq "a@x.example"`,
])('grammar: %s', async (filter) => {
  await expectBoth('200', '400 invalidFilter', found(filter));
});

test('grammar: in paths', async () => {
  const path = 'emails[type eq work]';
  const value = { value: 'a@x.example' };
  await expectBoth('200', '400 invalidPath', patched({ op: 'add', path, value }));
  await expectBoth(
    '200',
    '400 invalidPath',
    patched({ ...title, path: '', value: { title: 'x' } }),
  );
});

test.each([
  'active eq "true"',
  'userName eq 5',
  'emails[primary eq "True"]',
  `${ENTERPRISE}:manager eq "m-1"`,
  `${USER}.userName eq "kit"`,
])('checkFilter: %s', async (filter) => {
  await expectBoth('200', '400 invalidFilter', found(filter));
  await expectBoth('200', '400 invalidFilter', (server) =>
    server.request('GET', `/?filter=${encodeURIComponent(filter)}`),
  );
});

test('checkFilter: in paths', async () => {
  const roles = [{ value: 'a', primary: true }];
  const remove = { op: 'remove', path: 'roles[primary eq "True"]' };
  await expectBoth('200', '400 invalidFilter', patched(remove, { roles }));
});

test('checkPath', async () => {
  const path = `${ENTERPRISE}.department`;
  await expectBoth('200', '400 invalidPath', patched({ op: 'add', path, value: 'Milling' }));
  await expectBoth('200', '400 invalidPath', (server) =>
    server.request('GET', `/Users?sortBy=${USER}.userName`),
  );
});

test('plusIsBlank: a plus is a blank, or a plus', async () => {
  const name = `a+b-${randomUUID()}`;
  const { tolerant, strict } = await inBoth(async (server) => {
    await newUser(server, { userName: name });
    return server.request('GET', `/Users?filter=userName%20eq%20%22${name}%22`);
  });
  expect([tolerant.body.totalResults, strict.body.totalResults]).toEqual([0, 1]);
  await expectBoth('200', '400', (server) => server.request('GET', '/Users?x=%zz'));
});

test('bothProjections', async () => {
  const query = 'attributes=title&excludedAttributes=userName';
  await expectBoth('200', '400 invalidValue', (server) => server.request('GET', `/Users?${query}`));
});

test('untypedBody', async () => {
  const headers = { 'content-type': '' };
  await expectBoth('201', '415', (server) => server.request('POST', '/Users', user(), headers));
  for (const type of ['application/json', 'application/scim+json; charset=utf-8']) {
    await expectBoth('201', '201', (server) =>
      server.request('POST', '/Users', user(), { 'content-type': type }),
    );
  }
});

describe('groupNames', () => {
  test('a second group of the name is refused, or made and found', async () => {
    const displayName = `Ops ${randomUUID()}`;
    const { tolerant, strict } = await inBoth(async (server) => {
      await newGroup(server, { displayName });
      await newGroup(server, { displayName: `${displayName} 2` });
      const second = { schemas: [GROUP], displayName: displayName.toUpperCase() };
      const answer = await server.request('POST', '/Groups', second);
      const list = await server.request('GET', `/Groups?filter=displayName eq "${displayName}"`);
      return { ...answer, text: `${outcome(answer)}, ${String(list.body.totalResults)} found` };
    });
    expect([tolerant.text, strict.text]).toEqual(['409 uniqueness, 1 found', '201, 2 found']);
  });

  test('/Schemas says so', async () => {
    const path = `/Schemas/${GROUP}`;
    const { tolerant, strict } = await inBoth((server) => server.request('GET', path));
    const uniqueness = ({ body }: ScimAnswer): string =>
      body.attributes.find((one: { name: string }) => one.name === 'displayName').uniqueness;
    expect([uniqueness(tolerant), uniqueness(strict)]).toEqual(['server', 'none']);
  });

  test('userName is unique in both', async () => {
    await expectBoth('409 uniqueness', '409 uniqueness', async (server) => {
      const userName = randomUUID();
      await newUser(server, { userName });
      return server.request('POST', '/Users', user({ userName }));
    });
  });

  test('a name that groups shared stays taken when the first of them is gone and the rule becomes tolerant', async () => {
    const ruleId = randomUUID();
    const [strict, tolerant] = await Promise.all([
      startConformanceServer({ ruleId, scimProfile: 'strict' }),
      startConformanceServer({ ruleId, scimProfile: 'tolerant' }),
    ]);
    const first = await newGroup(strict, { displayName: 'Ops' });
    const second = await newGroup(strict, { displayName: 'Ops' });
    const other = await newGroup(tolerant, { displayName: 'Other' });
    await strict.request('DELETE', `/Groups/${first}`);
    const taken = await tolerant.request('POST', '/Groups', { displayName: 'OPS' });
    expect(outcome(taken)).toBe('409 uniqueness');
    const renamed = await tolerant.request('PUT', `/Groups/${other}`, { displayName: 'Ops' });
    expect(outcome(renamed)).toBe('409 uniqueness');
    const kept = { displayName: 'Ops', externalId: 'x' };
    expect((await tolerant.request('PUT', `/Groups/${second}`, kept)).status).toBe(200);
    await tolerant.request('DELETE', `/Groups/${second}`);
    expect((await tolerant.request('POST', '/Groups', { displayName: 'OPS' })).status).toBe(201);
    await Promise.all([strict.close(), tolerant.close()]);
  });

  test('groups that share a name live on when the rule becomes tolerant', async () => {
    const ruleId = randomUUID();
    const [strict, tolerant] = await Promise.all([
      startConformanceServer({ ruleId, scimProfile: 'strict' }),
      startConformanceServer({ ruleId, scimProfile: 'tolerant' }),
    ]);
    const displayName = 'Ops';
    const ids = [
      await newGroup(strict, { displayName }),
      await newGroup(strict, { displayName }),
      await newGroup(strict, { displayName: 'ops' }),
    ];
    const patch = (id: string, path: string, value: unknown): Promise<ScimAnswer> =>
      tolerant.request('PATCH', `/Groups/${id}`, {
        schemas: [PATCH_OP],
        Operations: [{ op: 'replace', path, value }],
      });
    const put = (id: string): Promise<ScimAnswer> =>
      tolerant.request('PUT', `/Groups/${id}`, { schemas: [GROUP], displayName, externalId: id });
    for (const id of ids) {
      expect((await patch(id, 'externalId', `external ${id}`)).status).toBe(204);
      expect((await patch(id, 'displayName', 'OPS')).status).toBe(204);
      expect((await put(id)).status).toBe(200);
    }
    const named = await tolerant.request('GET', '/Groups?filter=displayName eq "ops"');
    expect(named.body.Resources.map(({ id }: { id: string }) => id)).toEqual(ids);

    const group = { schemas: [GROUP], displayName };
    expect(outcome(await tolerant.request('POST', '/Groups', group))).toBe('409 uniqueness');
    expect((await patch(ids[1]!, 'displayName', 'Mill')).status).toBe(204);
    expect(outcome(await patch(ids[1]!, 'displayName', 'ops'))).toBe('409 uniqueness');
    expect((await tolerant.request('DELETE', `/Groups/${ids[2]!}`)).status).toBe(204);
    expect((await tolerant.request('DELETE', `/Groups/${ids[0]!}`)).status).toBe(204);
    expect((await patch(ids[1]!, 'displayName', 'ops')).status).toBe(204);
    await Promise.all([strict.close(), tolerant.close()]);
  });
});

test('every member of a profile is tested here and told of in docs/scim.md', () => {
  const members = Object.keys(profiles.tolerant);
  expect(Object.keys(profiles.strict)).toEqual(members);
  const tests = readFileSync(__filename, 'utf8');
  const docs = readFileSync(path.join(__dirname, '../../docs/scim.md'), 'utf8');
  for (const member of members) {
    expect(tests).toMatch(new RegExp(`['"]${member}\\b`));
    expect(docs).toContain(`\n| \`${member}\` |`);
  }
});

describe('the same in both', () => {
  test.each<[what: string, outcome: string, exchange: Exchange]>([
    ['remove without a path', '400 noTarget', patched({ op: 'remove' })],
    ['an unknown attribute in a path', '400 invalidPath', patched({ ...title, path: 'shoeSize' })],
    ['a read-only attribute in a path', '400 mutability', patched({ ...title, path: 'id' })],
    ['remove of what a filter does not find', '200', patched({ op: 'remove', path: work })],
    ['order of booleans', '400 invalidFilter', found('active gt true')],
    ['order of binaries', '400 invalidFilter', found('x509Certificates.value lt "AAAA"')],
    ['a list of complex values as its values', '200', found('emails co "example.com"')],
    ['operators in any case', '200', found('USERNAME Eq "bjensen"')],
    [
      'no integer as startIndex',
      '400 invalidValue',
      (it) => it.request('GET', '/Users?startIndex=x'),
    ],
    ['startIndex below 1', '200', (it) => it.request('GET', '/Users?startIndex=-1&count=-1')],
    ['an empty userName', '400 invalidValue', posted({ userName: '' })],
    ['a blank userName', '400 invalidValue', posted({ userName: ' ' })],
    ['a read-only attribute in POST', '201', posted({ id: 'x', meta: { version: 'y' } })],
  ])('%s: %s', async (_what, both, exchange) => {
    await expectBoth(both, both, exchange);
  });

  test('PUT without active reactivates nobody', async () => {
    const { tolerant, strict } = await inBoth(async (server) => {
      const id = await newUser(server, { active: false });
      return server.request('PUT', `/Users/${id}`, user());
    });
    expect([tolerant.body.active, strict.body.active]).toEqual([false, false]);
  });
});
