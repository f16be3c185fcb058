import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { requesterOf, roleToBegin } from '../../administration/operations';
import { type OperationKind, type OperationState } from '../../domain/operation';
import { type OrphanPolicy, type ReconcileMode } from '../../domain/target';
import { Access, requireRole } from '../access';
import {
  type Connection,
  ConnectionArgs,
  pageOf,
  type UncountedConnection,
  uncountedPageOf,
} from '../connection';
import { type GraphqlContext } from '../context';
import { connectionCost, listCost, ownCost } from '../limits';
import { keyOf, keyOrNone } from '../node-id';
import {
  OperationKindEnum,
  OperationStateEnum,
  OrphanPolicyEnum,
  ReconcileModeEnum,
} from '../types/operation-enums.type';
import { OperationItemConnectionType, toOperationItem } from '../types/operation-item.type';
import {
  BindingsRetryInput,
  BindingsRetryPayload,
  OperationCancelPayload,
  OperationConnectionType,
  OperationResumePayload,
  OperationType,
  ReconcileStartPayload,
  toOperation,
} from '../types/operation.type';
import { SyncAsType, toSyncAs } from '../types/sync-as.type';
import { SyncRuleType, toSyncRule } from '../types/sync-rule.type';
import { TargetType } from '../types/target.type';
import { toUserErrors } from '../types/user-error.type';
import { argumentKey, ruleScope } from './argument-key';
import { found } from './found';
import { TARGET, targetOf } from './operation-item.resolver';

const COMMAND = { complexity: ownCost(50) };

@ArgsType()
class OperationListArgs extends ConnectionArgs {
  @Field(() => [OperationKindEnum], { nullable: true, description: 'Any of these. Null: any.' })
  kinds?: OperationKind[] | null;

  @Field(() => [OperationStateEnum], { nullable: true, description: 'Any of these. Null: any.' })
  states?: OperationState[] | null;

  @Field(() => ID, { nullable: true, description: 'The id of a sync rule. Null: of all.' })
  ruleId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of a target. Null: of all.' })
  targetId?: string | null;
}

@ArgsType()
class OperationItemArgs extends ConnectionArgs {
  @Field(() => [String], {
    nullable: true,
    description: 'With one of these outcomes, as the progress counts them. Null: all.',
  })
  outcomes?: string[] | null;

  @Field(() => ID, {
    nullable: true,
    description: 'About one target, by its id. Null: about all that there are.',
  })
  targetId?: string | null;
}

@ArgsType()
class ReconcileStartArgs {
  @Field(() => ID, { description: 'The id of the target.' })
  targetId!: string;

  @Field(() => ReconcileModeEnum, {
    defaultValue: 'REPORT',
    description: 'What becomes of what it finds.',
  })
  mode!: ReconcileMode;

  @Field(() => OrphanPolicyEnum, {
    defaultValue: 'KEEP',
    description:
      'With `REPAIR`: what becomes of orphaned entries. Other than `KEEP` it requires the role ADMINISTRATOR.',
  })
  orphans!: OrphanPolicy;

  @Field(() => Int, {
    nullable: true,
    description:
      'So many orphaned entries may go; with more of them none is touched. Null: 10 in an hour.',
  })
  mostOrphans?: number | null;
}

