/** A target: one configured directory, that is a connector with settings and secrets. */

/** How fast a target is delivered to, by each process for itself. What is absent is not limited. */
export interface DeliveryLimits {
  /** Calls at the same time, where the connector would make more. */
  readonly maxConcurrency?: number;
  /** Deliveries that begin in a second. */
  readonly maxPerSecond?: number;
}

/** The most that can be said in {@link DeliveryLimits}. */
export const MOST_OF_LIMITS = { maxConcurrency: 1_000, maxPerSecond: 10_000 } as const;

/** `REPORT` touches nothing. `REPAIR` has what is missing or different delivered again. */
export type ReconcileMode = 'REPORT' | 'REPAIR';

/** What becomes of entries that have the mark of this gateway and that no resource wants, when a target is repaired. */
export type OrphanPolicy = 'KEEP' | 'DISABLE' | 'DELETE';

/** When a target is reconciled by itself. */
export interface ReconcileSchedule {
  readonly everyHours: number;
  readonly mode: ReconcileMode;
  /** Absent: they are kept. */
  readonly orphans?: OrphanPolicy;
}

export interface Target {
  readonly id: string;
  readonly name: string;
  /** The connector type's id: `ldap`, `radius`, `saml`, ... */
  readonly connector: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Decrypted; never leaves the process and is never logged. */
  readonly secrets: Readonly<Record<string, unknown>>;
  /** Counts changes of settings and secrets, so that open connectors are renewed. */
  readonly version: number;
  /** The version for which what was parked has been resumed. */
  readonly resumedVersion?: number;
  readonly deliveryLimits?: DeliveryLimits;
  /** Absent: only when somebody asks for it. */
  readonly reconcile?: ReconcileSchedule;
  /** Since when nothing is delivered to it. Absent: it is delivered to. */
  readonly pausedAt?: Date;
  /** It is being deleted: no rule may begin to use it. */
  readonly deletedAt?: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The part of a target an administrator decides. */
export type TargetDraft = Pick<Target, 'name' | 'connector' | 'settings' | 'secrets'> &
  Partial<Pick<Target, 'deliveryLimits' | 'reconcile'>>;

/** What of a target can be changed; only what is given changes. */
export type TargetChange = Partial<Omit<TargetDraft, 'connector' | 'reconcile'>> & {
  /** Null: no longer by itself. */
  readonly reconcile?: ReconcileSchedule | null;
  /** What the target is to hold changes, so that all of its rules deliver to it again. */
  readonly rollOut?: boolean;
};
