/** Documents of `bindings` to domain bindings, and what a new one looks like. */
import { type Binding, type BindingState } from '../domain/binding';
import { type DeliveryRequest, type WorkItem } from '../domain/delivery-ports';
import { type BindingFilter } from '../domain/ports';
import { type BindingDocument } from './models/binding.model';

/** "Nobody has it": a plain date, so that one comparison finds both the free and the expired. */
export const FREE = new Date(0);

/** Part of every write that changes what administrators see of a binding. It rides along, so that no change goes unmarked. */
export const CHANGED = { $currentDate: { changedAt: true } } as const;

/**
 * There is something to deliver, from now on. What waits already keeps its place: otherwise what changes more often than a
 * backlog lasts would never have its turn. What waits for a later time comes forward.
 */
export function pending(now: Date) {
  return { $set: { state: 'PENDING' as const }, $min: { dueAt: now } };
}

/** What a binding is when it comes into being: there is something to deliver. */
export function newBinding(request: DeliveryRequest, now: Date): Omit<BindingDocument, '_id'> {
  const { ruleId, targetId, resourceId, resourceType, generation } = request;
  return {
    ruleId,
    targetId,
    resourceId,
    resourceType,
    generation,
    state: 'PENDING',
    observedGeneration: 0,
    attempts: 0,
    dueAt: now,
    leaseUntil: FREE,
    fence: 0,
    revision: 1,
    membersObserved: 0,
    resend: [],
    endedFence: 0,
  };
}

/** One of a resource that the target's scope filter does not let in: there is nothing to deliver. */
export function settledBinding(request: DeliveryRequest, now: Date): Omit<BindingDocument, '_id'> {
  const { dueAt: _never, ...binding } = newBinding(request, now);
  return {
    ...binding,
    state: 'OUT_OF_SCOPE',
    observedGeneration: request.generation,
    lastSyncedAt: now,
  };
}

/** What administrators filter by, as a query. */
export function bindingQuery({ disputed, errorKinds, heldFor, ...filter }: BindingFilter) {
  const { ruleId, targetId, resourceId, states } = filter;
  // Whatever it was disputed or held for before: only in one state it is so.
  const disputable = disputed ? among(states, 'PARKED') : states;
  const possible = heldFor ? among(disputable, 'HELD') : disputable;
  return {
    ...(disputed ? { candidates: { $exists: true } } : {}),
    ...(ruleId === undefined ? {} : { ruleId }),
    ...(targetId === undefined ? {} : { targetId }),
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(possible === undefined ? {} : { state: { $in: [...possible] } }),
    ...(heldFor === undefined ? {} : { heldFor: { $in: [...heldFor] } }),
    ...(errorKinds === undefined ? {} : { 'lastError.kind': { $in: [...errorKinds] } }),
  };
}

function among(
  states: BindingFilter['states'],
  only: BindingState,
): NonNullable<BindingFilter['states']> {
  return (states ?? [only]).filter((state) => state === only);
}

export function toBinding(document: BindingDocument): Binding {
  const { reference, name, heldFor, held, nextAttemptAt, lastError, lastSyncedAt } = document;
  const { state } = document;
  const isHeld = state === 'HELD';
  const candidates = state === 'PARKED' ? document.candidates : undefined;
  return {
    id: document._id,
    ruleId: document.ruleId,
    targetId: document.targetId,
    resourceId: document.resourceId,
    resourceType: document.resourceType,
    state,
    ...(isHeld && heldFor !== undefined ? { heldFor } : {}),
    generation: document.generation,
    observedGeneration: document.observedGeneration,
    attempts: document.attempts,
    ...(isHeld && held !== undefined ? { heldSince: held.since } : {}),
    ...(reference === undefined ? {} : { reference }),
    ...(name === undefined ? {} : { name }),
    ...(nextAttemptAt !== undefined && (isHeld || state === 'RETRYING') ? { nextAttemptAt } : {}),
    ...(lastError === undefined ? {} : { lastError }),
    ...(lastSyncedAt === undefined ? {} : { lastSyncedAt }),
    ...(candidates === undefined ? {} : { candidates }),
  };
}

function otherNames({ untoldNames = [], formerNames = [] }: BindingDocument) {
  return { untoldNames, formerNames };
}

export function toQueued(document: BindingDocument): WorkItem {
  const { announcedReference, announcedName, lastReference, creating, endedFence } = document;
  const { inherits, chosen, condemnedAt, outside, held, granted, passed } = document;
  return {
    ...toBinding(document),
    fence: document.fence,
    revision: document.revision,
    membersObserved: document.membersObserved,
    resend: document.resend,
    references: document.references ?? [],
    ...otherNames(document),
    ...(announcedReference === undefined ? {} : { announcedReference }),
    ...(announcedName === undefined ? {} : { announcedName }),
    ...(lastReference === undefined ? {} : { lastReference }),
    ...(creating === undefined ? {} : { creating }),
    ...(inherits === undefined ? {} : { inherits }),
    ...(chosen === undefined ? {} : { chosen }),
    ...(condemnedAt === undefined ? {} : { condemnedAt }),
    ...(outside === undefined ? {} : { outside }),
    ...(endedFence === undefined ? {} : { endedFence }),
    ...(held === undefined ? {} : { held }),
    ...(granted === undefined ? {} : { granted }),
    ...(passed === undefined ? {} : { passed }),
  };
}
