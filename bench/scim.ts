/**
 * SCIM throughput as a share of what bare Express does in the same run (design 7).
 * Usage: node dist/bench/scim.js [users, default 50000] [seconds per figure, default 5]
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import autocannon from 'autocannon';

const USERS = Number(process.argv[2] ?? 50_000);
const SECONDS = Number(process.argv[3] ?? 5);
const CONNECTIONS = 10;
const KEY = 'benchmark-administrator-key-0123456789';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

interface Server {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly child: ChildProcess;
  ids: string[];
  groupId: string;
}

const user = (name: string): string =>
  JSON.stringify({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
    userName: name,
    externalId: `ext-${name}`,
    displayName: `Kit ${name}`,
    active: true,
    title: 'Miller',
    preferredLanguage: 'en',
    name: { givenName: 'Kit', familyName: name, formatted: `Kit ${name}` },
    emails: [{ type: 'work', value: `${name}@example.test`, primary: true }],
    phoneNumbers: [{ type: 'work', value: '+31 6 0000 0001' }],
    [ENTERPRISE]: { department: 'Milling', employeeNumber: '7731', organization: 'Northmill' },
  });

const patch = (...operations: object[]): string =>
  JSON.stringify({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: operations,
  });

async function ready(url: string): Promise<void> {
  for (;;) {
    const ok = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Pinned to the first core where the system can, so that client and server do not share one. */
function start(script: string, args: string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const pinned = spawnSync('taskset', ['--version']).status === 0;
  const command = [process.execPath, path.join(__dirname, script), ...args];
  const [program = '', ...rest] = pinned ? ['taskset', '-c', '0', ...command] : command;
  return spawn(program, rest, { env: { ...process.env, ...environment }, stdio: 'ignore' });
}

async function startCeiling(): Promise<Server> {
  const url = 'http://127.0.0.1:18080';
  const child = start('ceiling.js', ['18080'], { NODE_ENV: 'production' });
  await ready(url);
  return { name: 'express', url, token: 'none', child, ids: [], groupId: '' };
}

async function startUsher(dataDir: string): Promise<Server> {
  const url = 'http://127.0.0.1:18081';
  const child = start('../src/main.js', [], {
    NODE_ENV: 'production',
    PORT: '18081',
    DATA_DIR: dataDir,
    ADMIN_API_KEY: KEY,
    QUICKSTART: 'off',
    LOG_LEVEL: 'error',
  });
  await ready(url);
  const token = await createRule(url);
  return { name: 'usher', url, token, child, ids: [], groupId: '' };
}

/** A rule whose only target is out of scope for everybody: SCIM and fan-out are measured, not a directory. */
async function createRule(url: string): Promise<string> {
  const ask = async <Data>(query: string, input: object): Promise<Data> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
    });
    return ((await response.json()) as { data: Data }).data;
  };
  const target = await ask<{ targetCreate: { target: { id: string } } }>(
    'mutation ($input: TargetCreateInput!) { targetCreate(input: $input) { target { id } } }',
    { name: 'T', connector: 'radius', settings: { database: { kind: 'sqlite', file: 'r.db' } } },
  );
  const rule = await ask<{ syncRuleCreate: { secretToken: string } }>(
    'mutation ($input: SyncRuleCreateInput!) { syncRuleCreate(input: $input) { secretToken } }',
    {
      name: 'R',
      syncAs: [{ targetId: target.targetCreate.target.id, scopeFilter: 'userName eq "nobody"' }],
    },
  );
  return rule.syncRuleCreate.secretToken;
}

async function send(server: Server, method: string, resource: string, body: string) {
  const response = await fetch(`${server.url}/scim/v2${resource}`, {
    method,
    headers: headersOf(server),
    body,
  });
  return (response.status === 204 ? {} : await response.json()) as { id: string };
}

const headersOf = (server: Server) => ({
  authorization: `Bearer ${server.token}`,
  'content-type': 'application/scim+json',
});

