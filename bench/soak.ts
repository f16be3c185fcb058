/**
 * Hours of mixed load in a row, with outages at random: `npm run soak -- MINUTES [REQUESTS PER SECOND] [targets]`. With
 * `targets` only a directory fails, and Usher runs all the time: only then memory says anything. At the end every entry of
 * every directory is compared with what SCIM says; what differs is printed, and fails the run.
 */
import path from 'node:path';
import Database from 'libsql';
import { until } from '../test/support/daemon';
import { ldapTarget } from '../test/support/ldap-target';
import { type Slapd, startSlapd } from '../test/support/slapd';
import { Usher } from '../test/support/usher';
import { SoakLoad } from './soak-load';

const MINUTES = Number(process.argv[2] ?? 60);
const PER_SECOND = Number(process.argv[3] ?? 10);
const ONLY_TARGETS = process.argv[4] === 'targets';
const SAMPLE_MS = 30_000;
const CONVERGED_MS = 180_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const between = (least: number, most: number): number => least + Math.random() * (most - least);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

interface Scene {
  readonly usher: Usher;
  readonly slapd: Slapd;
  readonly load: SoakLoad;
  readonly end: number;
}

/** One after the other, so that each has time to do harm. */
async function outages({ usher, slapd, end }: Scene): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const kinds: Readonly<Record<string, () => Promise<void>>> = {
    'slapd killed': async () => {
      await slapd.kill('SIGKILL');
      await pause(between(2_000, 15_000));
      await slapd.restart();
    },
    'slapd frozen': async () => {
      await slapd.pause();
      await pause(between(2_000, 20_000));
      slapd.resume();
    },
    'Usher killed': async () => {
      await usher.kill();
      await usher.boot();
    },
    'Usher ended': async () => {
      await usher.terminate();
      await usher.boot();
    },
  };
  const names = ['slapd killed', 'slapd frozen', 'slapd killed'];
  if (!ONLY_TARGETS) names.push('Usher killed', 'Usher ended');
  while (Date.now() + 60_000 < end) {
    await pause(between(15_000, 45_000));
    const name = names[Math.floor(Math.random() * names.length)] ?? 'slapd killed';
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await kinds[name]?.();
  }
  return counts;
}

async function requests({ load, end }: Scene): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (Date.now() < end) {
    await pause(1_000 / PER_SECOND);
    if (underWay.size > 50) continue;
    const step: Promise<void> = load.step().finally(() => underWay.delete(step));
    underWay.add(step);
  }
  await Promise.all(underWay);
}

/** What the process holds in memory, now and then. */
async function memory({ usher, load, end }: Scene): Promise<void> {
  const begun = Date.now();
  while (Date.now() < end) {
    await pause(Math.min(SAMPLE_MS, end - Date.now()));
    const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
    const held = usher.isRunning
      ? `${usher.ownMb.toFixed(0)} MB, with mapped files ${usher.residentMb.toFixed(0)} MB`
      : 'not running';
    print(`${minutes} min: ${held}, ${String(load.people.size)} users`);
  }
}

async function converged({ usher }: Scene): Promise<number> {
  const begun = Date.now();
  await until(
    'everything to be delivered',
    async () => {
      const { bindings } = await usher.graphql(
        '{ bindings(states: [PENDING, DELIVERING, RETRYING], first: 1) { totalCount } }',
      );
      return bindings.totalCount === 0;
    },
    CONVERGED_MS,
    500,
  );
  return Date.now() - begun;
}

/** What the directory holds beside what it should hold, each as lines that can be compared. */
function differences(what: string, held: readonly string[], wanted: readonly string[]): string[] {
  const there = new Set(held);
  const due = new Set(wanted);
  return [
    ...held.filter((line) => !due.has(line)).map((line) => `${what} has ${line}`),
    ...wanted.filter((line) => !there.has(line)).map((line) => `${what} lacks ${line}`),
    ...(held.length === there.size ? [] : [`${what} has something twice`]),
  ];
}

/** One for the group, and one for each of its members. */
function linesOf(group: string, members: readonly string[]): string[] {
  return [group, ...members.map((member) => `${group}: ${member}`)];
}

