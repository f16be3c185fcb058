import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type BindingState } from '../../domain/binding';
import {
  type Operation,
  type OperationInputs,
  type OperationKind,
  type OperationProgress,
  type OperationRequester,
  type OperationState,
} from '../../domain/operation';
import { countedOutcome } from '../../domain/preview-finding';
import { type SyncAs } from '../../domain/sync-rule';
import { type OrphanPolicy, type ReconcileMode } from '../../domain/target';
import { connectionType } from '../connection';
import { toNodeId } from '../node-id';
import { BindingStateEnum } from './enums.type';
import { IdentifierConversionType } from './identifiers.type';
import { NodeType } from './node.type';
import {
  OperationKindEnum,
  OperationRequesterTypeEnum,
  OperationStateEnum,
  OrphanPolicyEnum,
  ReconcileModeEnum,
} from './operation-enums.type';
import { SyncAsInput } from './sync-as.type';
import { MutationPayload } from './user-error.type';

@ObjectType('OperationRequester', { description: 'Who asked for an operation.' })
export class OperationRequesterType {
  @Field(() => OperationRequesterTypeEnum, { description: 'What it is.' })
  type!: OperationRequester['type'];

  @Field(() => String, { description: 'The name of the API key at that time.' })
  name!: string;

  @Field(() => ID, { nullable: true, description: 'The id of the API key.' })
  apiKeyId?: string;
}

@ObjectType('OperationCount', {
  description: 'How often something came of an operation; of a preview, in one of its targets.',
})
export class OperationCountType {
  @Field(() => String, {
    description: 'A word of the kind of operation: `RETRIED`, `MISSING`. Expect new ones.',
  })
  outcome!: string;

  @Field(() => Int, { description: 'How often.' })
  count!: number;

  /** The store's id. */
  targetKey?: string;
}

@ObjectType('OperationProgress', { description: 'How far an operation has got.' })
export class OperationProgressType {
  @Field(() => Int, { description: 'How much is done.' })
  done!: number;

  @Field(() => Int, { nullable: true, description: 'Of how much. Null: nobody knows.' })
  total?: number;

  @Field(() => [OperationCountType], { description: 'What came of it so far.' })
  counts!: readonly OperationCountType[];
}

@ObjectType('Operation', {
  implements: NodeType,
  description:
    'Work that takes its time: it can be watched, cancelled and resumed, and goes on when a process dies. It is forgotten 30 days after its end.',
})
export class OperationType extends NodeType {
  /** The store's ids. */
  key!: string;
  ruleKey?: string;
  targetKey?: string;
  resumesKey?: string;
  itemsOf!: string;
  previewed?: readonly SyncAs[];

  @Field(() => OperationKindEnum, { description: 'What it does.' })
  kind!: OperationKind;

  @Field(() => ReconcileModeEnum, {
    nullable: true,
    description: 'What it does with what it finds. Null: it reconciles nothing.',
  })
  reconcileMode?: ReconcileMode;

  @Field(() => OrphanPolicyEnum, {
    nullable: true,
    description: 'What it does with orphaned entries. Null: it reconciles nothing.',
  })
  orphanPolicy?: OrphanPolicy;

  @Field(() => IdentifierConversionType, {
    nullable: true,
    description: 'How it converts user names. Null: it converts none.',
  })
  identifierConversion?: IdentifierConversionType;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether it previews targets as they might be, and not as they are. Null: it previews nothing.',
  })
  isDraft?: boolean;

  @Field(() => OperationStateEnum, { description: 'How far it has got.' })
  state!: OperationState;

  @Field(() => OperationRequesterType, { description: 'Who asked for it.' })
  requestedBy!: OperationRequesterType;

  @Field(() => OperationProgressType, { description: 'How much is done, and what came of it.' })
  progress!: OperationProgressType;

  @Field(() => String, {
    nullable: true,
    description: 'For people: why it failed, or what they should know of what came of it.',
  })
  message?: string;

  @Field(() => Date, { description: 'When it was asked for.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it began. Null: not yet.' })
  startedAt?: Date;

  @Field(() => Date, { nullable: true, description: 'When it ended. Null: not yet.' })
  finishedAt?: Date;

  @Field(() => Date, { nullable: true, description: 'When somebody asked for its end.' })
  cancelledAt?: Date;

  @Field(() => Int, { description: 'Grows with every change of what is shown here.' })
  version!: number;
}

