/** Inputs and payloads of the mutations of sync rules. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type DeletePolicy, type ScimProfile } from '../../domain/sync-rule';
import { DeletePolicyEnum } from './enums.type';
import { GuardInput } from './guard.type';
import {
  ScimResourceTypeInput,
  ScimSchemaExtensionInput,
  ScimSchemaInput,
} from './scim-definitions.type';
import { RuleValuesInput } from './rule-values.type';
import { ScimProfileEnum } from './scim-enums.type';
import { OperationType } from './operation.type';
import { SyncAsInput } from './sync-as.type';
import { SyncRuleType } from './sync-rule.type';
import { MutationPayload, WarningType } from './user-error.type';

@InputType({ description: 'What of SCIM can be set for a sync rule.' })
abstract class ScimSettingsInput extends RuleValuesInput {
  @Field(() => String, {
    nullable: true,
    description: 'userName of the user that SCIM `/Me` stands for; empty: nobody.',
  })
  meUserName?: string | null;

  @Field(() => GuardInput, {
    nullable: true,
    description: 'What it may not destroy without an approval.',
  })
  guard?: GuardInput | null;

  @Field(() => [ScimSchemaInput], {
    nullable: true,
    description: 'Schemas beside those that every rule has. Each is used by some resource type.',
  })
  schemas?: ScimSchemaInput[] | null;

  @Field(() => [ScimResourceTypeInput], {
    nullable: true,
    description: 'Resource types beside those that every rule has.',
  })
  resourceTypes?: ScimResourceTypeInput[] | null;

  @Field(() => [ScimSchemaExtensionInput], {
    nullable: true,
    description: 'What extends the resource types that every rule has.',
  })
  schemaExtensions?: ScimSchemaExtensionInput[] | null;
}

@InputType('SyncRuleCreateInput', { description: 'A sync rule to be made.' })
export class SyncRuleCreateInput extends ScimSettingsInput {
  @Field(() => ScimProfileEnum, {
    nullable: true,
    defaultValue: 'tolerant',
    description: 'How strictly its SCIM requests are read.',
  })
  scimProfile?: ScimProfile | null;

  @Field(() => String, { description: 'Unique among sync rules, regardless of case.' })
  name!: string;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether it takes SCIM requests and delivers at once.',
  })
  enabled?: boolean | null;

  @Field(() => [SyncAsInput], {
    description: 'The targets, at least one and each once, and how resources appear in them.',
  })
  syncAs!: SyncAsInput[];
}

@ObjectType('SyncRuleCreatePayload', { description: 'What `syncRuleCreate` answers.' })
export class SyncRuleCreatePayload extends MutationPayload {
  @Field(() => SyncRuleType, { nullable: true, description: 'The new sync rule.' })
  syncRule?: SyncRuleType;

  @Field(() => String, {
    nullable: true,
    description: 'SCIM bearer token, or password of HTTP Basic. Shown here and never again.',
  })
  secretToken?: string;

  @Field(() => String, { nullable: true, description: 'User name of HTTP Basic.' })
  basicKey?: string;

  @Field(() => [WarningType], {
    description: 'What the directories say of the mappings; empty when nothing was changed.',
  })
  warnings!: readonly WarningType[];
}

@InputType('SyncRuleUpdateInput', {
  description: 'What is to change of a sync rule: what is null or left out stays as it is.',
})
export class SyncRuleUpdateInput extends ScimSettingsInput {
  @Field(() => [SyncAsInput], {
    nullable: true,
    description:
      'All targets, at least one and each once. They replace the old ones; what is otherwise than before reaches the existing users and groups, see `SyncRule.rollouts`.',
  })
  syncAs?: SyncAsInput[] | null;

  @Field(() => DeletePolicyEnum, {
    nullable: true,
    defaultValue: 'KEEP',
    description:
      'What becomes of the entries that the rule provisioned in targets that `syncAs` leaves out.',
  })
  onRemoved?: DeletePolicy | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The version that was read: if it is no longer the current one, nothing changes.',
  })
  expectedVersion?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Unique among sync rules, regardless of case.',
  })
  name?: string | null;

  @Field(() => ScimProfileEnum, {
    nullable: true,
    description: 'How strictly its SCIM requests are read.',
  })
  scimProfile?: ScimProfile | null;
}

@ObjectType('SyncRuleUpdatePayload', { description: 'What `syncRuleUpdate` answers.' })
export class SyncRuleUpdatePayload extends MutationPayload {
  @Field(() => SyncRuleType, { nullable: true, description: 'The sync rule as it is now.' })
  syncRule?: SyncRuleType;

  @Field(() => [WarningType], {
    description: 'What the directories say of the mappings; empty when nothing was changed.',
  })
  warnings!: readonly WarningType[];
}

@InputType('SyncRuleSecretTokenChangeInput', { description: 'How a secret token is replaced.' })
export class SyncRuleSecretTokenChangeInput {
  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: 'How long the old token works beside the new one: 0 to 604800 (7 days).',
  })
  overlapSeconds?: number | null;
}

@ObjectType('SyncRuleSecretTokenChangePayload', {
  description: 'What `syncRuleSecretTokenChange` answers.',
})
export class SyncRuleSecretTokenChangePayload extends MutationPayload {
  @Field(() => SyncRuleType, { nullable: true, description: 'The sync rule.' })
  syncRule?: SyncRuleType;

  @Field(() => String, {
    nullable: true,
    description: 'SCIM bearer token, or password of HTTP Basic. Shown here and never again.',
  })
  secretToken?: string;

  @Field(() => String, {
    nullable: true,
    description: 'User name of HTTP Basic; the same as before.',
  })
  basicKey?: string;
}

@ObjectType('SyncRuleEnablePayload', { description: 'What `syncRuleEnable` answers.' })
export class SyncRuleEnablePayload extends MutationPayload {
  @Field(() => SyncRuleType, { nullable: true, description: 'The sync rule.' })
  syncRule?: SyncRuleType;
}

@ObjectType('SyncRuleDisablePayload', { description: 'What `syncRuleDisable` answers.' })
export class SyncRuleDisablePayload extends MutationPayload {
  @Field(() => SyncRuleType, { nullable: true, description: 'The sync rule.' })
  syncRule?: SyncRuleType;
}

@ObjectType('SyncRuleDeletePayload', { description: 'What `syncRuleDelete` answers.' })
export class SyncRuleDeletePayload extends MutationPayload {
  @Field(() => ID, {
    nullable: true,
    description: 'The id of the rule. It can be read until every target has heard of its end.',
  })
  deletedId?: string;

  @Field(() => SyncRuleType, {
    nullable: true,
    description: 'The sync rule, now under deletion.',
  })
  syncRule?: SyncRuleType;

  @Field(() => OperationType, { nullable: true, description: 'How far the deletion has got.' })
  operation?: OperationType;
}
