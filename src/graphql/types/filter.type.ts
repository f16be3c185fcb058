import { Field, ID, InputType } from 'type-graphql';

@InputType('StringFilter', { description: 'A condition on a string.' })
export class StringFilter {
  @Field(() => String, { description: 'Exactly this.' })
  eq!: string;
}

@InputType('BooleanFilter', { description: 'A condition on a boolean.' })
export class BooleanFilter {
  @Field(() => Boolean, { description: 'Exactly this.' })
  eq!: boolean;
}

@InputType('IdFilter', { description: 'A condition on a reference.' })
export class IdFilter {
  @Field(() => ID, { description: 'The id of exactly this object.' })
  eq!: string;
}
