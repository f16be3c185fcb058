/** A gateway without its doors: the real store, the real engine, and directories in memory. */
import { randomBytes } from 'node:crypto';
import { type FakeDirectory } from '../../support/fake-connector';
import { type Binding } from '../../../src/domain/binding';
import { type Operation, type OperationDraft } from '../../../src/domain/operation';
import {
  GROUP,
  USER,
  type Resource,
  type ResourceScope,
  type ScimObject,
} from '../../../src/domain/resource';
import { Profiles } from '../../../src/domain/profile';
import { type ResourceSchema } from '../../../src/domain/schema-table';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import {
  createDeliveryEngine,
  type DeliveryEngine,
  type DeliveryEngineDeps,
} from '../../../src/delivery/engine';
import { type EngineTimes } from '../../../src/delivery/times';
import { MongoBindingStore } from '../../../src/store/bindings';
import { MongoFanOutStore } from '../../../src/store/fan-out';
import { MongoMembershipDeltas } from '../../../src/store/membership-deltas';
import { bindingModel, type BindingModel } from '../../../src/store/models/binding.model';
import { membershipModel } from '../../../src/store/models/membership.model';
import { resourceModel } from '../../../src/store/models/resource.model';
import { MongoAuditOutbox } from '../../../src/store/audit-outbox';
import { type AuditOutbox, type AuditRecorder } from '../../../src/domain/audit-ports';
import { openStore, type Store } from '../../../src/store/store';

export type EngineStores = Pick<
  DeliveryEngineDeps,
  | 'resources'
  | 'journal'
  | 'rules'
  | 'targets'
  | 'queue'
  | 'fanOut'
  | 'deltas'
  | 'references'
  | 'rollouts'
  | 'operations'
  | 'sweeps'
  | 'bindings'
  | 'guards'
  | 'held'
  | 'amounts'
  | 'tokens'
  | 'choices'
  | 'reviews'
  | 'audit'
>;

/** Who asks for operations. */
export const BY = {
  type: 'API_KEY',
  name: 'admin',
  apiKeyId: 'key',
  requestId: 'request-1',
} as const;

/** Everything soon, so that tests need not wait. */
export const SOON: EngineTimes = {
  leaseMs: 2_000,
  idleMs: 20,
  correctMs: 60_000,
  refreshMs: 50,
  pollMs: 30,
  pendingAgeMs: 0,
  pollAllMs: 10_000,
  gatherMs: 2,
  auditGatherMs: 2,
  housekeepingMs: 50,
  reviewAgeMs: 0,
  tombstoneAgeMs: 3_600_000,
  rolloutIdleMs: 30,
  rolloutStepMs: 10,
  rolloutSettleMs: 0,
  rolloutRoundMs: 30,
  operationIdleMs: 20,
  operationPollMs: 30,
  scheduleMs: 50,
  operationAgeMs: 86_400_000,
  drainMs: 500,
  giveUpMs: 500,
  retry: { firstMs: 20, longestMs: 200 },
  breaker: { firstMs: 20, longestMs: 100 },
  call: { deadlineMs: 1_000, graceMs: 50 },
};

export class World {
  readonly bindings: MongoBindingStore;
  readonly engines: DeliveryEngine[] = [];
  readonly log: { level: string; message: string; fields: object | undefined }[] = [];
  readonly directories: FakeDirectory[] = [];
  private serial = 0;

  private constructor(
    readonly store: Store,
    readonly bindingDocuments: BindingModel,
  ) {
    this.bindings = new MongoBindingStore(bindingDocuments);
  }

  static async open(dbName: string): Promise<World> {
    const store = await openStore({
      uri: process.env['TEST_MONGODB_URI'] ?? '',
      dbName,
      encryptionKey: randomBytes(32),
    });
    const bindingDocuments = bindingModel(store.connection);
    return new World(store, bindingDocuments);
  }

  /** Stops the engines, forgets everything, and answers what the directories had to complain about. */
  async clear(): Promise<readonly string[]> {
    await Promise.all(this.engines.splice(0).map((engine) => engine.stop()));
    for (const model of Object.values(this.store.connection.models)) await model.deleteMany({});
    this.log.length = 0;
    return this.directories.splice(0).flatMap((directory) => directory.violations);
  }

  async close(): Promise<void> {
    await this.clear();
    await this.store.connection.dropDatabase();
    await this.store.close();
  }

  get stores(): EngineStores {
    const { connection } = this.store;
    const resources = resourceModel(connection);
    const memberships = membershipModel(connection);
    return {
      resources: this.store.resources,
      journal: this.store.memberships,
      rules: this.store.syncRules,
      targets: this.store.targets,
      queue: this.bindings,
      fanOut: new MongoFanOutStore(resources, memberships, this.bindingDocuments),
      references: this.store.entryReferences,
      deltas: new MongoMembershipDeltas(memberships, this.bindingDocuments),
      rollouts: this.store.rollouts,
      operations: this.store.operations,
      sweeps: this.store.sweeps,
      bindings: this.bindings,
      guards: this.store.guards,
      held: this.store.heldBindings,
      amounts: this.store.guardedAmounts,
      tokens: this.store.tokens,
      choices: this.store.otpChoices,
      reviews: this.store.ruleReviews,
      audit: { ...this.store.audit, retentionDays: 400 },
    };
  }

