import { Field, Int, ObjectType } from 'type-graphql';
import {
  type Binding,
  type BindingState,
  type Candidate,
  type DeliveryError,
  type HeldFor,
} from '../../domain/binding';
import { connectionType } from '../connection';
import { listCost } from '../limits';
import { toNodeId } from '../node-id';
import { BindingStateEnum, HeldForEnum } from './enums.type';
import { NodeType } from './node.type';
import { MutationPayload } from './user-error.type';

@ObjectType('DeliveryError', { description: 'Why the last delivery failed.' })
export class DeliveryErrorType implements DeliveryError {
  @Field(() => String, {
    description:
      'For programs: `unavailable`, `timeout`, `invalid`, `conflict`, `disputed`, `mapping`, `guard`, ...',
  })
  kind!: string;

  @Field(() => String, { description: 'For people: what is wrong and how to mend it.' })
  message!: string;

  @Field(() => String, { nullable: true, description: 'The attribute of the target at fault.' })
  attribute?: string;

  @Field(() => Date, { description: 'When it happened.' })
  at!: Date;
}

@ObjectType('EntryCandidate', { description: 'An entry that a resource may have.' })
export class EntryCandidateType implements Candidate {
  @Field(() => String, { description: 'Its immutable reference in the directory.' })
  reference!: string;

  @Field(() => String, { description: 'Its own name in the directory: a DN, a user name.' })
  name!: string;
}

@ObjectType('Binding', {
  implements: NodeType,
  description: 'One user or group in one target, and how far the target has got.',
})
export class BindingType extends NodeType {
  /** The store's ids. */
  key!: string;
  ruleKey!: string;
  targetKey!: string;
  resourceKey!: string;

  @Field(() => String, { description: 'The SCIM resource type: `User`, `Group`.' })
  resourceType!: string;

  @Field(() => BindingStateEnum, { description: 'How far the target has got.' })
  state!: BindingState;

  @Field(() => HeldForEnum, {
    nullable: true,
    description: 'What it waits for. Null: it is not held.',
  })
  heldFor?: HeldFor;

  @Field(() => Date, {
    nullable: true,
    description: 'Since when it has been held for the rule or the guard.',
  })
  heldSince?: Date;

  @Field(() => Int, { description: 'The generation of the resource the target should have.' })
  generation!: number;

  @Field(() => Int, { description: 'The generation the target has; 0: none yet.' })
  observedGeneration!: number;

  @Field(() => String, {
    nullable: true,
    description: "The entry's immutable reference in the directory: entryUUID, a row id.",
  })
  reference?: string;

  @Field(() => String, {
    nullable: true,
    description: "The entry's own name in the directory when last seen: a DN, a user name.",
  })
  name?: string;

  @Field(() => Int, { description: 'Failed deliveries since the last one that succeeded.' })
  attempts!: number;

  @Field(() => Date, {
    nullable: true,
    description: 'When it is tried again by itself, or its entry deleted.',
  })
  nextAttemptAt?: Date;

  @Field(() => DeliveryErrorType, {
    nullable: true,
    description: 'Why the last delivery failed. Null: it did not.',
  })
  lastError?: DeliveryError;

  @Field(() => Date, { nullable: true, description: 'When a delivery last succeeded.' })
  lastSyncedAt?: Date;

  @Field(() => [EntryCandidateType], {
    nullable: true,
    complexity: listCost(10),
    description:
      'Entries that may be its own, at most 10: `bindingAdopt`. Null: it is not disputed.',
  })
  candidates?: readonly Candidate[];
}

export function toBinding(binding: Binding): BindingType {
  const { id, ruleId, targetId, resourceId, ...rest } = binding;
  return {
    ...rest,
    id: toNodeId('Binding', id),
    key: id,
    ruleKey: ruleId,
    targetKey: targetId,
    resourceKey: resourceId,
  };
}

export const BindingConnectionType = connectionType('Binding', () => BindingType, 'bindings');

@ObjectType('BindingRetryPayload', { description: 'What `bindingRetry` answers.' })
export class BindingRetryPayload extends MutationPayload {
  @Field(() => BindingType, { nullable: true, description: 'The binding.' })
  binding?: BindingType;
}

@ObjectType('BindingDeleteNowPayload', { description: 'What `bindingDeleteNow` answers.' })
export class BindingDeleteNowPayload extends MutationPayload {
  @Field(() => BindingType, { nullable: true, description: 'The binding.' })
  binding?: BindingType;
}

@ObjectType('BindingAdoptPayload', { description: 'What `bindingAdopt` answers.' })
export class BindingAdoptPayload extends MutationPayload {
  @Field(() => BindingType, { nullable: true, description: 'The binding.' })
  binding?: BindingType;
}
