/** How long the engine waits for what, in milliseconds. */
import { type GuardTimes, GUARD_TIMES } from './connectors/call-guard';
import { type BreakerTimes, BREAKER_TIMES } from './lanes/circuit-breaker';
import { type RetryTimes, RETRY_TIMES } from './entries/retry-policy';

export interface EngineTimes {
  /** A worker that shows no sign of life for so long has lost its lease. */
  readonly leaseMs: number;
  /** An idle lane looks for work left by other processes. */
  readonly idleMs: number;
  /** What a clock that was wrong dated ahead is noticed. */
  readonly correctMs: number;
  /** Targets made or changed by other processes are noticed. */
  readonly refreshMs: number;
  /** Changes whose hint was lost are looked for, and how old they must be. */
  readonly pollMs: number;
  readonly pendingAgeMs: number;
  /** Now and then all changes are looked for, whatever time they carry. */
  readonly pollAllMs: number;
  /** Changes that come one after the other are gathered for so long. */
  readonly gatherMs: number;
  /** What comes of deliveries is gathered for so long before it is recorded. */
  readonly auditGatherMs: number;
  readonly housekeepingMs: number;
  /** Users hear of a change of their rule when every process has heard of it. */
  readonly reviewAgeMs: number;
  /** Who left a group is remembered at least so long, for processes that are late. */
  readonly tombstoneAgeMs: number;
  /** Changes of rules are looked for, and brought forward by a step. */
  readonly rolloutIdleMs: number;
  readonly rolloutStepMs: number;
  /** By then every process knows a change of a rule or a target, and has finished what it began before. */
  readonly rolloutSettleMs: number;
  /** What could not be taken back yet is looked at again. */
  readonly rolloutRoundMs: number;
  /** Operations asked for by other processes are noticed. */
  readonly operationIdleMs: number;
  /** An operation that waits for others looks again. */
  readonly operationPollMs: number;
  /** What targets are to be reconciled by their schedules is looked for. */
  readonly scheduleMs: number;
  /** Operations that have ended are remembered so long. */
  readonly operationAgeMs: number;
  /** Deliveries under way may finish when the engine stops, and what is given up then has so long to give its lease back. */
  readonly drainMs: number;
  readonly giveUpMs: number;
  readonly retry: RetryTimes;
  readonly breaker: BreakerTimes;
  readonly call: GuardTimes;
}

export const ENGINE_TIMES: EngineTimes = {
  leaseMs: 60_000,
  idleMs: 300,
  correctMs: 60_000,
  refreshMs: 1_000,
  pollMs: 1_000,
  pendingAgeMs: 1_000,
  pollAllMs: 10_000,
  gatherMs: 20,
  auditGatherMs: 100,
  housekeepingMs: 10_000,
  reviewAgeMs: 3_000,
  tombstoneAgeMs: 3_600_000,
  rolloutIdleMs: 1_000,
  rolloutStepMs: 100,
  rolloutSettleMs: 3_000,
  rolloutRoundMs: 5_000,
  operationIdleMs: 500,
  operationPollMs: 1_000,
  scheduleMs: 30_000,
  operationAgeMs: 30 * 86_400_000,
  drainMs: 3_500,
  giveUpMs: 1_250,
  retry: RETRY_TIMES,
  breaker: BREAKER_TIMES,
  call: GUARD_TIMES,
};
