/** SCIM throughput and flatness as ratios within one run. How to use it: README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  quiet,
  residentMemory,
  spawnUsher,
  startPlain,
  startUsher,
  type Delivery,
  type Server,
} from './scim-servers';
import {
  load,
  makeGroup,
  measure,
  median,
  REQUESTS,
  send,
  turnover,
  type Figure,
  type Request,
} from './scim-subject';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    users: { type: 'string', default: '50000' },
    members: { type: 'string', default: '10000' },
    few: { type: 'string', default: '1000' },
    many: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
  },
});
const [USERS, MEMBERS] = [Number(values.users), Number(values.members)];
const [FEW, MANY] = [Number(values.few), Number(values.many)];
const [SECONDS, ROUNDS] = [Number(values.seconds), Number(values.rounds)];

const ROWS: readonly (readonly [name: string, request: Request, wanted: number])[] = [
  ['GET user by id', REQUESTS.get, 0.5],
  ['filter `userName eq`', REQUESTS.userName, 0.45],
  ['filter `externalId eq`', REQUESTS.externalId, 0.45],
  ['POST user', REQUESTS.post, 0.3],
  ['PATCH `active`', REQUESTS.active, 0.3],
  ['PATCH group, one member', REQUESTS.member, 0.25],
];

/** The servers take turns, so that whatever else the machine does meets all of them alike. */
async function inTurns(
  subjects: readonly (readonly [Server, Request])[],
  before: (server: Server) => Promise<void> = quiet,
): Promise<readonly Figure[][]> {
  const figures = subjects.map((): Figure[] => []);
  // The first round only warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, [server, request]] of subjects.entries()) {
      for (const [other] of subjects) await before(other);
      const figure = await measure(server, request, round === 0 ? 2 : SECONDS);
      if (round > 0) figures[index]?.push(figure);
    }
  }
  return figures;
}

const rate = (figures: readonly Figure[] = []): number =>
  median(figures.map(({ perSecond }) => perSecond));
const worst = (figures: readonly Figure[] = []): number => median(figures.map(({ p99 }) => p99));
const failed = (figures: readonly Figure[] = []): number =>
  figures.reduce((sum, figure) => sum + figure.failed, 0);

/** The median of the rounds' ratios. */
function ratio(over: readonly Figure[] = [], under: readonly Figure[] = []): string {
  return median(
    over.map(({ perSecond }, round) => perSecond / (under[round]?.perSecond ?? NaN)),
  ).toFixed(2);
}

async function shares(dataDir: string): Promise<void> {
  const servers = [
    await startPlain('express'),
    await startPlain('scimmy-routers'),
    await startUsher(dataDir),
  ];
  try {
    for (const server of servers) {
      await load(server, USERS);
      server.groupId = await makeGroup(server, 'Everybody', MEMBERS);
    }
    console.log(`\n${USERS} users, a group of ${MEMBERS}, 10 connections\n`);
    console.log(
      '| request | express/s | usher/s | share | wanted | of scimmy-routers | p99 ms | failed |',
    );
    console.log('|---|---|---|---|---|---|---|---|');
    for (const [name, request, wanted] of ROWS) {
      const [express, scimmy, usher] = await inTurns(servers.map((one) => [one, request] as const));
      console.log(
        `| ${name} | ${rate(express).toFixed(0)} | ${rate(usher).toFixed(0)} | ${ratio(usher, express)} | ${wanted} | ${ratio(usher, scimmy)} | ${worst(usher)} | ${failed(usher)} |`,
      );
    }
  } finally {
    for (const { child } of servers) child.kill('SIGKILL');
  }
}

type Subject = readonly [Server, Request];

async function compare([name, little, much]: readonly [string, Subject, Subject]): Promise<void> {
  const [left, right] = await inTurns([little, much]);
  console.log(
    `| ${name} | ${rate(left).toFixed(0)} | ${rate(right).toFixed(0)} | ${ratio(right, left)} | 0.85 |`,
  );
}

