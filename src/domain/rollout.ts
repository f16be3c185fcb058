/** What a change of a rule's targets asks of the resources that are there already. */
import { isDeepStrictEqual } from 'node:util';
import { v7 as timeOrderedId } from 'uuid';
import { type DeletePolicy, type Rollout, type SyncAs } from './sync-rule';

export function rollout(targetId: string, now: Date, onRemoved?: DeletePolicy): Rollout {
  return {
    targetId,
    token: timeOrderedId(),
    startedAt: now,
    ...(onRemoved === undefined ? {} : { onRemoved }),
  };
}

/** One rollout for each target that came, went or is delivered to otherwise than before; none for the others. */
export function rolloutsOf(
  before: readonly SyncAs[],
  after: readonly SyncAs[],
  onRemoved: DeletePolicy,
  now: Date,
): readonly Rollout[] {
  const known = new Map(before.map((syncAs) => [syncAs.targetId, syncAs]));
  const kept = new Set(after.map(({ targetId }) => targetId));
  return [
    ...after
      .filter((syncAs) => !isDeepStrictEqual(known.get(syncAs.targetId), syncAs))
      .map(({ targetId }) => rollout(targetId, now)),
    ...[...known.keys()]
      .filter((targetId) => !kept.has(targetId))
      .map((targetId) => rollout(targetId, now, onRemoved)),
  ];
}
