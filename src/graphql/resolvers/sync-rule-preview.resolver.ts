import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { type Issue } from '../../administration/issue';
import { requesterOf } from '../../administration/operations';
import { Access } from '../access';
import { ChangesNothing } from '../commands';
import { type GraphqlContext } from '../context';
import { ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import {
  SyncRulePreviewStartInput,
  SyncRulePreviewStartPayload,
  toOperation,
} from '../types/operation.type';
import { fromSyncAsInput, inWordsOfTheInput } from '../types/sync-as.type';
import {
  SyncRulePreviewInput,
  SyncRulePreviewPayload,
  toEntryPreview,
} from '../types/sync-rule-preview.type';
import { toUserErrors, type UserErrorType } from '../types/user-error.type';

/** `syncAs` stands alone here, and not in a list. */
function errorsOf(issues: readonly Issue[]): readonly UserErrorType[] {
  return toUserErrors(
    issues.map(({ path: [first, ...rest], ...one }) => {
      if (first !== 'syncAs')
        return { ...one, path: [...(first === undefined ? [] : [first]), ...rest] };
      const [field, , ...below] = inWordsOfTheInput([first, '0', ...rest]);
      return { ...one, path: [field ?? first, ...below] };
    }),
  );
}

/** Here `syncAs` is a list. */
function listErrorsOf(issues: readonly Issue[]): readonly UserErrorType[] {
  return toUserErrors(issues.map((one) => ({ ...one, path: inWordsOfTheInput(one.path) })));
}

@Resolver()
export class SyncRulePreviewResolver {
  @Mutation(() => SyncRulePreviewPayload, {
    complexity: ownCost(1_000),
    description:
      'Tells what a sync rule, as it is or as it might be, would make of a few users and groups. Directories are read; nothing is written anywhere.',
  })
  @Access('OPERATOR')
  @ChangesNothing()
  async syncRulePreview(
    @Arg('input', () => SyncRulePreviewInput, { description: 'The rule and the samples.' })
    { syncRuleId, syncAs, userIds, groupIds, resource, first }: SyncRulePreviewInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<SyncRulePreviewPayload> {
    const { value, issues } = await administration.previews.preview({
      ...(syncRuleId == null ? {} : { ruleId: keyOrNone('SyncRule', syncRuleId) }),
      ...(syncAs == null ? {} : { syncAs: fromSyncAsInput(syncAs) }),
      ...(userIds == null ? {} : { userIds: userIds.map((id) => keyOrNone('User', id)) }),
      ...(groupIds == null ? {} : { groupIds: groupIds.map((id) => keyOrNone('Group', id)) }),
      ...(resource == null ? {} : { resource }),
      ...(first == null ? {} : { first }),
    });
    if (issues !== undefined) return { userErrors: errorsOf(issues) };
    return { previews: value.map(toEntryPreview), userErrors: [] };
  }

  @Mutation(() => SyncRulePreviewStartPayload, {
    complexity: ownCost(50),
    description:
      'Begins to tell everything that a sync rule, as it is or as it might be, would change in its targets. Directories are read; nothing is written to them. Only one preview is under way for a rule: asking for the same again answers it.',
  })
  @Access('OPERATOR')
  async syncRulePreviewStart(
    @Arg('input', () => SyncRulePreviewStartInput, { description: 'The rule.' })
    { syncRuleId, syncAs }: SyncRulePreviewStartInput,
    @Ctx() { administration, apiKey }: GraphqlContext,
  ): Promise<SyncRulePreviewStartPayload> {
    const { value, issues } = await administration.previews.start(
      {
        ruleId: keyOrNone('SyncRule', syncRuleId),
        ...(syncAs == null ? {} : { syncAs: syncAs.map(fromSyncAsInput) }),
      },
      requesterOf(apiKey),
    );
    if (issues !== undefined) return { userErrors: listErrorsOf(issues) };
    return { operation: toOperation(value), userErrors: [] };
  }
}