@Resolver(() => OperationType)
export class OperationResolver {
  @Query(() => OperationConnectionType, {
    complexity: connectionCost,
    description: 'Operations, the newest first.',
  })
  @Access('AUDITOR')
  operations(
    @Args(() => OperationListArgs) args: OperationListArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<Connection<OperationType>> {
    const { kinds, states, ruleId, targetId } = args;
    const filter = {
      ...(kinds == null ? {} : { kinds }),
      ...(states == null ? {} : { states }),
      ...ruleScope(ruleId),
      ...(targetId == null ? {} : { targetId: argumentKey('Target', 'targetId', targetId) }),
    };
    return pageOf({
      args,
      list: ['operations', filter],
      load: (entry) => ports.operations.list({ ...filter, ...entry }),
      keyOf: (operation) => operation.id,
      toNode: toOperation,
      count: () => ports.operations.count(filter),
    });
  }

  @Query(() => OperationType, {
    nullable: true,
    description: 'An operation by its id. Null: there is none, or it was forgotten.',
  })
  @Access('AUDITOR')
  async operation(
    @Arg('id', () => ID, { description: 'The id of the operation.' }) id: string,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<OperationType | undefined> {
    const key = keyOf('Operation', id);
    return key === undefined ? undefined : found(await loaders.operations.load(key), toOperation);
  }

  @Mutation(() => OperationCancelPayload, {
    ...COMMAND,
    description: 'Ends an operation with its next step. What it has done stays done.',
  })
  @Access('OPERATOR')
  async operationCancel(
    @Arg('id', () => ID, { description: 'The id of the operation.' }) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<OperationCancelPayload> {
    const { value, issues } = await administration.operations.cancel(keyOrNone('Operation', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { operation: toOperation(value), userErrors: [] };
  }

  @Mutation(() => OperationResumePayload, {
    ...COMMAND,
    description:
      'Goes on where an operation failed or was cancelled. It requires the role that beginning it required.',
  })
  @Access('OPERATOR')
  async operationResume(
    @Arg('id', () => ID, { description: 'The id of the operation that ended.' }) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<OperationResumePayload> {
    const { administration, apiKey, loaders, requestId } = context;
    const key = keyOrNone('Operation', id);
    const ended = await loaders.operations.load(key);
    if (ended) requireRole(context, roleToBegin(ended));
    const { value, issues } = await administration.operations.resume(
      key,
      requesterOf(apiKey, requestId),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { operation: toOperation(value), userErrors: [] };
  }

  @Mutation(() => BindingsRetryPayload, {
    ...COMMAND,
    description:
      'Delivers many bindings again: what is parked, or waits for its next try. No faster than the targets take it.',
  })
  @Access('OPERATOR')
  async bindingsRetry(
    @Arg('input', () => BindingsRetryInput, { description: 'Which.' }) input: BindingsRetryInput,
    @Ctx() { administration, apiKey, requestId }: GraphqlContext,
  ): Promise<BindingsRetryPayload> {
    const { syncRuleId, targetId, states, errorKinds } = input;
    const { value, issues } = await administration.operations.retryBindings(
      {
        ...(syncRuleId == null ? {} : { ruleId: keyOrNone('SyncRule', syncRuleId) }),
        ...(targetId == null ? {} : { targetId: keyOrNone('Target', targetId) }),
        ...(states == null ? {} : { states }),
        ...(errorKinds == null || errorKinds.length === 0 ? {} : { errorKinds }),
      },
      requesterOf(apiKey, requestId),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { operation: toOperation(value), userErrors: [] };
  }

  @Mutation(() => ReconcileStartPayload, {
    ...COMMAND,
    description:
      'Compares a target with what it should have. Only one such operation is under way for a target: asking again answers it.',
  })
  @Access('OPERATOR')
  async reconcileStart(
    @Args(() => ReconcileStartArgs)
    { targetId, mode, orphans, mostOrphans }: ReconcileStartArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<ReconcileStartPayload> {
    if (orphans !== 'KEEP') requireRole(context, 'ADMINISTRATOR');
    const { administration, apiKey, requestId } = context;
    const { value, issues } = await administration.operations.reconcile(
      keyOrNone('Target', targetId),
      { mode, orphans, ...(mostOrphans == null ? {} : { mostOrphans }) },
      requesterOf(apiKey, requestId),
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { operation: toOperation(value), userErrors: [] };
  }

  @FieldResolver(() => OperationItemConnectionType, {
    complexity: connectionCost,
    description: 'What it found or did, in no particular but stable order.',
  })
  items(
    @Root() { itemsOf, kind }: OperationType,
    @Args(() => OperationItemArgs) args: OperationItemArgs,
    @Ctx() { ports }: GraphqlContext,
  ): Promise<UncountedConnection<ReturnType<typeof toOperationItem>>> {
    const { outcomes, targetId } = args;
    const filter = {
      itemsOf,
      ...(outcomes == null ? {} : { outcomes }),
      ...(targetId == null ? {} : { targetId: argumentKey('Target', 'targetId', targetId) }),
    };
    return uncountedPageOf({
      args,
      list: ['operation items', filter],
      load: (entry) => ports.operations.items({ ...filter, ...entry }),
      keyOf: (item) => item.key,
      toNode: (item) => toOperationItem(kind, item),
    });
  }

  @FieldResolver(() => SyncRuleType, {
    nullable: true,
    description: 'The sync rule it is about. Null: it is about none, or the rule is gone.',
  })
  async syncRule(
    @Root() { ruleKey }: OperationType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<SyncRuleType | undefined> {
    return ruleKey === undefined ? undefined : found(await loaders.rules.load(ruleKey), toSyncRule);
  }

  @FieldResolver(() => TargetType, { nullable: true, description: TARGET })
  target(
    @Root() { targetKey }: OperationType,
    @Ctx() context: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return targetOf(targetKey, context);
  }

  @FieldResolver(() => [SyncAsType], {
    nullable: true,
    complexity: listCost(3),
    description:
      'The targets that it previews, as they were when it began or as they might be; without those that are gone. Null: it previews nothing.',
  })
  async syncAs(
    @Root() { previewed }: OperationType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<readonly SyncAsType[] | undefined> {
    if (previewed === undefined) return undefined;
    const targets = await Promise.all(
      previewed.map(({ targetId }) => loaders.targets.load(targetId)),
    );
    return previewed.filter((_, index) => targets[index] !== undefined).map(toSyncAs);
  }

  @FieldResolver(() => OperationType, {
    nullable: true,
    description: 'The operation that ended early and that this one continues.',
  })
  async resumes(
    @Root() { resumesKey }: OperationType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<OperationType | undefined> {
    return resumesKey === undefined
      ? undefined
      : found(await loaders.operations.load(resumesKey), toOperation);
  }
}
