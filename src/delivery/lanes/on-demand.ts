/** Delivers one resource because somebody asks for it (requirement D6), whatever was delivered before. */
import { bindingId } from '../../domain/binding';
import { type FanOutStore, type RolloutStore, type WorkQueue } from '../../domain/delivery-ports';
import { type Resource } from '../../domain/resource';
import { type Clock } from '../clock';
import { type RuleCache } from '../rule-cache';

export interface OnDemandDeps {
  readonly rules: RuleCache;
  readonly queue: Pick<WorkQueue, 'retry'>;
  readonly fanOut: Pick<FanOutStore, 'pendingAmong'>;
  readonly rollouts: Pick<RolloutStore, 'redeliver'>;
  /** Tells the dispatcher that the resource changed. */
  readonly hint: (resourceId: string) => void;
  readonly wake: (targetId: string, ruleId: string) => void;
  readonly clock: Clock;
}

export class OnDemand {
  constructor(private readonly deps: OnDemandDeps) {}

  /** Answers the targets of its rule. Guards, pauses and disabled rules hold it up as they do any other delivery. */
  async deliver(resource: Resource): Promise<readonly string[]> {
    const { rules, fanOut, wake, hint } = this.deps;
    const rule = await rules.fresh(resource.ruleId);
    const targetIds = rule?.syncAs.map(({ targetId }) => targetId) ?? [];
    const isPending = (await fanOut.pendingAmong([resource.id])).length > 0;
    for (const targetId of targetIds) {
      await this.deliverTo(targetId, resource, isPending);
      wake(targetId, resource.ruleId);
    }
    if (isPending) hint(resource.id);
    return targetIds;
  }

  private async deliverTo(targetId: string, resource: Resource, isPending: boolean): Promise<void> {
    const { queue, rollouts, clock } = this.deps;
    const { id, ruleId, resourceType, generation } = resource;
    const known = await queue.retry(bindingId(targetId, id), clock.now());
    // What is on its way to the targets gets its bindings from the dispatcher, which completes it first.
    if (known || isPending || resource.deletedAt) return;
    const missing = { id, ruleId, resourceType, generation, deleted: false };
    await rollouts.redeliver(targetId, [missing], clock.now());
  }
}
