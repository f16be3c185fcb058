import { until } from '../support/daemon';
import { type ScimAnswer, Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

describe('bad input to the running program changes nothing and says what to mend', () => {
  let usher: Usher;
  let userId: string;

  beforeAll(async () => {
    usher = await Usher.start({ MONGODB_URI: '' });
    userId = (await usher.scim('POST', '/Users', entraUser('kit'))).body.id;
    await usher.scim('POST', '/Groups', entraGroup('Ops'));
  });
  afterAll(() => usher.stop());

  const raw = async (
    method: string,
    resource: string,
    body?: string,
    headers: object = {},
  ): Promise<ScimAnswer> => {
    const response = await fetch(`${usher.url}/scim/v2${resource}`, {
      method,
      headers: {
        authorization: `Bearer ${usher.printed('secretToken')}`,
        'content-type': 'application/scim+json',
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const filter = (text: string): string => `/Users?filter=${encodeURIComponent(text)}`;
  const user = (more: object): string => JSON.stringify({ ...entraUser('other'), ...more });
  const operations = (...list: object[]): string => JSON.stringify(patch(...list));

  const cases: [
    what: string,
    status: number,
    scimType: string | undefined,
    request: () => Promise<ScimAnswer>,
  ][] = [
    ['broken JSON', 400, 'invalidSyntax', () => raw('POST', '/Users', '{"userName": ')],
    ['an array as body', 400, 'invalidSyntax', () => raw('POST', '/Users', '[]')],
    ['no userName', 400, 'invalidValue', () => raw('POST', '/Users', '{"displayName":"x"}')],
    [
      'a number as userName',
      400,
      'invalidValue',
      () => raw('POST', '/Users', user({ userName: 5 })),
    ],
    [
      'text as boolean',
      400,
      'invalidValue',
      () => raw('POST', '/Users', user({ active: 'maybe' })),
    ],
    [
      'text as complex attribute',
      400,
      'invalidValue',
      () => raw('POST', '/Users', user({ name: 'Kit' })),
    ],
    [
      'a taken userName in other case',
      409,
      'uniqueness',
      () => raw('POST', '/Users', user({ userName: 'KIT' })),
    ],
    [
      'a taken group name',
      409,
      'uniqueness',
      () => raw('POST', '/Groups', JSON.stringify(entraGroup('ops'))),
    ],
    ['an unknown id', 404, undefined, () => raw('GET', '/Users/nobody')],
    [
      'a PATCH of an unknown id',
      404,
      undefined,
      () => raw('PATCH', '/Users/nobody', operations({ op: 'replace', path: 'title', value: 'x' })),
    ],
    ['an unknown endpoint', 404, undefined, () => raw('GET', '/Cars')],
    ['a filter without operator', 400, 'invalidFilter', () => raw('GET', filter('userName'))],
    [
      'a filter on an unknown attribute',
      400,
      'invalidFilter',
      () => raw('GET', filter('shoeSize eq "44"')),
    ],
    [
      'a filter nested 1,000 deep',
      400,
      'invalidFilter',
      () => raw('GET', filter(`${'('.repeat(1_000)}title pr${')'.repeat(1_000)}`)),
    ],
    [
      'an unknown operation',
      400,
      'invalidSyntax',
      () => raw('PATCH', `/Users/${userId}`, operations({ op: 'move', path: 'title' })),
    ],
    [
      'a PATCH of a read-only attribute',
      400,
      'mutability',
      () => raw('PATCH', `/Users/${userId}`, operations({ op: 'replace', path: 'id', value: 'x' })),
    ],
    [
      'a broken path',
      400,
      'invalidPath',
      () =>
        raw(
          'PATCH',
          `/Users/${userId}`,
          operations({ op: 'replace', path: 'emails[type eq', value: 'x' }),
        ),
    ],
    [
      'a body of 2 MB',
      413,
      undefined,
      () => raw('POST', '/Users', user({ title: 'x'.repeat(2_000_000) })),
    ],
    ['no token', 401, undefined, () => raw('GET', '/Users', undefined, { authorization: '' })],
    [
      'a wrong token',
      401,
      undefined,
      () => raw('GET', '/Users', undefined, { authorization: 'Bearer usher_scim_wrong' }),
    ],
    ['a bad count', 400, 'invalidValue', () => raw('GET', '/Users?count=many')],
  ];

  it.each(cases)('%s', async (_what, status, scimType, request) => {
    const answer = await request();
    expect({ status: answer.status, scimType: answer.body.scimType }).toEqual({ status, scimType });
    expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);
    expect(answer.body.schemas).toEqual([ERROR]);
    expect(answer.body.status).toBe(String(status));
    expect(answer.body.detail).toMatch(/\w+ \w+/);
    expect(answer.body.detail).not.toMatch(/node_modules|mongo|at \w+ \(/i);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/Bearer/i);
  });

  it('a PATCH whose last operation fails changes nothing of the first', async () => {
    const before = (await usher.scim('GET', `/Users/${userId}`)).body;
    const answer = await usher.scim(
      'PATCH',
      `/Users/${userId}`,
      patch(
        { op: 'replace', path: 'title', value: 'changed' },
        { op: 'replace', path: 'meta.created', value: '2020-01-01T00:00:00Z' },
      ),
    );
    expect(answer.status).toBe(400);
    expect((await usher.scim('GET', `/Users/${userId}`)).body).toEqual(before);
  });

  it('names like __proto__ are unknown attributes and reach nothing', async () => {
    const answer = await raw(
      'POST',
      '/Users',
      '{"userName":"proto","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"name":{"__proto__":{"polluted":1},"givenName":"x"}}',
    );
    expect(answer.status).toBe(201);
    expect(JSON.stringify(answer.body)).not.toContain('polluted');
    const path = await raw(
      'PATCH',
      `/Users/${answer.body.id}`,
      operations({ op: 'add', path: '__proto__.polluted', value: 1 }),
    );
    expect([200, 400]).toContain(path.status);
    expect(JSON.stringify((await raw('GET', `/Users/${answer.body.id}`)).body)).not.toContain(
      'polluted',
    );
  });

  it('a target with bad settings is refused field by field', async () => {
    const { targetCreate } = await usher.graphql(
      `mutation ($input: TargetCreateInput!) {
         targetCreate(input: $input) { target { id } userErrors { code field message } }
       }`,
      {
        input: {
          name: 'Bad',
          connector: 'ldap',
          settings: { url: 'http://x', userBaseDN: 'no dn' },
          secrets: {},
        },
      },
    );
    expect(targetCreate.target).toBeNull();
    const fields = targetCreate.userErrors.map((one: { field: string[] }) => one.field.join('.'));
    expect(fields).toEqual(expect.arrayContaining(['settings.url', 'settings.userBaseDN']));
    expect(fields.some((field: string) => field.startsWith('secrets'))).toBe(true);
    const { targets } = await usher.graphql('{ targets { nodes { name } } }');
    expect(targets.nodes.map((one: { name: string }) => one.name)).not.toContain('Bad');
  });

  it('a disabled rule answers 403, loses nothing, and goes on when it is enabled', async () => {
    const target = await usher.createTarget('Second', 'radius', {
      database: { kind: 'sqlite', file: 'second.db' },
    });
    const { id, token } = await usher.createRule('Second', [{ targetId: target }]);
    const set = (verb: string) =>
      usher.graphql(
        `mutation ($id: ID!) { syncRule${verb}(id: $id) { syncRule { enabled } userErrors { message } } }`,
        { id },
      );
    await set('Disable');
    const refused = await usher.scim('POST', '/Users', entraUser('later'), token);
    expect(refused.status).toBe(403);
    expect(refused.body.detail).toMatch(/disabled/);
    await set('Enable');
    expect((await usher.scim('POST', '/Users', entraUser('later'), token)).status).toBe(201);
    await until('the delivery', async () => {
      const { bindings } = await usher.graphql(
        'query ($id: ID!) { bindings(ruleId: $id) { nodes { state } } }',
        { id },
      );
      return bindings.nodes[0]?.state === 'SYNCED';
    });
  });

  it('deleting a rule ends its token at once and removes what it provisioned', async () => {
    const target = await usher.createTarget('Third', 'radius', {
      database: { kind: 'sqlite', file: 'third.db' },
    });
    const { id, token } = await usher.createRule('Third', [{ targetId: target }]);
    expect((await usher.scim('POST', '/Users', entraUser('short'), token)).status).toBe(201);
    await usher.graphql(
      `mutation ($id: ID!) { syncRuleDelete(id: $id, onProvisioned: DELETE) { deletedId userErrors { message } } }`,
      { id },
    );
    expect((await usher.scim('GET', '/Users', undefined, token)).status).toBe(401);
    await until('the rule to be gone', async () => {
      const { syncRule } = await usher.graphql('query ($id: ID!) { syncRule(id: $id) { id } }', {
        id,
      });
      return syncRule === null;
    });
  });

  it('an API key that is missing or wrong gets 401 and nothing else', async () => {
    for (const authorization of [undefined, 'Bearer usher_admin_wrong']) {
      const response = await fetch(`${usher.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(authorization ? { authorization } : {}),
        },
        body: '{"query":"{ viewer { role } }"}',
      });
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain('"role"');
    }
  });
});
