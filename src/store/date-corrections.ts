/** What a clock that was wrong dated ahead, so that nobody waits for it. */
import { type BindingModel } from './models/binding.model';

/**
 * What waits for nothing is due when it is asked for, and what failed is tried again within an hour, whatever the target
 * says. The rest is room for clocks that differ. What is held is left alone: a deletion may be days away.
 */
const LONGEST_AHEAD_MS = { asked: 60_000, retrying: 2 * 3_600_000, leased: 60_000 } as const;

/** Where a lease made now lasts until then: until when any lasts. */
export function latestLease(leaseUntil: Date): Date {
  return new Date(leaseUntil.getTime() + LONGEST_AHEAD_MS.leased);
}

/** Matches where the moment has come, and where it is later than any that is set now. */
export function hasCome(field: string, now: Date, latest: Date) {
  return { $or: [{ [field]: { $lte: now } }, { [field]: { $gt: latest } }] };
}

/** Makes due what is due later than anything can be. Answers how many bindings. */
export async function correctDates(
  model: BindingModel,
  of: { readonly targetId: string; readonly ruleId: string },
  now: Date,
): Promise<number> {
  const later = (ms: number) => ({ ...of, dueAt: { $gt: new Date(now.getTime() + ms) } });
  const asked = await model.updateMany(
    { ...later(LONGEST_AHEAD_MS.asked), state: { $in: ['PENDING', 'DELIVERING'] } },
    { $set: { dueAt: now } },
  );
  const retrying = await model.updateMany(
    { ...later(LONGEST_AHEAD_MS.retrying), state: 'RETRYING' },
    { $set: { dueAt: now, nextAttemptAt: now } },
  );
  return asked.modifiedCount + retrying.modifiedCount;
}

/** Ends leases then that would last for longer than any that is made now. Answers how many. */
export async function correctLeases(
  model: BindingModel,
  targetId: string,
  leaseUntil: Date,
): Promise<number> {
  const tooLong = { $gt: latestLease(leaseUntil) };
  const { modifiedCount } = await model.updateMany(
    { targetId, state: 'DELIVERING', leaseUntil: tooLong },
    { $set: { leaseUntil } },
  );
  return modifiedCount;
}
