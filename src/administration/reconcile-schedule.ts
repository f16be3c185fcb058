/** When a target is reconciled by itself, as an administrator says it. */
import { type ReconcileMode, type ReconcileSchedule } from '../domain/target';
import { refused, type Outcome } from './issue';

export interface ScheduleInput {
  /** 0: not by itself. */
  readonly reconcileEveryHours?: number;
  readonly reconcileMode?: ReconcileMode;
}

/** A week. */
const LONGEST_HOURS = 168;

/** The schedule as it will be; null: none. What is not said stays. */
export function scheduleAfter(
  current: ReconcileSchedule | undefined,
  { reconcileEveryHours: hours = current?.everyHours ?? 0, reconcileMode }: ScheduleInput,
): Outcome<ReconcileSchedule | null> {
  if (!Number.isInteger(hours) || hours < 0 || hours > LONGEST_HOURS) {
    const message = `Between 1 and ${String(LONGEST_HOURS)} hours (a week), or 0 for never.`;
    return refused('INVALID', ['reconcileEveryHours'], message);
  }
  if (hours > 0) {
    return { value: { everyHours: hours, mode: reconcileMode ?? current?.mode ?? 'REPORT' } };
  }
  if (reconcileMode === undefined) return { value: null };
  return refused('INVALID', ['reconcileMode'], 'Say with "reconcileEveryHours" how often.');
}