async function inLdap({ slapd, load }: Scene): Promise<string[]> {
  const lock = 'pwdAccountLockedTime';
  const users = await slapd.search('(uid=soak*)', ['uid', 'sn', lock], slapd.userBaseDN);
  const groups = await slapd.search('(cn=Soak *)', ['cn', 'member'], slapd.groupBaseDN);
  const dnOf = (id: string): string[] => {
    const person = load.people.get(id);
    return person ? [`uid=${person.userName},${slapd.userBaseDN}`] : [];
  };
  return [
    ...differences(
      'LDAP',
      users.map(({ attributes }) =>
        String([attributes['uid']?.[0], attributes['sn']?.[0], attributes[lock] === undefined]),
      ),
      [...load.people.values()].map(({ userName, familyName, active }) =>
        String([userName, familyName, active]),
      ),
    ),
    ...differences(
      'LDAP',
      // A group without members has itself for one: its object class demands one.
      groups.flatMap(({ dn, attributes }) => {
        const members = (attributes['member'] ?? []).filter((member) => member !== dn);
        return linesOf(String(attributes['cn']?.[0]), members);
      }),
      [...load.teams.values()].flatMap(({ displayName, members }) =>
        linesOf(displayName, [...members].flatMap(dnOf)),
      ),
    ),
  ];
}

function inSaml({ usher, load }: Scene): string[] {
  const database = new Database(path.join(usher.dataDir, 'saml.db'), { readonly: true });
  try {
    const sql = `SELECT u.username AS name, a.value AS sn, u.active AS active FROM saml_user u
                 LEFT JOIN saml_attribute a ON a.user_id = u.id AND a.friendly_name = 'sn'`;
    const rows = database.prepare(sql).all() as { name: string; sn: string; active: number }[];
    return differences(
      'SAML',
      rows.map(({ name, sn, active }) => String([name, sn, active === 1])),
      [...load.people.values()].map(({ userName, familyName, active }) =>
        String([userName, familyName, active]),
      ),
    );
  } finally {
    database.close();
  }
}

function report({ load }: Scene, counts: ReadonlyMap<string, number>, ms: number): void {
  const sorted = [...load.milliseconds].sort((left, right) => left - right);
  const at = (share: number): string =>
    (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(0);
  const list = (map: ReadonlyMap<string | number, number>): string =>
    [...map].map(([name, count]) => `${String(name)}: ${String(count)}`).join(', ');
  print(`answers by status (0: none): ${list(load.answers)}`);
  print(`answered in ${at(0.5)} ms (median), ${at(0.99)} ms (p99), ${at(0.9999)} ms at most`);
  print(`outages: ${list(counts)}`);
  print(`converged ${(ms / 1_000).toFixed(1)} s after the last request`);
  print(`compared: ${String(load.people.size)} users, ${String(load.teams.size)} groups`);
}

async function soak(): Promise<boolean> {
  const slapd = await startSlapd();
  const usher = await Usher.start({ QUICKSTART: 'off', LOG_LEVEL: 'fatal' });
  try {
    const [settings, secrets] = ldapTarget(slapd);
    const ldap = await usher.createTarget(
      'LDAP',
      'ldap',
      { ...settings, operationTimeoutMs: 5_000, connectTimeoutMs: 3_000 },
      secrets,
    );
    const saml = await usher.createTarget('SAML', 'saml', {
      database: { kind: 'sqlite', file: 'saml.db' },
      idpEntityId: 'https://idp.example/idp',
    });
    const targets = [ldap, saml].map((targetId) => ({ targetId }));
    // So many deactivations would be held for an administrator.
    const { token } = await usher.createRule('Soak', targets, { guard: { enabled: false } });
    let coming: Promise<void> | undefined;
    const isBack = (): Promise<void> =>
      (coming ??= waitForIt().finally(() => (coming = undefined)));
    const waitForIt = (): Promise<void> =>
      until(
        'Usher',
        () =>
          fetch(`${usher.url}/readyz`).then(
            ({ ok }) => ok,
            () => false,
          ),
        300_000,
        500,
      );
    const load = new SoakLoad(usher, token, isBack);
    const scene = { usher, slapd, load, end: Date.now() + MINUTES * 60_000 };
    const [counts] = await Promise.all([outages(scene), requests(scene), memory(scene)]);
    const ms = await converged(scene);
    report(scene, counts, ms);
    const { bindings } = await usher.graphql(
      '{ bindings(states: [PARKED, HELD], first: 5) { totalCount nodes { id lastError { kind message } } } }',
    );
    const wrong = [
      ...(bindings.totalCount === 0 ? [] : [`parked or held: ${JSON.stringify(bindings)}`]),
      ...(await inLdap(scene)),
      ...inSaml(scene),
    ];
    print(wrong.length === 0 ? 'nothing differs' : `DIFFERENT:\n${wrong.join('\n')}`);
    return wrong.length === 0;
  } finally {
    await usher.stop();
    await slapd.stop();
  }
}

soak().then(
  (isWell) => process.exit(isWell ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
