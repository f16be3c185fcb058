/** The arguments of the lists of users, groups and bindings. */
import { ArgsType, Field, ID } from 'type-graphql';
import { type BindingState, type HeldFor } from '../../domain/binding';
import { ConnectionArgs } from '../connection';
import { BindingStateEnum, HeldForEnum } from '../types/enums.type';
import { GroupFilterInput, UserFilterInput, UserOrderInput } from '../types/resource.type';

const RULE_ID = 'The id of a sync rule. Null: of all.';

@ArgsType()
export class UserListArgs extends ConnectionArgs {
  @Field(() => ID, { nullable: true, description: RULE_ID })
  ruleId?: string | null;

  @Field(() => UserFilterInput, { nullable: true, description: 'Only some of them.' })
  filter?: UserFilterInput | null;

  @Field(() => String, {
    nullable: true,
    description: 'The beginning of the user name, the display name or an e-mail, in any case.',
  })
  search?: string | null;

  @Field(() => UserOrderInput, {
    nullable: true,
    defaultValue: { field: 'CREATED_AT', direction: 'ASC' },
    description: 'The order.',
  })
  orderBy?: UserOrderInput | null;
}

@ArgsType()
export class GroupListArgs extends ConnectionArgs {
  @Field(() => ID, { nullable: true, description: RULE_ID })
  ruleId?: string | null;

  @Field(() => GroupFilterInput, { nullable: true, description: 'Only some of them.' })
  filter?: GroupFilterInput | null;

  @Field(() => String, {
    nullable: true,
    description: 'The beginning of the display name, in any case.',
  })
  search?: string | null;
}

@ArgsType()
export class BindingListArgs extends ConnectionArgs {
  @Field(() => ID, { nullable: true, description: RULE_ID })
  ruleId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of a target. Null: of all.' })
  targetId?: string | null;

  @Field(() => [BindingStateEnum], { nullable: true, description: 'Any of these. Null: any.' })
  states?: BindingState[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only those for which an administrator has to choose an entry.',
  })
  disputed?: boolean | null;

  @Field(() => [HeldForEnum], {
    nullable: true,
    description: 'Only what is held for any of these reasons. Null: all.',
  })
  heldFor?: HeldFor[] | null;
}
