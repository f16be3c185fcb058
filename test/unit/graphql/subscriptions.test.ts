/** Subscriptions over both transports, under everything that holds for queries. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { v7 as timeOrderedId } from 'uuid';
import { WebSocket } from 'ws';
import { type AuditFact, SYSTEM_ACTOR } from '../../../src/domain/audit';
import { bindingId } from '../../../src/domain/binding';
import { type BindingChanges } from '../../../src/domain/ports';
import { USER, type Resource } from '../../../src/domain/resource';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { toNodeId } from '../../../src/graphql/node-id';
import { until } from '../../support/daemon';
import { memoryWorld, worldOn } from '../../support/memory-administration';
import { openTestStore, type TestStore } from '../../support/test-store';
import { addKey, Gateway } from './gateway';
import { overEventStream, overWebSocket, refusalOf, type Watcher } from './watcher';

const TRANSPORTS = [
  ['a WebSocket', overWebSocket],
  ['an event stream', overEventStream],
] as const;

const CHANGED = `subscription ($ruleId: ID) {
  bindingChanged(ruleId: $ruleId) {
    id state observedGeneration resource { ... on User { userName } }
  }
}`;

/** Closed after each test, also after one that failed. */
const opened: { close(): unknown }[] = [];
const keep = <Item extends { close(): unknown }>(item: Item): Item => {
  opened.push(item);
  return item;
};
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Time for a subscription to have begun. */
const BEGUN_MS = 300;

