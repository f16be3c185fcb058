/** The collections of what administrators configure: rules, targets, credentials, API keys, definitions for all rules. */
import { type Connection, type Model, Schema } from 'mongoose';
import { type ApiKey, type RuleCredential } from '../../domain/credential';
import { type DeletePolicy, type ScimDefinitions, type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type SealedSecret } from '../secret-box';
import { collectionOptions } from './collection-options';

/** A document with the domain's `id` as `_id`. */
type Stored<Type extends { readonly id: string }> = Omit<Type, 'id'> & { _id: string };

/** A rollout under the id of its target, so that each is written for itself. */
export interface RolloutDocument {
  token: string;
  startedAt: Date;
  onRemoved?: DeletePolicy;
  freeAt: Date;
  after?: string;
  leftOver: boolean;
  rounds: number;
}

export type SyncRuleDocument = Omit<Stored<SyncRule>, 'rollouts'> & {
  nameKey: string;
  rollouts?: Record<string, RolloutDocument>;
  /** Since when there has been some rollout. */
  rolloutAt?: Date;
  /** Users have to be looked at again, and have been up to this id. */
  valuesChangedAt?: Date;
  reviewedTo?: string;
};
export type TargetDocument = Omit<Stored<Target>, 'secrets'> & {
  nameKey: string;
  secrets: SealedSecret;
  /** It changed then, and its rules have yet to begin a rollout. */
  rolloutAt?: Date;
};
export type RuleCredentialDocument = Stored<RuleCredential>;
export type ApiKeyDocument = Stored<ApiKey>;
export type AcceptedDefinitionsDocument = ScimDefinitions & { _id: string; version: number };

const syncRule = new Schema(
  {
    _id: String,
    name: { type: String, required: true },
    /** Folded: names are unique regardless of case. */
    nameKey: { type: String, required: true },
    enabled: { type: Boolean, required: true },
    syncAs: { type: [Schema.Types.Mixed], required: true },
    scimProfile: String,
    meUserName: String,
    guard: Schema.Types.Mixed,
    schemas: { type: [Schema.Types.Mixed], default: undefined },
    resourceTypes: { type: [Schema.Types.Mixed], default: undefined },
    schemaExtensions: { type: [Schema.Types.Mixed], default: undefined },
    otpMethods: { type: [String], default: undefined },
    fidoEnabled: Boolean,
    roleForNewUsers: String,
    tokenLogoId: String,
    certificateAuthorities: { type: [String], default: undefined },
    passwordRecovery: Boolean,
    userAttributes: Schema.Types.Mixed,
    roleProvisioning: Boolean,
    roleCatalogue: { type: [Schema.Types.Mixed], default: undefined },
    valuesChangedAt: Date,
    reviewedTo: String,
    deletion: String,
    rollouts: Schema.Types.Mixed,
    rolloutAt: Date,
    version: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    lastSyncAt: Date,
    lastSyncFrom: String,
  },
  collectionOptions('sync_rules'),
);
syncRule.index({ nameKey: 1 }, { unique: true });
syncRule.index({ 'syncAs.targetId': 1 });
syncRule.index({ rolloutAt: 1 }, { partialFilterExpression: { rolloutAt: { $exists: true } } });
syncRule.index(
  { valuesChangedAt: 1 },
  { partialFilterExpression: { valuesChangedAt: { $exists: true } } },
);

const target = new Schema(
  {
    _id: String,
    name: { type: String, required: true },
    nameKey: { type: String, required: true },
    connector: { type: String, required: true },
    settings: { type: Schema.Types.Mixed, required: true },
    secrets: { type: Schema.Types.Mixed, required: true },
    deliveryLimits: Schema.Types.Mixed,
    version: { type: Number, required: true },
    resumedVersion: Number,
    pausedAt: Date,
    deletedAt: Date,
    rolloutAt: Date,
    reconcile: Schema.Types.Mixed,
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  collectionOptions('targets'),
);
target.index({ nameKey: 1 }, { unique: true });
target.index({ rolloutAt: 1 }, { partialFilterExpression: { rolloutAt: { $exists: true } } });

const ruleCredential = new Schema(
  {
    _id: String,
    ruleId: { type: String, required: true },
    hash: { type: String, required: true },
    basicKey: { type: String, required: true },
    hint: { type: String, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: Date,
    lastUsedAt: Date,
  },
  collectionOptions('rule_credentials'),
);
ruleCredential.index({ hash: 1 }, { unique: true });
ruleCredential.index({ ruleId: 1 });

const apiKey = new Schema(
  {
    _id: String,
    name: { type: String, required: true },
    role: { type: String, required: true },
    hash: { type: String, required: true },
    hint: { type: String, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: Date,
    revokedAt: Date,
    lastUsedAt: Date,
  },
  collectionOptions('api_keys'),
);
apiKey.index({ hash: 1 }, { unique: true });

const acceptedDefinitions = new Schema(
  {
    _id: String,
    version: { type: Number, required: true },
    schemas: { type: [Schema.Types.Mixed], required: true },
    resourceTypes: { type: [Schema.Types.Mixed], required: true },
    schemaExtensions: { type: [Schema.Types.Mixed], required: true },
  },
  collectionOptions('accepted_definitions'),
);

export interface AdministrationModels {
  readonly syncRules: Model<SyncRuleDocument>;
  readonly targets: Model<TargetDocument>;
  readonly ruleCredentials: Model<RuleCredentialDocument>;
  readonly apiKeys: Model<ApiKeyDocument>;
  readonly acceptedDefinitions: Model<AcceptedDefinitionsDocument>;
}

export function administrationModels(connection: Connection): AdministrationModels {
  return {
    syncRules: connection.model<SyncRuleDocument>('SyncRule', syncRule),
    targets: connection.model<TargetDocument>('Target', target),
    ruleCredentials: connection.model<RuleCredentialDocument>('RuleCredential', ruleCredential),
    apiKeys: connection.model<ApiKeyDocument>('ApiKey', apiKey),
    acceptedDefinitions: connection.model<AcceptedDefinitionsDocument>(
      'AcceptedDefinitions',
      acceptedDefinitions,
    ),
  };
}
