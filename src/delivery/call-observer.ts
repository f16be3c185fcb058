/** Tells whoever measures how each call into a connector went. */
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

/** Runs the call, which has its deadline already, and tells what came of it. */
export async function observed<Answer>(
  what: Pick<ObservedCall, 'connector' | 'operation'>,
  observe: CallObserver | undefined,
  call: () => Promise<Answer>,
): Promise<Answer> {
  if (!observe) return call();
  const begun = performance.now();
  const tell = (outcome: ObservedCall['outcome']): void =>
    observe({ ...what, outcome, seconds: (performance.now() - begun) / 1_000 });
  try {
    const answer = await call();
    tell('ok');
    return answer;
  } catch (error) {
    tell(error instanceof ConnectorError ? error.kind : 'fault');
    throw error;
  }
}
