/** Decides what a delivery has to bring about: a pure function of the resource, its rule and what the target can do. */
import { type Capabilities, type EntryKind } from '../../../connectors/spi';
import { GROUP, USER, type Resource } from '../../domain/resource';
import { type DeletePolicy, type SyncAs, type SyncRule } from '../../domain/sync-rule';
import { type Completion } from '../../domain/delivery-ports';

type FinalState = Completion['state'];

/**
 * - `leave`: touch nothing. `remove`: the entry must be gone. `disable`: the entry stays, but grants nothing.
 * - `condemn`: disabled now, and removed so many days later.
 * - `ensure`: the entry must be there as the mapping says, active or not.
 */
export type Plan =
  | { readonly action: 'leave' | 'remove' | 'disable'; readonly state: FinalState }
  | { readonly action: 'condemn'; readonly days: number; readonly state: FinalState }
  | { readonly action: 'ensure'; readonly active: boolean };

export interface Situation {
  readonly resource: Resource;
  /** Absent: the rule is gone, and with it the right to touch anything. */
  readonly rule: SyncRule | undefined;
  readonly syncAs: SyncAs | undefined;
  /** The target was taken out of the rule, see {@link onRemoved}. */
  readonly leaving: DeletePolicy | undefined;
  readonly capabilities: Capabilities;
  readonly hasEntry: boolean;
  readonly inScope: () => boolean;
  readonly isActive: () => boolean;
}

export function entryKind(resourceType: string): EntryKind | undefined {
  if (resourceType === USER) return 'user';
  return resourceType === GROUP ? 'group' : undefined;
}

/** A disabled rule delivers nothing, except its own deletion. */
export function isHeld(rule: SyncRule | undefined): boolean {
  return rule !== undefined && !rule.enabled && rule.deletion === undefined;
}

/** What becomes of what the rule provisioned in a target that was taken out of it. */
export function onRemoved(rule: SyncRule | undefined, targetId: string): DeletePolicy | undefined {
  return rule?.rollouts?.find((rollout) => rollout.targetId === targetId)?.onRemoved;
}

/** Whether the entry is let go of as it stands: that needs no target, not even one that can be reached. */
export function isLetGo({
  resource,
  rule,
  syncAs,
  leaving,
}: Pick<Situation, 'resource' | 'rule' | 'syncAs' | 'leaving'>): boolean {
  if (!rule || leaving === 'KEEP') return true;
  return resource.deletedAt !== undefined && deletePolicy(rule, syncAs, leaving) === 'KEEP';
}

function deletePolicy(
  { deletion }: SyncRule,
  syncAs: SyncAs | undefined,
  leaving: DeletePolicy | undefined,
): DeletePolicy {
  if (deletion === 'KEEP') return deletion;
  return leaving ?? deletion ?? syncAs?.onDelete ?? 'KEEP';
}

export function plan(situation: Situation): Plan {
  const { resource, rule, syncAs, leaving, capabilities } = situation;
  if (!rule) return { action: 'leave', state: 'REMOVED' };
  if (resource.deletedAt) {
    const patient = leaving || rule.deletion ? undefined : syncAs;
    return planned(deletePolicy(rule, syncAs, leaving), 'REMOVED', patient);
  }
  if (leaving) return planned(leaving, 'REMOVED');
  const kind = entryKind(resource.resourceType);
  if (!syncAs || !kind || !capabilities.kinds.includes(kind)) {
    return { action: 'leave', state: 'OUT_OF_SCOPE' };
  }
  if (kind === 'group') return { action: 'ensure', active: true };
  if (!situation.inScope()) {
    return planned(syncAs.onLeaveScope ?? syncAs.onDeactivate, 'OUT_OF_SCOPE', syncAs);
  }
  if (situation.isActive()) return { action: 'ensure', active: true };
  return planDeactivated(syncAs, situation);
}

function planDeactivated(syncAs: SyncAs, { capabilities, hasEntry }: Situation): Plan {
  const policy = syncAs.onDeactivate;
  // Nothing there, and nothing to be made: the target is as it should be.
  const state = hasEntry ? 'SYNCED' : 'REMOVED';
  switch (policy) {
    case 'DELETE':
      return planned(policy, 'REMOVED', syncAs);
    case 'KEEP':
      return { action: 'leave', state };
    case 'DISABLE':
      if (capabilities.activation === 'native') return { action: 'ensure', active: false };
      return hasEntry ? { action: 'disable', state } : { action: 'leave', state };
  }
}

/** `patient`: what says how long a deletion waits; absent: not at all. */
function planned(policy: 'DELETE' | 'DISABLE' | 'KEEP', state: FinalState, patient?: SyncAs): Plan {
  const { deleteAfterDays: days = 0 } = patient ?? {};
  switch (policy) {
    case 'DELETE':
      return days > 0 ? { action: 'condemn', days, state } : { action: 'remove', state };
    case 'DISABLE':
      return { action: 'disable', state };
    case 'KEEP':
      return { action: 'leave', state };
  }
}