describe.each(TRANSPORTS)('bindingChanged over %s', (_name, over) => {
  let store: TestStore;
  let gateway: Gateway;
  const ruleId = 'rule-1';
  beforeEach(async () => {
    store = await openTestStore();
    const world = worldOn(store, () => store.close());
    gateway = keep(
      await Gateway.open(async () => world, {
        watched: { ...store, auditTrail: store.audit.reader },
      }),
    );
  });

  const makeUser = (userName: string): Promise<Resource> => {
    const schema = standardSchemas.get(USER);
    if (!schema) throw new Error('No schema');
    return store.resources.insert({ ruleId, resourceType: USER, attributes: { userName } }, schema);
  };
  const request = (user: Resource, generation: number, rule = ruleId) => ({
    ruleId: rule,
    targetId: 'target-1',
    resourceId: user.id,
    resourceType: USER,
    generation,
  });
  const deliver = async (user: Resource, generation: number): Promise<void> => {
    const now = new Date();
    await store.bindings.enqueue([request(user, generation)], now);
    const [item] = await store.bindings.claim({
      ruleId,
      targetId: 'target-1',
      owner: 'the test',
      now,
      dueBefore: now,
      leaseUntil: new Date(now.getTime() + 60_000),
      most: 1,
    });
    if (!item) throw new Error('Nothing to claim');
    const completion = { state: 'SYNCED', at: new Date(), observedGeneration: generation } as const;
    expect(await store.bindings.complete(item, completion)).toBe(true);
  };
  const watch = (variables = {}): Watcher =>
    keep(over({ url: gateway.url, token: gateway.tokens.AUDITOR, query: CHANGED, variables }));

  it('tells the last state of what changed, and nothing from long before', async () => {
    const [old, last, user] = [await makeUser('a'), await makeUser('b'), await makeUser('ada')];
    await deliver(old, 1);
    await pause(600);
    await deliver(last, 1);
    const watcher = watch();
    await pause(BEGUN_MS);
    await deliver(user, 1);
    const idOf = ({ id }: Resource): string => toNodeId('Binding', bindingId('target-1', id));
    const told = (one: Resource) =>
      watcher.results.filter(({ data }) => data.bindingChanged.id === idOf(one));
    await until('the last state', () => told(user).at(-1)?.data.bindingChanged.state === 'SYNCED');
    const ofUser = told(user);
    expect(watcher.results.every(({ errors }) => errors === undefined)).toBe(true);
    expect(told(old)).toEqual([]);
    expect(ofUser.at(-1)?.data.bindingChanged).toEqual({
      id: idOf(user),
      state: 'SYNCED',
      observedGeneration: 1,
      resource: { userName: 'ada' },
    });
    // Changes that follow each other closely are told together.
    expect(ofUser.length).toBeLessThanOrEqual(2);
  });

  it('goes on when the clock of the database is set back, before it begins and meanwhile', async () => {
    const HOUR_MS = 3_600_000;
    const [old, ada, bob] = [await makeUser('a'), await makeUser('ada'), await makeUser('bob')];
    const dateAhead = (ms: number) =>
      store.connection
        .collection('bindings')
        .updateMany({}, { $set: { changedAt: new Date(Date.now() + ms) } });
    await deliver(old, 1);
    await dateAhead(HOUR_MS);
    let aheadMs = 0;
    const now = (): Date => new Date(Date.now() + aheadMs);
    const other = await Gateway.open(async () => worldOn(store, async () => undefined), {
      watched: { ...store, now, auditTrail: store.audit.reader },
    });
    keep(other);
    const { url, tokens } = other;
    const watcher = keep(over({ url, token: tokens.AUDITOR, query: CHANGED }));
    const names = (): readonly unknown[] =>
      watcher.results.map(({ data }) => data.bindingChanged.resource.userName);
    await pause(BEGUN_MS);
    await deliver(ada, 1);
    await until('the first', () => names().includes('ada'));

    // It is two hours ahead, and changes are told of that time.
    aheadMs = 2 * HOUR_MS;
    await dateAhead(aheadMs);
    await until('what is dated so', () => names().includes('a'));
    aheadMs = 0;
    await deliver(bob, 1);
    await until('the one after it was set back', () => names().includes('bob'));
  });

  it('never answers an event with what an earlier one read', async () => {
    const user = await makeUser('ada');
    const watcher = watch();
    await pause(BEGUN_MS);
    await deliver(user, 1);
    await until('the first state', () => watcher.results.length > 0);
    const schema = standardSchemas.get(USER);
    if (!schema) throw new Error('No schema');
    await store.resources.update(user, { userName: 'ada.lovelace' }, schema);
    await deliver(user, 2);
    await until('the new name', () =>
      watcher.results.some(({ data }) => data.bindingChanged.resource.userName === 'ada.lovelace'),
    );
  });

  it('tells of one rule only what is of it', async () => {
    const [user, other] = [await makeUser('ada'), await makeUser('bob')];
    const watcher = watch({ ruleId: toNodeId('SyncRule', 'rule-2') });
    const all = watch();
    await pause(BEGUN_MS);
    await deliver(user, 1);
    await store.bindings.enqueue([request(other, 1, 'rule-2')], new Date());
    await until('both', () => all.results.length >= 2 && watcher.results.length > 0);
    expect(watcher.results.map(({ data }) => data.bindingChanged.id)).toEqual([
      toNodeId('Binding', bindingId('target-1', other.id)),
    ]);
  });

  it('tells what is added to the audit trail, of one rule or of all', async () => {
    const query = `subscription ($ruleId: ID) { auditEventAdded(ruleId: $ruleId) { action } }`;
    const listen = (variables = {}): Watcher =>
      keep(over({ url: gateway.url, token: gateway.tokens.AUDITOR, query, variables }));
    const [all, own] = [listen(), listen({ ruleId: toNodeId('SyncRule', 'rule-1') })];
    await pause(BEGUN_MS);
    const fact = (action: string, chain: string): AuditFact => ({
      ...{ id: timeOrderedId(), at: new Date(), category: 'SYSTEM', outcome: 'DONE' },
      ...{ actor: SYSTEM_ACTOR, chain, action },
    });
    await store.audit.trail.record([fact('one', 'rule-1'), fact('two', 'rule-2')]);
    await store.audit.trail.record([fact('three', 'rule-1')]);
    await until('all', () => all.results.length === 3 && own.results.length === 2);
    const actions = ({ results }: Watcher): readonly string[] =>
      results.map(({ data }) => data.auditEventAdded.action as string);
    expect(actions(own)).toEqual(['one', 'three']);
    expect([...actions(all)].sort()).toEqual(['one', 'three', 'two']);
  });

  it('tells how far an operation has got, until it is over', async () => {
    const { operations } = store;
    const requestedBy = { type: 'API_KEY', name: 'test' } as const;
    const input = { states: [], errorKinds: [] };
    const { operation } = await operations.start({ kind: 'RETRY', input, requestedBy }, new Date());
    const query = `subscription ($id: ID!) {
      operationUpdated(id: $id) { state progress { done } }
    }`;
    const watchOperation = (id: string): Watcher =>
      keep(over({ url: gateway.url, token: gateway.tokens.AUDITOR, query, variables: { id } }));
    const id = toNodeId('Operation', operation.id);
    const watcher = watchOperation(id);
    await until('the state as it is', () => watcher.results.length > 0);
    const later = new Date(Date.now() + 60_000);
    const claimed = await operations.claim('a process', new Date(), later);
    if (!claimed) throw new Error('Nothing to claim');
    // Faster than anybody is told: the last state is what counts.
    for (const done of [1, 2, 3, 4, 5]) await operations.note(claimed, { done });
    await until('progress', () =>
      watcher.results.some(({ data }) => data.operationUpdated.progress.done === 5),
    );
    await operations.finish(claimed, 'SUCCEEDED', new Date(), {});
    expect(await watcher.over).toBeUndefined();
    expect(watcher.results[0]?.data.operationUpdated.state).toBe('QUEUED');
    expect(watcher.results.at(-1)?.data.operationUpdated.state).toBe('SUCCEEDED');
    expect(watcher.results.length).toBeLessThanOrEqual(5);

    const ended = watchOperation(id);
    await ended.over;
    expect(ended.results).toHaveLength(1);
    const errors = await refusalOf(watchOperation(toNodeId('Operation', 'none')));
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });

  it('loses none of many changes, and tells each once it has settled', async () => {
    const users = await Promise.all(
      Array.from({ length: 120 }, (_, index) => makeUser(`user-${String(index)}`)),
    );
    const watcher = watch();
    await pause(BEGUN_MS);
    await store.bindings.enqueue(
      users.map((user) => request(user, 1)),
      new Date(),
    );
    await until('all', () => {
      const ids = watcher.results.map(({ data }) => data.bindingChanged.id as string);
      return new Set(ids).size === users.length;
    });
    expect(watcher.results).toHaveLength(users.length);
  });
});

