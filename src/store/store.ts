/** The folder's public face: opens the database and answers the domain's ports. */
import { type Connection } from 'mongoose';
import {
  type AcceptedDefinitions,
  type BindingChanges,
  type CredentialStore,
  type ResourceStore,
  type StoredValues,
  type SyncRuleStore,
  type TargetStore,
} from '../domain/ports';
import { type BindingSweeps } from '../domain/binding-sweep';
import {
  type AuditIntents,
  type AuditOutbox,
  type AuditReader,
  type AuditRecorder,
  type AuditRetention,
} from '../domain/audit-ports';
import { type DeliveryTargets, type RuleReviews } from '../domain/delivery-ports';
import { type GuardedAmounts, type GuardStore, type HeldBindings } from '../domain/guard';
import { type TokenLogoStore } from '../domain/token-logo';
import { type OtpChoiceStore, type TokenAssignments, type TokenStore } from '../domain/token-pool';
import { MongoAuditIntents } from './audit-intents';
import { MongoAuditOutbox } from './audit-outbox';
import { MongoAuditReader } from './audit-reader';
import { MongoAuditRetention } from './audit-retention';
import { MongoAuditTrail } from './audit-trail';
import { MongoAcceptedDefinitions } from './accepted-definitions';
import { MongoBindingChanges } from './binding-changes';
import { MongoBindingStore } from './bindings';
import { MongoBindingSweeps } from './binding-sweeps';
import { connect, type ConnectionOptions, ensureIndexes, reachability } from './connection';
import { MongoCredentialStore } from './credentials';
import { MongoEntryReferences } from './entry-references';
import { MongoFanOutStore } from './fan-out';
import { MongoGuardedAmounts } from './guarded-amounts';
import { MongoGuardStore } from './guards';
import { MongoHeldBindings } from './held-bindings';
import { MongoMembershipDeltas } from './membership-deltas';
import { Memberships } from './memberships';
import { auditModels } from './models/audit.model';
import { administrationModels } from './models/administration.model';
import { bindingModel } from './models/binding.model';
import { guardModel } from './models/guard.model';
import { membershipModel } from './models/membership.model';
import { operationModels } from './models/operation.model';
import { resourceModel } from './models/resource.model';
import { MongoResourceStore } from './resources';
import { tokenLogoModel } from './models/token-logo.model';
import { tokenModel } from './models/token.model';
import { MongoOperationStore } from './operations';
import { MongoOtpChoiceStore } from './otp-choices';
import { Outages } from './outage';
import { MongoRuleReviews } from './rule-reviews';
import { SecretBox } from './secret-box';
import { StoreTime } from './store-time';
import { MongoRolloutStore } from './rollouts';
import { MongoStoredValues } from './stored-values';
import { MongoSyncRuleStore } from './sync-rules';
import { MongoTargetStore } from './targets';
import { MongoTokenLogoStore } from './token-logos';
import { MongoTokenStore } from './tokens';

export interface StoreOptions extends ConnectionOptions {
  /** 32 bytes; encrypts the secrets of targets. */
  readonly encryptionKey: Buffer;
}

/** The audit trail from all sides. */
export interface AuditStore {
  readonly trail: AuditRecorder;
  readonly reader: AuditReader;
  readonly outbox: AuditOutbox;
  readonly intents: AuditIntents;
  readonly retention: AuditRetention;
}

export interface Store {
  readonly resources: ResourceStore & Pick<MongoResourceStore, 'leaveGroups'>;
  readonly memberships: Pick<Memberships, 'applyJournal'>;
  readonly membershipDeltas: MongoMembershipDeltas;
  readonly storedValues: StoredValues;
  readonly acceptedDefinitions: AcceptedDefinitions;
  readonly bindings: MongoBindingStore;
  readonly sweeps: BindingSweeps;
  readonly bindingChanges: BindingChanges;
  readonly entryReferences: MongoEntryReferences;
  readonly fanOut: MongoFanOutStore;
  readonly rollouts: MongoRolloutStore;
  readonly operations: MongoOperationStore;
  readonly guards: GuardStore;
  readonly heldBindings: HeldBindings;
  readonly guardedAmounts: GuardedAmounts;
  readonly syncRules: SyncRuleStore;
  readonly targets: TargetStore & DeliveryTargets;
  readonly credentials: CredentialStore;
  readonly tokenLogos: TokenLogoStore;
  readonly tokens: TokenStore & TokenAssignments;
  readonly otpChoices: OtpChoiceStore;
  readonly ruleReviews: RuleReviews;
  readonly audit: AuditStore;
  /** For tests that look behind the ports. */
  readonly connection: Connection;
  /** The time of day, on which all processes that share the database agree. */
  readonly now: () => Date;
  isReachable(): Promise<boolean>;
  close(): Promise<void>;
}

export async function openStore(options: StoreOptions): Promise<Store> {
  const store = await open(options);
  const { connection, ...others } = store;
  return { ...new Outages(connection).reportedAll(others), connection };
}

async function open(options: StoreOptions): Promise<Store> {
  const connection = await connect(options);
  const time = await StoreTime.open(connection);
  const store = storeOn(connection, options.encryptionKey, time.now);
  await ensureIndexes(connection);
  return store;
}

/** The store on a connection that is open. `now`: the time of day as the database has it. */
export function storeOn(connection: Connection, encryptionKey: Buffer, now: () => Date): Store {
  const resources = resourceModel(connection);
  const members = membershipModel(connection);
  const bindings = bindingModel(connection);
  const administration = administrationModels(connection);
  const tokenLogos = tokenLogoModel(connection);
  const tokens = tokenModel(connection);
  const operations = operationModels(connection);
  const audit = auditModels(connection);
  const guards = guardModel(connection);
  const trail = new MongoAuditTrail(audit);
  const memberships = new Memberships(resources, members);
  return {
    resources: new MongoResourceStore(resources, memberships),
    memberships,
    membershipDeltas: new MongoMembershipDeltas(members, bindings),
    acceptedDefinitions: new MongoAcceptedDefinitions(administration.acceptedDefinitions),
    storedValues: new MongoStoredValues(resources),
    bindings: new MongoBindingStore(bindings),
    sweeps: new MongoBindingSweeps(bindings),
    bindingChanges: new MongoBindingChanges(bindings),
    entryReferences: new MongoEntryReferences(bindings),
    fanOut: new MongoFanOutStore(resources, members, bindings),
    rollouts: new MongoRolloutStore(administration, resources, bindings),
    operations: new MongoOperationStore(operations),
    guards: new MongoGuardStore(guards),
    heldBindings: new MongoHeldBindings(bindings),
    guardedAmounts: new MongoGuardedAmounts(bindings, members),
    syncRules: new MongoSyncRuleStore(administration, resources, { members, tokens, guards }, now),
    targets: new MongoTargetStore(administration.targets, new SecretBox(encryptionKey), now),
    credentials: new MongoCredentialStore(administration, now),
    tokenLogos: new MongoTokenLogoStore(tokenLogos),
    tokens: new MongoTokenStore(tokens),
    otpChoices: new MongoOtpChoiceStore(resources),
    ruleReviews: new MongoRuleReviews(administration, resources, tokens),
    audit: {
      trail,
      reader: new MongoAuditReader(audit),
      outbox: new MongoAuditOutbox({ resources, memberships: members, bindings }, trail),
      intents: new MongoAuditIntents(audit, trail),
      retention: new MongoAuditRetention(audit, trail),
    },
    connection,
    now,
    isReachable: reachability(connection),
    close: () => connection.close(),
  };
}
