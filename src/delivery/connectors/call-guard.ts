/** Every call into a connector goes through here: it ends in time and fails only with the interface's own error. */
import { ConnectorError, type CallContext, type FailureKind } from '../../../connectors/spi';
import { type Clock, systemClock } from '../clock';
import { ConnectorFault } from '../errors';

export interface GuardTimes {
  /** When the call's signal is aborted. */
  readonly deadlineMs: number;
  /** How long after that a connector may take to tell what it knows. */
  readonly graceMs: number;
}

/** A directory that says otherwise is asked again all the same: a deprovisioning must not wait for days. */
const MOST_RETRY_AFTER_MS = 3_600_000;

export const GUARD_TIMES: GuardTimes = { deadlineMs: 30_000, graceMs: 1_000 };

export interface GuardedCall<Answer> {
  readonly operation: string;
  /** Whether it changes the directory: then a call that does not come back has an unknown outcome. */
  readonly writes: boolean;
  /** Ends the call before its deadline. */
  readonly signal?: AbortSignal | undefined;
  readonly run: (context: CallContext) => Promise<Answer>;
}

/** Rejects with {@link ConnectorError} or {@link ConnectorFault} only, soon after the deadline at the latest. */
export async function guard<Answer>(
  call: GuardedCall<Answer>,
  times: GuardTimes = GUARD_TIMES,
  clock: Pick<Clock, 'after'> = systemClock,
): Promise<Answer> {
  const controller = new AbortController();
  const timers: (() => void)[] = [];
  let expire: (error: Error) => void = () => undefined;
  const overdue = new Promise<never>((_, reject) => {
    expire = reject;
  });
  const giveUp = (): void => {
    controller.abort();
    timers.push(clock.after(times.graceMs, () => expire(noAnswer(call))));
  };
  timers.push(clock.after(times.deadlineMs, giveUp));
  call.signal?.addEventListener('abort', giveUp, { once: true });
  if (call.signal?.aborted) giveUp();
  try {
    return await Promise.race([settle(call, { signal: controller.signal }), overdue]);
  } catch (error) {
    throw asOwnError(error, call.operation);
  } finally {
    call.signal?.removeEventListener('abort', giveUp);
    for (const cancel of timers) cancel();
  }
}

/** A connector that throws instead of rejecting is no different. */
async function settle<Answer>(call: GuardedCall<Answer>, context: CallContext): Promise<Answer> {
  return call.run(context);
}

function noAnswer({ operation, writes }: GuardedCall<unknown>): ConnectorError {
  return new ConnectorError('timeout', `The directory did not answer "${operation}" in time.`, {
    outcome: writes ? 'unknown' : 'none',
  });
}

const KINDS: ReadonlySet<unknown> = new Set<FailureKind>([
  'unavailable',
  'timeout',
  'throttled',
  'invalid',
  'conflict',
  'permission',
  'unsupported',
  'notFound',
]);

/** The interface's own errors as they are; anything else that a connector lets out is a fault of it. */
export function asOwnError(error: unknown, operation: string): Error {
  try {
    const own = ownError(error);
    if (own) return own;
  } catch {
    // Not even what it threw can be looked at.
  }
  return new ConnectorFault(`The connector failed in "${operation}"`, { cause: error });
}

/** Packages may bring a copy of the class: it is recognised by what it says, and made ours. */
function ownError(error: unknown): Error | undefined {
  if (error instanceof ConnectorFault) return error;
  if (!(error instanceof Error) || error.name !== 'ConnectorError') return undefined;
  const { kind, message, outcome, attribute, retryAfterMs } = error as ConnectorError;
  if (!KINDS.has(kind) || typeof message !== 'string') return undefined;
  return new ConnectorError(kind, message, {
    outcome: outcome === 'unknown' ? 'unknown' : 'none',
    cause: error,
    ...(typeof attribute === 'string' ? { attribute } : {}),
    ...(typeof retryAfterMs === 'number' && retryAfterMs > 0
      ? { retryAfterMs: Math.min(retryAfterMs, MOST_RETRY_AFTER_MS) }
      : {}),
  });
}
