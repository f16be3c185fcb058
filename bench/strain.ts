/**
 * What SCIM's clients notice of a target that is down, and of one that is compared entry by entry, and what memory the
 * comparison takes: `ENTRIES=50000 npm run bench:strain`.
 */
import { until } from '../test/support/daemon';
import { ldapTarget } from '../test/support/ldap-target';
import { startSlapd } from '../test/support/slapd';
import { Usher } from '../test/support/usher';
import { delivered, subjectOf } from './engine-subject';
import { load, measure, median, patch, type Request, someId, type Subject } from './scim-subject';

const ENTRIES = Number(process.env['ENTRIES'] ?? 50_000);
/** SCIM requests a second: half of them read a user, half of them change one. */
const RATE = Number(process.env['RATE'] ?? 40);
const SECONDS = Number(process.env['SECONDS'] ?? 15);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const SAMPLE_MS = 500;

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const ms = (value: number): string => `${value.toFixed(0)} ms`;

let serial = 0;

const readOrChange: Request = (subject) => {
  serial += 1;
  const path = `/Users/${someId(subject)}`;
  if (serial % 2 === 0) return { method: 'GET', path };
  const operation = { op: 'replace', path: 'title', value: `Title ${String(serial)}` };
  return { method: 'PATCH', path, body: patch(operation) };
};

async function p99(subject: Subject): Promise<number> {
  const figure = await measure(subject, readOrChange, SECONDS, RATE);
  if (figure.failed > 0) throw new Error(`${String(figure.failed)} requests failed.`);
  return figure.p99;
}

async function rounds(subject: Subject): Promise<number> {
  const found: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) found.push(await p99(subject));
  return median(found);
}

/** The most memory that the process held while `work` ran, without mapped files. */
async function peakMb(usher: Usher, work: () => Promise<unknown>): Promise<number> {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, usher.ownMb)), SAMPLE_MS);
  await work().finally(() => clearInterval(timer));
  return most;
}

async function compare(usher: Usher, targetId: string): Promise<string> {
  const { reconcileStart } = await usher.graphql(
    `mutation ($id: ID!) {
       reconcileStart(targetId: $id, mode: REPORT) { operation { id } userErrors { message } }
     }`,
    { id: targetId },
  );
  return reconcileStart.operation.id as string;
}

/** What came of a comparison; undefined while it goes on. */
async function result(usher: Usher, id: string): Promise<string | undefined> {
  const { operation } = await usher.graphql(
    `query ($id: ID!) {
       operation(id: $id) { state finishedAt progress { done counts { outcome count } } }
     }`,
    { id },
  );
  const { state, finishedAt, progress } = operation;
  return finishedAt === null ? undefined : `${String(state)}: ${JSON.stringify(progress)}`;
}

const ended = (usher: Usher, id: string): Promise<void> =>
  until(
    'the end of the comparison',
    async () => (await result(usher, id)) !== undefined,
    3_600_000,
    SAMPLE_MS,
  );

/** Nothing else is asked of Usher meanwhile. */
async function compareAlone(usher: Usher, targetId: string, entries: number): Promise<void> {
  const before = usher.ownMb;
  const begun = Date.now();
  const id = await compare(usher, targetId);
  const peak = await peakMb(usher, () => ended(usher, id));
  const seconds = (Date.now() - begun) / 1_000;
  print(
    `${String(entries)} entries compared in ${seconds.toFixed(1)} s (${String(await result(usher, id))}); memory ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at most`,
  );
}

async function strain(): Promise<void> {
  const slapd = await startSlapd();
  const usher = await Usher.start({ QUICKSTART: 'off', LOG_LEVEL: 'fatal' });
  try {
    const target = await usher.createTarget('T', 'ldap', ...ldapTarget(slapd));
    const subject = await subjectOf(usher, [target]);
    for (const entries of [Math.round(ENTRIES / 10), ENTRIES]) {
      await load(subject, entries);
      await delivered(usher);
      await compareAlone(usher, target, entries);
    }

    const atRest = await rounds(subject);
    print(`SCIM's p99 at rest: ${ms(atRest)} (${String(RATE)} requests a second)`);
    const tell = (what: string, figure: number): boolean =>
      print(
        `SCIM's p99 ${what}: ${ms(figure)}, ${(figure / atRest).toFixed(2)} times that at rest`,
      );

    await slapd.kill();
    tell('while the target is down', await rounds(subject));
    await slapd.restart();
    await delivered(usher);

    const found: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await compare(usher, target);
      const figure = await p99(subject);
      if (await result(usher, id)) print('The comparison ended too early: ask for more ENTRIES.');
      found.push(figure);
      await ended(usher, id);
    }
    tell(`while ${String(ENTRIES)} entries are compared`, median(found));
  } finally {
    await usher.stop();
    await slapd.stop();
  }
}

strain().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
