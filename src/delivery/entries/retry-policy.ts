/** What a failure means: tried again, and when, or parked for a person or a new change. */
import { type DeliveryError } from '../../domain/binding';
import { DomainError, StoreUnavailable } from '../../domain/error';
import { ConnectorError, type FailureKind } from '../../../connectors/spi';
import { type Clock } from '../clock';
import { Disputed, MappingFailed } from '../errors';

export interface RetryTimes {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const RETRY_TIMES: RetryTimes = { firstMs: 500, longestMs: 300_000 };

/** A defect is given a few chances, since it may be an outage in disguise. */
const CHANCES_OF_A_DEFECT = 8;

const LONGEST_MESSAGE = 1_000;

const RETRIED: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'unavailable',
  'timeout',
  'throttled',
  'notFound',
]);

export interface Verdict {
  readonly error: DeliveryError;
  /** Absent: parked. */
  readonly retryAt?: Date;
  /** The target did not answer: its whole lane should slow down. */
  readonly silent: boolean;
  /** The target asked its whole lane to wait for so long. */
  readonly throttledMs?: number;
}

export class RetryPolicy {
  constructor(
    private readonly clock: Clock,
    private readonly times: RetryTimes = RETRY_TIMES,
  ) {}

  /** Judges the failure of a binding that had failed `attempts` times before. */
  judge(error: unknown, attempts: number): Verdict {
    if (error instanceof ConnectorError) return this.judgeConnector(error, attempts);
    if (error instanceof MappingFailed) {
      return this.verdict('mapping', error.message, { attribute: error.attribute });
    }
    if (error instanceof Disputed) return this.verdict('disputed', error.message, {});
    if (error instanceof StoreUnavailable) {
      const message = 'The database did not answer meanwhile. It is tried again by itself.';
      return this.verdict('internal', message, { delayMs: this.delay(attempts) });
    }
    // The schemas of the rule do not fit: its deliveries go on by themselves once an administrator has changed them.
    if (error instanceof DomainError && error.code === 'unavailable') {
      return this.verdict('mapping', error.message, { delayMs: this.delay(attempts) });
    }
    const message =
      'An internal error, see the log of the gateway. Retry when its cause has been removed.';
    return attempts + 1 < CHANCES_OF_A_DEFECT
      ? this.verdict('internal', message, { delayMs: this.delay(attempts) })
      : this.verdict('internal', message, {});
  }

  /** Exponential, and spread so that what failed together does not come back together. */
  delay(attempts: number): number {
    const grown = Math.min(this.times.longestMs, this.times.firstMs * 2 ** Math.min(attempts, 30));
    return grown * (0.5 + this.clock.random() / 2);
  }

  private judgeConnector(error: ConnectorError, attempts: number): Verdict {
    const { kind, message, attribute, retryAfterMs = 0 } = error;
    // Of an unknown outcome nothing can be said to a person yet: the next attempt reads what became of it.
    const retried = RETRIED.has(kind) || error.outcome === 'unknown';
    const delayMs = retried ? Math.max(retryAfterMs, this.delay(attempts)) : undefined;
    const verdict = this.verdict(kind, message, { attribute, delayMs });
    return kind === 'throttled' && retryAfterMs > 0
      ? { ...verdict, throttledMs: retryAfterMs }
      : verdict;
  }

  private verdict(
    kind: string,
    message: string,
    more: { readonly attribute?: string | undefined; readonly delayMs?: number | undefined },
  ): Verdict {
    const at = this.clock.now();
    const { attribute, delayMs } = more;
    return {
      error: {
        kind,
        message: message.slice(0, LONGEST_MESSAGE),
        at,
        ...(attribute === undefined ? {} : { attribute }),
      },
      ...(delayMs === undefined ? {} : { retryAt: new Date(at.getTime() + delayMs) }),
      silent: kind === 'unavailable' || kind === 'timeout',
    };
  }
}