/** As many changes as somebody takes, each of them long. */
function endless(): BindingChanges & { readonly told: () => number } {
  let told = 0;
  return {
    told: () => told,
    last: async () => new Date(),
    since: async ({ limit }) => {
      told += limit;
      return Array.from({ length: limit }, (_, index) => ({
        at: new Date(),
        binding: {
          id: `target:${String(index)}`,
          ruleId: 'rule',
          targetId: 'target',
          resourceId: String(index),
          resourceType: 'User',
          state: 'SYNCED' as const,
          generation: 1,
          observedGeneration: 1,
          attempts: 0,
          name: 'n'.repeat(100_000),
        },
      }));
    },
  };
}

describe.each(TRANSPORTS)('what holds for queries holds over %s', (_name, over) => {
  const refused = async (
    gateway: Gateway,
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<readonly unknown[]> => {
    const { url, tokens } = gateway;
    const errors = await refusalOf(over({ url, token: tokens.AUDITOR, query, variables }));
    return errors.map((error) => (error as { extensions?: { code?: unknown } }).extensions?.code);
  };

  it('queries and mutations do not come this way', async () => {
    const gateway = keep(await Gateway.open(memoryWorld));
    for (const query of [
      '{ viewer { name } }',
      '{ __schema { queryType { name } } }',
      'mutation { apiKeyCreate(input: { name: "x", role: AUDITOR }) { token } }',
    ]) {
      expect([query, await refused(gateway, query)]).toEqual([query, ['BAD_REQUEST']]);
    }
    expect(await gateway.world.credentials.apiKeys()).toHaveLength(3);
  });

  it('size, depth, cost and form are limited', async () => {
    const gateway = keep(await Gateway.open(memoryWorld));
    const inside = (selection: string): string =>
      `subscription { bindingChanged { ${selection} } }`;
    const long = inside('id '.repeat(2_100));
    expect(await refused(gateway, long)).toEqual(['GRAPHQL_PARSE_FAILED']);
    const deep = inside(
      `${'resource { ... on User { bindings { '.repeat(7)} id ${'} } }'.repeat(7)}`,
    );
    expect(await refused(gateway, deep)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const levels = Array.from(
      { length: 40 },
      (_, level) =>
        `fragment F${String(level)} on Binding { ...F${String(level + 1)} ...F${String(level + 1)} }`,
    );
    const bomb = `${inside('...F0')} ${levels.join(' ')} fragment F40 on Binding { id }`;
    expect(await refused(gateway, bomb)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const costly = inside(
      'resource { ... on User { groups(first: 100) { nodes { members(first: 100) { nodes { ... on User { id userName } } } } } } }',
    );
    expect(await refused(gateway, costly)).toEqual(['QUERY_TOO_COMPLEX']);
    expect(await refused(gateway, CHANGED, { ruleId: [1] })).toEqual(['BAD_USER_INPUT']);
    const user = toNodeId('User', 'x');
    expect(await refused(gateway, CHANGED, { ruleId: user })).toEqual(['BAD_USER_INPUT']);
    expect(await refused(gateway, 'subscription {')).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(gateway.log).toEqual([]);
  });

  it('introspection is off where it is off', async () => {
    const gateway = keep(await Gateway.open(memoryWorld, { introspection: false }));
    const query = 'subscription { __schema { queryType { name } } }';
    expect(await refused(gateway, query)).toContain('GRAPHQL_VALIDATION_FAILED');
    const { url, tokens } = gateway;
    const typo = 'subscription { bindingChangd { id } }';
    const [error] = await refusalOf(over({ url, token: tokens.AUDITOR, query: typo }));
    expect((error as Error).message).not.toContain('Did you mean');
  });

  it('what goes wrong inside is masked and logged', async () => {
    const secret = 'mongodb://root:hunter2@db';
    const changes: BindingChanges = {
      last: () => Promise.reject(new Error(secret)),
      since: async () => [],
    };
    const gateway = keep(await Gateway.open(memoryWorld, { watched: { bindingChanges: changes } }));
    const { url, tokens } = gateway;
    const errors = await refusalOf(over({ url, token: tokens.AUDITOR, query: CHANGED }));
    expect(JSON.stringify(errors)).not.toContain('hunter2');
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    await until('a log line', () => gateway.log.length > 0);

    const failing = async () => {
      const world = await memoryWorld();
      const findAll = (): Promise<never> => Promise.reject(new Error(secret));
      return { ...world, resources: Object.assign(world.resources, { findAll }) };
    };
    const other = keep(await Gateway.open(failing, { watched: { bindingChanges: endless() } }));
    const watcher = keep(over({ url: other.url, token: other.tokens.AUDITOR, query: CHANGED }));
    await until('an event', () => watcher.results.length > 0);
    expect(JSON.stringify(watcher.results)).not.toContain('hunter2');
    expect(watcher.results[0]?.errors?.[0].extensions.code).toBe('INTERNAL_SERVER_ERROR');
  });

  it('only who has a key is let in, and nobody else learns anything', async () => {
    const gateway = keep(await Gateway.open(memoryWorld));
    const past = { name: 'Old', role: 'ADMINISTRATOR', revokedAt: new Date(0) } as const;
    const { token } = await addKey(gateway.world, past);
    for (const wrong of [undefined, 'usher_admin_wrong', token]) {
      const watcher = over({
        url: gateway.url,
        query: 'subscription { nonsense }',
        ...(wrong === undefined ? {} : { token: wrong }),
      });
      const answer = (await watcher.over) as { readonly code?: number; readonly message?: string };
      expect(watcher.results).toEqual([]);
      expect(`${String(answer.code)} ${String(answer.message)}`).toMatch(/4401|401/);
      watcher.close();
    }
    // A rejection that nobody handles would end the process.
    expect((await gateway.query('{ viewer { name } }')).status).toBe(200);
  });

  it('a key that is revoked ends what it began', async () => {
    const limits = { checkKeysMs: 50 };
    const gateway = keep(await Gateway.open(memoryWorld, { subscriberLimits: limits }));
    const { token, key } = await addKey(gateway.world, { name: 'Guest', role: 'AUDITOR' });
    const watcher = keep(over({ url: gateway.url, token, query: CHANGED }));
    const staying = keep(over({ url: gateway.url, token: gateway.tokens.AUDITOR, query: CHANGED }));
    await pause(BEGUN_MS);
    await gateway.world.credentials.revokeApiKey(key.id);
    const over_ = (await watcher.over) as { readonly code?: number } | undefined;
    if (over_ === undefined) {
      expect(watcher.results.at(-1)?.errors?.[0].extensions.code).toBe('UNAUTHENTICATED');
    } else {
      expect(over_.code).toBe(4403);
    }
    const first = await Promise.race([staying.over.then(() => 'ended'), pause(200)]);
    expect(first).toBeUndefined();
  });

  it('clients that vanish as soon as they come leave nothing behind', async () => {
    const limits = { maxConnectionsPerKey: 3, maxConnections: 5, maxStrangers: 3 };
    const gateway = keep(await Gateway.open(memoryWorld, { subscriberLimits: limits }));
    const { url, tokens } = gateway;
    for (let ms = 0; ms < 60; ms += 2) {
      const watcher = over({ url, token: tokens.AUDITOR, query: CHANGED });
      await pause(ms);
      watcher.close();
    }
    await pause(BEGUN_MS);
    const watchers = [1, 2, 3].map(() =>
      keep(over({ url, token: tokens.AUDITOR, query: CHANGED })),
    );
    const ended = Promise.race(watchers.map((one) => one.over.then(() => 'ended')));
    expect(await Promise.race([ended, pause(BEGUN_MS)])).toBeUndefined();
  });

  it('a key has so many connections, and no more', async () => {
    const limits = { maxConnectionsPerKey: 2, maxConnections: 3 };
    const gateway = keep(await Gateway.open(memoryWorld, { subscriberLimits: limits }));
    const watchAs = (token: string): Watcher =>
      keep(over({ url: gateway.url, token, query: CHANGED }));
    const { AUDITOR, OPERATOR, ADMINISTRATOR } = gateway.tokens;
    const first = watchAs(AUDITOR);
    watchAs(AUDITOR);
    await pause(BEGUN_MS);
    const tooMany = (await watchAs(AUDITOR).over) as { readonly code?: number; message?: string };
    expect(`${String(tooMany.code)} ${String(tooMany.message)}`).toMatch(/1013|503/);
    watchAs(OPERATOR);
    await pause(BEGUN_MS);
    const full = (await watchAs(ADMINISTRATOR).over) as {
      readonly code?: number;
      message?: string;
    };
    expect(`${String(full.code)} ${String(full.message)}`).toMatch(/1013|1006|503/);
    first.close();
    await pause(BEGUN_MS);
    const next = watchAs(AUDITOR);
    expect(await Promise.race([next.over.then(() => 'ended'), pause(BEGUN_MS)])).toBeUndefined();
  });

  it('an end of the server ends them at once', async () => {
    const gateway = await Gateway.open(memoryWorld, { watched: { bindingChanges: endless() } });
    const watchers = Array.from({ length: 5 }, () =>
      over({ url: gateway.url, token: gateway.tokens.AUDITOR, query: CHANGED }),
    );
    await until('events', () => watchers.every(({ results }) => results.length > 0));
    const begun = performance.now();
    await gateway.close();
    expect(performance.now() - begun).toBeLessThan(3_000);
    for (const watcher of watchers) {
      await watcher.over;
      watcher.close();
    }
  });
});

describe('clients that mean no good', () => {
  const PROTOCOL = 'graphql-transport-ws';
  const socketTo = (gateway: Gateway, headers: Record<string, string> = {}): WebSocket => {
    const url = `${gateway.url.replace(/^http/, 'ws')}/graphql`;
    const socket = new WebSocket(url, PROTOCOL, { headers });
    socket.on('error', () => undefined);
    return keep(Object.assign(socket, { close: () => socket.terminate() }));
  };
  const closed = async (socket: WebSocket): Promise<number> =>
    ((await once(socket, 'close')) as [number])[0];

  it('pages of other origins are refused, own ones are not', async () => {
    const gateway = keep(await Gateway.open(memoryWorld));
    const [refused] = (await Promise.all([
      once(socketTo(gateway, { origin: 'https://evil.example' }), 'unexpected-response'),
    ])) as [[unknown, { readonly statusCode: number }]];
    expect(refused[1].statusCode).toBe(403);
    await once(socketTo(gateway, { origin: 'https://usher.example' }), 'open');
    await once(socketTo(gateway, { origin: gateway.url }), 'open');
  });

  it('a wrong key in a header is answered with 401, another protocol with 400', async () => {
    const gateway = keep(await Gateway.open(memoryWorld));
    const wrong = socketTo(gateway, { authorization: 'Bearer usher_admin_wrong' });
    const [, response] = (await once(wrong, 'unexpected-response')) as [
      unknown,
      { readonly statusCode: number },
    ];
    expect(response.statusCode).toBe(401);
    const url = `${gateway.url.replace(/^http/, 'ws')}/graphql`;
    const old = new WebSocket(url, 'graphql-ws');
    old.on('error', () => undefined);
    const [, other] = (await once(old, 'unexpected-response')) as [
      unknown,
      { readonly statusCode: number },
    ];
    expect(other.statusCode).toBe(400);
  });

  it('who says nothing, nonsense, too much or too often is shown out, and the server goes on', async () => {
    const gateway = keep(await Gateway.open(memoryWorld));
    const { AUDITOR } = gateway.tokens;
    const say = async (text: string, times = 1): Promise<number> => {
      const socket = socketTo(gateway, { authorization: `Bearer ${AUDITOR}` });
      await once(socket, 'open');
      const code = closed(socket);
      for (let time = 0; time < times; time += 1) socket.send(text);
      return code;
    };
    expect(await say('nonsense')).toBe(4400);
    expect(await say('{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}')).toBe(4401);
    expect(await say(`{"type":"ping","payload":{"x":"${'x'.repeat(300_000)}"}}`)).toBe(1009);
    expect(await say('{"type":"ping"}', 1_000)).toBe(4429);
    const mute = socketTo(gateway);
    await once(mute, 'open');
    expect(await closed(mute)).toBe(4408);
    expect((await gateway.query('{ viewer { name } }')).status).toBe(200);
  });

  it('one WebSocket has so many subscriptions', async () => {
    const limits = { maxSubscriptionsPerConnection: 3 };
    const gateway = keep(await Gateway.open(memoryWorld, { subscriberLimits: limits }));
    const socket = socketTo(gateway, { authorization: `Bearer ${gateway.tokens.AUDITOR}` });
    const answers: string[] = [];
    socket.on('message', (data: Buffer) => answers.push(data.toString()));
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await until('the acknowledgement', () => answers.length === 1);
    for (const id of [1, 2, 3, 4]) {
      socket.send(
        JSON.stringify({ type: 'subscribe', id: String(id), payload: { query: CHANGED } }),
      );
    }
    await until('a refusal', () => answers.length > 1);
    expect(answers.slice(1)).toHaveLength(1);
    expect(JSON.parse(answers[1] ?? '')).toMatchObject({ id: '4', type: 'error' });
  });

  /** Begins a subscription, and then reads nothing. Answers what reads on until the server closes. */
  const deaf = {
    WebSocket: async (gateway: Gateway): Promise<() => Promise<unknown>> => {
      const socket = socketTo(gateway, { authorization: `Bearer ${gateway.tokens.AUDITOR}` });
      await once(socket, 'open');
      socket.send('{"type":"connection_init"}');
      await once(socket, 'message');
      const query = 'subscription { bindingChanged { id name } }';
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
      socket.pause();
      return () => {
        socket.resume();
        return once(socket, 'close');
      };
    },
    'event stream': async (gateway: Gateway): Promise<() => Promise<unknown>> => {
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      keep({ close: () => socket.destroy() });
      const body = JSON.stringify({ query: 'subscription { bindingChanged { id name } }' });
      socket.write(
        [
          'POST /graphql HTTP/1.1',
          `Host: ${hostname}`,
          'Accept: text/event-stream',
          'Content-Type: application/json',
          `Authorization: Bearer ${gateway.tokens.AUDITOR}`,
          `Content-Length: ${String(body.length)}`,
          '',
          body,
        ].join('\r\n'),
      );
      await once(socket, 'readable');
      return () => {
        socket.resume();
        return once(socket, 'close');
      };
    },
  };

  it.each(['WebSocket', 'event stream'] as const)(
    'a client of a %s that does not read costs no memory, and is left',
    async (name) => {
      const changes = endless();
      const gateway = keep(
        await Gateway.open(memoryWorld, {
          watched: { bindingChanges: changes },
          subscriberLimits: { slowMs: 1_500, keepAliveMs: 60_000 },
        }),
      );
      const readOn = await deaf[name](gateway);
      // What has been fetched lies in the buffers of the two sockets, and no more is.
      await pause(1_200);
      const fetched = changes.told();
      expect(fetched).toBeGreaterThan(0);
      expect(fetched).toBeLessThanOrEqual(150);
      // Somebody else is told meanwhile.
      const { url, tokens } = gateway;
      const query = 'subscription { bindingChanged { id } }';
      const other = keep(overEventStream({ url, token: tokens.OPERATOR, query }));
      await until('events of others', () => other.results.length > 0);
      other.close();
      await pause(2_000);
      const left = changes.told();
      await pause(1_200);
      expect(changes.told()).toBe(left);
      const closing = readOn().then(() => 'closed');
      expect(await Promise.race([closing, pause(5_000)])).toBe('closed');
    },
  );
});
