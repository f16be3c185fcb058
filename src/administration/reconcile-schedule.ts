/** When a target is reconciled by itself, as an administrator says it. */
import { type OrphanPolicy, type ReconcileMode, type ReconcileSchedule } from '../domain/target';
import { refused, type Outcome } from './issue';

export interface ScheduleInput {
  /** 0: not by itself. */
  readonly reconcileEveryHours?: number;
  readonly reconcileMode?: ReconcileMode;
  /** What becomes of orphans; only `REPAIR` touches them. */
  readonly reconcileOrphans?: OrphanPolicy;
}

/** A week. */
const LONGEST_HOURS = 168;

/** The schedule as it will be; null: none. What is not said stays. */
export function scheduleAfter(
  current: ReconcileSchedule | undefined,
  input: ScheduleInput,
): Outcome<ReconcileSchedule | null> {
  const { reconcileEveryHours: everyHours = current?.everyHours ?? 0 } = input;
  if (!Number.isInteger(everyHours) || everyHours < 0 || everyHours > LONGEST_HOURS) {
    const message = `Between 1 and ${String(LONGEST_HOURS)} hours (a week), or 0 for never.`;
    return refused('INVALID', ['reconcileEveryHours'], message);
  }
  return everyHours === 0 ? never(input) : often(everyHours, current, input);
}

function never({ reconcileMode, reconcileOrphans }: ScheduleInput): Outcome<null> {
  if (reconcileMode === undefined && reconcileOrphans === undefined) return { value: null };
  const field = reconcileMode === undefined ? 'reconcileOrphans' : 'reconcileMode';
  return refused('INVALID', [field], 'Say with "reconcileEveryHours" how often.');
}

function often(
  everyHours: number,
  current: ReconcileSchedule | undefined,
  { reconcileMode, reconcileOrphans }: ScheduleInput,
): Outcome<ReconcileSchedule> {
  const mode = reconcileMode ?? current?.mode ?? 'REPORT';
  if (mode === 'REPAIR') {
    const orphans = reconcileOrphans ?? current?.orphans ?? 'KEEP';
    return { value: { everyHours, mode, ...(orphans === 'KEEP' ? {} : { orphans }) } };
  }
  if ((reconcileOrphans ?? 'KEEP') === 'KEEP') return { value: { everyHours, mode } };
  const message = 'REPORT touches nothing. Choose REPAIR, or KEEP for orphans.';
  return refused('INVALID', ['reconcileOrphans'], message);
}
