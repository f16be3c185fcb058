/** Tells how far the deletion of a rule has got. It is carried out by deliveries, and goes on whatever becomes of this. */
import { type BindingState } from '../../domain/binding';
import { type DeliveryRules } from '../../domain/delivery-ports';
import { type BindingReader } from '../../domain/ports';
import { type Clock } from '../clock';
import { OperationFailed } from '../errors';
import { type OperationHandler } from './operation-run';
import { type EngineTimes } from '../times';

export interface DeletionOperationDeps {
  readonly rules: Pick<DeliveryRules, 'find'>;
  readonly bindings: Pick<BindingReader, 'count'>;
  readonly clock: Clock;
  readonly times: Pick<EngineTimes, 'operationPollMs'>;
}

const NOT_YET_REMOVED: readonly BindingState[] = [
  'PENDING',
  'DELIVERING',
  'SYNCED',
  'RETRYING',
  'PARKED',
  'HELD',
  'OUT_OF_SCOPE',
];

/** Counting much is looked at less often. */
const COUNTED_IN_A_POLL = 5_000;

export function deletionOperation(deps: DeletionOperationDeps): OperationHandler<'RULE_DELETION'> {
  const { rules, bindings, clock, times } = deps;
  return async (run) => {
    const { ruleId = '', progress } = run.operation;
    const rule = await rules.find(ruleId);
    const left = rule ? await bindings.count({ ruleId, states: NOT_YET_REMOVED }) : 0;
    const total = Math.max(progress.total ?? 0, left);
    run.advance(total - left - run.done);
    const parked = rule ? await bindings.count({ ruleId, states: ['PARKED'] }) : 0;
    run.set('PARKED', parked);
    if (rule && rule.deletion === undefined) {
      throw new OperationFailed('The sync rule is not being deleted.');
    }
    const before = progress.counts['PARKED'] ?? 0;
    if (run.done !== progress.done || progress.total !== total || parked !== before) {
      await run.note({ total });
    }
    if (!rule) return { end: 'SUCCEEDED' };
    const polls = 1 + Math.floor(left / COUNTED_IN_A_POLL);
    return { again: new Date(clock.now().getTime() + polls * times.operationPollMs) };
  };
}