/** One server with few users, one with many, and in it a small and a large group. */
async function flatness(dataDir: string): Promise<void> {
  const few = await startUsher(path.join(dataDir, 'few'));
  const many = await startUsher(path.join(dataDir, 'many'));
  try {
    await load(few, FEW);
    await load(many, MANY + 1_000);
    console.log('\n| request | few/s | many/s | many to few | wanted |\n|---|---|---|---|---|');
    const users = [
      [
        `filter \`userName eq\`, ${FEW} and ${MANY} users`,
        [few, REQUESTS.userName],
        [many, REQUESTS.userName],
      ],
      [
        `filter \`externalId eq\`, ${FEW} and ${MANY} users`,
        [few, REQUESTS.externalId],
        [many, REQUESTS.externalId],
      ],
    ] as const;
    for (const row of users) await compare(row);
    // Not before: users in groups are shown with them, which takes more than users alone.
    const outsiders = many.ids.slice(MANY);
    const small = turnover(await makeGroup(many, 'Small', 10), outsiders);
    const large = turnover(await makeGroup(many, 'Large', MANY), outsiders);
    await compare([`PATCH group, 10 and ${MANY} members`, [many, small], [many, large]]);
    await footprint(many, path.join(dataDir, 'many'));
  } finally {
    few.child.kill('SIGKILL');
    many.child.kill('SIGKILL');
  }
}

/** Memory with many users, and a start after a kill. */
async function footprint(server: Server, dataDir: string): Promise<void> {
  await quiet(server);
  console.log(`\n${residentMemory(server).toFixed(0)} MB resident after this (wanted: 250)`);
  const gone = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.kill('SIGKILL');
  await gone;
  const begun = performance.now();
  const again = { ...server, ...spawnUsher(dataDir) };
  try {
    const first = server.ids[0] ?? '';
    while (!(await send(again, 'GET', `/Users/${first}`).then(Boolean, () => false))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const seconds = (performance.now() - begun) / 1_000;
    console.log(`${seconds.toFixed(2)} s from the start to the first answer (wanted: 1.5)`);
    await measure(again, REQUESTS.get, SECONDS);
    console.log(`${residentMemory(again).toFixed(0)} MB resident after a start and reading`);
  } finally {
    again.child.kill('SIGKILL');
  }
}

const UP: Delivery = {
  connector: 'radius',
  settings: { database: { kind: 'sqlite', file: 'r.db' } },
};
/** Nobody listens there. */
const DOWN: Delivery = {
  connector: 'radius',
  settings: {
    database: { kind: 'postgresql', host: '127.0.0.1', port: 1, database: 'radius', user: 'usher' },
  },
};

/** Whether a target that is down slows SCIM: the same requests with a target that takes what it gets. */
async function targetDown(dataDir: string): Promise<void> {
  const up = await startUsher(path.join(dataDir, 'up'), UP);
  const down = await startUsher(path.join(dataDir, 'down'), DOWN);
  try {
    for (const server of [up, down]) await load(server, FEW);
    console.log(
      '\n| request | p99 ms, target up | p99 ms, target down | ratio | wanted |\n|---|---|---|---|---|',
    );
    for (const [name, request] of ROWS.filter(([, one]) => one !== REQUESTS.member)) {
      const figures = await inTurns(
        [up, down].map((server) => [server, request] as const),
        async () => undefined,
      );
      const [left, right] = figures.map(worst);
      console.log(
        `| ${name} | ${left} | ${right} | ${((right ?? NaN) / (left ?? NaN)).toFixed(2)} | 2 |`,
      );
    }
  } finally {
    up.child.kill('SIGKILL');
    down.child.kill('SIGKILL');
  }
}

const PARTS: Readonly<Record<string, (dataDir: string) => Promise<void>>> = {
  shares,
  flatness,
  down: targetDown,
};

async function main(): Promise<void> {
  for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
    const part = PARTS[name];
    if (!part) throw new Error(`There is no part "${name}": ${Object.keys(PARTS).join(', ')}`);
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'usher-bench-'));
    try {
      await part(dataDir);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
