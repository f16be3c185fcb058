/** One random history with faults, from its seed: what clients, administrators and fate do, until everything is at rest. */
import { rolloutsOf } from '../../src/domain/rollout';
import { GROUP, type ScimObject, USER } from '../../src/domain/resource';
import { type SyncAs, type SyncRule } from '../../src/domain/sync-rule';
import { type FakeEntry } from '../support/fake-connector';
import { MemoryDatabase } from '../support/memory-mongo/connection';
import { Client, type Request } from './client';
import { type Condition, SimulatedDirectory } from './directory';
import { checkEverything } from './invariants';
import { documentsOf, isAtRest, ownerOf } from './looks';
import { Known, type Thing } from './known';
import { type Break, type Ground, SimulatedProcess } from './processes';
import { Random } from './random';
import { Endless, Scheduler } from './scheduler';

export interface Damage {
  readonly engine?: Break;
  readonly database?: MemoryDatabase['tamper'];
}

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly steps: number;
}

const NAMES = ['ada', 'bob', 'cyd', 'dan', 'eve'];
const TITLES = ['staff', 'boss', 'out'];
/** Far longer than anything in {@link SimulatedProcess} takes by itself. */
const REST_MS = 120_000;

export async function runHistory(
  seed: number,
  damage: Damage = {},
  traced = false,
): Promise<Outcome> {
  const history = new History(seed, damage, traced);
  return history.scheduler.ruling(() =>
    history.run().catch((error: unknown) => {
      if (!(error instanceof Endless)) throw error;
      return { violations: [error.message], trace: [], steps: history.scheduler.steps };
    }),
  );
}

interface Doing {
  readonly process: SimulatedProcess;
  state: 'under way' | 'done' | 'failed';
  readonly undone: () => void;
}

class History {
  readonly scheduler: Scheduler;
  private readonly random: Random;
  private readonly database = new MemoryDatabase();
  private readonly directories: SimulatedDirectory[] = [];
  private readonly ground: Ground;
  private readonly known = new Known();
  private readonly client = new Client(this.known);
  private readonly processes: SimulatedProcess[] = [];
  private readonly doings = new Set<Doing>();
  private readonly trace: string[] = [];
  private readonly violations: string[] = [];
  private rules: SyncRule[] = [];
  /** Since when nothing has kept a process from hearing of what administrators did. */
  private undisturbedSince = 0;
  private serial = 0;
  private clocksHaveJumped = false;
  private hasMeddled = false;

  constructor(seed: number, damage: Damage, traced: boolean) {
    this.random = new Random(seed);
    this.scheduler = new Scheduler(this.random);
    this.database.tamper = damage.database ?? this.database.tamper;
    const trace = (line: string): void => {
      if (traced) this.trace.push(`${String(this.scheduler.now % 10_000_000)} ${line}`);
    };
    this.ground = {
      scheduler: this.scheduler,
      random: this.random,
      database: this.database,
      directories: this.directories,
      trace,
      damage: damage.engine ?? ((deps) => deps),
      defects: [],
      outage: false,
    };
  }

  async run(): Promise<Outcome> {
    await this.begin();
    for (let n = 1 + this.random.below(3); n > 0; n -= 1) this.createUser();
    await this.pass(10 + this.random.below(40));
    this.createGroup();
    await this.pass(10 + this.random.below(20));
    const length = 3 + this.random.below(9);
    for (let step = 0; step < length; step += 1) {
      this.act();
      await this.pass();
    }
    await this.heal();
    const violations = [
      ...this.ground.defects,
      ...this.violations,
      ...this.directories.flatMap((one) => one.violations),
    ];
    return { violations, trace: this.trace.map(withoutIds), steps: this.scheduler.steps };
  }

