import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeWith, type Requirement, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { StoreProcess } from '../support/store-process';
import { Usher } from '../support/usher';
import { entraUser, patch } from '../support/wire';

/** Sets the clock of one process, without touching the machine's. */
const FAKETIME: Requirement = {
  program: 'libfaketime',
  package: 'faketime',
  paths: ['x86_64', 'aarch64'].map(
    (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`,
  ),
};

/** A lease, and time enough to find it and to deliver. */
const PAST_LEASE_MS = 68_000;

/** Time enough for a change to be fanned out and delivered where nothing stands in its way. */
const FANNED_OUT_MS = 10_000;

interface Person {
  readonly id: string;
  uid: string;
  sn: string;
  deleted: boolean;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Processes that share a store, a directory they all deliver to, and what it has to come to. */
class Cluster {
  readonly people: Person[] = [];
  private serial = 0;
  private token = '';

  private constructor(
    readonly store: StoreProcess,
    readonly slapd: Slapd,
    readonly ushers: readonly Usher[],
  ) {}

  static async start(environments: readonly NodeJS.ProcessEnv[]): Promise<Cluster> {
    const [store, slapd] = await Promise.all([
      StoreProcess.start(),
      startSlapd({ logsOperations: true }),
    ]);
    const ushers: Usher[] = [];
    for (const environment of environments) {
      ushers.push(
        await Usher.start({ ...store.environment, MONGODB_URI: store.uri, ...environment }),
      );
    }
    const cluster = new Cluster(store, slapd, ushers);
    const target = await cluster.first.createTarget('LDAP', 'ldap', ...ldapTarget(slapd));
    cluster.token = (await cluster.first.createRule('Entra', [{ targetId: target }])).token;
    return cluster;
  }

  get first(): Usher {
    const [first] = this.ushers;
    if (!first) throw new Error('There is no process.');
    return first;
  }

  async stop(): Promise<void> {
    await Promise.all(this.ushers.map((usher) => usher.stop()));
    await this.slapd.stop();
    await this.store.stop();
  }

  /** So many people who are created, changed, renamed and deleted, by whichever process of these. */
  async load(people: number, through: readonly Usher[]): Promise<void> {
    const lanes = Array.from({ length: 6 }, async (_, lane) => {
      for (let n = lane; n < people; n += 6) {
        const usher = (): Usher =>
          through[Math.floor(Math.random() * through.length)] ?? this.first;
        await this.change(await this.create(usher()), usher);
      }
    });
    await Promise.all(lanes);
  }

  private async create(usher: Usher): Promise<Person> {
    const uid = `p${(this.serial += 1)}`;
    const { status, body } = await usher.scim('POST', '/Users', entraUser(uid), this.token);
    expect(status).toBe(201);
    const person = { id: body.id, uid, sn: uid, deleted: false };
    this.people.push(person);
    return person;
  }

  private async change(person: Person, usher: () => Usher): Promise<void> {
    const dice = Math.random();
    if (dice < 0.15) return this.remove(person, usher());
    await this.set(person, usher(), { sn: `New ${person.uid}` });
    if (dice < 0.4) await this.set(person, usher(), { uid: `${person.uid}x` });
  }

  async set(person: Person, usher: Usher, change: { sn?: string; uid?: string }): Promise<void> {
    const { sn, uid } = change;
    const operations = [
      ...(sn === undefined ? [] : [{ op: 'Replace', path: 'name.familyName', value: sn }]),
      ...(uid === undefined ? [] : [{ op: 'Replace', path: 'userName', value: uid }]),
    ];
    const { status } = await usher.scim(
      'PATCH',
      `/Users/${person.id}`,
      patch(...operations),
      this.token,
    );
    expect(status).toBe(200);
    Object.assign(person, change);
  }

  private async remove(person: Person, usher: Usher): Promise<void> {
    expect((await usher.scim('DELETE', `/Users/${person.id}`, undefined, this.token)).status).toBe(
      204,
    );
    person.deleted = true;
  }

  async count(usher: Usher, ...states: readonly string[]): Promise<number> {
    const { bindings } = await usher.graphql(
      'query ($states: [BindingState!]) { bindings(states: $states, first: 1) { totalCount } }',
      { states },
    );
    return bindings.totalCount as number;
  }

  async settled(usher: Usher, ms: number): Promise<void> {
    await until(
      'everything to be delivered',
      async () => (await this.count(usher, 'PENDING', 'DELIVERING', 'RETRYING')) === 0,
      ms,
      300,
    );
    expect(await this.count(usher, 'PARKED', 'HELD')).toBe(0);
  }

  /**
   * The directory holds who is there as they are, each once. Bindings say nothing of a change that was answered and not
   * fanned out yet: so this is waited for, as the end of a delivery is.
   */
  async verify(): Promise<void> {
    const wanted = this.people.filter(({ deleted }) => !deleted).map(({ uid, sn }) => [uid, sn]);
    const due = wanted.map(String).sort();
    let there: readonly string[] = [];
    await until(
      'the directory to hold what was answered',
      async () => {
        there = await this.inDirectory();
        return String(there) === String(due);
      },
      FANNED_OUT_MS,
    ).catch(() => expect(there).toEqual(due));
  }

  private async inDirectory(): Promise<readonly string[]> {
    const found = await this.slapd.search('(uid=p*)', ['uid', 'sn'], this.slapd.userBaseDN);
    return found
      .map(({ attributes }) => String([attributes['uid']?.[0], attributes['sn']?.[0]]))
      .sort();
  }
}

describeWith([SLAPD], 'processes that share a store', () => {
  // Two of them are no other case, and every lease that runs out takes its minute.
  it.each([4])(
    '%i of them: one is killed, one sleeps past its leases and wakes up',
    async (size) => {
      const cluster = await Cluster.start(Array.from({ length: size }, () => ({})));
      try {
        const [awake, sleeper] = cluster.ushers as [Usher, Usher];
        const doomed = cluster.ushers[2] ?? sleeper;
        const others = cluster.ushers.filter((usher) => usher !== sleeper && usher !== doomed);
        await cluster.load(60, cluster.ushers);

        // It falls asleep in the middle of its deliveries; they stay with it.
        let asleep = false;
        for (let attempt = 0; !asleep && attempt < 10; attempt += 1) {
          const loading = cluster.load(60, others);
          await pause(100 + Math.random() * 300);
          // While the directory says nothing, whatever a process delivers stays with it.
          await cluster.slapd.pause();
          await pause(1_500);
          await sleeper.pause();
          cluster.slapd.resume();
          await loading;
          await until(
            'what the others have to do',
            async () => (await cluster.count(awake, 'PENDING', 'RETRYING')) === 0,
            60_000,
          );
          await pause(1_000);
          asleep = (await cluster.count(awake, 'DELIVERING')) > 0;
          if (!asleep) sleeper.resume();
        }
        expect(asleep).toBe(true);
        const sleptSince = Date.now();
        if (doomed !== sleeper) {
          await cluster.load(30, [doomed, awake]);
          await doomed.kill();
        }
        for (const person of cluster.people.slice(-60)) {
          if (!person.deleted) await cluster.set(person, awake, { sn: `Late ${person.uid}` });
        }
        await pause(Math.max(0, PAST_LEASE_MS - (Date.now() - sleptSince)));
        await cluster.settled(awake, 60_000);
        await cluster.verify();

        sleeper.resume();
        await cluster.load(
          20,
          cluster.ushers.filter((usher) => usher.isRunning),
        );
        if (doomed === sleeper) await sleeper.kill();
        await cluster.settled(awake, 90_000);
        await cluster.verify();
      } finally {
        await cluster.stop();
      }
    },
    420_000,
  );
});

describeWith([SLAPD, FAKETIME], 'two processes, of which one has its clock set', () => {
  it('by an hour, forward and back, and is killed: nothing is lost, and nobody waits for an hour', async () => {
    const library = FAKETIME.paths.find((candidate) => existsSync(candidate)) ?? '';
    const probe = await startSlapd();
    const file = path.join(probe.folder, 'time');
    const set = (offset: string): void => writeFileSync(file, `${offset}\n`);
    set('+0');
    const cluster = await Cluster.start([
      {},
      {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    ]);
    try {
      const [awake, jumping] = cluster.ushers as [Usher, Usher];
      for (const offset of ['+1h', '+0', '-1h', '+0', '+1h']) {
        const loading = cluster.load(40, [awake, jumping]);
        await pause(200);
        set(offset);
        await loading;
        await pause(2_500);
      }
      const loading = cluster.load(40, [awake]);
      await pause(400);
      await jumping.kill();
      await loading;
      await cluster.settled(awake, PAST_LEASE_MS + 60_000);
      await cluster.verify();
    } finally {
      await cluster.stop();
      await probe.stop();
    }
  }, 600_000);
});
