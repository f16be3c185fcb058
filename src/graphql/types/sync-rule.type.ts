import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { type BindingState } from '../../domain/binding';
import { type RuleCredential } from '../../domain/credential';
import { type GuardSettings } from '../../domain/guard';
import { type DeletePolicy, type ScimProfile, type SyncRule } from '../../domain/sync-rule';
import { connectionType } from '../connection';
import { listCost, ownCost } from '../limits';
import { toNodeId } from '../node-id';
import { DeletePolicyEnum, OrderDirectionEnum, SyncRuleOrderFieldEnum } from './enums.type';
import { BooleanFilter } from './filter.type';
import { NodeType } from './node.type';
import { RuleValuesType, toRuleValues } from './rule-values.type';
import {
  ScimResourceTypeType,
  ScimSchemaExtensionType,
  ScimSchemaType,
} from './scim-definitions.type';
import { ScimProfileEnum } from './scim-enums.type';
import { SyncAsType, toSyncAs } from './sync-as.type';

const COUNT = { complexity: ownCost(10) };

/** Counted field by field, when read. */
@ObjectType('BindingCounts', {
  description: "How many of a sync rule's bindings are in which state.",
})
export class BindingCountsType {
  @Field(() => Int, { ...COUNT, description: 'All together.' })
  total!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `PENDING`.' })
  pending!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `DELIVERING`.' })
  delivering!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `SYNCED`.' })
  synced!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `RETRYING`.' })
  retrying!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `PARKED`.' })
  parked!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `HELD`.' })
  held!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `OUT_OF_SCOPE`.' })
  outOfScope!: Promise<number>;

  @Field(() => Int, { ...COUNT, description: 'In state `REMOVED`.' })
  removed!: Promise<number>;
}

/** Getters, so that only what is read is counted. */
export function toBindingCounts(
  count: (state?: BindingState) => Promise<number>,
): BindingCountsType {
  return {
    get total() {
      return count();
    },
    get pending() {
      return count('PENDING');
    },
    get delivering() {
      return count('DELIVERING');
    },
    get synced() {
      return count('SYNCED');
    },
    get retrying() {
      return count('RETRYING');
    },
    get parked() {
      return count('PARKED');
    },
    get held() {
      return count('HELD');
    },
    get outOfScope() {
      return count('OUT_OF_SCOPE');
    },
    get removed() {
      return count('REMOVED');
    },
  };
}

@ObjectType('RuleCredential', {
  description: 'What lets an identity provider in: a token, used as bearer token or as password.',
})
export class RuleCredentialType {
  @Field(() => String, { description: 'The user name, where HTTP Basic is used.' })
  basicKey!: string;

  @Field(() => String, { description: 'The last four characters of the token.' })
  hint!: string;

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'When it ends, after a change with overlap. Null: when it is changed.',
  })
  expiresAt?: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'When it was last used, to about a minute. Null: never.',
  })
  lastUsedAt?: Date;
}

/** The hash stays behind. */
export function toRuleCredential(credential: RuleCredential): RuleCredentialType {
  const { basicKey, hint, createdAt, expiresAt, lastUsedAt } = credential;
  return {
    basicKey,
    hint,
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
  };
}

@ObjectType('SyncRuleRollout', {
  description:
    'A change of a rule or of one of its targets on its way to the users and groups that were there before.',
})
export class SyncRuleRolloutType {
  /** The store's id of the target. */
  targetKey!: string;

  @Field(() => DeletePolicyEnum, {
    nullable: true,
    description:
      'The target was taken out of the rule, and this becomes of what was provisioned there. Null: it is delivered to again.',
  })
  onRemoved?: DeletePolicy;

  @Field(() => Date, { description: 'When the change was made.' })
  startedAt!: Date;
}

@ObjectType('SyncRule', {
  implements: NodeType,
  description:
    'The connection of one identity provider: its credentials, its targets, its own users and groups.',
})
export class SyncRuleType extends RuleValuesType {
  /** The store's id. */
  key!: string;
  /** The store's id of the logo; empty: none. */
  tokenLogoKey!: string;
  guardSettings!: GuardSettings;

