/** A sync rule: one IdP connection, its policies and its targets. One rule is one isolated SCIM tenant. */
import { GUARD_DEFAULTS, type GuardSettings } from './guard';
import { RULE_VALUE_DEFAULTS, type RuleValues } from './rule-values';
import { type ResourceTypeDefinition, type SchemaDefinition } from './schema';

/** How strictly a rule's requests are read: as real clients write them, or as the RFCs have it. */
export type ScimProfile = 'tolerant' | 'strict';

/** An extension of a resource type that the rule has anyway (RFC 7643 section 6 "schemaExtensions"). */
export interface SchemaExtension {
  /** Name of the resource type: `User`. */
  readonly resourceType: string;
  /** URN of the schema. */
  readonly schema: string;
  /** Whether every resource of the type has to have the extension. */
  readonly required: boolean;
}

/** What a rule adds to the standard schemas and resource types. */
export interface ScimDefinitions {
  readonly schemas: readonly SchemaDefinition[];
  readonly resourceTypes: readonly ResourceTypeDefinition[];
  readonly schemaExtensions: readonly SchemaExtension[];
}

/** What a rule adds as long as nobody says otherwise. */
export const NO_DEFINITIONS: ScimDefinitions = {
  schemas: [],
  resourceTypes: [],
  schemaExtensions: [],
};

/** The longest that an entry waits for its deletion: ten years. */
export const MOST_DELETION_DAYS = 3_650;

/** What happens to an entry when its user is deactivated, or leaves the scope of the target. */
export type DeactivatePolicy = 'DISABLE' | 'DELETE' | 'KEEP';

/** What happens to an entry when its resource is deleted. */
export type DeletePolicy = 'DELETE' | 'DISABLE' | 'KEEP';

/** What to do with an entry that already exists in the directory: take it over, or park the binding. */
export type CorrelationPolicy = 'ADOPT' | 'FAIL';

/** When a mapped attribute is written (requirements C6, design 5.5). */
export type ApplyMode = 'AUTHORITATIVE' | 'INITIAL' | 'IGNORE';

/** One line of a mapping: target attribute <- expression. */
export interface MappingEntry {
  readonly attribute: string;
  readonly expression: string;
  readonly apply: ApplyMode;
}

/** A line of the connector's default mapping, said otherwise; what is absent stays as it is there. */
export interface MappingOverride {
  readonly attribute: string;
  readonly expression?: string;
  readonly apply?: ApplyMode;
}

/** How a rule's resources appear in one target. */
export interface SyncAs {
  readonly targetId: string;
  /** A SCIM filter; users it does not match are out of scope of this target. */
  readonly scopeFilter?: string;
  /** Absent: the connector's default mapping. */
  readonly userMapping?: readonly MappingEntry[];
  readonly groupMapping?: readonly MappingEntry[];
  /** Where there is no mapping of the rule's own. */
  readonly userOverrides?: readonly MappingOverride[];
  readonly groupOverrides?: readonly MappingOverride[];
  readonly onDeactivate: DeactivatePolicy;
  readonly onDelete: DeletePolicy;
  /** What happens to an entry whose user leaves the scope. Absent: the same as when it is deactivated. */
  readonly onLeaveScope?: DeactivatePolicy;
  /**
   * Where a policy says `DELETE` the entry is disabled at once (a group: emptied), and deleted so many days later. Absent: at
   * once. The deletion of the rule, and of the target from the rule, does not wait.
   */
  readonly deleteAfterDays?: number;
  readonly correlation: {
    /** Target attributes by which an existing entry is recognised; empty: by its name only. */
    readonly attributes: readonly string[];
    readonly policy: CorrelationPolicy;
  };
}

/** A change of a rule, or of one of its targets, on the way to the resources that were there before it. */
export interface Rollout {
  readonly targetId: string;
  /** Tells it from a later one for the same target. */
  readonly token: string;
  readonly startedAt: Date;
  /** The target was taken out of the rule, and this becomes of what the rule provisioned there. */
  readonly onRemoved?: DeletePolicy;
}

export interface SyncRule extends ScimDefinitions, RuleValues {
  readonly id: string;
  readonly name: string;
  /** A disabled rule answers SCIM with 403, delivers nothing and loses nothing (requirements B3). */
  readonly enabled: boolean;
  readonly syncAs: readonly SyncAs[];
  readonly scimProfile: ScimProfile;
  /** The user `/Me` stands for (RFC 7644 section 3.11), by userName; empty: nobody. */
  readonly meUserName: string;
  /** What it may not destroy without an approval. */
  readonly guard: GuardSettings;
  /** Set while the rule is being deleted: what becomes of the entries it provisioned (requirements A1). */
  readonly deletion?: DeletePolicy;
  /** What has not reached every resource yet; for each target the last change counts. */
  readonly rollouts?: readonly Rollout[];
  /** Counts changes of the rule. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Time and user agent of the last SCIM request (requirements B2). */
  readonly lastSyncAt?: Date;
  readonly lastSyncFrom?: string;
}

/** The part of a rule an administrator decides. What is left out is as {@link RULE_DEFAULTS} say. */
export type SyncRuleDraft = Pick<SyncRule, 'name' | 'enabled' | 'syncAs'> &
  Partial<ScimDefinitions & RuleValues & Pick<SyncRule, 'scimProfile' | 'meUserName' | 'guard'>>;

/** What of a rule can be changed; only what is given changes. */
export type SyncRuleChange = Partial<
  ScimDefinitions &
    RuleValues &
    Pick<SyncRule, 'name' | 'scimProfile' | 'meUserName' | 'syncAs' | 'guard'>
> & {
  /** Since when users may have another one-time password method, so that all of them are looked at again. */
  readonly valuesChangedAt?: Date;
  /** Replace what is on the way to their targets. */
  readonly rollouts?: readonly Rollout[];
};

export const RULE_DEFAULTS: ScimDefinitions &
  RuleValues &
  Pick<SyncRule, 'scimProfile' | 'meUserName' | 'guard'> = {
  scimProfile: 'tolerant',
  meUserName: '',
  guard: GUARD_DEFAULTS,
  ...NO_DEFINITIONS,
  ...RULE_VALUE_DEFAULTS,
};
