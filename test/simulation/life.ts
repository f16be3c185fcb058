/** One life of some users and a group, the same each time, in which processes die where fate has it. */
import { ChainVerifier } from '../../src/domain/audit-chain';
import { GUARD_DEFAULTS } from '../../src/domain/guard';
import { GROUP, type ScimObject, USER } from '../../src/domain/resource';
import { rolloutsOf } from '../../src/domain/rollout';
import { type SyncAs, type SyncRule } from '../../src/domain/sync-rule';
import { toEvent } from '../../src/store/audit-trail';
import { type AuditEventDocument } from '../../src/store/models/audit.model';
import { type FakeEntry } from '../support/fake-connector';
import { MemoryDatabase } from '../support/memory-mongo/connection';
import { type Document } from '../support/memory-mongo/values';
import { Client, type Request } from './client';
import { SimulatedDirectory } from './directory';
import { type Fate } from './fate';
import { checkEverything } from './invariants';
import { Known, type Thing } from './known';
import { documentsOf, isAtRest, ownerOf } from './looks';
import { type Break, SimulatedProcess } from './processes';
import { Random } from './random';
import { Scheduler } from './scheduler';

const REST_MS = 120_000;
/** By then everything that happens from time to time has happened. */
const AFTERWARDS_MS = 25_000;
/** So many processes may die over one request. */
const MOST_DEATHS = 8;

/** So many times everything comes to rest after the last death before a life ends. */
const RESTS_AFTER_DEATH = 2;

/** Names of directories with what is in them. */
export type Entries = Readonly<Record<string, readonly string[]>>;

export interface Ending {
  readonly violations: readonly string[];
  /** What was in the directories each time that everything had come to rest. */
  readonly seen: readonly Entries[];
}

/** Somebody died, and it has been seen what came of that. */
class Enough extends Error {}

export function runLife(fate: Fate, damage: Break = (deps) => deps): Promise<Ending> {
  const life = new Life(fate, damage);
  return life.scheduler.ruling(() => life.run());
}

class Life {
  readonly scheduler: Scheduler;
  private readonly random = new Random(1);
  private readonly database = new MemoryDatabase();
  private readonly known = new Known();
  private readonly client = new Client(this.known);
  private readonly violations: string[] = [];
  private readonly byName: SimulatedDirectory;
  private readonly byReference: SimulatedDirectory;
  private process: SimulatedProcess;
  private rule: SyncRule | undefined;
  private serial = 0;
  private readonly seen: Entries[] = [];
  private restsAfterDeath = 0;

  constructor(
    private readonly fate: Fate,
    private readonly damage: Break,
  ) {
    this.scheduler = new Scheduler(this.random);
    const around = {
      scheduler: this.scheduler,
      random: this.random,
      clocksAgree: () => true,
      sent: () => undefined,
      made: (directory: SimulatedDirectory, operation: string, entry: FakeEntry) => {
        const owner = ownerOf(this.database, directory, entry);
        const wrong = this.known.judge(directory, operation, entry, owner);
        if (wrong !== undefined) this.violations.push(wrong);
      },
      trace: () => undefined,
      fate,
    };
    const [names, ids] = [
      { id: 'names', keepsOwner: false, membersByReference: false },
      { id: 'ids', keepsOwner: true, membersByReference: true },
    ];
    this.byName = new SimulatedDirectory(names, around);
    this.byReference = new SimulatedDirectory(ids, around);
    this.process = this.start();
  }

  async run(): Promise<Ending> {
    await this.begin();
    await this.live().catch((error: unknown) => {
      if (!(error instanceof Enough)) throw error;
    });
    await this.scheduler.run(() => false, AFTERWARDS_MS);
    await this.comeToRest();
    const { database, known } = this;
    const directories = [this.byName, this.byReference];
    const unsure = [...known.things.values()].filter(({ states }) => states.length !== 1);
    return {
      violations: [
        ...this.violations,
        ...directories.flatMap((one) => one.violations),
        ...unsure.map(({ id }) => `${id} was not settled`),
        ...checkEverything({ database, directories, known }),
        ...this.checkAudit(),
      ],
      seen: [...this.seen.slice(0, -1), this.look()],
    };
  }