  private async begin(): Promise<void> {
    const { random, scheduler } = this;
    const around = {
      scheduler,
      random,
      clocksAgree: () => !this.clocksHaveJumped,
      sent: (directory: SimulatedDirectory, operation: string) => this.sent(directory, operation),
      made: (directory: SimulatedDirectory, operation: string, entry: FakeEntry) =>
        this.made(directory, operation, entry),
      trace: this.ground.trace,
    };
    const targets = random.chance(0.6) ? 1 : 2;
    for (let n = 0; n < targets; n += 1) {
      const options = {
        id: `directory${n}`,
        keepsOwner: random.chance(0.5),
        membersByReference: random.chance(0.5),
      };
      this.directories.push(new SimulatedDirectory(options, around));
    }
    this.start();
    if (random.chance(0.5)) this.start();
    if (random.chance(0.2)) this.start();
    const [first] = this.processes;
    if (!first) throw new Error('No process');
    await this.awaited(first, async () => {
      for (const directory of this.directories) {
        const { id } = directory.options;
        const draft = { name: id ?? '', connector: id ?? '', settings: {}, secrets: {} };
        directory.targetId = (await first.store.targets.insert(draft)).id;
        if (random.chance(0.3)) this.known.foreign(directory.plant('user', random.pick(NAMES)));
      }
      for (let n = random.chance(0.75) ? 1 : 2; n > 0; n -= 1) {
        const syncAs = this.directories.map(({ targetId }) => this.syncAs(targetId));
        const rule = await first.store.syncRules.insert({ name: `r${n}`, enabled: true, syncAs });
        this.rules.push(rule);
        this.known.ruled(rule);
      }
    });
  }

  private syncAs(targetId: string): SyncAs {
    const { random } = this;
    const policies = ['DELETE', 'DISABLE', 'KEEP'] as const;
    return {
      targetId,
      onDeactivate: random.pick(policies),
      onDelete: random.chance(0.5) ? 'DELETE' : random.pick(policies),
      correlation: { attributes: [], policy: random.chance(0.3) ? 'ADOPT' : 'FAIL' },
      ...(random.chance(0.4) ? { scopeFilter: 'title ne "out"' } : {}),
    };
  }

  private start(): SimulatedProcess {
    const process = new SimulatedProcess(`p${(this.serial += 1)}`, this.ground);
    this.processes.push(process);
    process.does(async () => process.engine.start());
    return process;
  }

  /** Mostly the next thing happens in the midst of what the last one brought about. */
  private async pass(ms?: number): Promise<void> {
    const { random, scheduler } = this;
    if (ms !== undefined) {
      await scheduler.run(() => false, ms);
    } else if (random.chance(0.6)) {
      const end = scheduler.steps + random.below(60);
      await scheduler.run(() => scheduler.steps >= end, 1_000);
    } else {
      await scheduler.run(() => false, random.below(random.chance(0.3) ? 7_000 : 150));
    }
  }

  /** Something asked of a process. */
  private ask(process: SimulatedProcess, { carriedOut, undone = () => undefined }: Request) {
    const doing: Doing = { process, state: 'under way', undone };
    this.doings.add(doing);
    process.does(() =>
      carriedOut(process).then(
        () => {
          doing.state = 'done';
          this.doings.delete(doing);
        },
        (error: unknown) => {
          this.ground.trace(`${process.name} failed: ${String(error)}`);
          doing.state = 'failed';
          this.doings.delete(doing);
          undone();
        },
      ),
    );
    return doing;
  }

  private async awaited(process: SimulatedProcess, what: () => Promise<void>): Promise<void> {
    const doing = this.ask(process, { carriedOut: what });
    await this.scheduler.run(() => doing.state !== 'under way', 60_000);
    if (doing.state !== 'done') throw new Error('The beginning or the end of a history failed');
  }

