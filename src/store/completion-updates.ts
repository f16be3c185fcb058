/** What a successful delivery leaves behind in its binding. */
import { type Completion } from '../domain/delivery-ports';
import { CHANGED, FREE } from './binding-mapping';
import { type BindingUpdate } from './claimed-writes';
import { type BindingDocument } from './models/binding.model';

type Fields = Partial<{ [Name in keyof BindingDocument]: BindingDocument[Name] | undefined }>;

/**
 * `changed`: when more was requested since the claim, so that the binding stays due. It has had its turn, and waits behind
 * all that waited meanwhile.
 */
export function completionUpdates(
  completion: Completion,
  endedFence: number,
): {
  readonly done: BindingUpdate;
  readonly changed: BindingUpdate;
} {
  const { state, at, observedGeneration, membersObserved, announced, resent = [] } = completion;
  const { condemnedAt, held, heldFor, nextAttemptAt, vacant = false, noted } = completion;
  const observed: Fields = {
    ...(observedGeneration === undefined ? {} : { observedGeneration, lastSyncedAt: at }),
    ...(membersObserved === undefined ? {} : { membersObserved }),
  };
  const known: Fields = {
    ...observed,
    ...(announced
      ? {
          announcedReference: announced.reference,
          announcedName: announced.name,
          untoldNames: undefined,
          ...(announced.formerNames ? { formerNames: [...announced.formerNames] } : {}),
        }
      : {}),
    ...(noted ? { notedAt: noted.at } : {}),
    leaseUntil: FREE,
    endedFence,
    attempts: 0,
    owner: undefined,
    lastError: undefined,
    candidates: undefined,
    blockedBy: undefined,
    chosen: undefined,
    condemnedAt,
    nextAttemptAt: undefined,
    held,
    granted: undefined,
    // Of what was held back nothing new is known.
    ...(held ? {} : { inactive: completion.inactive ? true : undefined }),
  };
  const ended: Fields = {
    ...known,
    state,
    heldFor,
    nextAttemptAt,
    dueAt: nextAttemptAt,
    vacant: vacant ? true : undefined,
  };
  const pull = resent.length === 0 ? {} : { $pull: { resend: { mark: { $in: [...resent] } } } };
  const others = { ...pull, ...(noted ? { $push: { noted } } : {}), ...CHANGED };
  return {
    done: { ...written(ended), ...others },
    changed: { ...written({ ...known, state: 'PENDING', dueAt: at }), ...others },
  };
}

/** What has a value is set, and what has none is removed. */
function written(fields: Fields): BindingUpdate {
  const all = Object.entries(fields);
  const set = all.filter(([, value]) => value !== undefined);
  const unset = all.filter(([, value]) => value === undefined).map(([name]) => [name, 1]);
  return {
    $set: Object.fromEntries(set),
    $unset: Object.fromEntries(unset) as Record<string, 1>,
  };
}
