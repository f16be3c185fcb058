/** `userIdentifiersConvert`: what it is told, and what it answers. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { type ConversionMode } from '../../domain/identifiers';
import { ConversionModeEnum } from './identifiers.type';
import { OperationType } from './operation.type';
import { MutationPayload, WarningType } from './user-error.type';

@InputType('UserIdentifiersConvertInput', { description: 'Whose user names become what.' })
export class UserIdentifiersConvertInput {
  @Field(() => ID, { description: 'The id of the sync rule whose users it is about.' })
  syncRuleId!: string;

  @Field(() => String, {
    description:
      'An expression of the mapping language over what SCIM says of a user, which yields its new `userName`: `emails[primary eq true].value`, `localPart(userName)`.',
  })
  expression!: string;

  @Field(() => ConversionModeEnum, {
    defaultValue: 'PREVIEW',
    description: 'Whether anything is changed.',
  })
  mode!: ConversionMode;
}

@ObjectType('UserIdentifiersConvertPayload', {
  description: 'What `userIdentifiersConvert` answers.',
})
export class UserIdentifiersConvertPayload extends MutationPayload {
  @Field(() => OperationType, { nullable: true, description: 'The operation that converts them.' })
  operation?: OperationType;

  @Field(() => [WarningType], {
    description: 'What of the sync rule finds users by their `userName`; empty when nothing began.',
  })
  warnings!: readonly WarningType[];
}