  /** Takes what is noted to that trail. */
  outboxInto(trail: AuditRecorder): AuditOutbox {
    const { connection } = this.store;
    const models = {
      resources: resourceModel(connection),
      memberships: membershipModel(connection),
      bindings: this.bindingDocuments,
    };
    return new MongoAuditOutbox(models, trail);
  }

  /** An engine that is not yet started. */
  engine(more: Partial<DeliveryEngineDeps> = {}): DeliveryEngine {
    const engine = createDeliveryEngine({
      ...this.stores,
      registry: {
        get: (id) => this.directories.find(({ type }) => type.id === id)?.type,
        all: () => this.directories.map(({ type }) => type),
      },
      schemas: () => standardSchemas,
      profiles: new Profiles(
        () => standardSchemas,
        (id) => `https://usher.example/logos/${id}`,
      ),
      workers: 4,
      dataDir: '.',
      log: (level, message, fields) => this.log.push({ level, message, fields }),
      ...more,
      times: { ...SOON, ...more.times },
    });
    this.engines.push(engine);
    return engine;
  }

  start(more: Partial<DeliveryEngineDeps> = {}): DeliveryEngine {
    const engine = this.engine(more);
    engine.start();
    return engine;
  }

  /** A target that stands for the directory. */
  async target(directory: FakeDirectory): Promise<string> {
    this.directories.push(directory);
    const { id } = await this.store.targets.insert({
      name: `target ${(this.serial += 1)}`,
      connector: directory.type.id,
      settings: {},
      secrets: {},
    });
    return id;
  }

  async rule(
    ...syncAs: readonly (Pick<SyncAs, 'targetId'> & Partial<SyncAs>)[]
  ): Promise<SyncRule> {
    return this.store.syncRules.insert({
      name: `rule ${(this.serial += 1)}`,
      enabled: true,
      syncAs: syncAs.map((entry) => ({
        onDeactivate: 'DISABLE',
        onDelete: 'DELETE',
        correlation: { attributes: [], policy: 'FAIL' },
        ...entry,
      })),
    });
  }

  user(ruleId: string, userName: string, more: ScimObject = {}): Promise<Resource> {
    const attributes = { userName, ...more };
    return this.store.resources.insert({ ruleId, resourceType: USER, attributes }, schemaOf(USER));
  }

  group(ruleId: string, displayName: string, members: readonly string[] = []): Promise<Resource> {
    const attributes = { displayName };
    return this.store.resources.insert(
      { ruleId, resourceType: GROUP, attributes, members },
      schemaOf(GROUP),
    );
  }

  /** Changes attributes of the resource as it is now. */
  async change(resource: Resource, more: ScimObject): Promise<Resource> {
    const current = await this.store.resources.find(scopeOf(resource), resource.id);
    if (!current) throw new Error('The resource is gone');
    const attributes = { ...current.attributes, ...more };
    const changed = await this.store.resources.update(
      current,
      attributes,
      schemaOf(resource.resourceType),
    );
    if (!changed) throw new Error('Somebody else changed it');
    return changed;
  }

  async members(
    group: Resource,
    delta: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ): Promise<void> {
    await this.store.resources.changeMembers(scopeOf(group), group.id, {
      replaceAll: false,
      add: [],
      remove: [],
      ...delta,
    });
  }

  remove(resource: Resource): Promise<boolean> {
    return this.store.resources.remove(scopeOf(resource), resource.id);
  }

  /** Asks for an operation, and says so to the engines. */
  async begin(draft: OperationDraft): Promise<Operation> {
    const { operation } = await this.store.operations.start(draft, new Date());
    for (const engine of this.engines) engine.control.operationChanged();
    return operation;
  }

  /** The operation as it is now. */
  async now({ id }: Operation): Promise<Operation> {
    const [operation] = await this.store.operations.findAll([id]);
    if (!operation) throw new Error('The operation is gone');
    return operation;
  }

  /** The operation as it is when it has ended. */
  async ended(operation: Operation): Promise<Operation> {
    const hasEnded = async () => (await this.now(operation)).finishedAt !== undefined;
    await until('the end', hasEnded, 120_000);
    return this.now(operation);
  }

  async binding(targetId: string, resource: Pick<Resource, 'id'>): Promise<Binding> {
    const binding = await this.bindings.find(`${targetId}:${resource.id}`);
    if (!binding) throw new Error('There is no such binding');
    return binding;
  }
}

export function schemaOf(resourceType: string): ResourceSchema {
  const schema = standardSchemas.get(resourceType);
  if (!schema) throw new Error(`No resource type ${resourceType}`);
  return schema;
}

function scopeOf({ ruleId, resourceType }: Resource): ResourceScope {
  return { ruleId, resourceType };
}

/** Waits until something holds, or fails saying what it waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 8_000,
): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Waited in vain: ${what}`);
}
