import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import { type Issue } from '../../administration/issue';
import { requesterOf } from '../../administration/operations';
import { type InputIssue } from '../../domain/ports';
import { type DefinitionDocuments } from '../../domain/definitions';
import { type DeletePolicy } from '../../domain/sync-rule';
import { Access } from '../access';
import { type GraphqlContext } from '../context';
import { ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import { DeletePolicyEnum } from '../types/enums.type';
import { fromGuardInput } from '../types/guard.type';
import { toOperation } from '../types/operation.type';
import { fromRuleValuesInput } from '../types/rule-values.type';
import { fromSyncAsInput, inWordsOfTheInput } from '../types/sync-as.type';
import {
  SyncRuleCreateInput,
  SyncRuleCreatePayload,
  SyncRuleDeletePayload,
  SyncRuleDisablePayload,
  SyncRuleEnablePayload,
  SyncRuleSecretTokenChangeInput,
  SyncRuleSecretTokenChangePayload,
  SyncRuleUpdateInput,
  SyncRuleUpdatePayload,
} from '../types/sync-rule-command.type';
import { toSyncRule } from '../types/sync-rule.type';
import {
  toUserErrors,
  toWarnings,
  type UserErrorType,
  type WarningType,
} from '../types/user-error.type';

const COMMAND = { complexity: ownCost(50) };
const ID_OF_RULE = { description: 'The id of the sync rule.' };

function errorsOf(issues: readonly Issue[]): readonly UserErrorType[] {
  return toUserErrors(issues.map((issue) => ({ ...issue, path: inWordsOfTheInput(issue.path) })));
}

function warningsOf(found: readonly InputIssue[]): readonly WarningType[] {
  return toWarnings(found.map((one) => ({ ...one, path: inWordsOfTheInput(one.path) })));
}

/** The lists that are given. */
function definitionsIn({
  schemas,
  resourceTypes,
  schemaExtensions,
}: SyncRuleUpdateInput): Partial<DefinitionDocuments> {
  return {
    ...(schemas == null ? {} : { schemas }),
    ...(resourceTypes == null ? {} : { resourceTypes }),
    ...(schemaExtensions == null ? {} : { schemaExtensions }),
  };
}

@Resolver()
export class SyncRuleCommandResolver {
  @Mutation(() => SyncRuleCreatePayload, {
    ...COMMAND,
    description: 'Makes a sync rule and the credential its identity provider will use.',
  })
  @Access('ADMINISTRATOR')
  async syncRuleCreate(
    @Arg('input', () => SyncRuleCreateInput, { description: 'The rule.' })
    input: SyncRuleCreateInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<SyncRuleCreatePayload> {
    const { value, issues } = await administration.syncRules.create({
      name: input.name,
      enabled: input.enabled ?? true,
      syncAs: input.syncAs.map(fromSyncAsInput),
      scimProfile: input.scimProfile ?? 'tolerant',
      meUserName: input.meUserName ?? '',
      ...fromRuleValuesInput(input),
      ...fromGuardInput(input.guard),
      ...definitionsIn(input),
    });
    if (issues !== undefined) return { userErrors: errorsOf(issues), warnings: [] };
    const { rule, secretToken, basicKey } = value;
    const warnings = warningsOf(await administration.syncRules.warnings(rule));
    return { syncRule: toSyncRule(rule), secretToken, basicKey, warnings, userErrors: [] };
  }

  @Mutation(() => SyncRuleUpdatePayload, {
    ...COMMAND,
    description:
      'Changes what is given of a sync rule. SCIM requests are read by it within a second. Values of an attribute that is left out stay until their resource is written, and come back with it.',
  })
  @Access('ADMINISTRATOR')
  async syncRuleUpdate(
    @Arg('id', () => ID, ID_OF_RULE) id: string,
    @Arg('input', () => SyncRuleUpdateInput, { description: 'What is to change.' })
    input: SyncRuleUpdateInput,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<SyncRuleUpdatePayload> {
    const { value, issues } = await administration.syncRules.update(keyOrNone('SyncRule', id), {
      ...(input.name == null ? {} : { name: input.name }),
      ...(input.scimProfile == null ? {} : { scimProfile: input.scimProfile }),
      ...(input.meUserName == null ? {} : { meUserName: input.meUserName }),
      ...fromRuleValuesInput(input),
      ...fromGuardInput(input.guard),
      ...(input.syncAs == null ? {} : { syncAs: input.syncAs.map(fromSyncAsInput) }),
      ...(input.onRemoved == null ? {} : { onRemoved: input.onRemoved }),
      ...(input.expectedVersion == null ? {} : { expectedVersion: input.expectedVersion }),
      ...definitionsIn(input),
    });
    if (issues !== undefined) return { userErrors: errorsOf(issues), warnings: [] };
    const warnings =
      input.syncAs == null ? [] : warningsOf(await administration.syncRules.warnings(value));
    return { syncRule: toSyncRule(value), warnings, userErrors: [] };
  }

  @Mutation(() => SyncRuleSecretTokenChangePayload, {
    ...COMMAND,
    description: 'Replaces the secret token of a sync rule.',
  })
  @Access('ADMINISTRATOR')
  async syncRuleSecretTokenChange(
    @Arg('id', () => ID, ID_OF_RULE) id: string,
    @Arg('input', () => SyncRuleSecretTokenChangeInput, {
      nullable: true,
      description: 'How. Null: the old token ends now.',
    })
    input: SyncRuleSecretTokenChangeInput | null | undefined,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<SyncRuleSecretTokenChangePayload> {
    const { value, issues } = await administration.syncRules.changeSecretToken(
      keyOrNone('SyncRule', id),
      input?.overlapSeconds ?? 0,
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    const { rule, secretToken, basicKey } = value;
    return { syncRule: toSyncRule(rule), secretToken, basicKey, userErrors: [] };
  }

  @Mutation(() => SyncRuleEnablePayload, {
    ...COMMAND,
    description: 'Lets the identity provider in and delivers what was held. Repeating is harmless.',
  })
  @Access('OPERATOR')
  async syncRuleEnable(
    @Arg('id', () => ID, ID_OF_RULE) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<SyncRuleEnablePayload> {
    const { value, issues } = await administration.syncRules.enable(keyOrNone('SyncRule', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { syncRule: toSyncRule(value), userErrors: [] };
  }

  @Mutation(() => SyncRuleDisablePayload, {
    ...COMMAND,
    description:
      'Answers SCIM with 403 and delivers nothing until the rule is enabled. Repeating is harmless.',
  })
  @Access('OPERATOR')
  async syncRuleDisable(
    @Arg('id', () => ID, ID_OF_RULE) id: string,
    @Ctx() { administration }: GraphqlContext,
  ): Promise<SyncRuleDisablePayload> {
    const { value, issues } = await administration.syncRules.disable(keyOrNone('SyncRule', id));
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    return { syncRule: toSyncRule(value), userErrors: [] };
  }

  @Mutation(() => SyncRuleDeletePayload, {
    ...COMMAND,
    description:
      'Revokes the credentials of a sync rule at once and begins to undo what it provisioned. This cannot be stopped.',
  })
  @Access('ADMINISTRATOR')
  async syncRuleDelete(
    @Arg('id', () => ID, ID_OF_RULE) id: string,
    @Arg('onProvisioned', () => DeletePolicyEnum, {
      description: 'What becomes of the entries it provisioned.',
    })
    onProvisioned: DeletePolicy,
    @Ctx() { administration, apiKey }: GraphqlContext,
  ): Promise<SyncRuleDeletePayload> {
    const { value, issues } = await administration.syncRules.delete(
      keyOrNone('SyncRule', id),
      onProvisioned,
    );
    if (issues !== undefined) return { userErrors: toUserErrors(issues) };
    const operation = await administration.operations.ofDeletion(value, requesterOf(apiKey));
    return {
      syncRule: toSyncRule(value),
      deletedId: id,
      operation: toOperation(operation),
      userErrors: [],
    };
  }
}
