/** Input and payload of `syncRulePreview`. */
import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type RulePreview } from '../../administration/rule-previews';
import { type LineProblem, type PreviewedLine } from '../../domain/mapping';
import {
  type PreviewAction,
  type PreviewedChange,
  type PreviewedEntry,
  type PreviewedEntryState,
} from '../../domain/preview';
import { type ApplyMode } from '../../domain/sync-rule';
import { listCost } from '../limits';
import { ApplyModeEnum } from './enums.type';
import { PreviewActionEnum, PreviewedEntryStateEnum } from './preview-enums.type';
import { type GroupType, toUserOrGroup, UserOrGroupUnion, type UserType } from './resource.type';
import { SyncAsInput } from './sync-as.type';
import { TargetType, toTarget } from './target.type';
import { MutationPayload } from './user-error.type';

@InputType('SyncRulePreviewInput', {
  description: 'What is to be looked at: a rule as it is, or as it might be, and samples.',
})
export class SyncRulePreviewInput {
  @Field(() => ID, {
    nullable: true,
    description:
      'The id of the sync rule. Null: one that is yet to be made; `syncAs` and `resource` are needed then.',
  })
  syncRuleId?: string | null;

  @Field(() => SyncAsInput, {
    nullable: true,
    description: 'One target, which the rule need not have yet. Null: all targets as they are.',
  })
  syncAs?: SyncAsInput | null;

  @Field(() => [ID], { nullable: true, description: 'Users of the rule.' })
  userIds?: string[] | null;

  @Field(() => [ID], { nullable: true, description: 'Groups of the rule.' })
  groupIds?: string[] | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'A user or, by its `schemas`, a group as an identity provider would send it. It is not kept.',
  })
  resource?: Record<string, unknown> | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'How many of the rule, users first, where no samples are named: 10 when null, at most 50.',
  })
  first?: number | null;
}

@ObjectType('MappingLineProblem', { description: 'Why a line of a mapping has no result.' })
export class MappingLineProblemType implements LineProblem {
  @Field(() => String, { description: 'For people: what is wrong and how to mend it.' })
  message!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'The character of the expression, from 1. Null: all of it.',
  })
  position?: number;
}

@ObjectType('PreviewedLine', { description: 'What one line of the mapping makes of a sample.' })
export class PreviewedLineType implements PreviewedLine {
  @Field(() => String, { description: 'The attribute of the target.' })
  attribute!: string;

  @Field(() => String, { description: 'The expression, also where it is the default.' })
  expression!: string;

  @Field(() => ApplyModeEnum, { description: 'When it is written.' })
  apply!: ApplyMode;

  @Field(() => [String], { description: 'Its values; those of passwords are masked.' })
  values!: readonly string[];

  @Field(() => MappingLineProblemType, {
    nullable: true,
    description: 'What parks the delivery. Null: nothing.',
  })
  problem?: LineProblem;
}

@ObjectType('PreviewedEntry', { description: 'The entry that stands in the directory now.' })
export class PreviewedEntryType implements PreviewedEntry {
  @Field(() => PreviewedEntryStateEnum, { description: 'Whether there is one.' })
  state!: PreviewedEntryState;

  @Field(() => String, { nullable: true, description: 'Its name there: a DN, a user name.' })
  name?: string;

  @Field(() => Boolean, { nullable: true, description: 'Whether the account may be used.' })
  active?: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Why nothing is known of it, or which entries match.',
  })
  message?: string;
}

@ObjectType('NativeChange', { description: "A change in the directory's own words." })
export class NativeChangeType implements PreviewedChange {
  @Field(() => String, { description: 'The verb: `add`, `modify`, `INSERT`, ...' })
  operation!: string;

  @Field(() => String, { description: 'The DN, table or file.' })
  object!: string;

  @Field(() => String, { description: 'What is written. Secrets are masked.' })
  detail!: string;
}

@ObjectType('EntryPreview', {
  description: 'What would become of one sample in one target. Members of groups are left out.',
})
export class EntryPreviewType {
  @Field(() => TargetType, { description: 'The target.' })
  target!: TargetType;

  @Field(() => UserOrGroupUnion, {
    nullable: true,
    description: 'The sample. Null: the one that came with the input.',
  })
  resource?: UserType | GroupType;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the scope filter lets it in. Null: that cannot be told.',
  })
  isInScope?: boolean;

  @Field(() => PreviewActionEnum, {
    nullable: true,
    description: 'What a delivery would do. Null: that cannot be told.',
  })
  action?: PreviewAction;

  @Field(() => [PreviewedLineType], {
    complexity: listCost(10),
    description: 'The lines of the mapping; none: it does not come to this kind of resource.',
  })
  lines!: readonly PreviewedLine[];

  @Field(() => PreviewedEntryType, { description: 'What stands in the directory now.' })
  entry!: PreviewedEntry;

  @Field(() => [NativeChangeType], {
    nullable: true,
    description:
      'What would be written for `ENSURE` and `DISABLE`; empty: nothing. Null: that cannot be told, see `problems`.',
  })
  changes?: readonly PreviewedChange[];

  @Field(() => [String], { description: 'What would keep a delivery from taking effect.' })
  problems!: readonly string[];
}

export function toEntryPreview({
  target,
  resource,
  isStored,
  preview,
}: RulePreview): EntryPreviewType {
  const shown = isStored ? toUserOrGroup(resource) : undefined;
  return {
    ...preview,
    target: toTarget(target),
    ...(shown === undefined ? {} : { resource: shown }),
  };
}

@ObjectType('SyncRulePreviewPayload', { description: 'What `syncRulePreview` answers.' })
export class SyncRulePreviewPayload extends MutationPayload {
  @Field(() => [EntryPreviewType], {
    nullable: true,
    complexity: listCost(20),
    description: 'By sample, then by target. Null: something is wrong with the input.',
  })
  previews?: readonly EntryPreviewType[];
}