export function toOperation(operation: Operation): OperationType {
  const { id, ruleId, targetId, resumes, requestedBy, progress } = operation;
  const { input, ...rest } = operation;
  return {
    ...rest,
    id: toNodeId('Operation', id),
    key: id,
    ...(ruleId === undefined ? {} : { ruleKey: ruleId }),
    ...(targetId === undefined ? {} : { targetKey: targetId }),
    ...(resumes === undefined ? {} : { resumesKey: resumes }),
    ...toInput(operation),
    requestedBy: toRequester(requestedBy),
    progress: toProgress(progress),
  };
}

/** What it was asked to do, as far as its kind shows that. */
function toInput({
  kind,
  input,
}: Operation): Pick<
  OperationType,
  'reconcileMode' | 'orphanPolicy' | 'identifierConversion' | 'previewed' | 'isDraft'
> {
  if (kind === 'RECONCILE') {
    const { mode, orphans = 'KEEP' } = input as OperationInputs['RECONCILE'];
    return { reconcileMode: mode, orphanPolicy: orphans };
  }
  if (kind === 'PREVIEW') {
    const { syncAs: previewed, isDraft } = input as OperationInputs['PREVIEW'];
    return { previewed, isDraft };
  }
  if (kind !== 'IDENTIFIERS') return {};
  const { expression, mode } = input as OperationInputs['IDENTIFIERS'];
  return { identifierConversion: { expression, mode } };
}

function toRequester({ type, name, apiKeyId }: OperationRequester): OperationRequesterType {
  return {
    type,
    name,
    ...(apiKeyId === undefined ? {} : { apiKeyId: toNodeId('ApiKey', apiKeyId) }),
  };
}

function toProgress({ done, total, counts }: OperationProgress): OperationProgressType {
  return {
    done,
    ...(total === undefined ? {} : { total }),
    counts: Object.entries(counts)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([word, count]) => {
        const { outcome, targetId } = countedOutcome(word);
        return Object.assign(new OperationCountType(), {
          outcome,
          count,
          ...(targetId === undefined ? {} : { targetKey: targetId }),
        });
      }),
  };
}

export const OperationConnectionType = connectionType(
  'Operation',
  () => OperationType,
  'operations',
);

@ObjectType('OperationCancelPayload', { description: 'What `operationCancel` answers.' })
export class OperationCancelPayload extends MutationPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: 'The operation: it has ended, or ends with its next step.',
  })
  operation?: OperationType;
}

@ObjectType('OperationResumePayload', { description: 'What `operationResume` answers.' })
export class OperationResumePayload extends MutationPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: 'A new operation that goes on where the other one ended, with its items.',
  })
  operation?: OperationType;
}

@ObjectType('ReconcileStartPayload', { description: 'What `reconcileStart` answers.' })
export class ReconcileStartPayload extends MutationPayload {
  @Field(() => OperationType, { nullable: true, description: 'The operation that compares.' })
  operation?: OperationType;
}

@InputType('BindingsRetryInput', {
  description: 'Bindings to be delivered again: those that all of the given fields match.',
})
export class BindingsRetryInput {
  @Field(() => ID, { nullable: true, description: 'The id of a sync rule. Null: of all.' })
  syncRuleId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of a target. Null: of all.' })
  targetId?: string | null;

  @Field(() => [BindingStateEnum], {
    nullable: true,
    description: 'In one of these states. Null: `PARKED` or `RETRYING`.',
  })
  states?: BindingState[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'Whose last failure was one of these kinds, as `DeliveryError.kind` names them. Null: of any kind.',
  })
  errorKinds?: string[] | null;
}

@ObjectType('BindingsRetryPayload', { description: 'What `bindingsRetry` answers.' })
export class BindingsRetryPayload extends MutationPayload {
  @Field(() => OperationType, { nullable: true, description: 'The operation that retries them.' })
  operation?: OperationType;
}

@InputType('SyncRulePreviewStartInput', {
  description: 'Which sync rule is to be previewed, as it is or as it might be.',
})
export class SyncRulePreviewStartInput {
  @Field(() => ID, { description: 'The id of the sync rule.' })
  syncRuleId!: string;

  @Field(() => [SyncAsInput], {
    nullable: true,
    description:
      'Targets as they might be, which the rule need not have yet; only they are looked at. Null: all targets as they are.',
  })
  syncAs?: SyncAsInput[] | null;
}

@ObjectType('SyncRulePreviewStartPayload', { description: 'What `syncRulePreviewStart` answers.' })
export class SyncRulePreviewStartPayload extends MutationPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: 'The operation whose items are what would change.',
  })
  operation?: OperationType;
}