  private async live(): Promise<void> {
    await this.users();
    await this.group();
    await this.trouble();
    await this.administration();
    await this.guarded();
    await this.end();
  }

  private look(): Entries {
    const directories = [this.byName, this.byReference];
    return Object.fromEntries(directories.map((one) => [one.options.id, entriesOf(one)]));
  }

  /** Nobody dies yet. */
  private async begin(): Promise<void> {
    await this.asked(() => ({
      carriedOut: async ({ store }) => {
        for (const directory of [this.byName, this.byReference]) {
          const id = directory.options.id ?? '';
          const draft = { name: id, connector: id, settings: {}, secrets: {} };
          directory.targetId = (await store.targets.insert(draft)).id;
        }
        const rule = await store.syncRules.insert({
          name: 'life',
          enabled: true,
          syncAs: this.policies('DISABLE'),
          guard: { ...GUARD_DEFAULTS, protectedUsers: 'title eq "vip"' },
        });
        this.rule = rule;
        this.known.ruled(rule);
      },
    }));
    this.fate.begins();
  }

  private policies(onDeactivate: 'DISABLE' | 'DELETE'): readonly SyncAs[] {
    const correlation = { attributes: [], policy: 'FAIL' } as const;
    return [
      {
        targetId: this.byName.targetId,
        ...{ onDeactivate, onDelete: 'DELETE', correlation },
        scopeFilter: 'title ne "out"',
      },
      {
        targetId: this.byReference.targetId,
        ...{ onDeactivate: 'DELETE', onDelete: 'DELETE' },
        correlation: { attributes: [], policy: 'ADOPT' },
      },
    ];
  }

  private async users(): Promise<void> {
    this.known.foreign(this.byReference.plant('user', 'ada'));
    await this.created('ada');
    await this.created('bob');
    await this.changed('ada', { title: 'boss' });
    await this.changed('bob', { userName: 'rob' });
    await this.changed('ada', { active: false });
    await this.changed('ada', { active: true });
    await this.changed('rob', { title: 'out' });
    await this.changed('rob', { title: 'staff' });
  }

  private async group(): Promise<void> {
    await this.created('cyd');
    const members = [this.user('ada'), this.user('rob')];
    await this.asked(() => this.creation(GROUP, { displayName: 'staff' }, members));
    await this.rest();
    await this.regrouped({ add: ['cyd'], remove: ['ada'] });
    await this.changed('cyd', { userName: 'sid' });
    await this.asked(() => this.client.change(this.staff, { displayName: 'all' }));
    await this.rest();
    await this.changed('rob', { active: false });
    await this.changed('rob', { active: true });
  }

  /** Entries that vanish, names that are taken, directories that are down. */
  private async trouble(): Promise<void> {
    const entry = this.byName.user('rob');
    if (entry) this.byName.vanish(entry);
    await this.changed('rob', { title: 'boss' });
    const stranger = this.byName.plant('user', 'eve');
    await this.created('eve');
    this.byName.vanish(stranger);
    await this.retried('eve');
    this.byReference.condition = 'down';
    await this.asked(() => this.client.change(this.user('eve'), { userName: 'eva' }));
    await this.scheduler.run(() => false, 1_000);
    this.byReference.condition = 'well';
    await this.rest();
  }

  private async administration(): Promise<void> {
    await this.enabled(false);
    await this.asked(() => this.client.change(this.user('sid'), { title: 'boss' }));
    await this.scheduler.run(() => false, 1_000);
    await this.enabled(true);
    await this.rest();
    await this.paused(true);
    await this.asked(() => this.client.change(this.user('sid'), { title: 'staff' }));
    await this.scheduler.run(() => false, 1_000);
    await this.paused(false);
    await this.rest();
    await this.changed('eva', { active: false });
    await this.asked(() => ({ carriedOut: (process) => this.changePolicies(process) }));
    await this.rest();
  }

  /** Whom a guard protects is held, and goes when an administrator says so. */
  private async guarded(): Promise<void> {
    await this.created('dan', 'vip');
    await this.regrouped({ add: ['dan'], remove: [] });
    const dan = this.user('dan');
    await this.asked(() => this.client.remove(dan));
    await this.rest();
    const { held } = this;
    if (held.length !== 2) this.violations.push(`${String(held.length)} bindings are held`);
    await this.asked(() => ({
      carriedOut: async ({ engine }) =>
        void (await engine.control.guardDecided({
          ruleId: dan.scope.ruleId,
          verdict: 'APPROVED',
          by: 'somebody',
          bindingIds: held.map(({ _id }) => String(_id)),
        })),
    }));
    await this.rest();
  }

