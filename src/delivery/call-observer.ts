/** Tells whoever measures how each call into a connector went. */
import { type Clock } from './clock';
import { ConnectorError, type FailureKind } from '../../connectors/spi';

export interface ObservedCall {
  /** The connector type's id. */
  readonly connector: string;
  readonly operation: string;
  /** `fault`: the connector broke its contract. */
  readonly outcome: 'ok' | 'fault' | FailureKind;
  readonly seconds: number;
}

export type CallObserver = (call: ObservedCall) => void;

export interface Observation {
  readonly observe?: CallObserver | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Runs the call, which has its deadline already, and tells what came of it. */
export async function observed<Answer>(
  what: Pick<ObservedCall, 'connector' | 'operation'>,
  { observe, clock }: Observation,
  call: () => Promise<Answer>,
): Promise<Answer> {
  if (!observe) return call();
  const begun = clock.monotonic();
  const tell = (outcome: ObservedCall['outcome']): void =>
    observe({ ...what, outcome, seconds: (clock.monotonic() - begun) / 1_000 });
  try {
    const answer = await call();
    tell('ok');
    return answer;
  } catch (error) {
    tell(error instanceof ConnectorError ? error.kind : 'fault');
    throw error;
  }
}
