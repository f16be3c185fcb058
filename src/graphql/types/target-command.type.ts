/** Inputs and payloads of the mutations of targets. */
import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type TargetMappings, type TargetTestStep } from '../../domain/ports';
import { type OrphanPolicy, type ReconcileMode } from '../../domain/target';
import { TargetMappingsType } from './mapping.type';
import { OrphanPolicyEnum, ReconcileModeEnum } from './operation-enums.type';
import { DeliveryLimitsInput, TargetTestStepType, TargetType } from './target.type';
import { MutationPayload } from './user-error.type';

@InputType('TargetUpdateInput', {
  description: 'What is to change of a target: what is null or left out stays as it is.',
})
export class TargetUpdateInput {
  @Field(() => String, { nullable: true, description: 'Unique among targets, regardless of case.' })
  name?: string | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'All settings, as `settingsSchema` of the connector type describes them. They replace the old ones, and everything is delivered again by them.',
  })
  settings?: Record<string, unknown> | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'Secrets to set, as `secretsSchema` of the connector type describes them. Those left out are kept, null removes one.',
  })
  secrets?: Record<string, unknown> | null;

  @Field(() => DeliveryLimitsInput, {
    nullable: true,
    description: 'All limits: they replace the old ones, and what they leave out is not limited.',
  })
  deliveryLimits?: DeliveryLimitsInput | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The version that was read: if it is no longer the current one, nothing changes.',
  })
  expectedVersion?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How often it is reconciled by itself, 1 to 168 hours; 0: no longer.',
  })
  reconcileEveryHours?: number | null;

  @Field(() => ReconcileModeEnum, {
    nullable: true,
    description: 'What reconciling it by itself does.',
  })
  reconcileMode?: ReconcileMode | null;

  @Field(() => OrphanPolicyEnum, {
    nullable: true,
    description: 'With `REPAIR`: what becomes of orphaned entries when it is reconciled by itself.',
  })
  reconcileOrphans?: OrphanPolicy | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'The settings mean the same directory as before although they name another one: it moved, with all its entries.',
  })
  sameDirectory?: boolean | null;
}

@ObjectType('TargetUpdatePayload', { description: 'What `targetUpdate` answers.' })
export class TargetUpdatePayload extends MutationPayload {
  @Field(() => TargetType, { nullable: true, description: 'The target as it is now.' })
  target?: TargetType;
}

@ObjectType('TargetDeletePayload', { description: 'What `targetDelete` answers.' })
export class TargetDeletePayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The id the target had.' })
  deletedId?: string;
}

@ObjectType('TargetPausePayload', { description: 'What `targetPause` answers.' })
export class TargetPausePayload extends MutationPayload {
  @Field(() => TargetType, { nullable: true, description: 'The target.' })
  target?: TargetType;
}

@ObjectType('TargetResumePayload', { description: 'What `targetResume` answers.' })
export class TargetResumePayload extends MutationPayload {
  @Field(() => TargetType, { nullable: true, description: 'The target.' })
  target?: TargetType;
}

@InputType('TargetSettingsTestInput', { description: 'Settings to be tried.' })
export class TargetSettingsTestInput {
  @Field(() => String, { description: 'The id of a connector type.' })
  connector!: string;

  @Field(() => GraphQLJSONObject, {
    description: 'As `settingsSchema` of the connector type describes them.',
  })
  settings!: Record<string, unknown>;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'As `secretsSchema` of the connector type describes them. They are not kept.',
  })
  secrets?: Record<string, unknown> | null;

  @Field(() => ID, {
    nullable: true,
    description: 'A target of the connector whose secrets are used where none are given.',
  })
  targetId?: string | null;
}

@ObjectType('TargetSettingsTestPayload', { description: 'What `targetSettingsTest` answers.' })
export class TargetSettingsTestPayload extends MutationPayload {
  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'The settings, completed by what they leave open.',
  })
  settings?: object;

  @Field(() => TargetMappingsType, {
    nullable: true,
    description: 'The default mapping of a target with these settings.',
  })
  defaultMapping?: TargetMappings;

  @Field(() => [TargetTestStepType], {
    nullable: true,
    description: 'The steps in order; a failed one may end the test.',
  })
  steps?: readonly TargetTestStep[];
}
