/** What operations found or did, each kind in a type of its own. */
import { createUnionType, Field, Int, ObjectType } from 'type-graphql';
import {
  type AttributeDifference,
  type DriftDetail,
  type DriftOutcome,
  type MembersDifference,
} from '../../domain/drift';
import { type OperationItem, type OperationKind } from '../../domain/operation';
import { uncountedConnectionType } from '../connection';
import { IdentifierFindingType, toIdentifierFinding } from './identifiers.type';
import { DriftOutcomeEnum } from './operation-enums.type';

@ObjectType('AttributeDifference', { description: 'An attribute that is not as it should be.' })
export class AttributeDifferenceType implements AttributeDifference {
  @Field(() => String, {
    description: 'Its name in the target; `active` for whether the account may be used.',
  })
  attribute!: string;

  @Field(() => [String], { description: 'What it should be. Secrets are masked.' })
  expected!: readonly string[];

  @Field(() => [String], { description: 'What it is. Secrets are masked.' })
  actual!: readonly string[];
}

@ObjectType('MembersDifference', { description: 'How the members of a group differ.' })
export class MembersDifferenceType implements MembersDifference {
  @Field(() => [String], { description: 'Names of entries that should be members; at most 50.' })
  missing!: readonly string[];

  @Field(() => Int, { description: 'How many should be members and are not.' })
  missingCount!: number;

  @Field(() => [String], { description: 'Names of members that should be none; at most 50.' })
  extra!: readonly string[];

  @Field(() => Int, { description: 'How many are members and should be none.' })
  extraCount!: number;
}

@ObjectType('DriftFinding', {
  description: 'A difference between a target and what it should have, found by reconciling it.',
})
export class DriftFindingType {
  /** The store's id. */
  resourceKey?: string;

  @Field(() => DriftOutcomeEnum, { description: 'In which way.' })
  outcome!: DriftOutcome;

  @Field(() => String, { nullable: true, description: 'The name of the entry: a DN, a user name.' })
  name?: string;

  @Field(() => String, { nullable: true, description: "The entry's immutable reference." })
  reference?: string;

  @Field(() => [AttributeDifferenceType], { description: 'What differs in an entry.' })
  differences!: readonly AttributeDifference[];

  @Field(() => MembersDifferenceType, {
    nullable: true,
    description: 'How the members differ. Null: they do not, or cannot be read.',
  })
  members?: MembersDifference;

  @Field(() => String, { nullable: true, description: 'For people: more about it.' })
  message?: string;

  @Field(() => Boolean, {
    description:
      'Whether it is being delivered again; of an orphan, whether it was removed or disabled.',
  })
  isRepaired!: boolean;
}

/** Each kind writes items of its own. */
export function toOperationItem(
  kind: OperationKind,
  item: OperationItem,
): DriftFindingType | IdentifierFindingType {
  return kind === 'IDENTIFIERS' ? toIdentifierFinding(item) : toDriftFinding(item);
}

function toDriftFinding(item: OperationItem): DriftFindingType {
  const { kind: _kind, disposal: _disposal, ...detail } = item.detail as unknown as DriftDetail;
  return Object.assign(new DriftFindingType(), {
    ...detail,
    outcome: item.outcome as DriftOutcome,
    ...(item.resourceId === undefined ? {} : { resourceKey: item.resourceId }),
  });
}

export const OperationItemUnion = createUnionType({
  name: 'OperationItem',
  description: 'What an operation found or did. Expect new types.',
  types: () => [DriftFindingType, IdentifierFindingType] as const,
  resolveType: (item) =>
    item instanceof IdentifierFindingType ? IdentifierFindingType : DriftFindingType,
});

export const OperationItemConnectionType = uncountedConnectionType(
  'OperationItem',
  () => OperationItemUnion,
  'what an operation found or did',
);
