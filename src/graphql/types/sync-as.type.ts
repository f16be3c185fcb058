import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import {
  type CorrelationPolicy,
  type DeactivatePolicy,
  type DeletePolicy,
  type MappingEntry,
  type MappingOverride,
  type SyncAs,
} from '../../domain/sync-rule';
import { keyOrNone } from '../node-id';
import { CorrelationPolicyEnum, DeactivatePolicyEnum, DeletePolicyEnum } from './enums.type';
import {
  fromMappingEntry,
  fromMappingOverride,
  MappingEntryInput,
  MappingEntryType,
  MappingOverrideInput,
  MappingOverrideType,
} from './mapping.type';

const SCOPE_FILTER = 'A SCIM filter; users it does not match are out of scope of this target.';
const USER_MAPPING = "How users become entries. Null: the connector's default mapping.";
const GROUP_MAPPING = "How groups become entries. Null: the connector's default mapping.";
const USER_OVERRIDES =
  'Single lines of the default mapping of users, said otherwise. Only where there is no mapping.';
const GROUP_OVERRIDES =
  'Single lines of the default mapping of groups, said otherwise. Only where there is no groupMapping.';
const ON_DEACTIVATE = 'What becomes of an entry when its user is deactivated.';
const ON_LEAVE_SCOPE = 'What becomes of an entry when its user leaves the scope.';
const DELETE_AFTER_DAYS =
  'Where a policy says DELETE, entries are disabled at once and deleted so many days later: 0 (at once) to 3650.';
const ON_DELETE = 'What becomes of an entry when its resource is deleted.';
const CORRELATION = 'What happens with entries that are in the directory already.';
const CORRELATION_ATTRIBUTES =
  'Attributes of the target by which an entry is recognised; empty: by its name only.';

/** What an input means that leaves it open, or says null. */
const DEFAULTS = {
  attributes: [],
  policy: 'ADOPT',
  onDeactivate: 'DISABLE',
  onDelete: 'DELETE',
} as const;

@ObjectType('Correlation', { description: CORRELATION })
export class CorrelationType {
  @Field(() => [String], { description: CORRELATION_ATTRIBUTES })
  attributes!: readonly string[];

  @Field(() => CorrelationPolicyEnum, { description: 'What to do with such an entry.' })
  policy!: CorrelationPolicy;
}

@ObjectType('SyncAs', { description: "How a sync rule's resources appear in one target." })
export class SyncAsType {
  /** The store's id of the target. */
  targetKey!: string;

  @Field(() => String, { nullable: true, description: SCOPE_FILTER })
  scopeFilter?: string;

  @Field(() => [MappingEntryType], { nullable: true, description: USER_MAPPING })
  mapping?: readonly MappingEntry[];

  @Field(() => [MappingEntryType], { nullable: true, description: GROUP_MAPPING })
  groupMapping?: readonly MappingEntry[];

  @Field(() => [MappingOverrideType], { description: USER_OVERRIDES })
  mappingOverrides!: readonly MappingOverride[];

  @Field(() => [MappingOverrideType], { description: GROUP_OVERRIDES })
  groupMappingOverrides!: readonly MappingOverride[];

  @Field(() => DeactivatePolicyEnum, { description: ON_DEACTIVATE })
  onDeactivate!: DeactivatePolicy;

  @Field(() => DeletePolicyEnum, { description: ON_DELETE })
  onDelete!: DeletePolicy;

  @Field(() => DeactivatePolicyEnum, { description: ON_LEAVE_SCOPE })
  onLeaveScope!: DeactivatePolicy;

  @Field(() => Int, { description: DELETE_AFTER_DAYS })
  deleteAfterDays!: number;

  @Field(() => CorrelationType, { description: CORRELATION })
  correlation!: CorrelationType;
}

export function toSyncAs(syncAs: SyncAs): SyncAsType {
  const { targetId, scopeFilter, userMapping, groupMapping, ...rest } = syncAs;
  const { userOverrides = [], groupOverrides = [], ...policies } = rest;
  return {
    ...policies,
    onLeaveScope: policies.onLeaveScope ?? policies.onDeactivate,
    deleteAfterDays: policies.deleteAfterDays ?? 0,
    targetKey: targetId,
    mappingOverrides: userOverrides,
    groupMappingOverrides: groupOverrides,
    ...(scopeFilter === undefined ? {} : { scopeFilter }),
    ...(userMapping === undefined ? {} : { mapping: userMapping }),
    ...(groupMapping === undefined ? {} : { groupMapping }),
  };
}

