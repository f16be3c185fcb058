/** A sync rule: one IdP connection, its policies and its targets. One rule is one isolated SCIM tenant. */

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

/** How a rule's resources appear in one target. */
export interface SyncAs {
  readonly targetId: string;
  /** A SCIM filter; users it does not match are out of scope of this target. */
  readonly scopeFilter?: string;
  /** Absent: the connector's default mapping. */
  readonly userMapping?: readonly MappingEntry[];
  readonly groupMapping?: readonly MappingEntry[];
  readonly onDeactivate: DeactivatePolicy;
  readonly onDelete: DeletePolicy;
  readonly correlation: {
    /** Target attributes by which an existing entry is recognised; empty: by its name only. */
    readonly attributes: readonly string[];
    readonly policy: CorrelationPolicy;
  };
}

export interface SyncRule {
  readonly id: string;
  readonly name: string;
  /** A disabled rule answers SCIM with 403, delivers nothing and loses nothing (requirements B3). */
  readonly enabled: boolean;
  readonly syncAs: readonly SyncAs[];
  /** Set while the rule is being deleted: what becomes of the entries it provisioned (requirements A1). */
  readonly deletion?: DeletePolicy;
  /** Counts changes of the rule. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Time and user agent of the last SCIM request (requirements B2). */
  readonly lastSyncAt?: Date;
  readonly lastSyncFrom?: string;
}

/** The part of a rule an administrator decides. */
export type SyncRuleDraft = Pick<SyncRule, 'name' | 'enabled' | 'syncAs'>;
