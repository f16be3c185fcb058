/** Payloads of the mutations of users and groups. */
import { Field, ID, ObjectType } from 'type-graphql';
import { type TargetOutcome } from '../../administration/resources';
import { BindingType, toBinding } from './binding.type';
import { GroupType, UserType } from './resource.type';
import { MutationPayload } from './user-error.type';

@ObjectType('TargetSyncResult', { description: 'What came of a delivery to one target.' })
export class TargetSyncResultType {
  /** The store's id. */
  targetKey!: string;

  @Field(() => BindingType, {
    nullable: true,
    description:
      'State and last error, when the mutation answered. Null: the change has not yet got as far as this target.',
  })
  binding?: BindingType;

  @Field(() => Boolean, {
    description:
      'Whether the target was done with it, well or badly, before the mutation answered. False: it is delivered later; read the binding again.',
  })
  done!: boolean;
}

export function toTargetSyncResult(outcome: TargetOutcome): TargetSyncResultType {
  const { targetId, binding, done } = outcome;
  return {
    targetKey: targetId,
    done,
    ...(binding === undefined ? {} : { binding: toBinding(binding) }),
  };
}

const RESULTS = {
  nullable: true,
  description: 'One for each target of the sync rule, in the order of the rule.',
};

@ObjectType('UserSyncPayload', { description: 'What `userSync` answers.' })
export class UserSyncPayload extends MutationPayload {
  @Field(() => UserType, { nullable: true, description: 'The user that was delivered.' })
  user?: UserType;

  @Field(() => [TargetSyncResultType], RESULTS)
  results?: readonly TargetSyncResultType[];
}

@ObjectType('GroupSyncPayload', { description: 'What `groupSync` answers.' })
export class GroupSyncPayload extends MutationPayload {
  @Field(() => GroupType, { nullable: true, description: 'The group that was delivered.' })
  group?: GroupType;

  @Field(() => [TargetSyncResultType], RESULTS)
  results?: readonly TargetSyncResultType[];
}

@ObjectType('UserDeactivatePayload', { description: 'What `userDeactivate` answers.' })
export class UserDeactivatePayload extends MutationPayload {
  @Field(() => UserType, { nullable: true, description: 'The user as it is now.' })
  user?: UserType;
}

@ObjectType('UserReactivatePayload', { description: 'What `userReactivate` answers.' })
export class UserReactivatePayload extends MutationPayload {
  @Field(() => UserType, { nullable: true, description: 'The user as it is now.' })
  user?: UserType;
}

@ObjectType('UserDeletePayload', { description: 'What `userDelete` answers.' })
export class UserDeletePayload extends MutationPayload {
  @Field(() => ID, {
    nullable: true,
    description: 'The id of the user. It can be read until every target has heard of its end.',
  })
  deletedId?: string;

  @Field(() => UserType, { nullable: true, description: 'The user, with `deletedAt` set.' })
  user?: UserType;
}
