/** What the audit trail hears of a delivery: what came of it, if anything did. */
import { v7 as timeOrderedId } from 'uuid';
import { type AuditOutcome, type NotedDelivery } from '../../domain/audit';
import { nameIn } from '../../domain/audit-values';
import { type DeliveryError } from '../../domain/binding';
import { type WorkItem } from '../../domain/delivery-ports';
import { type Resource } from '../../domain/resource';
import { type Target } from '../../domain/target';
import { type Delivery } from './delivery';

export interface Delivered {
  readonly item: WorkItem;
  readonly resource: Resource;
  readonly target: Target;
  readonly at: Date;
}

/** Whether an attempt since the last one that ended may have done something nobody heard of. */
function wasCutShort({ fence, endedFence }: WorkItem): boolean {
  return endedFence !== undefined && fence > endedFence + 1;
}

function note(
  { item, resource, target, at }: Delivered,
  outcome: AuditOutcome,
  more: Pick<NotedDelivery, 'native' | 'error'> = {},
): NotedDelivery {
  const name = nameIn(resource.attributes);
  return {
    id: timeOrderedId(),
    at,
    outcome,
    generation: item.generation,
    fromGeneration: item.observedGeneration,
    ...(name === undefined ? {} : { name }),
    targetName: target.name,
    ...(wasCutShort(item) ? { cutShort: true } : {}),
    ...more,
  };
}

/** Of a delivery that left the target as desired. Nothing where there was nothing to do, and nothing had gone wrong. */
export function successOf(
  delivered: Delivered,
  delivery: Delivery,
  action: 'ensure' | 'disable' | 'remove' | 'leave' | 'release',
): NotedDelivery | undefined {
  const { item } = delivered;
  const { adopted, session } = delivery;
  const native = session.native.sample;
  const hadEntry = item.reference !== undefined || item.creating !== undefined;
  const ends = hadEntry && (action === 'remove' || action === 'release');
  const unheard = wasCutShort(item) && item.observedGeneration < item.generation;
  if (!native && !adopted && !ends && !unheard && !item.lastError) return undefined;
  const outcome = adopted ? 'ADOPTED' : ends ? ENDS[action] : 'DELIVERED';
  return note(delivered, outcome, native ? { native } : {});
}

const ENDS = {
  remove: 'REMOVED',
  release: 'RELEASED',
  ensure: 'DELIVERED',
  disable: 'DELIVERED',
  leave: 'DELIVERED',
} as const;

/** Of an entry that is let go of without asking its target. */
export function releaseOf(delivered: Delivered): NotedDelivery | undefined {
  const { reference, lastError } = delivered.item;
  return reference === undefined && !lastError ? undefined : note(delivered, 'RELEASED');
}

/** Of a delivery that waits. The guard may have held back only a part of it. */
export function holdOf(delivered: Delivered, delivery?: Delivery): NotedDelivery {
  const native = delivery?.session.native.sample;
  return note(delivered, 'HELD', native ? { native } : {});
}

/** Of a failure that is not the same as before: of an outage only its beginning is told. */
export function failureOf(
  delivered: Delivered,
  { kind, message }: DeliveryError,
  parked: boolean,
  delivery: Delivery | undefined,
): NotedDelivery | undefined {
  const { item } = delivered;
  const native = delivery?.session.native.sample;
  const { attempts, lastError, nextAttemptAt } = item;
  const wasParked = nextAttemptAt === undefined;
  const again = attempts > 0 && lastError?.kind === kind;
  const sameParking =
    wasParked && lastError?.message === message && lastError.generation === item.generation;
  const known = again && (parked ? sameParking : true);
  if (known && !native) return undefined;
  return note(delivered, parked ? 'PARKED' : 'RETRYING', {
    error: { kind, message },
    ...(native ? { native } : {}),
  });
}
