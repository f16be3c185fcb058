/**
 * PATCH on a resource's attributes (RFC 7644 section 3.5.2): operations one after the other on a value, so that either
 * all of them take effect or none.
 */
import { attributeValue, withAttribute } from '../../domain/attribute-values';
import { type CurrentMembers, type Modification, type Modified } from '../../domain/provisioning';
import { type ScimObject } from '../../domain/resource';
import { type ResourceSchema } from '../../domain/schema-table';
import {
  checkRequired,
  coerceAttribute,
  invalid,
  isActivation,
  isDerived,
  isMembers,
  isStored,
  mergeComplex,
  tolerant,
} from '../../domain/validation';
import { WorkBudget } from './budget';
import { applyToMembers, MembershipChanges, StoredMembers } from './members';
import { applyToList } from './multi-valued';
import { type PatchOperation } from './operation';
import { changeOnlyMembers, toSteps, type Step } from './step';

/** A PATCH request as a modification that can be applied to whatever the resource is by then. */
export function patchModification(
  schema: ResourceSchema,
  operations: readonly PatchOperation[],
): Modification {
  const steps = toSteps(schema, operations);
  return {
    onlyMembers: changeOnlyMembers(schema, steps),
    apply: (attributes, currentMembers) => applySteps(schema, attributes, steps, currentMembers),
  };
}

/** Applies a PATCH. `currentMembers` is asked only for value filters that need to know who is a member. */
export async function applyPatch(
  schema: ResourceSchema,
  attributes: ScimObject,
  operations: readonly PatchOperation[],
  currentMembers: CurrentMembers,
): Promise<Modified> {
  return applySteps(schema, attributes, toSteps(schema, operations), currentMembers);
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
    else changed = applyStep(changed, step, budget);
  }
  // Only at the end: one operation may remove what the next one sets.
  if (changed !== attributes) checkRequired(schema, changed);
  const delta = members.delta();
  return delta === undefined ? { attributes: changed } : { attributes: changed, members: delta };
}

function applyStep(attributes: ScimObject, step: Step, budget: WorkBudget): ScimObject {
  const { target } = step;
  const { attribute, subAttribute } = target;
  if (subAttribute !== undefined && isDerived(subAttribute)) return attributes;
  if (!isStored(target)) {
    if (step.op !== 'remove') coerceAttribute(subAttribute ?? attribute, step.value, tolerant);
    return attributes;
  }
  if (attribute.multiValued) {
    const list = applyToList(attributeValue(attributes, target), step, budget);
    return list === 'unchanged' ? attributes : withAttribute(attributes, target, list);
  }
  if (attribute.type === 'complex') return applyToComplex(attributes, step);
  const value = singleValue(step);
  // RFC 7643 section 2.5 lets the server pick a state for what is unassigned: `active` stays what it is.
  if (value === undefined && isActivation(target)) return attributes;
  return withAttribute(attributes, target, value);
}

function singleValue({ op, target, value, name }: Step): ReturnType<typeof coerceAttribute> {
  return op === 'remove' ? undefined : coerceAttribute(target.attribute, value, tolerant, name);
}

/** Add and replace both merge: sub-attributes that are not mentioned stay (RFC 7644 section 3.5.2.3). */
function applyToComplex(attributes: ScimObject, { op, target, value, name }: Step): ScimObject {
  const { subAttribute } = target;
  if (subAttribute !== undefined) {
    const item = op === 'remove' ? null : value;
    return mergeComplex(attributes, target, { [subAttribute.name]: item }, tolerant);
  }
  if (op === 'remove' || tolerant.unassigned(value)) {
    return withAttribute(attributes, target, undefined);
  }
  const single = tolerant.single(value);
  if (single === undefined) throw invalid(name, 'takes one value, not a list');
  return mergeComplex(attributes, target, single.value, tolerant);
}