  @Field(() => String, { description: 'Unique among sync rules, regardless of case.' })
  name!: string;

  @Field(() => Boolean, {
    description: 'A disabled rule answers SCIM with 403, delivers nothing and loses nothing.',
  })
  enabled!: boolean;

  @Field(() => [SyncAsType], {
    complexity: listCost(3),
    description: 'The targets, and how resources appear in each of them.',
  })
  syncAs!: readonly SyncAsType[];

  @Field(() => ScimProfileEnum, { description: 'How strictly its SCIM requests are read.' })
  scimProfile!: ScimProfile;

  @Field(() => String, {
    description: 'userName of the user that SCIM `/Me` stands for; empty: nobody.',
  })
  meUserName!: string;

  @Field(() => [ScimSchemaType], {
    complexity: listCost(3),
    description: 'Schemas beside those that every rule has. GET /Schemas shows all.',
  })
  schemas!: readonly ScimSchemaType[];

  @Field(() => [ScimResourceTypeType], {
    complexity: listCost(3),
    description:
      'Resource types beside those that every rule has. They are not delivered to targets.',
  })
  resourceTypes!: readonly ScimResourceTypeType[];

  @Field(() => [ScimSchemaExtensionType], {
    complexity: listCost(3),
    description: 'What extends the resource types that every rule has.',
  })
  schemaExtensions!: readonly ScimSchemaExtensionType[];

  @Field(() => Date, { nullable: true, description: 'When it was last called over SCIM.' })
  lastSyncAt?: Date;

  @Field(() => String, { nullable: true, description: 'By which user agent.' })
  lastSyncFrom?: string;

  @Field(() => DeletePolicyEnum, {
    nullable: true,
    description: 'The rule is being deleted, and this becomes of what it provisioned.',
  })
  deletion?: DeletePolicy;

  @Field(() => [SyncRuleRolloutType], {
    complexity: listCost(3),
    description: 'What has not yet reached all its users and groups, one for each target.',
  })
  rollouts!: readonly SyncRuleRolloutType[];

  @Field(() => Int, { description: 'Counts changes of the rule.' })
  version!: number;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  updatedAt!: Date;
}

export function toSyncRule(rule: SyncRule): SyncRuleType {
  const { id, syncAs, tokenLogoId, guard, rollouts = [], ...rest } = rule;
  return {
    ...rest,
    ...toRuleValues(rule),
    id: toNodeId('SyncRule', id),
    key: id,
    tokenLogoKey: tokenLogoId,
    guardSettings: guard,
    syncAs: syncAs.map(toSyncAs),
    rollouts: rollouts.map(({ targetId, startedAt, onRemoved }) => ({
      targetKey: targetId,
      startedAt,
      ...(onRemoved === undefined ? {} : { onRemoved }),
    })),
  };
}

export const SyncRuleConnectionType = connectionType('SyncRule', () => SyncRuleType, 'sync rules');

@InputType('SyncRuleFilter', { description: 'Sync rules that all of the given fields match.' })
export class SyncRuleFilterInput {
  @Field(() => String, { nullable: true, description: 'The beginning of the name, in any case.' })
  search?: string | null;

  @Field(() => BooleanFilter, { nullable: true, description: 'Whether it is enabled.' })
  enabled?: BooleanFilter | null;
}

@InputType('SyncRuleOrder', { description: 'How sync rules are sorted.' })
export class SyncRuleOrderInput {
  @Field(() => SyncRuleOrderFieldEnum, { description: 'By what.' })
  field!: keyof typeof SyncRuleOrderFieldEnum;

  @Field(() => OrderDirectionEnum, {
    nullable: true,
    defaultValue: 'ASC',
    description: 'Which way.',
  })
  direction?: keyof typeof OrderDirectionEnum | null;
}
