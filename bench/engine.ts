/**
 * What the engine costs and how fast it catches up, counted in commands to the store and operations of slapd rather than in
 * time: `npm run bench:engine -- rest paused member outage`.
 */
import { ldapTarget } from '../test/support/ldap-target';
import { type Slapd } from '../test/support/slapd';
import { patch } from '../test/support/wire';
import { type Bench, delivered, subjectOf, waiting, withSlapd, withUsher } from './engine-subject';
import { load, makeGroup, send } from './scim-subject';

const SECONDS = Number(process.env['SECONDS'] ?? 10);
const TARGETS = Number(process.env['TARGETS'] ?? 20);
const RULES = Number(process.env['RULES'] ?? 20);
const DUE = Number(process.env['DUE'] ?? 10_000);
const MEMBERS = Number(process.env['MEMBERS'] ?? 100_000);
const CHANGED = Number(process.env['CHANGED'] ?? 1_000);
const DELETED = Number(process.env['DELETED'] ?? 100);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

async function measured({ counter }: Bench, what: string): Promise<void> {
  await pause(3_000);
  counter.reset();
  await pause(SECONDS * 1_000);
  print(`${what}: ${counter.perSecond.toFixed(1)} commands a second (${String(counter)})`);
}

const sqlite = (file: string): object => ({ database: { kind: 'sqlite', file } });

/** Nothing happens. */
async function rest(bench: Bench): Promise<void> {
  const { usher } = bench;
  await measured(bench, 'at rest, without targets and rules');
  const targets: string[] = [];
  for (let n = 0; n < TARGETS; n += 1) {
    targets.push(await usher.createTarget(`T${String(n)}`, 'radius', sqlite(`r${String(n)}.db`)));
  }
  for (let n = 0; n < RULES; n += 1) await subjectOf(usher, [targets[n % TARGETS] ?? '']);
  await pause(5_000);
  await measured(bench, `at rest, ${String(TARGETS)} targets and ${String(RULES)} rules`);
}

/** A target that is paused, with and without much to do. */
async function paused(bench: Bench): Promise<void> {
  const { usher } = bench;
  const target = await usher.createTarget('T', 'radius', sqlite('r.db'));
  const subject = await subjectOf(usher, [target]);
  await usher.graphql('mutation ($id: ID!) { targetPause(id: $id) { userErrors { message } } }', {
    id: target,
  });
  await measured(bench, 'a paused target with nothing due');
  await load(subject, DUE);
  await pause(5_000);
  await measured(bench, `a paused target with ${String(await waiting(usher))} bindings due`);
}

/** One more member of a large group. */
async function member(bench: Bench, slapd: Slapd): Promise<void> {
  const { usher, counter } = bench;
  const target = await usher.createTarget('T', 'ldap', ...ldapTarget(slapd));
  const subject = await subjectOf(usher, [target]);
  await load(subject, MEMBERS + 1);
  await delivered(usher);
  const groupId = await makeGroup(subject, 'large', MEMBERS);
  await delivered(usher);
  const outsider = subject.ids.at(-1) ?? '';
  // What is not yet fanned out is not counted as waiting.
  await pause(12_000);
  await delivered(usher);
  const before = slapd.logged('MOD').length;
  counter.reset();
  const begun = performance.now();
  const operation = { op: 'add', path: 'members', value: [{ value: outsider }] };
  await send(subject, 'PATCH', `/Groups/${groupId}`, JSON.stringify(patch(operation)));
  const answered = performance.now() - begun;
  await pause(1_500);
  const names = `${String(counter.total)} commands (${String(counter)}), those of a second at rest among them`;
  const modifies = slapd.logged('MOD').slice(before);
  print(
    `one member more in a group of ${String(MEMBERS)}: answered after ${answered.toFixed(0)} ms, ${String(modifies.length)} modify (${modifies.join(' ')}), ${names}`,
  );
}

/** The directory is away while much changes. */
async function outage({ usher }: Bench, slapd: Slapd): Promise<void> {
  const target = await usher.createTarget('T', 'ldap', ...ldapTarget(slapd));
  const subject = await subjectOf(usher, [target]);
  await load(subject, CHANGED + DELETED);
  await delivered(usher);
  await slapd.kill();
  const before = [slapd.logged('MOD').length, slapd.logged('DEL').length] as const;
  for (const [index, id] of subject.ids.entries()) {
    if (index >= CHANGED) {
      await send(subject, 'DELETE', `/Users/${id}`);
      continue;
    }
    for (const value of ['Once', 'Twice']) {
      const operation = { op: 'replace', path: 'name.familyName', value };
      await send(subject, 'PATCH', `/Users/${id}`, JSON.stringify(patch(operation)));
    }
  }
  const began = Date.now();
  await slapd.restart();
  await delivered(usher);
  const seconds = (Date.now() - began) / 1_000;
  const modifies = slapd.logged('MOD').slice(before[0]);
  const deletions = slapd.logged('DEL').slice(before[1]);
  const changed = await slapd.count('(sn=Twice)');
  print(
    `slapd was away while ${String(CHANGED)} users changed twice and ${String(DELETED)} were deleted: all delivered ${seconds.toFixed(1)} s after its start; ${String(modifies.length)} modifies of ${String(new Set(modifies).size)} entries, ${String(deletions.length)} deletions; ${String(changed)} users are as they should be`,
  );
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  rest: () => withUsher(rest),
  paused: () => withUsher(paused),
  member: () => withSlapd(member),
  outage: () => withSlapd(outage),
};

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  for (const name of asked.length > 0 ? asked : Object.keys(PARTS)) {
    const part = PARTS[name];
    if (!part)
      throw new Error(`There is no part "${name}", only ${Object.keys(PARTS).join(', ')}.`);
    await part();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
