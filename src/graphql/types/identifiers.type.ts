/** The conversion of user names: what is asked for, and what came of it for each user. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import {
  type ConversionMode,
  type IdentifierConversion,
  type IdentifierDetail,
  type IdentifierOutcome,
} from '../../domain/identifiers';
import { type OperationItem } from '../../domain/operation';

type Words<Word extends string> = { readonly [Each in Word]: Each };

export const ConversionModeEnum = {
  PREVIEW: 'PREVIEW',
  APPLY: 'APPLY',
} as const satisfies Words<ConversionMode>;
registerEnumType(ConversionModeEnum, {
  name: 'ConversionMode',
  description: 'What converting user names does.',
  valuesConfig: {
    PREVIEW: { description: 'Tell what would become of every user.' },
    APPLY: { description: 'Give every user its new name who can have it.' },
  },
});

export const IdentifierOutcomeEnum = {
  WAITING: 'WAITING',
  CONVERTIBLE: 'CONVERTIBLE',
  CONVERTED: 'CONVERTED',
  COLLISION: 'COLLISION',
  NO_VALUE: 'NO_VALUE',
  INVALID: 'INVALID',
  CHANGED: 'CHANGED',
} as const satisfies Words<IdentifierOutcome>;
registerEnumType(IdentifierOutcomeEnum, {
  name: 'IdentifierOutcome',
  description: 'What came of the conversion of a user name.',
  valuesConfig: {
    WAITING: { description: 'Its turn has not come yet.' },
    CONVERTIBLE: { description: 'It would be converted.' },
    CONVERTED: { description: 'It is converted.' },
    COLLISION: { description: 'Another user has the name, or would get it too. Both keep theirs.' },
    NO_VALUE: { description: 'The expression yields nothing for this user.' },
    INVALID: { description: 'What the expression yields cannot be a user name.' },
    CHANGED: { description: 'The user was changed meanwhile, and keeps its name.' },
  },
});

@ObjectType('IdentifierConversion', { description: 'How user names are converted.' })
export class IdentifierConversionType implements IdentifierConversion {
  @Field(() => String, { description: 'Yields the new user name of each user.' })
  expression!: string;

  @Field(() => ConversionModeEnum, { description: 'Whether anything is changed.' })
  mode!: ConversionMode;
}

@ObjectType('IdentifierFinding', {
  description:
    'What came of converting the name of a user. Users who are called so already are only counted, as `UNCHANGED`.',
})
export class IdentifierFindingType {
  /** The store's ids. */
  userKey?: string;
  otherKey?: string;

  @Field(() => IdentifierOutcomeEnum, { description: 'What came of it.' })
  outcome!: IdentifierOutcome;

  @Field(() => String, { description: 'The user name before.' })
  from!: string;

  @Field(() => String, { nullable: true, description: 'The new one. Null: there is none.' })
  to?: string;

  @Field(() => String, { nullable: true, description: 'For people: why it was not converted.' })
  message?: string;
}

export function toIdentifierFinding({
  outcome,
  resourceId,
  detail,
}: OperationItem): IdentifierFindingType {
  // Written by this kind of operation.
  const { otherId, ...shown } = detail as unknown as IdentifierDetail;
  return Object.assign(new IdentifierFindingType(), {
    ...shown,
    outcome: outcome as IdentifierOutcome,
    ...(resourceId === undefined ? {} : { userKey: resourceId }),
    ...(otherId === undefined ? {} : { otherKey: otherId }),
  });
}
