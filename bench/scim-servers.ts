/** The servers that are compared: bare Express, scimmy-routers, and Usher. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { type Subject } from './scim-subject';

export interface Server extends Subject {
  readonly name: 'express' | 'scimmy-routers' | 'usher';
  readonly child: ChildProcess;
}

const KEY = 'benchmark-administrator-key-0123456789';

/** What a rule of the benchmark delivers to, and whom. */
export interface Delivery {
  readonly connector: string;
  readonly settings: object;
  readonly secrets?: object;
  readonly scopeFilter?: string;
}

/** Nobody is in scope: SCIM, the store and fan-out are measured, not a directory. */
export const NOBODY: Delivery = {
  connector: 'radius',
  settings: { database: { kind: 'sqlite', file: 'r.db' } },
  scopeFilter: 'userName eq "nobody"',
};

let lastPort = 18_080;

export async function startPlain(name: 'express' | 'scimmy-routers'): Promise<Server> {
  const port = (lastPort += 1);
  const script = name === 'express' ? 'ceiling.js' : 'scimmy.js';
  const child = start(script, [String(port)], { NODE_ENV: 'production' });
  const url = `http://127.0.0.1:${port}`;
  await ready(url);
  return { name, url, token: 'none', child, ids: [], groupId: '' };
}

export async function startUsher(dataDir: string, delivery = NOBODY): Promise<Server> {
  const { url, child } = spawnUsher(dataDir);
  await ready(url);
  const token = await createRule(url, delivery);
  return { name: 'usher', url, token, child, ids: [], groupId: '' };
}

export function spawnUsher(dataDir: string): Pick<Server, 'url' | 'child'> {
  const port = (lastPort += 1);
  const child = start('../src/main.js', [], {
    NODE_ENV: 'production',
    PORT: String(port),
    DATA_DIR: dataDir,
    ADMIN_API_KEY: KEY,
    QUICKSTART: 'off',
    LOG_LEVEL: 'fatal',
  });
  return { url: `http://127.0.0.1:${port}`, child };
}

/** Pinned to the first core where the system can, so that client and server do not share one. */
function start(script: string, args: string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const pinned = spawnSync('taskset', ['--version']).status === 0;
  const command = [process.execPath, path.join(__dirname, script), ...args];
  const [program = '', ...rest] = pinned ? ['taskset', '-c', '0', ...command] : command;
  const child = spawn(program, rest, {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

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

async function ask<Data>(url: string, query: string, input?: object): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: object };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function createRule(url: string, delivery: Delivery): Promise<string> {
  const { connector, settings, secrets, scopeFilter } = delivery;
  const target = await ask<{ targetCreate: { target: { id: string } } }>(
    url,
    'mutation ($input: TargetCreateInput!) { targetCreate(input: $input) { target { id } } }',
    { name: 'T', connector, settings, ...(secrets === undefined ? {} : { secrets }) },
  );
  const syncAs = { targetId: target.targetCreate.target.id, scopeFilter };
  const rule = await ask<{ syncRuleCreate: { secretToken: string } }>(
    url,
    'mutation ($input: SyncRuleCreateInput!) { syncRuleCreate(input: $input) { secretToken } }',
    { name: 'R', syncAs: [syncAs] },
  );
  return rule.syncRuleCreate.secretToken;
}

/** How many bindings are in one of the states. */
export async function countBindings({ url }: Pick<Server, 'url'>, states: string): Promise<number> {
  const query = `{ bindings(states: [${states}]) { totalCount } }`;
  const { bindings } = await ask<{ bindings: { totalCount: number } }>(url, query);
  return bindings.totalCount;
}

/** Until deliveries are done, so that a figure is about its own requests alone. */
export async function quiet(server: Server): Promise<void> {
  if (server.name !== 'usher') return;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const left = await countBindings(server, 'PENDING, DELIVERING, RETRYING');
    if (left === 0) return;
    process.stderr.write(`\r${left} deliveries to go      `);
  }
}

/** Resident memory in MB. */
export function residentMemory({ child }: Pick<Server, 'child'>): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(child.pid)]);
  return Number(stdout.toString()) / 1024;
}
