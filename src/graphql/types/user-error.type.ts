import { Field, ObjectType } from 'type-graphql';
import { type Issue, type IssueCode } from '../../administration/issue';
import { type InputIssue } from '../../domain/ports';
import { UserErrorCodeEnum } from './enums.type';

@ObjectType('UserError', {
  description: 'Something in the input that kept a mutation from taking effect.',
})
export class UserErrorType {
  @Field(() => UserErrorCodeEnum, { description: 'For programs.' })
  code!: IssueCode;

  @Field(() => String, { description: 'For people: what is wrong and how to mend it.' })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description:
      'The way to the field: an argument (`id`) or a field below `input`, list indexes included. Null: the call as a whole.',
  })
  field?: readonly string[];
}

/** Every mutation's answer: nothing has happened when there is an error, and all errors are there at once. */
@ObjectType({ description: 'What every mutation answers.' })
export abstract class MutationPayload {
  @Field(() => [UserErrorType], {
    description: 'Everything that kept the mutation from taking effect; empty: it took effect.',
  })
  userErrors!: readonly UserErrorType[];
}

export function toUserErrors(issues: readonly Issue[]): readonly UserErrorType[] {
  return issues.map(({ code, message, path }) => ({
    code,
    message,
    ...(path.length === 0 ? {} : { field: path }),
  }));
}

@ObjectType('Warning', { description: 'Something to look at, although a mutation took effect.' })
export class WarningType {
  @Field(() => String, { description: 'For people: what may go wrong.' })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'The way to the field of the input, as in `UserError`. Null: the call as a whole.',
  })
  field?: readonly string[];
}

export function toWarnings(found: readonly InputIssue[]): readonly WarningType[] {
  return found.map(({ path, message }) => ({
    message,
    ...(path.length === 0 ? {} : { field: path }),
  }));
}
