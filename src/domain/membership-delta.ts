/** Changes of memberships as values that can be put one after the other. */
import { type MembershipDelta } from './resource';

/** The one delta that does what `first` and then `second` do. */
export function composeDeltas(first: MembershipDelta, second: MembershipDelta): MembershipDelta {
  if (second.replaceAll) return second;
  const removed = new Set(second.remove);
  const added = new Set(second.add);
  const add = new Set([...first.add.filter((id) => !removed.has(id)), ...added]);
  // After a replacement nobody else is left, so nothing need be said of who leaves.
  const remove = first.replaceAll
    ? []
    : [...new Set([...first.remove.filter((id) => !added.has(id)), ...removed])];
  return { replaceAll: first.replaceAll, add: [...add], remove };
}

/** Nothing changes. */
export function isEmptyDelta(delta: MembershipDelta): boolean {
  return !delta.replaceAll && delta.add.length === 0 && delta.remove.length === 0;
}
