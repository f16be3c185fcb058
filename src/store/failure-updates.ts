/** What a failed delivery leaves behind in its binding. */
import { type Failure } from '../domain/delivery-ports';
import { CHANGED, FREE } from './binding-mapping';
import { type BindingUpdate } from './claimed-writes';
import { CHANGED_RETRY_MS } from './enqueue';

const UNANNOUNCED = { announcedReference: 1, announcedName: 1, untoldNames: 1 } as const;

/**
 * `changed`: when more was requested since the claim. Then a binding is not parked, and need not wait for longer than the
 * change would have let it had it come a moment later; it has had its turn, and waits behind all that waited meanwhile.
 */
export function failureUpdates(
  { error, retryAt, nothingCreated, lost, candidates, blockedBy, noted }: Failure,
  endedFence: number,
): { readonly first: BindingUpdate; readonly changed: BindingUpdate } {
  const set = {
    leaseUntil: FREE,
    lastError: error,
    endedFence,
    ...(noted ? { notedAt: noted.at } : {}),
    ...(lost?.formerNames ? { formerNames: [...lost.formerNames] } : {}),
  };
  const unset = {
    owner: 1,
    ...(nothingCreated ? { creating: 1 as const } : {}),
    ...(lost ? UNANNOUNCED : {}),
    ...(candidates ? {} : { candidates: 1 as const }),
    ...(blockedBy ? {} : { blockedBy: 1 as const }),
  } as const;
  const attempt = {
    $inc: { attempts: 1 },
    ...(noted ? { $push: { noted } } : {}),
    ...CHANGED,
  };
  if (retryAt) {
    const retrying = (at: Date): BindingUpdate => ({
      $set: { ...set, state: 'RETRYING', dueAt: at, nextAttemptAt: at },
      $unset: unset,
      ...attempt,
    });
    const soon = error.at.getTime() + CHANGED_RETRY_MS;
    return {
      first: retrying(retryAt),
      changed: retrying(new Date(Math.min(retryAt.getTime(), soon))),
    };
  }
  const parked = {
    ...(candidates ? { candidates } : {}),
    ...(blockedBy ? { blockedBy } : {}),
  };
  return {
    first: {
      $set: { ...set, ...parked, state: 'PARKED' },
      $unset: { ...unset, dueAt: 1, nextAttemptAt: 1, chosen: 1 },
      ...attempt,
    },
    changed: {
      $set: { ...set, state: 'PENDING', dueAt: error.at },
      $unset: unset,
      ...attempt,
      // It is not parked after all.
      ...(noted ? { $push: { noted: { ...noted, outcome: 'RETRYING' } } } : {}),
    },
  };
}
