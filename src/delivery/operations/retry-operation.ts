/** Delivers many bindings again, page by page, and no faster than their targets take them. */
import { type BindingSweeps } from '../../domain/binding-sweep';
import { type BindingReader } from '../../domain/ports';
import { type Clock } from '../clock';
import { type OperationHandler } from './operation-run';
import { type EngineTimes } from '../times';

export interface RetryOperationDeps {
  readonly bindings: Pick<BindingReader, 'list' | 'count'>;
  readonly sweeps: Pick<BindingSweeps, 'redeliver' | 'countDue'>;
  readonly wake: (targetId: string, ruleId: string) => void;
  readonly clock: Clock;
  readonly times: Pick<EngineTimes, 'operationPollMs'>;
}

/** A fresh change waits behind the deliveries of one page at most. */
const PAGE = 100;

interface RetryPosition {
  readonly after: string;
  /** The page before, until its deliveries are under way. */
  readonly page: readonly string[];
}

export function retryOperation(deps: RetryOperationDeps): OperationHandler<'RETRY'> {
  const { bindings, sweeps, wake, clock, times } = deps;
  return async (run) => {
    const { operation } = run;
    const { states, errorKinds } = operation.input;
    const { ruleId, targetId } = operation;
    const filter = {
      states,
      ...(errorKinds.length === 0 ? {} : { errorKinds }),
      ...(ruleId === undefined ? {} : { ruleId }),
      ...(targetId === undefined ? {} : { targetId }),
    };
    if (operation.progress.total === undefined) {
      await run.note({ total: await bindings.count(filter) });
    }
    let position = operation.position as RetryPosition | undefined;
    for (;;) {
      if (position && (await sweeps.countDue(position.page, clock.now())) > PAGE / 2) {
        await run.note({ position });
        return { again: new Date(clock.now().getTime() + times.operationPollMs) };
      }
      const after = position === undefined ? {} : { after: position.after };
      const { items } = await bindings.list({ ...filter, ...after, limit: PAGE });
      const last = items.at(-1);
      if (!last) return { end: 'SUCCEEDED' };
      run.assertHeld();
      const ids = items.map(({ id }) => id);
      const retried = await sweeps.redeliver(ids, states, clock.now());
      for (const one of items) wake(one.targetId, one.ruleId);
      run.count('RETRIED', retried);
      run.advance(items.length);
      position = { after: last.id, page: ids };
      await run.note({ position });
    }
  };
}
