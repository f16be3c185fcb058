import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { type TargetTestStep } from '../../domain/ports';
import {
  type DeliveryLimits,
  type OrphanPolicy,
  type ReconcileMode,
  type Target,
} from '../../domain/target';
import { connectionType } from '../connection';
import { toNodeId } from '../node-id';
import { TestStepStateEnum } from './enums.type';
import { StringFilter } from './filter.type';
import { NodeType } from './node.type';
import { OrphanPolicyEnum, ReconcileModeEnum } from './operation-enums.type';
import { MutationPayload } from './user-error.type';

const DELIVERY_LIMITS = 'How fast a target is delivered to, by each process for itself.';
const MAX_CONCURRENCY =
  'Calls at the same time: 1 to 1000. Null: as many as the connector makes; never more than that.';
const MAX_PER_SECOND =
  'Deliveries that begin in a second: 1 to 10000; a tenth of them may begin at once. Null: no limit.';

@ObjectType('DeliveryLimits', { description: DELIVERY_LIMITS })
export class DeliveryLimitsType implements DeliveryLimits {
  @Field(() => Int, { nullable: true, description: MAX_CONCURRENCY })
  maxConcurrency?: number;

  @Field(() => Int, { nullable: true, description: MAX_PER_SECOND })
  maxPerSecond?: number;
}

@InputType('DeliveryLimitsInput', { description: DELIVERY_LIMITS })
export class DeliveryLimitsInput {
  @Field(() => Int, { nullable: true, description: MAX_CONCURRENCY })
  maxConcurrency?: number | null;

  @Field(() => Int, { nullable: true, description: MAX_PER_SECOND })
  maxPerSecond?: number | null;
}

export function fromDeliveryLimits(input: DeliveryLimitsInput | null | undefined): {
  readonly deliveryLimits?: DeliveryLimits;
} {
  if (input == null) return {};
  const { maxConcurrency, maxPerSecond } = input;
  return {
    deliveryLimits: {
      ...(maxConcurrency == null ? {} : { maxConcurrency }),
      ...(maxPerSecond == null ? {} : { maxPerSecond }),
    },
  };
}

@ObjectType('Target', {
  implements: NodeType,
  description: 'One configured directory. Its secrets can be set, never read.',
})
export class TargetType extends NodeType {
  /** The store's id. */
  key!: string;

  @Field(() => String, { description: 'Unique among targets, regardless of case.' })
  name!: string;

  @Field(() => String, { description: 'The id of its connector type.' })
  connector!: string;

  @Field(() => GraphQLJSONObject, {
    description: 'As `settingsSchema` of its connector type describes them, defaults included.',
  })
  settings!: object;

  @Field(() => [String], { description: 'The names of the secrets that are set.' })
  secretsSet!: readonly string[];

  @Field(() => DeliveryLimitsType, { description: DELIVERY_LIMITS })
  deliveryLimits!: DeliveryLimits;

  @Field(() => Date, {
    nullable: true,
    description: 'Since when nothing is delivered to it. Null: it is delivered to.',
  })
  pausedAt?: Date;

  @Field(() => Int, {
    nullable: true,
    description: 'How often it is reconciled by itself, in hours. Null: never.',
  })
  reconcileEveryHours?: number;

  @Field(() => ReconcileModeEnum, {
    nullable: true,
    description: 'What reconciling it by itself does. Null: it never is.',
  })
  reconcileMode?: ReconcileMode;

  @Field(() => OrphanPolicyEnum, {
    nullable: true,
    description:
      'What becomes of orphaned entries when it is reconciled by itself. Null: it never is.',
  })
  reconcileOrphans?: OrphanPolicy;

  @Field(() => Int, { description: 'Counts changes of name, settings, secrets and limits.' })
  version!: number;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  updatedAt!: Date;
}

/** The only way of a target out of the process: its secrets stay behind. */
export function toTarget(target: Target): TargetType {
  return {
    id: toNodeId('Target', target.id),
    key: target.id,
    name: target.name,
    connector: target.connector,
    settings: target.settings,
    secretsSet: Object.keys(target.secrets)
      .filter((name) => target.secrets[name] != null && target.secrets[name] !== '')
      .sort(),
    deliveryLimits: target.deliveryLimits ?? {},
    ...(target.pausedAt === undefined ? {} : { pausedAt: target.pausedAt }),
    ...(target.reconcile === undefined
      ? {}
      : {
          reconcileEveryHours: target.reconcile.everyHours,
          reconcileMode: target.reconcile.mode,
          reconcileOrphans: target.reconcile.orphans ?? 'KEEP',
        }),
    version: target.version,
    createdAt: target.createdAt,
    updatedAt: target.updatedAt,
  };
}

export const TargetConnectionType = connectionType('Target', () => TargetType, 'targets');

@InputType('TargetFilter', { description: 'Targets that all of the given fields match.' })
export class TargetFilterInput {
  @Field(() => String, { nullable: true, description: 'The beginning of the name, in any case.' })
  search?: string | null;

  @Field(() => StringFilter, { nullable: true, description: 'The id of the connector type.' })
  connector?: StringFilter | null;
}

@InputType('TargetCreateInput', { description: 'A directory to be configured.' })
export class TargetCreateInput {
  @Field(() => String, { description: 'Unique among targets, regardless of case.' })
  name!: string;

  @Field(() => String, { description: 'The id of a connector type.' })
  connector!: string;

  @Field(() => GraphQLJSONObject, {
    description: 'As `settingsSchema` of the connector type describes them.',
  })
  settings!: Record<string, unknown>;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'As `secretsSchema` of the connector type describes them. Kept encrypted, never shown.',
  })
  secrets?: Record<string, unknown> | null;

  @Field(() => DeliveryLimitsInput, { nullable: true, description: DELIVERY_LIMITS })
  deliveryLimits?: DeliveryLimitsInput | null;
  @Field(() => Int, {
    nullable: true,
    description: 'How often it is reconciled by itself, 1 to 168 hours. Null or 0: never.',
  })
  reconcileEveryHours?: number | null;

  @Field(() => ReconcileModeEnum, {
    nullable: true,
    description: 'What reconciling it by itself does. Null: `REPORT`.',
  })
  reconcileMode?: ReconcileMode | null;

  @Field(() => OrphanPolicyEnum, {
    nullable: true,
    description:
      'With `REPAIR`: what becomes of orphaned entries when it is reconciled by itself. Null: `KEEP`.',
  })
  reconcileOrphans?: OrphanPolicy | null;
}

@ObjectType('TargetCreatePayload', { description: 'What `targetCreate` answers.' })
export class TargetCreatePayload extends MutationPayload {
  @Field(() => TargetType, { nullable: true, description: 'The new target.' })
  target?: TargetType;
}

@ObjectType('TargetTestStep', { description: 'One step of a connection test.' })
export class TargetTestStepType implements TargetTestStep {
  @Field(() => String, { description: 'What was tried.' })
  name!: string;

  @Field(() => TestStepStateEnum, { description: 'How it went.' })
  state!: TargetTestStep['state'];

  @Field(() => String, { description: 'What was found.' })
  message!: string;

  @Field(() => String, { nullable: true, description: 'What to do about it.' })
  remedy?: string;
}

@ObjectType('TargetTestPayload', { description: 'What `targetTest` answers.' })
export class TargetTestPayload extends MutationPayload {
  @Field(() => TargetType, { nullable: true, description: 'The target.' })
  target?: TargetType;

  @Field(() => [TargetTestStepType], {
    nullable: true,
    description: 'The steps in order; a failed one may end the test.',
  })
  steps?: readonly TargetTestStep[];
}
