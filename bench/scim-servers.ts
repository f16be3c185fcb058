/** The servers that are compared: bare Express, scimmy-routers, and Usher. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

export async function startUsher(
  dataDir: string,
  delivery = NOBODY,
  cores: Cores = 'first',
): Promise<Server & { readonly targetId: string }> {
  const { url, child } = spawnUsher(dataDir, cores);
  await ready(url);
  const { token, targetId } = await createRule(url, delivery);
  return { name: 'usher', url, token, targetId, child, ids: [], groupId: '' };
}

export function spawnUsher(dataDir: string, cores: Cores = 'first'): Pick<Server, 'url' | 'child'> {
  const port = (lastPort += 1);
  const environment = {
    NODE_ENV: 'production',
    PORT: String(port),
    DATA_DIR: dataDir,
    ADMIN_API_KEY: KEY,
    QUICKSTART: 'off',
    LOG_LEVEL: 'fatal',
  };
  const child = start('../src/main.js', [], environment, cores);
  return { url: `http://127.0.0.1:${port}`, child };
}

/** The first core alone where the system can, so that a client that is at work and the server do not share one. */
type Cores = 'first' | 'all';

function start(
  script: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
  cores: Cores = 'first',
): ChildProcess {
  const pinned = cores === 'first' && spawnSync('taskset', ['--version']).status === 0;
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

async function ask<Data>(
  url: string,
  query: string,
  input?: object,
  others: object = {},
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input, ...others } }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: object };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function createRule(
  url: string,
  delivery: Delivery,
): Promise<{ readonly token: string; readonly targetId: string }> {
  const { connector, settings, secrets, scopeFilter } = delivery;
  const target = await ask<{ targetCreate: { target: { id: string } } }>(
    url,
    'mutation ($input: TargetCreateInput!) { targetCreate(input: $input) { target { id } } }',
    { name: 'T', connector, settings, ...(secrets === undefined ? {} : { secrets }) },
  );
  const targetId = target.targetCreate.target.id;
  const syncAs = { targetId, scopeFilter };
  const rule = await ask<{ syncRuleCreate: { secretToken: string } }>(
    url,
    'mutation ($input: SyncRuleCreateInput!) { syncRuleCreate(input: $input) { secretToken } }',
    { name: 'R', syncAs: [syncAs] },
  );
  return { token: rule.syncRuleCreate.secretToken, targetId };
}

/** How many bindings are in one of the states. */
export async function countBindings({ url }: Pick<Server, 'url'>, states: string): Promise<number> {
  const query = `{ bindings(states: [${states}]) { totalCount } }`;
  const { bindings } = await ask<{ bindings: { totalCount: number } }>(url, query);
  return bindings.totalCount;
}

/** Holds back all deliveries to a target, or lets them go; they have stopped when this resolves. */
export async function setPaused(
  { url }: Pick<Server, 'url'>,
  targetId: string,
  paused: boolean,
): Promise<void> {
  const command = paused ? 'targetPause' : 'targetResume';
  await ask(url, `mutation ($id: ID!) { ${command}(id: $id) { target { id } } }`, undefined, {
    id: targetId,
  });
  if (paused) await new Promise((resolve) => setTimeout(resolve, 1_500));
}

/** When, in milliseconds, each binding of the target came to be as desired, ascending. */
export async function syncedAt(
  { url }: Pick<Server, 'url'>,
  targetId: string,
): Promise<readonly number[]> {
  const query = `query ($id: ID!, $after: String) { bindings(targetId: $id, states: [SYNCED], first: 100, after: $after) {
    edges { node { lastSyncedAt } } pageInfo { hasNextPage endCursor } } }`;
  const times: number[] = [];
  let after: string | undefined;
  do {
    const { bindings } = await ask<{
      bindings: {
        edges: { node: { lastSyncedAt: string } }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
    }>(url, query, undefined, { id: targetId, ...(after === undefined ? {} : { after }) });
    times.push(...bindings.edges.map(({ node }) => Date.parse(node.lastSyncedAt)));
    after = bindings.pageInfo.hasNextPage ? bindings.pageInfo.endCursor : undefined;
  } while (after !== undefined);
  return times.sort((left, right) => left - right);
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

/** Processor time in milliseconds that the server has used so far; NaN where the system does not tell. */
export function processorTime({ child }: Pick<Server, 'child'>): number {
  try {
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    // After the name in brackets: utime and stime are the 12th and 13th, in hundredths of a second (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}

/** Resident memory in MB. */
export function residentMemory({ child }: Pick<Server, 'child'>): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(child.pid)]);
  return Number(stdout.toString()) / 1024;
}
