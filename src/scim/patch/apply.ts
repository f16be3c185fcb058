/**
 * PATCH on a resource's attributes (RFC 7644 section 3.5.2): operations one after the other on a value, so that either
 * all of them take effect or none.
 */
import { attributeValue, withAttribute } from '../../domain/attribute-values';
import { DomainError } from '../../domain/error';
import { type CurrentMembers, type Modification, type Modified } from '../../domain/provisioning';
import { type ScimObject } from '../../domain/resource';
import { type ResourceSchema } from '../../domain/schema-table';
import {
  checkImmutable,
  coerceAttribute,
  invalid,
  isActivation,
  isDerived,
  isMembers,
  isRequired,
  isStored,
  mergeComplex,
  missingRequired,
} from '../../domain/validation';
import { WorkBudget } from './budget';
import { applyToMembers, MembershipChanges, StoredMembers } from './members';
import { applyToList } from './multi-valued';
import { type PatchOperation } from './operation';
import { changeOnlyMembers, toSteps, type PatchContext, type Step } from './step';

/** A PATCH request as a modification that can be applied to whatever the resource is by then. */
export function patchModification(
  context: PatchContext,
  operations: readonly PatchOperation[],
): Modification {
  const { schema } = context;
  const steps = toSteps(context, operations);
  return {
    onlyMembers: changeOnlyMembers(schema, steps),
    apply: (attributes, currentMembers) => applySteps(schema, attributes, steps, currentMembers),
  };
}

/** Applies a PATCH. `currentMembers` is asked only for value filters that need to know who is a member. */
export async function applyPatch(
  context: PatchContext,
  attributes: ScimObject,
  operations: readonly PatchOperation[],
  currentMembers: CurrentMembers,
): Promise<Modified> {
  return applySteps(context.schema, attributes, toSteps(context, operations), currentMembers);
}

async function applySteps(
  schema: ResourceSchema,
  attributes: ScimObject,
  steps: readonly Step[],
  currentMembers: CurrentMembers,
): Promise<Modified> {
  const members = new MembershipChanges();
  const budget = new WorkBudget();
  const ofMembers = steps.filter((step) => isMembers(schema, step.target));
  const stored = new StoredMembers(ofMembers, currentMembers, budget);
  let changed = attributes;
  for (const step of steps) {
    if (isMembers(schema, step.target)) await applyToMembers(step, members, stored);
    else changed = applyStep(schema, changed, step, budget);
  }
  if (changed !== attributes) checkOutcome(schema, attributes, changed, steps);
  const delta = members.delta();
  return delta === undefined ? { attributes: changed } : { attributes: changed, members: delta };
}

/** What the operations did together is what counts: one of them may remove what another one sets. */
function checkOutcome(
  schema: ResourceSchema,
  before: ScimObject,
  after: ScimObject,
  steps: readonly Step[],
): void {
  checkImmutable(schema, before, after);
  const missing = missingRequired(schema, after);
  if (missing === undefined) return;
  const removed = steps.some(
    // An extension as a whole is an attribute, too: the part of the name before the colon.
    ({ op, target: { attribute } }) =>
      op === 'remove' &&
      (attribute.name === missing.attribute.name || missing.name.startsWith(`${attribute.name}:`)),
  );
  if (!removed) throw isRequired(schema, missing);
  // RFC 7644 section 3.5.2.2.
  throw new DomainError('mutability', `"${missing.name}" is required and cannot be removed.`, {
    field: missing.name,
  });
}

function applyStep(
  schema: ResourceSchema,
  attributes: ScimObject,
  step: Step,
  budget: WorkBudget,
): ScimObject {
  const { target } = step;
  const { attribute, subAttribute } = target;
  if (subAttribute !== undefined && isDerived(subAttribute)) return attributes;
  if (!isStored(target)) {
    if (step.op !== 'remove') coerceAttribute(subAttribute ?? attribute, step.value, step.profile);
    return attributes;
  }
  if (attribute.multiValued) {
    const list = applyToList(attributeValue(attributes, target), step, budget);
    return list === 'unchanged' ? attributes : withAttribute(attributes, target, list);
  }
  if (attribute.type === 'complex') return applyToComplex(attributes, step);
  const value = singleValue(step);
  // RFC 7643 section 2.5 lets the server pick a state for what is unassigned: `active` stays what it is.
  if (value === undefined && isActivation(schema, target)) return attributes;
  return withAttribute(attributes, target, value);
}

function singleValue(step: Step): ReturnType<typeof coerceAttribute> {
  const { op, target, value, profile, name } = step;
  return op === 'remove' ? undefined : coerceAttribute(target.attribute, value, profile, name);
}

/** Add and replace both merge: sub-attributes that are not mentioned stay (RFC 7644 section 3.5.2.3). */
function applyToComplex(attributes: ScimObject, step: Step): ScimObject {
  const { op, target, value, profile, name } = step;
  const { subAttribute } = target;
  if (subAttribute !== undefined) {
    const item = op === 'remove' ? null : value;
    return mergeComplex(attributes, target, { [subAttribute.name]: item }, profile);
  }
  if (op === 'remove' || profile.unassigned(value)) {
    return withAttribute(attributes, target, undefined);
  }
  const single = profile.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  return mergeComplex(attributes, target, single.value, profile);
}
