/** What a change of a resource asks of each target of its rule. */
import {
  type DeliveryRequest,
  type DeliveryResources,
  type PendingResource,
} from '../../domain/delivery-ports';
import { GROUP, USER, type Resource } from '../../domain/resource';
import { type SyncAs, type SyncRule } from '../../domain/sync-rule';
import { type DesiredEntries } from '../entries/desired-entries';
import { isHeld } from '../entries/planner';
import { type RuleCache } from '../rule-cache';

export interface FanOutDeps {
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly rules: Pick<RuleCache, 'freshAll'>;
  readonly desired: Pick<DesiredEntries, 'inScope'>;
}

export class FanOut {
  constructor(private readonly deps: FanOutDeps) {}

  async requestsFor(pending: readonly PendingResource[]): Promise<readonly DeliveryRequest[]> {
    // Not what was read earlier: a target that was added a moment ago must not be missed, for nobody would look again.
    const ruleIds = [...new Set(pending.map(({ ruleId }) => ruleId))];
    const rules = await this.deps.rules.freshAll(ruleIds);
    const byId = new Map(rules.map((rule) => [rule.id, rule]));
    const filtered = await this.filtered(pending, byId);
    return pending.flatMap((resource) => {
      const rule = byId.get(resource.ruleId);
      if (!rule || !isDelivered(resource)) return [];
      return rule.syncAs.map((syncAs) => {
        const request = requestOf(resource, syncAs);
        return this.isOutOfScope(filtered.get(resource.id), resource, rule, syncAs)
          ? { ...request, outOfScope: true }
          : request;
      });
    });
  }

  /** The resources of which scope filters have to be asked. */
  private async filtered(
    pending: readonly PendingResource[],
    rules: ReadonlyMap<string, SyncRule>,
  ): Promise<ReadonlyMap<string, Resource>> {
    const ids = pending
      .filter((resource) => {
        const rule = rules.get(resource.ruleId);
        return rule && isFiltered(resource, rule) && rule.syncAs.some(hasScope);
      })
      .map(({ id }) => id);
    if (ids.length === 0) return new Map();
    const resources = await this.deps.resources.findAll(ids);
    return new Map(resources.map((resource) => [resource.id, resource]));
  }

  /** Only what is certain of the very generation that is asked for; everything else is found out by a delivery. */
  private isOutOfScope(
    resource: Resource | undefined,
    { generation }: PendingResource,
    rule: SyncRule,
    syncAs: SyncAs,
  ): boolean {
    if (resource?.generation !== generation || !hasScope(syncAs)) return false;
    try {
      return !this.deps.desired.inScope(resource, rule, syncAs);
    } catch {
      // The delivery will say what is wrong with the filter.
      return false;
    }
  }
}

function isDelivered({ resourceType }: PendingResource): boolean {
  return resourceType === USER || resourceType === GROUP;
}

/** What is deleted, held or let go of takes a way of its own, whatever the filter says; groups are not filtered. */
function isFiltered({ resourceType, deleted }: PendingResource, rule: SyncRule): boolean {
  return resourceType === USER && !deleted && !isHeld(rule) && rule.deletion === undefined;
}

function hasScope({ scopeFilter }: SyncAs): boolean {
  return scopeFilter !== undefined;
}

function requestOf(
  { id, ruleId, resourceType, generation }: PendingResource,
  { targetId }: SyncAs,
): DeliveryRequest {
  return { ruleId, targetId, resourceId: id, resourceType, generation };
}