@InputType('CorrelationInput', { description: CORRELATION })
export class CorrelationInput {
  @Field(() => [String], {
    nullable: true,
    defaultValue: DEFAULTS.attributes,
    description: CORRELATION_ATTRIBUTES,
  })
  attributes?: string[] | null;

  @Field(() => CorrelationPolicyEnum, {
    nullable: true,
    defaultValue: DEFAULTS.policy,
    description: 'What to do with such an entry.',
  })
  policy?: CorrelationPolicy | null;
}

@InputType('SyncAsInput', { description: "How a sync rule's resources appear in one target." })
export class SyncAsInput {
  @Field(() => ID, { description: 'The id of the target.' })
  targetId!: string;

  @Field(() => String, { nullable: true, description: SCOPE_FILTER })
  scopeFilter?: string | null;

  @Field(() => [MappingEntryInput], { nullable: true, description: USER_MAPPING })
  mapping?: MappingEntryInput[] | null;

  @Field(() => [MappingEntryInput], { nullable: true, description: GROUP_MAPPING })
  groupMapping?: MappingEntryInput[] | null;

  @Field(() => [MappingOverrideInput], { nullable: true, description: USER_OVERRIDES })
  mappingOverrides?: MappingOverrideInput[] | null;

  @Field(() => [MappingOverrideInput], { nullable: true, description: GROUP_OVERRIDES })
  groupMappingOverrides?: MappingOverrideInput[] | null;

  @Field(() => DeactivatePolicyEnum, {
    nullable: true,
    defaultValue: DEFAULTS.onDeactivate,
    description: ON_DEACTIVATE,
  })
  onDeactivate?: DeactivatePolicy | null;

  @Field(() => DeletePolicyEnum, {
    nullable: true,
    defaultValue: DEFAULTS.onDelete,
    description: ON_DELETE,
  })
  onDelete?: DeletePolicy | null;

  @Field(() => DeactivatePolicyEnum, {
    nullable: true,
    description: `${ON_LEAVE_SCOPE} Null: as \`onDeactivate\`.`,
  })
  onLeaveScope?: DeactivatePolicy | null;

  @Field(() => Int, { nullable: true, defaultValue: 0, description: DELETE_AFTER_DAYS })
  deleteAfterDays?: number | null;

  @Field(() => CorrelationInput, {
    nullable: true,
    description: `${CORRELATION} Null: recognised by name, and taken over.`,
  })
  correlation?: CorrelationInput | null;
}

export function fromSyncAsInput(input: SyncAsInput): SyncAs {
  const { targetId, scopeFilter, mapping, groupMapping, onDeactivate, onDelete } = input;
  const { mappingOverrides, groupMappingOverrides, onLeaveScope, deleteAfterDays } = input;
  return {
    targetId: keyOrNone('Target', targetId),
    onDeactivate: onDeactivate ?? DEFAULTS.onDeactivate,
    onDelete: onDelete ?? DEFAULTS.onDelete,
    correlation: {
      attributes: input.correlation?.attributes ?? DEFAULTS.attributes,
      policy: input.correlation?.policy ?? DEFAULTS.policy,
    },
    ...(onLeaveScope == null ? {} : { onLeaveScope }),
    ...(deleteAfterDays == null || deleteAfterDays === 0 ? {} : { deleteAfterDays }),
    ...(scopeFilter == null ? {} : { scopeFilter }),
    ...(mapping == null ? {} : { userMapping: mapping.map(fromMappingEntry) }),
    ...(groupMapping == null ? {} : { groupMapping: groupMapping.map(fromMappingEntry) }),
    ...overrides('userOverrides', mappingOverrides),
    ...overrides('groupOverrides', groupMappingOverrides),
  };
}

/** None are the same as no list. */
function overrides(
  field: 'userOverrides' | 'groupOverrides',
  inputs: readonly MappingOverrideInput[] | null | undefined,
): Pick<SyncAs, 'userOverrides' | 'groupOverrides'> {
  if (inputs == null || inputs.length === 0) return {};
  return { [field]: inputs.map(fromMappingOverride) };
}

/** The domain's own words for what `SyncAsInput` calls otherwise. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['userMapping', 'mapping'],
  ['userOverrides', 'mappingOverrides'],
  ['groupOverrides', 'groupMappingOverrides'],
]);

/** A path into the domain's `syncAs` as a path into the input. */
export function inWordsOfTheInput(path: readonly string[]): readonly string[] {
  if (path[0] !== 'syncAs') return path;
  return path.map((segment, depth) => (depth === 2 ? (WORDS.get(segment) ?? segment) : segment));
}
