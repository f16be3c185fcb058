/** What a request may cost and what an answer may tell. */
import { DomainError } from '../../../src/domain/error';
import { memoryWorld, type World } from '../../support/memory-administration';
import { Gateway } from './gateway';

describe('the limits of a request', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.open(memoryWorld);
  });
  afterAll(() => gateway.close());

  const refusal = async (query: string, variables = {}): Promise<readonly unknown[]> => {
    const answer = await gateway.query(query, variables);
    return [answer.status, answer.errors[0]?.extensions['code']];
  };

  it('refuses documents of too many tokens', async () => {
    const query = `{ ${'viewer { name } '.repeat(700)} }`;
    expect(await refusal(query)).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
  });

  it('refuses depth, also when it hides in fragments', async () => {
    const deep = `{ users { nodes { ${'bindings { resource { ... on User { '.repeat(6)} id ${'} } }'.repeat(6)} } } }`;
    expect(await refusal(deep)).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    const levels = Array.from(
      { length: 14 },
      (_, level) =>
        `fragment F${String(level)} on User { bindings { resource { ...F${String(level + 1)} } } }`,
    );
    const hidden = `{ users { nodes { ...F0 } } } ${levels.join(' ')} fragment F14 on User { id }`;
    expect(await refusal(hidden)).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });

  it('refuses fragments that spread themselves', async () => {
    const query =
      '{ users { nodes { ...F } } } fragment F on User { syncRule { users { nodes { ...F } } } }';
    expect(await refusal(query)).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });

  it('refuses long pages inside long pages', async () => {
    const query =
      '{ groups(first: 100) { nodes { members(first: 100) { nodes { ... on User { userName id } } } } } }';
    expect(await refusal(query)).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });

  it('refuses the same list under many names', async () => {
    const aliases = Array.from(
      { length: 60 },
      (_, index) => `a${String(index)}: users(first: 100) { nodes { id userName } }`,
    );
    expect(await refusal(`{ ${aliases.join(' ')} }`)).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });

  it('refuses many connection tests at once', async () => {
    const aliases = Array.from(
      { length: 11 },
      (_, index) => `a${String(index)}: targetTest(id: "x") { userErrors { code } }`,
    );
    expect(await refusal(`mutation { ${aliases.join(' ')} }`)).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });

  it('cannot be talked out of the cost by a negative page', async () => {
    const query =
      '{ a: users(first: -1000000) { totalCount } b: groups(first: 100) { nodes { members(first: 100) { nodes { ... on User { id } } } } } }';
    expect(await refusal(query)).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });

  it('lets an ordinary console page pass', async () => {
    await gateway.data(
      `{ users(first: 100) { totalCount pageInfo { hasNextPage endCursor } nodes {
           id userName displayName active lastModified syncRule { id name }
           bindings { id state lastError { message } target { id name } } } } }`,
    );
    await gateway.data(
      `{ syncRules(first: 20) { nodes { id name enabled lastSyncAt lastSyncFrom scimBaseUrl
           credentials { hint } syncAs { target { name } }
           bindingCounts { total pending retrying parked held } } } }`,
    );
  });

  it.each([
    ['a string for a number', 'query ($x: Int) { users(first: $x) { totalCount } }', 'many'],
    [
      'a number for an id list',
      'query ($x: [BindingState!]) { bindings(states: $x) { totalCount } }',
      5,
    ],
    [
      'an unknown enum value',
      'query ($x: [BindingState!]) { bindings(states: $x) { totalCount } }',
      ['LOST'],
    ],
    ['null for what is needed', 'query ($x: ID!) { user(id: $x) { id } }', null],
    [
      'a string for an object',
      'mutation ($x: TargetCreateInput!) { targetCreate(input: $x) { target { id } } }',
      'x',
    ],
    [
      'an unknown field',
      'mutation ($x: ApiKeyCreateInput!) { apiKeyCreate(input: $x) { token } }',
      { name: 'x', role: 'AUDITOR', admin: true },
    ],
    [
      'a list for JSON settings',
      'mutation ($x: TargetCreateInput!) { targetCreate(input: $x) { target { id } } }',
      { name: 'x', connector: 'phonebook', settings: [1] },
    ],
  ])('answers 400 to %s', async (_name, query, x) => {
    expect(await refusal(query, { x })).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('takes nothing but POST with one JSON operation', async () => {
    const authorization = `Bearer ${gateway.tokens.ADMINISTRATOR}`;
    const get = await gateway.send({ method: 'GET', headers: { authorization } });
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const text = await gateway.send({
      method: 'POST',
      body: '{"query":"{ viewer { name } }"}',
      headers: { authorization, 'content-type': 'text/plain' },
    });
    expect([text.status, text.errors[0]?.extensions['code']]).toEqual([400, 'BAD_REQUEST']);
    const broken = await gateway.post('{"query":', { authorization });
    expect([broken.status, broken.errors[0]?.extensions['code']]).toEqual([400, 'BAD_REQUEST']);
    const huge = await gateway.post(JSON.stringify({ query: 'x'.repeat(1_100_000) }), {
      authorization,
    });
    expect([huge.status, huge.errors[0]?.extensions['code']]).toEqual([413, 'BAD_REQUEST']);
    const batch = await gateway.post('[{"query":"{ viewer { name } }"}]', { authorization });
    expect(batch.status).toBe(400);
    const persisted = await gateway.post(
      JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }),
      { authorization },
    );
    expect(persisted.text).not.toContain('viewer');
    expect(persisted.errors).toHaveLength(1);
    expect(gateway.log).toEqual([]);
  });
});

