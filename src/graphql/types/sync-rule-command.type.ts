/** Inputs and payloads of the mutations of sync rules. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { SyncAsInput } from './sync-as.type';
import { SyncRuleType } from './sync-rule.type';
import { MutationPayload } from './user-error.type';

@InputType('SyncRuleCreateInput', { description: 'A sync rule to be made.' })
export class SyncRuleCreateInput {
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
}