async function load(server: Server): Promise<void> {
  for (let at = 0; at < USERS; at += 50) {
    const batch = Array.from({ length: Math.min(50, USERS - at) }, (_, i) => user(`u${at + i}`));
    const made = await Promise.all(batch.map((body) => send(server, 'POST', '/Users', body)));
    server.ids.push(...made.map((one) => one.id));
    process.stderr.write(`\r${server.name}: ${server.ids.length} of ${USERS} users loaded`);
  }
  process.stderr.write('\n');
  const members = server.ids.slice(0, 10_000).map((value) => ({ value }));
  const group = JSON.stringify({ displayName: 'Everybody', members });
  server.groupId = (await send(server, 'POST', '/Groups', group)).id;
}

type Case = readonly [name: string, share: number, request: (server: Server) => autocannon.Request];

let counter = 0;
const someId = (server: Server): string =>
  server.ids[Math.floor(Math.random() * server.ids.length)] ?? '';

const CASES: readonly Case[] = [
  ['GET user by id', 0.5, (server) => ({ method: 'GET', path: `/Users/${someId(server)}` })],
  [
    'filter userName eq',
    0.45,
    () => ({
      method: 'GET',
      path: `/Users?filter=${encodeURIComponent(`userName eq "u${Math.floor(Math.random() * USERS)}"`)}`,
    }),
  ],
  ['POST user', 0.3, () => ({ method: 'POST', path: '/Users', body: user(`n${(counter += 1)}`) })],
  [
    'PATCH active',
    0.3,
    (server) => ({
      method: 'PATCH',
      path: `/Users/${someId(server)}`,
      body: patch({ op: 'replace', path: 'active', value: (counter += 1) % 2 === 0 }),
    }),
  ],
  [
    'PATCH group, one member',
    0.25,
    (server) => ({
      method: 'PATCH',
      path: `/Groups/${server.groupId}`,
      body: patch({ op: 'add', path: 'members', value: [{ value: someId(server) }] }),
    }),
  ],
];

async function measure(server: Server, [, , request]: Case): Promise<autocannon.Result> {
  return autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests: [
      {
        setupRequest: (initial) => {
          const { method, path: resource, body } = request(server);
          return {
            ...initial,
            method,
            path: `/scim/v2${resource ?? ''}`,
            headers: headersOf(server),
            ...(body === undefined ? {} : { body }),
          };
        },
      },
    ],
  });
}

/** Until deliveries are done, so that a figure is about SCIM alone. */
async function quiet(server: Server): Promise<void> {
  if (server.name !== 'usher') return;
  const query = '{ bindings(states: [PENDING, DELIVERING, RETRYING]) { totalCount } }';
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data } = (await response.json()) as { data: { bindings: { totalCount: number } } };
    if (data.bindings.totalCount === 0) return;
    process.stderr.write(`\r${data.bindings.totalCount} deliveries to go      `);
  }
}

/** One server after the other: they share a core. */
async function figuresOf(server: Server): Promise<autocannon.Result[]> {
  const results: autocannon.Result[] = [];
  try {
    await load(server);
    for (const one of CASES) {
      await quiet(server);
      results.push(await measure(server, one));
    }
    return results;
  } finally {
    server.child.kill('SIGKILL');
  }
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'usher-bench-'));
  try {
    const ceilings = await figuresOf(await startCeiling());
    const figures = await figuresOf(await startUsher(dataDir));
    console.log(`${USERS} users, group of ${Math.min(USERS, 10_000)}, ${CONNECTIONS} connections`);
    console.log('| request | express/s | usher/s | share | wanted | p99 ms | not 2xx |');
    console.log('|---|---|---|---|---|---|---|');
    CASES.forEach(([name, wanted], index) => {
      const [ceiling, usher] = [ceilings[index], figures[index]];
      if (!ceiling || !usher) return;
      const share = usher.requests.average / ceiling.requests.average;
      console.log(
        `| ${name} | ${Math.round(ceiling.requests.average)} | ${Math.round(usher.requests.average)} | ${share.toFixed(2)} | ${wanted} | ${usher.latency.p99} | ${usher.non2xx} |`,
      );
    });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
