/** How fast what SCIM has answered reaches directories, beside a bare loop into the same directory in the same run. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stopProcess } from '../test/support/daemon';
import { ldapPlace, mariadbPlace, type Place, postgresPlace, sqlitePlace } from './fan-out-places';
import {
  countBindings,
  processorTime,
  quiet,
  setPaused,
  type Server,
  startUsher,
  syncedAt,
} from './scim-servers';
import { load, measure, median, REQUESTS, send, user } from './scim-subject';

const USERS = Number(process.env['USERS'] ?? 500);
const LOGINS = Number(process.env['LATENCIES'] ?? 50);
const SECONDS = Number(process.env['SECONDS'] ?? 4);

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

type Usher = Server & { readonly targetId: string };

interface Drained {
  readonly perSecond: number;
  /** Milliseconds of Usher's processor time for each user, the store's included. */
  readonly processor: number;
}

/** What has waited goes to the directory. By the times that the bindings remember, so that nobody looks meanwhile. */
async function drained(server: Usher): Promise<Drained> {
  const released = Date.now();
  const before = processorTime(server);
  await setPaused(server, server.targetId, false);
  do await pause(500);
  while ((await countBindings(server, 'PENDING, DELIVERING, RETRYING')) > 0);
  const processor = (processorTime(server) - before) / USERS;
  const times = (await syncedAt(server, server.targetId)).filter((time) => time >= released);
  if (times.length < USERS) throw new Error(`${times.length} of ${USERS} users were delivered`);
  // The first ones end a period of which the beginning is not known.
  const [first = NaN] = times;
  const later = times.filter((time) => time > first);
  const seconds = ((later.at(-1) ?? NaN) - first) / 1_000;
  return { perSecond: later.length / seconds, processor };
}

/** Milliseconds from SCIM's answer until the user can be seen, one after the other. */
async function latencies(server: Server, place: Place): Promise<readonly number[]> {
  const found: number[] = [];
  for (let index = 0; index < LOGINS; index += 1) {
    const name = `late${index}`;
    await send(server, 'POST', '/Users', user(name));
    const begin = performance.now();
    while (!(await place.has(name))) await pause(1);
    found.push(performance.now() - begin);
  }
  return found;
}

async function rates(place: Place, dataDir: string): Promise<void> {
  const server = await startUsher(path.join(dataDir, place.name), place.delivery, 'all');
  try {
    // The first user makes the tables, which a loop may not be charged with, and is what the bare loop copies.
    await load(server, 1);
    await quiet(server);
    const ratios: number[] = [];
    for (let round = 1; round <= 3; round += 1) {
      await setPaused(server, server.targetId, true);
      await load(server, 1 + round * USERS);
      // Noted in the bindings, and still held back.
      await pause(2_500);
      const { perSecond, processor } = await drained(server);
      const bare = await place.bare(USERS);
      ratios.push(perSecond / bare);
      const conditions = `${processor.toFixed(2)} ms of processor for each user, load ${os.loadavg()[0]?.toFixed(1)}`;
      console.log(
        `| ${place.name} | ${round} | ${perSecond.toFixed(0)} /s | ${bare.toFixed(0)} /s | ${(perSecond / bare).toFixed(2)} | ${conditions} |`,
      );
    }
    const ratio = median(ratios);
    const verdict = ratio >= place.aim ? 'ok' : 'BELOW';
    console.log(
      `| ${place.name} | median | | | ${ratio.toFixed(2)} | aim ${place.aim}: ${verdict} |`,
    );
    await quiet(server);
    const late = await latencies(server, place);
    const [p50, p99] = [percentile(late, 0.5), percentile(late, 0.99)];
    console.log(
      `| ${place.name} | from the answer to the entry | p50 ${p50.toFixed(1)} ms | p99 ${p99.toFixed(1)} ms | | aim 50 ms: ${p50 < 50 ? 'ok' : 'SLOWER'} |`,
    );
    if (place.kill && place.restart) await whileDown(server, place);
  } finally {
    await stopProcess(server.child);
  }
}

/** SCIM's p99 with the directory in order, and with it down. */
async function whileDown(server: Server, place: Place): Promise<void> {
  const healthy = await measure(server, REQUESTS.active, SECONDS);
  await place.kill?.();
  await pause(1_000);
  const down = await measure(server, REQUESTS.active, SECONDS);
  await place.restart?.();
  const ratio = down.p99 / healthy.p99;
  console.log(
    `| SCIM PATCH | p99, ${place.name} up and down | ${healthy.p99} ms | ${down.p99} ms | ${ratio.toFixed(2)} | aim 2: ${ratio <= 2 ? 'ok' : 'SLOWER'}; ${healthy.failed + down.failed} failed |`,
  );
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  openldap: ldapPlace,
  sqlite: sqlitePlace,
  postgresql: postgresPlace,
  mariadb: mariadbPlace,
};

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'usher-bench-'));
  console.log('| directory | round | Usher | bare loop | ratio | |');
  console.log('|---|---|---|---|---|---|');
  for (const [name, start] of Object.entries(PLACES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const place = await start();
    try {
      await rates(place, dataDir);
    } finally {
      await place.stop();
    }
  }
  rmSync(dataDir, { recursive: true, force: true });
}

// What was started ends with this process, also when it is interrupted.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