  private get held(): readonly Document[] {
    return documentsOf(this.database, 'bindings').filter(({ state }) => state === 'HELD');
  }

  private async end(): Promise<void> {
    const rob = this.user('rob');
    await this.asked(() => this.client.remove(rob));
    await this.rest();
    await this.created('rob');
    await this.regrouped({ add: ['rob'], remove: [] });
    const { staff } = this;
    await this.created('fay');
    await this.asked(() => this.creation(GROUP, { displayName: 'few' }, [this.user('fay')]));
    await this.rest();
    const [few] = this.known.some(staff.scope.ruleId, GROUP).filter(({ id }) => id !== staff.id);
    if (few) await this.asked(() => this.client.remove(few));
    await this.rest();
  }

  private async created(userName: string, title = 'staff'): Promise<void> {
    await this.asked(() => this.creation(USER, { userName, title, active: true }, []));
    await this.rest();
  }

  private async changed(userName: string, change: ScimObject): Promise<void> {
    const user = this.user(userName);
    await this.asked(() => this.client.change(user, change));
    await this.rest();
  }

  private async regrouped(names: { readonly add: string[]; readonly remove: string[] }) {
    const ids = (all: readonly string[]): string[] => all.map((name) => this.user(name).id);
    const delta = { replaceAll: false, add: ids(names.add), remove: ids(names.remove) };
    await this.asked(() => this.client.changeMembers(this.staff, delta));
    await this.rest();
  }

  private async retried(userName: string): Promise<void> {
    const id = `${this.byName.targetId}:${this.user(userName).id}`;
    await this.asked(() => ({
      carriedOut: async ({ engine }) => void (await engine.control.retry(id)),
    }));
    await this.rest();
  }

  private enabled(enabled: boolean): Promise<void> {
    const id = this.theRule.id;
    return this.asked(() => ({
      carriedOut: async ({ store, engine }) => {
        await store.syncRules.setEnabled(id, enabled);
        if (enabled) await engine.control.ruleEnabled(id);
      },
    }));
  }

  private paused(paused: boolean): Promise<void> {
    const { targetId } = this.byName;
    return this.asked(() => ({
      carriedOut: async ({ store, engine }) => {
        await store.targets.setPaused(targetId, paused);
        engine.control.targetChanged(targetId);
      },
    }));
  }

  private async changePolicies({ store, engine }: SimulatedProcess): Promise<void> {
    const rule = await store.syncRules.find(this.theRule.id);
    if (!rule) throw new Error('The rule has gone');
    const syncAs = this.policies('DELETE');
    this.known.ruled({ ...rule, syncAs });
    const rollouts = rolloutsOf(rule.syncAs, syncAs, 'KEEP', new Date());
    if (await store.syncRules.update(rule, { syncAs, rollouts }))
      engine.control.ruleChanged(rule.id);
  }

  /** Who asks again after a process died over it looks first whether it is there. */
  private creation(
    resourceType: string,
    attributes: ScimObject,
    members: readonly Thing[],
  ): Request {
    const rule = this.theRule;
    const name = resourceType === USER ? 'userName' : 'displayName';
    const there = documentsOf(this.database, 'resources').find(
      ({ live, resourceType: type, attributes: its }) =>
        live === true && type === resourceType && (its as ScimObject)[name] === attributes[name],
    );
    if (!there) return this.client.create({ rule, resourceType, attributes, members });
    return {
      carriedOut: async ({ store }) => {
        const found = await store.resources.find(
          { ruleId: rule.id, resourceType },
          String(there['_id']),
        );
        if (found) this.known.made(found, members);
      },
    };
  }

  private get theRule(): SyncRule {
    if (!this.rule) throw new Error('There is no rule');
    return this.rule;
  }

  private user(userName: string): Thing {
    const users = this.known.some(this.theRule.id, USER);
    const user = users.find(({ last }) => last['userName'] === userName);
    if (!user) throw new Error(`There is no ${userName}`);
    return user;
  }