  private act(): void {
    const { random } = this;
    const actions: readonly (readonly [number, () => void])[] = [
      [18, () => this.createUser()],
      [22, () => this.changeUser()],
      [8, () => this.remove(USER)],
      [7, () => this.createGroup()],
      [16, () => this.changeMembers()],
      [2, () => this.renameGroup()],
      [2, () => this.remove(GROUP)],
      [4, () => this.switchRule()],
      [4, () => this.pauseTarget()],
      [4, () => this.changeRule()],
      [3, () => this.changeTarget()],
      [2, () => this.retry()],
      [10, () => this.changeConditions()],
      [6, () => this.crash()],
      [3, () => this.stop()],
      [3, () => this.breakDatabase()],
      [2, () => this.setClock()],
      [4, () => this.meddle()],
    ];
    const total = actions.reduce((sum, [weight]) => sum + weight, 0);
    let at = random.below(total);
    for (const [weight, action] of actions) {
      if ((at -= weight) < 0) return action();
    }
  }

  private get well(): SimulatedProcess {
    const some = this.processes.filter(({ isWell }) => isWell);
    return some.length > 0 ? this.random.pick(some) : this.start();
  }

  private createUser(): void {
    const { random, well: process } = this;
    const rule = random.pick(this.rules);
    const attributes = {
      userName: random.pick(NAMES),
      title: random.pick(TITLES),
      active: random.chance(0.9),
    };
    this.ask(process, this.client.create({ rule, resourceType: USER, attributes, members: [] }));
  }

  private createGroup(): void {
    const { random, well: process } = this;
    const rule = random.pick(this.rules);
    const members = this.known.some(rule.id, USER).filter(() => random.chance(0.5));
    const attributes = { displayName: random.pick(['staff', 'all']) };
    this.ask(process, this.client.create({ rule, resourceType: GROUP, attributes, members }));
  }

  private changeUser(): void {
    const { random } = this;
    const user = this.free(USER);
    if (!user) return;
    const change = random.pick<ScimObject>([
      { title: random.pick(TITLES) },
      { userName: random.pick(NAMES) },
      { active: random.chance(0.4) },
    ]);
    this.ask(this.well, this.client.change(user, change));
  }

  private renameGroup(): void {
    const group = this.free(GROUP);
    if (!group) return;
    const change = { displayName: this.random.pick(['staff', 'all', 'none']) };
    this.ask(this.well, this.client.change(group, change));
  }

  private remove(resourceType: string): void {
    const thing = this.free(resourceType);
    if (!thing) return;
    this.ask(this.well, this.client.remove(thing));
  }

  private changeMembers(): void {
    const { random, well: process } = this;
    const group = random.chance(0.9) ? this.free(GROUP) : undefined;
    if (!group) return;
    const users = this.known.some(group.scope.ruleId, USER).filter(() => random.chance(0.5));
    if (users.length === 0) return;
    const add = users.filter(() => random.chance(0.6));
    const remove = users.filter((user) => !add.includes(user));
    const replaceAll = random.chance(0.15);
    const delta = {
      replaceAll,
      add: add.map(({ id }) => id),
      remove: replaceAll ? [] : remove.map(({ id }) => id),
    };
    this.ask(process, this.client.changeMembers(group, delta));
  }

  /** A live resource that nobody is changing. */
  private free(resourceType: string): Thing | undefined {
    const rule = this.random.pick(this.rules);
    const some = this.known.some(rule.id, resourceType).filter(({ isBusy }) => !isBusy);
    return some.length > 0 ? this.random.pick(some) : undefined;
  }

  private switchRule(): void {
    const { well: process } = this;
    const rule = this.random.pick(this.rules);
    const enabled = !this.known.isEnabled(rule.id);
    this.known.enabling(rule.id, enabled);
    this.ask(process, {
      carriedOut: async () => {
        await process.store.syncRules.setEnabled(rule.id, enabled);
        this.known.enabled(rule.id, enabled, this.scheduler.now);
        if (enabled) await process.engine.control.ruleEnabled(rule.id);
      },
    });
  }

  private pauseTarget(): void {
    const { well: process } = this;
    const { targetId } = this.random.pick(this.directories);
    const paused = !this.known.isPaused(targetId);
    this.known.resuming(targetId);
    this.ask(process, {
      carriedOut: async () => {
        await process.store.targets.setPaused(targetId, paused);
        this.known.paused(targetId, paused, this.scheduler.now);
        process.engine.control.targetChanged(targetId);
      },
    });
  }

