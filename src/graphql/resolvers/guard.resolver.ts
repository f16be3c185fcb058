import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { type GuardOrder } from '../../administration/guards';
import { Access } from '../access';
import { type GraphqlContext } from '../context';
import { ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  GuardApprovePayload,
  GuardRejectPayload,
  GuardTripType,
  GuardType,
  GuardWaitingType,
  toGuard,
  toGuardWaiting,
} from '../types/guard.type';
import { SyncRuleType, toSyncRule } from '../types/sync-rule.type';
import { TargetType, toTarget } from '../types/target.type';
import { toUserErrors } from '../types/user-error.type';
import { found } from './found';

const COMMAND = { complexity: ownCost(50) };
const RULE = { description: 'The id of the sync rule.' };
const BINDINGS = {
  nullable: true,
  description:
    'Only these bindings, 100 at most; the guard stays as it is. Null: all that waits except what is protected, and the guard is ready again.',
};

@Resolver(() => SyncRuleType)
export class SyncRuleGuardResolver {
  @FieldResolver(() => GuardType, {
    complexity: ownCost(5),
    description: 'What it may not destroy without an approval, and what waits for one.',
  })
  async guard(@Root() rule: SyncRuleType, @Ctx() { loaders }: GraphqlContext): Promise<GuardType> {
    return toGuard(rule.key, rule.guardSettings, await loaders.guards.load(rule.key));
  }
}

@Resolver(() => GuardTripType)
export class GuardTripResolver {
  @FieldResolver(() => TargetType, {
    nullable: true,
    description: 'Where there was too much of it. Null: the target was deleted.',
  })
  async target(
    @Root() trip: GuardTripType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<TargetType | undefined> {
    return found(await loaders.targets.load(trip.targetKey), toTarget);
  }
}

@Resolver(() => GuardType)
export class GuardResolver {
  @FieldResolver(() => GuardWaitingType, { description: 'What it holds.' })
  waiting(@Root() guard: GuardType, @Ctx() { ports }: GraphqlContext): GuardWaitingType {
    return toGuardWaiting((reason) =>
      ports.bindings.count({ ruleId: guard.ruleKey, states: ['HELD'], heldFor: [reason] }),
    );
  }

  @Mutation(() => GuardApprovePayload, {
    ...COMMAND,
    description:
      'Delivers what the guard of a sync rule holds, and counts anew. Repeating is harmless.',
  })
  @Access('ADMINISTRATOR')
  guardApprove(
    @Arg('ruleId', () => ID, RULE) ruleId: string,
    @Arg('bindingIds', () => [ID], BINDINGS) bindingIds: readonly string[] | null | undefined,
    @Ctx() context: GraphqlContext,
  ): Promise<GuardApprovePayload> {
    return decide(context, { ruleId, bindingIds, verdict: 'APPROVED' });
  }

  @Mutation(() => GuardRejectPayload, {
    ...COMMAND,
    description:
      'Does not deliver what the guard of a sync rule holds: its bindings are parked, and a new change or a retry asks again. Repeating is harmless.',
  })
  @Access('ADMINISTRATOR')
  guardReject(
    @Arg('ruleId', () => ID, RULE) ruleId: string,
    @Arg('bindingIds', () => [ID], BINDINGS) bindingIds: readonly string[] | null | undefined,
    @Ctx() context: GraphqlContext,
  ): Promise<GuardRejectPayload> {
    return decide(context, { ruleId, bindingIds, verdict: 'REJECTED' });
  }
}

async function decide(
  { administration, apiKey }: GraphqlContext,
  given: {
    readonly ruleId: string;
    readonly bindingIds: readonly string[] | null | undefined;
    readonly verdict: GuardOrder['verdict'];
  },
): Promise<GuardApprovePayload & GuardRejectPayload> {
  const { value, issues } = await administration.guards.decide({
    verdict: given.verdict,
    ruleId: keyOrNone('SyncRule', given.ruleId),
    bindingIds: given.bindingIds?.map((id) => keyOrNone('Binding', id)),
    by: apiKey.name,
  });
  if (issues !== undefined) return { userErrors: toUserErrors(issues) };
  return { syncRule: toSyncRule(value.rule), bindings: value.bindings, userErrors: [] };
}
