/** What operations found or did, each kind in a type of its own. */
import { createUnionType, Field, Int, ObjectType } from 'type-graphql';
import {
  type AttributeDifference,
  type DriftDetail,
  type DriftOutcome,
  type MembersDifference,
} from '../../domain/drift';
import { type HeldFor } from '../../domain/binding';
import { type OperationItem, type OperationKind } from '../../domain/operation';
import { type PreviewedChange } from '../../domain/preview';
import { type PreviewFindingDetail, type PreviewOutcome } from '../../domain/preview-finding';
import { uncountedConnectionType } from '../connection';
import { listCost } from '../limits';
import { HeldForEnum } from './enums.type';
import { IdentifierFindingType, toIdentifierFinding } from './identifiers.type';
import { DriftOutcomeEnum } from './operation-enums.type';
import { PreviewOutcomeEnum } from './preview-enums.type';
import { NativeChangeType } from './sync-rule-preview.type';

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

@ObjectType('PreviewFinding', {
  description: 'What would become of a user or group in a target, found by previewing a rule.',
})
export class PreviewFindingType {
  /** The store's ids. */
  resourceKey?: string;
  targetKey?: string;

  @Field(() => PreviewOutcomeEnum, { description: 'What would become of it.' })
  outcome!: PreviewOutcome;

  @Field(() => String, {
    nullable: true,
    description:
      'The name of the entry, or the one it would be made with: a DN, a user name. Null: that is not known.',
  })
  name?: string;

  @Field(() => [NativeChangeType], {
    complexity: listCost(2),
    description:
      'What would be written, in its order; for `HELD` what would be with an approval. At most 20.',
  })
  changes!: readonly PreviewedChange[];

  @Field(() => Int, { description: 'How many changes there are, also those that are not shown.' })
  changeCount!: number;

  @Field(() => HeldForEnum, { nullable: true, description: 'For `HELD`: why the guard waits.' })
  heldFor?: HeldFor;

  @Field(() => String, {
    nullable: true,
    description: 'For `PARKED`: the kind of failure, as `DeliveryError.kind` names it.',
  })
  errorKind?: string;

  @Field(() => String, {
    nullable: true,
    description: 'For people: why it could not be delivered, or is not known.',
  })
  message?: string;
}

/** The kind of an operation decides what its items tell. */
export function toOperationItem(
  kind: OperationKind,
  item: OperationItem,
): DriftFindingType | PreviewFindingType | IdentifierFindingType {
  if (kind === 'IDENTIFIERS') return toIdentifierFinding(item);
  const { outcome, resourceId, targetId } = item;
  const keys = {
    ...(resourceId === undefined ? {} : { resourceKey: resourceId }),
    ...(targetId === undefined ? {} : { targetKey: targetId }),
  };
  if (kind === 'PREVIEW') {
    const { kind: _of, told: _told, ...detail } = item.detail as unknown as PreviewFindingDetail;
    return Object.assign(new PreviewFindingType(), {
      ...detail,
      ...keys,
      outcome: outcome as PreviewOutcome,
    });
  }
  const { kind: _of, disposal: _disposal, ...detail } = item.detail as unknown as DriftDetail;
  return Object.assign(new DriftFindingType(), {
    ...detail,
    ...keys,
    outcome: outcome as DriftOutcome,
  });
}

export const OperationItemUnion = createUnionType({
  name: 'OperationItem',
  description: 'What an operation found or did. Expect new types.',
  types: () => [DriftFindingType, PreviewFindingType, IdentifierFindingType] as const,
  resolveType: (item) =>
    [PreviewFindingType, IdentifierFindingType].find((type) => item instanceof type) ??
    DriftFindingType,
});

export const OperationItemConnectionType = uncountedConnectionType(
  'OperationItem',
  () => OperationItemUnion,
  'what an operation found or did',
);