  private changeRule(): void {
    const { random, well: process } = this;
    const { id } = random.pick(this.rules);
    this.ask(process, {
      carriedOut: async () => {
        const rule = await process.store.syncRules.find(id);
        if (!rule) return;
        const after = rule.syncAs.map((one) =>
          random.chance(0.7) ? this.syncAs(one.targetId) : one,
        );
        this.known.ruled({ ...rule, syncAs: after });
        const now = new Date();
        const rollouts = rolloutsOf(rule.syncAs, after, 'KEEP', now);
        const changed = await process.store.syncRules.update(rule, { syncAs: after, rollouts });
        if (changed) process.engine.control.ruleChanged(id);
      },
    });
  }

  private changeTarget(): void {
    const { random, well: process } = this;
    const { targetId } = random.pick(this.directories);
    this.ask(process, { carriedOut: () => redeliver(process, targetId, random.below(1_000)) });
  }

  private retry(): void {
    const { well: process } = this;
    const bindings = [...this.database.collection('bindings').documents.keys()];
    if (bindings.length === 0) return;
    const id = this.random.pick(bindings);
    this.ask(process, {
      carriedOut: async () => void (await process.engine.control.retry(id)),
    });
  }

  private changeConditions(): void {
    const conditions: readonly Condition[] = ['well', 'well', 'down', 'slow', 'flaky', 'mad'];
    const directory = this.random.pick(this.directories);
    directory.condition = this.random.pick(conditions);
    this.ground.trace(`${directory.options.id} is ${directory.condition}`);
  }

  private crash(): void {
    const some = this.processes.filter(({ dead }) => !dead);
    if (some.length === 0) return;
    const process = this.random.pick(some);
    this.ground.trace(`${process.name} dies`);
    process.dead = true;
    for (const doing of [...this.doings]) {
      if (doing.process !== process) continue;
      this.doings.delete(doing);
      doing.undone();
    }
    this.processes.splice(this.processes.indexOf(process), 1);
    if (this.random.chance(0.8)) this.start();
  }

  /** A process is stopped, perhaps for longer than its leases last, and goes on. */
  private stop(): void {
    const process = this.well;
    process.paused = true;
    this.ground.trace(`${process.name} stops`);
    this.scheduler.later(this.random.below(15_000), undefined, () => {
      this.disturbed();
      this.ground.trace(`${process.name} goes on`);
      this.scheduler.resume(process);
    });
  }

  private breakDatabase(): void {
    this.ground.outage = true;
    this.ground.trace('the database is out');
    this.scheduler.later(this.random.below(9_000), undefined, () => {
      this.disturbed();
      this.ground.outage = false;
    });
  }

  private setClock(): void {
    this.clocksHaveJumped = true;
    this.disturbed();
    this.well.skew = this.random.below(40_000) - 20_000;
  }

  /** Somebody changes an entry by hand, or a name is taken. */
  private meddle(): void {
    const { random } = this;
    const directory = random.pick(this.directories);
    if (random.chance(0.2)) {
      const name = random.pick(NAMES);
      if (!directory.user(name)) this.known.foreign(directory.plant('user', name));
      return;
    }
    const bound = [...this.database.collection('bindings').documents.values()].filter(
      ({ targetId, resourceId }) =>
        targetId === directory.targetId && this.known.isLive(String(resourceId)),
    );
    const references = bound.map(({ reference }) => String(reference));
    const entries = references.flatMap((one) => directory.entries.get(one) ?? []);
    if (entries.length === 0) return;
    const entry = random.pick(entries);
    this.hasMeddled = true;
    this.ground.trace(`${directory.options.id} ${entry.reference} is changed by hand`);
    if (random.chance(0.4)) directory.vanish(entry);
    else if (entry.kind === 'group') return;
    else if (random.chance(0.3)) entry.attributes = { ...entry.attributes, title: ['by hand'] };
    else if (random.chance(0.5)) entry.active = !entry.active;
    else {
      entry.name = `hand${(this.serial += 1)}`;
      entry.attributes = { ...entry.attributes, uid: [entry.name] };
    }
  }

