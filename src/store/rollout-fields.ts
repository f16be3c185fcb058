/** Rollouts inside the documents of their rules: noted in the same write as the change that asks for them. */
import { type Rollout, type SyncRule } from '../domain/sync-rule';
import { FREE } from './binding-mapping';
import { type RolloutDocument } from './models/administration.model';

/** Ids of targets have neither dots nor dollar signs. */
export function rolloutField(targetId: string): string {
  return `rollouts.${targetId}`;
}

/** What to set so that these rollouts begin, whatever was on the way to their targets. */
export function rolloutFields(rollouts: readonly Rollout[]): Readonly<Record<string, unknown>> {
  const [first] = rollouts;
  if (first === undefined) return {};
  const fields = rollouts.map(({ targetId, ...rollout }) => {
    const document: RolloutDocument = {
      ...rollout,
      freeAt: FREE,
      leftOver: false,
      rounds: 0,
    };
    return [rolloutField(targetId), document] as const;
  });
  return { ...Object.fromEntries(fields), rolloutAt: first.startedAt };
}

export function toRollouts(
  documents: Readonly<Record<string, RolloutDocument>> | undefined,
): Pick<SyncRule, 'rollouts'> {
  const rollouts = Object.entries(documents ?? {}).map(
    ([targetId, { token, startedAt, onRemoved }]): Rollout => ({
      targetId,
      token,
      startedAt,
      ...(onRemoved === undefined ? {} : { onRemoved }),
    }),
  );
  return rollouts.length === 0 ? {} : { rollouts };
}
