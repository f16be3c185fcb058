/** Simulated processes: the real engine on the real store, over a database in memory that all of them share. */
import { randomBytes } from 'node:crypto';
import { Profiles } from '../../src/domain/profile';
import { standardSchemas } from '../../src/domain/standard-schemas';
import {
  createDeliveryEngine,
  type DeliveryEngine,
  type DeliveryEngineDeps,
} from '../../src/delivery/engine';
import { type EngineTimes } from '../../src/delivery/times';
import { type Store, storeOn } from '../../src/store/store';
import { type Steps } from '../support/memory-mongo/collection';
import { type Courier, type MemoryDatabase } from '../support/memory-mongo/connection';
import { type SimulatedDirectory } from './directory';
import { type Fate, pointOf, survives, withPoints } from './fate';
import { type Random } from './random';
import { type Owner, type Scheduler } from './scheduler';

/** As in life, but ten times as fast, so that leases end and deadlines pass within a short history. */
const TIMES: EngineTimes = {
  leaseMs: 6_000,
  idleMs: 2_000,
  correctMs: 20_000,
  refreshMs: 3_000,
  pollMs: 1_500,
  pendingAgeMs: 100,
  pollAllMs: 10_000,
  gatherMs: 20,
  auditGatherMs: 100,
  housekeepingMs: 8_000,
  reviewAgeMs: 300,
  tombstoneAgeMs: 60_000,
  rolloutIdleMs: 2_500,
  rolloutStepMs: 100,
  rolloutSettleMs: 1_500,
  rolloutRoundMs: 1_000,
  operationIdleMs: 3_000,
  scheduleMs: 5_000,
  operationPollMs: 1_000,
  operationAgeMs: 60_000,
  drainMs: 500,
  giveUpMs: 200,
  retry: { firstMs: 100, longestMs: 4_000 },
  breaker: { firstMs: 100, longestMs: 2_000 },
  call: { deadlineMs: 3_000, graceMs: 100 },
};

/** Anything the engine is given, changed: how a test breaks it on purpose. */
export type Break = (deps: DeliveryEngineDeps) => DeliveryEngineDeps;

export interface Ground {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly database: MemoryDatabase;
  readonly directories: readonly SimulatedDirectory[];
  readonly trace: (line: string) => void;
  readonly damage: Break;
  /** What the simulation itself cannot do. */
  readonly defects: string[];
  /** Nobody reaches the database. */
  outage: boolean;
  /** Where processes die; absent: nowhere in particular. */
  readonly fate?: Fate;
}

const KEY = randomBytes(32);

export class SimulatedProcess implements Owner {
  dead = false;
  paused = false;
  skew = 0;
  readonly store: Store;
  readonly engine: DeliveryEngine;

  constructor(
    readonly name: string,
    private readonly ground: Ground,
  ) {
    const clock = ground.scheduler.clockOf(this);
    const store = storeOn(ground.database.connect(this.courier()), KEY, () => clock.now());
    this.store = ground.fate ? withPoints(store) : store;
    const types = ground.directories.map((directory) => directory.typeFor(this));
    this.engine = createDeliveryEngine(
      ground.damage({
        resources: this.store.resources,
        journal: this.store.memberships,
        rules: this.store.syncRules,
        targets: this.store.targets,
        queue: this.store.bindings,
        fanOut: this.store.fanOut,
        deltas: this.store.membershipDeltas,
        rollouts: this.store.rollouts,
        guards: this.store.guards,
        held: this.store.heldBindings,
        amounts: this.store.guardedAmounts,
        operations: this.store.operations,
        sweeps: this.store.sweeps,
        bindings: this.store.bindings,
        tokens: this.store.tokens,
        choices: this.store.otpChoices,
        reviews: this.store.ruleReviews,
        registry: { get: (id) => types.find((type) => type.id === id), all: () => types },
        schemas: () => standardSchemas,
        profiles: new Profiles(
          () => standardSchemas,
          (id) => id,
        ),
        workers: 4,
        dataDir: '.',
        log: (level, message, fields) => {
          if (level === 'error') ground.trace(`${name} ${message} ${JSON.stringify(fields)}`);
          const { error } = (fields ?? {}) as { readonly error?: unknown };
          if (error === 'NotKnown' || error === 'TypeError')
            ground.defects.push(JSON.stringify(fields));
        },
        references: this.store.entryReferences,
        audit: { ...this.store.audit, retentionDays: 400 },
        clock,
        times: TIMES,
      }),
    );
  }

  get isWell(): boolean {
    return !this.dead && !this.paused;
  }

  /** Something that happens in this process. */
  does(what: () => Promise<void>): void {
    this.ground.scheduler.soon(this, () => void what());
  }

  /**
   * A command reaches the database sooner or later, also when its sender dies meanwhile, or not then. Between the steps of
   * one that concerns several documents others may come.
   */
  private courier(): Courier {
    const { ground } = this;
    const { scheduler, random } = ground;
    return {
      carry: <Answer>(name: string, steps: () => Steps<Answer>) =>
        new Promise<Answer>((resolve, reject) => {
          const point = pointOf(name);
          const refuse = (): void =>
            scheduler.soon(this, () => reject(new Error('The database does not answer')));
          scheduler.later(random.chance(0.9) ? 0 : random.below(10), undefined, () => {
            if (this.dead && random.chance(0.5)) return;
            if (!survives(ground.fate, this, point, 'before')) return;
            const isOut = ground.outage;
            if (isOut && random.chance(0.8)) return refuse();
            const running = steps();
            const goOn = (): void => {
              try {
                for (let step = running.next(); ; step = running.next()) {
                  if (step.done) {
                    const { value } = step;
                    ground.trace(`${this.name} ${name}`);
                    if (!survives(ground.fate, this, point, 'after')) return;
                    // It was carried out, and nobody heard of it.
                    if (isOut) return refuse();
                    return scheduler.soon(this, () => resolve(value));
                  }
                  if (random.chance(0.3)) return scheduler.soon(undefined, goOn);
                }
              } catch (error) {
                // Only keys that are taken are an answer; everything else is a defect of the simulation.
                const failure = error as Error & { readonly code?: unknown };
                const { code, message } = failure;
                if (code === undefined) ground.defects.push(`${name}: ${message}`);
                if (!survives(ground.fate, this, point, 'after')) return;
                scheduler.soon(this, () => reject(failure));
              }
            };
            goOn();
          });
        }),
    };
  }
}