  private disturbed(): void {
    this.undisturbedSince = this.scheduler.now;
  }

  /** What is paused gets nothing, once every process has had the time to hear of it. */
  private sent(directory: SimulatedDirectory, operation: string): void {
    const since = this.known.pausedSince(directory.targetId);
    if (since === undefined || this.ground.outage || this.processes.some(({ paused }) => paused))
      return;
    if (this.scheduler.now < Math.max(since, this.undisturbedSince) + HEARD_MS) return;
    this.violations.push(`${operation} is sent to a target that has been paused for long`);
  }

  private made(directory: SimulatedDirectory, operation: string, entry: FakeEntry): void {
    const owner = ownerOf(this.database, directory, entry);
    const wrong = this.known.judge(directory, operation, entry, owner);
    if (wrong !== undefined) this.violations.push(wrong);
    const since = owner === undefined ? undefined : this.known.disabledSince(owner);
    if (since === undefined || this.ground.outage || this.processes.some(({ paused }) => paused))
      return;
    if (this.scheduler.now < Math.max(since, this.undisturbedSince) + HEARD_MS) return;
    this.violations.push(`${operation} is done for a rule that has been disabled for long`);
  }

  /** Faults end; administrators do what is theirs; and everything has to be as the rules say. */
  private async heal(): Promise<void> {
    this.ground.trace('faults end');
    for (const directory of this.directories) directory.condition = 'well';
    this.ground.outage = false;
    for (const process of this.processes) {
      process.skew = 0;
      this.scheduler.resume(process);
    }
    // As many processes cost more than they find: mostly one brings everything to its end.
    const process = this.processes[0] ?? this.start();
    if (this.random.chance(0.7)) for (const other of this.processes) other.dead = other !== process;
    await this.pass(200);
    for (const doing of [...this.doings]) doing.undone();
    await this.awaited(process, async () => {
      const { store, engine } = process;
      for (const { id } of this.rules) {
        await store.syncRules.setEnabled(id, true);
        this.known.enabled(id, true, 0);
        await engine.control.ruleEnabled(id);
      }
      for (const { targetId } of this.directories) {
        await store.targets.setPaused(targetId, false);
        this.known.paused(targetId, false, 0);
        if (this.hasMeddled) await redeliver(process, targetId, -1);
      }
    });
    await this.rest();
    for (let round = 0; round < 3; round += 1) {
      const parked = documentsOf(this.database, 'bindings').filter(
        ({ state }) => state === 'PARKED',
      );
      if (parked.length === 0) break;
      await this.awaited(process, async () => {
        for (const { _id } of parked) await process.engine.control.retry(String(_id));
      });
      await this.rest();
    }
    const found = { database: this.database, directories: this.directories, known: this.known };
    this.violations.push(...checkEverything(found));
  }

  private async rest(): Promise<void> {
    const atRest = (): boolean => isAtRest(this.database);
    if (!(await this.scheduler.run(atRest, REST_MS))) {
      this.violations.push('It does not come to rest');
    }
    // What is under way beside, an announcement for example, is over soon.
    await this.pass(100);
    if (!atRest()) await this.scheduler.run(atRest, REST_MS);
  }
}

/** By then every process has heard of it and has finished what it had begun. */
const HEARD_MS = 12_000;

async function redeliver(process: SimulatedProcess, targetId: string, n: number): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const target = await process.store.targets.find(targetId);
    if (!target) return;
    const change = { settings: { n }, rollOut: true };
    if (await process.store.targets.update(target, change)) break;
  }
  process.engine.control.targetChanged(targetId);
}

/** Ids are new each time; everything else in a history follows from its seed. */
function withoutIds(line: string): string {
  return line.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '');
}