/** Closed after each test, also after one that failed. */
const opened: Gateway[] = [];

async function open(...parameters: Parameters<typeof Gateway.open>): Promise<Gateway> {
  const gateway = await Gateway.open(...parameters);
  opened.push(gateway);
  return gateway;
}

afterEach(async () => {
  for (const gateway of opened.splice(0)) await gateway.close();
});

describe('introspection', () => {
  const query = '{ __schema { queryType { name } } }';

  it('is on for whoever has a key, and for nobody else', async () => {
    const gateway = await open(memoryWorld);
    expect((await gateway.data(query)).__schema.queryType.name).toBe('Query');
    const { getIntrospectionQuery } = await import('graphql');
    const whole = await gateway.query(getIntrospectionQuery(), {}, gateway.tokens.AUDITOR);
    expect(whole.errors).toEqual([]);
    expect((await gateway.post(JSON.stringify({ query }), {})).status).toBe(401);
  });

  it('can be switched off, suggestions included', async () => {
    const gateway = await open(memoryWorld, { introspection: false });
    const answer = await gateway.query(query);
    expect(answer.errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    const typo = await gateway.query('{ viewr { name } }');
    expect(typo.errors[0]?.message).not.toContain('Did you mean');
  });
});

describe('errors', () => {
  /** A world whose look-ups of rules fail. */
  function failing(error: () => Error): () => Promise<World> {
    return async () => {
      const world = await memoryWorld();
      const reject = async (): Promise<never> => Promise.reject(error());
      world.syncRules.count = reject;
      world.syncRules.find = reject;
      return world;
    };
  }
  const secret = 'mongodb://root:hunter2@db.internal/usher';

  it('of any other kind are masked and logged under the request id', async () => {
    const gateway = await open(failing(() => new Error(secret)));
    const answer = await gateway.query('{ syncRules { totalCount } viewer { name } }');
    expect(answer.text).not.toContain('hunter2');
    expect(answer.text).not.toContain('stacktrace');
    const [error] = answer.errors;
    expect(error?.extensions['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(error?.path).toEqual(['syncRules', 'totalCount']);
    expect(gateway.log).toHaveLength(1);
    const [{ fields } = { fields: {} }] = gateway.log;
    expect(fields).toMatchObject({
      requestId: error?.extensions['requestId'],
      path: 'syncRules.totalCount',
      err: expect.objectContaining({ message: secret }),
    });
  });

  it("take over a proxy's request id, unless it is nonsense", async () => {
    const gateway = await open(failing(() => new Error(secret)));
    const ask = async (id: string): Promise<unknown> => {
      const headers = {
        authorization: `Bearer ${gateway.tokens.AUDITOR}`,
        'x-request-id': id,
      };
      const body = JSON.stringify({ query: '{ syncRules { totalCount } }' });
      return (await gateway.post(body, headers)).errors[0]?.extensions['requestId'];
    };
    expect(await ask('proxy-4711')).toBe('proxy-4711');
    expect(await ask('<script>')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('in an extensions.code of somebody else are masked too', async () => {
    const forged = Object.assign(new Error(secret), { extensions: { code: 'FORBIDDEN' } });
    const gateway = await open(failing(() => forged));
    const answer = await gateway.query('{ syncRules { totalCount } }');
    expect(answer.text).not.toContain('hunter2');
    expect(answer.errors[0]?.extensions['code']).toBe('INTERNAL_SERVER_ERROR');
  });

  it('of the domain are told with the code of their kind', async () => {
    const unavailable = new DomainError('unavailable', 'The store is being restarted.');
    const gateway = await open(failing(() => unavailable));
    const id = Buffer.from('SyncRule:1').toString('base64url');
    const answer = await gateway.query(
      'mutation ($id: ID!) { syncRuleEnable(id: $id) { userErrors { code } } }',
      { id },
    );
    expect(answer.errors[0]).toMatchObject({
      message: 'The store is being restarted.',
      extensions: { code: 'SERVICE_UNAVAILABLE' },
    });
    expect(gateway.log).toEqual([]);
  });

  it('of a store that fails while a key is looked up are masked, with status 500', async () => {
    const gateway = await open(async () => {
      const world = await memoryWorld();
      world.credentials.touch = async () => Promise.reject(new Error(secret));
      return world;
    });
    const answer = await gateway.query('{ viewer { name } }');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('hunter2');
    expect(answer.errors[0]?.extensions['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(gateway.log).toHaveLength(1);
  });

  it('never repeat a secret that was sent, in the log', async () => {
    const gateway = await open(memoryWorld);
    await gateway.query(
      'mutation ($x: TargetCreateInput!) { targetCreate(input: $x) { target { id } } }',
      { x: { name: 'x', connector: 'phonebook', settings: {}, secrets: 'hunter2' } },
    );
    expect(JSON.stringify(gateway.log)).not.toContain('hunter2');
  });
});
