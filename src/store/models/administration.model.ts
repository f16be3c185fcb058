/** The collections of what administrators configure: rules, targets, credentials, API keys, definitions for all rules. */
import { type Connection, type Model, Schema } from 'mongoose';
import { type ApiKey, type RuleCredential } from '../../domain/credential';
import { type ScimDefinitions, type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type SealedSecret } from '../secret-box';
import { collectionOptions } from './collection-options';

/** A document with the domain's `id` as `_id`. */
type Stored<Type extends { readonly id: string }> = Omit<Type, 'id'> & { _id: string };

export type SyncRuleDocument = Stored<SyncRule> & { nameKey: string };
export type TargetDocument = Omit<Stored<Target>, 'secrets'> & {
  nameKey: string;
  secrets: SealedSecret;
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
    deletion: String,
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

const target = new Schema(
  {
    _id: String,
    name: { type: String, required: true },
    nameKey: { type: String, required: true },
    connector: { type: String, required: true },
    settings: { type: Schema.Types.Mixed, required: true },
    secrets: { type: Schema.Types.Mixed, required: true },
    version: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  collectionOptions('targets'),
);
target.index({ nameKey: 1 }, { unique: true });

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