  /** The group that stays. */
  private get staff(): Thing {
    const [group] = this.known.some(this.theRule.id, GROUP);
    if (!group) throw new Error('There is no group');
    return group;
  }

  private start(): SimulatedProcess {
    const { scheduler, random, database, fate } = this;
    const process = new SimulatedProcess(`p${String((this.serial += 1))}`, {
      ...{ scheduler, random, database, fate },
      directories: [this.byName, this.byReference],
      trace: () => undefined,
      damage: this.damage,
      defects: this.violations,
      outage: false,
    });
    process.does(async () => process.engine.start());
    return process;
  }

  private get living(): SimulatedProcess {
    if (this.process.dead) this.process = this.start();
    return this.process;
  }

  /** Asks again, as clients do, while processes die over it. */
  private async asked(make: () => Request): Promise<void> {
    for (let deaths = 0; deaths < MOST_DEATHS; deaths += 1) {
      const process = this.living;
      const { carriedOut, undone } = make();
      let outcome: 'open' | 'done' | { readonly error: unknown } = 'open';
      process.does(() =>
        carriedOut(process).then(
          () => void (outcome = 'done'),
          (error: unknown) => void (outcome = { error }),
        ),
      );
      const isOver = (): boolean => outcome !== 'open' || process.dead;
      await this.scheduler.run(isOver, REST_MS);
      if ((outcome as string) === 'done') return;
      undone?.();
      // The name may be that of somebody whose creation a death cut short: it is completed soon.
      if (!process.dead) await this.scheduler.run(() => process.dead, 2_000);
    }
    throw new Error('A request cannot be fulfilled');
  }

  private async rest(): Promise<void> {
    await this.comeToRest();
    this.seen.push(this.look());
    if (!this.fate.isFulfilled) return;
    this.restsAfterDeath += 1;
    // What a guard holds is not yet as it is to be.
    if (this.restsAfterDeath >= RESTS_AFTER_DEATH && this.held.length === 0) throw new Enough();
  }

  private async comeToRest(): Promise<void> {
    for (let deaths = 0; deaths < MOST_DEATHS; deaths += 1) {
      const process = this.living;
      const isOver = (): boolean => process.dead || isAtRest(this.database);
      if (!(await this.scheduler.run(isOver, REST_MS))) break;
      // What is under way beside is over soon.
      await this.scheduler.run(() => process.dead, 200);
      if (!process.dead && isAtRest(this.database)) return;
    }
    this.violations.push('It does not come to rest');
  }

  /** Every change has its event, once; nothing waits to be recorded; the chain holds. */
  private checkAudit(): readonly string[] {
    const events = documentsOf(this.database, 'audit_events')
      .map((document) => toEvent(document as unknown as AuditEventDocument))
      .sort((one, other) => one.seq - other.seq);
    const verifier = new ChainVerifier();
    const broken = events.flatMap((event) => verifier.next(event) ?? []);
    const waiting = ['bindings', 'resources'].flatMap((name) =>
      documentsOf(this.database, name).filter(({ notedAt }) => notedAt !== undefined),
    );
    const changes = new Map<string, number[]>();
    for (const { category, resource, generation } of events) {
      if (category !== 'CHANGE' || !resource) continue;
      changes.set(resource.id, [...(changes.get(resource.id) ?? []), generation ?? 0]);
    }
    const gaps = [...this.known.things.keys()].flatMap((id) => {
      const generations = changes.get(id) ?? [];
      const isWhole =
        generations.length > 0 && generations.every((one, index) => one === index + 1);
      return isWhole ? [] : [`${id} has events of ${generations.join()}`];
    });
    return [...broken, ...waiting.map(({ _id }) => `${String(_id)} is not recorded`), ...gaps];
  }
}

function entriesOf(directory: SimulatedDirectory): readonly string[] {
  const names = new Map(
    [...directory.entries.values()].map(({ reference, name }) => [reference, name]),
  );
  return [...directory.entries.values()]
    .map(({ kind, name, attributes, active, members }) =>
      kind === 'group'
        ? `${name}: ${[...members]
            .map((one) => names.get(one) ?? one)
            .sort()
            .join(', ')}`
        : `${name} ${attributes['title']?.join() ?? ''} ${active ? 'active' : 'disabled'}`,
    )
    .sort();
}
