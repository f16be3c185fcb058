import { Field, ID, InputType, ObjectType } from 'type-graphql';
import {
  type ApplyMode,
  type CorrelationPolicy,
  type DeactivatePolicy,
  type DeletePolicy,
  type MappingEntry,
  type SyncAs,
} from '../../domain/sync-rule';
import { keyOrNone } from '../node-id';
import {
  ApplyModeEnum,
  CorrelationPolicyEnum,
  DeactivatePolicyEnum,
  DeletePolicyEnum,
} from './enums.type';

const SCOPE_FILTER = 'A SCIM filter; users it does not match are out of scope of this target.';
const USER_MAPPING = "How users become entries. Null: the connector's default mapping.";
const GROUP_MAPPING = "How groups become entries. Null: the connector's default mapping.";
const ON_DEACTIVATE = 'What becomes of an entry when its user is deactivated or leaves the scope.';
const ON_DELETE = 'What becomes of an entry when its resource is deleted.';
const CORRELATION = 'What happens with entries that are in the directory already.';
const CORRELATION_ATTRIBUTES =
  'Attributes of the target by which an entry is recognised; empty: by its name only.';

/** What an input means that leaves it open, or says null. */
const DEFAULTS = {
  apply: 'AUTHORITATIVE',
  attributes: [],
  policy: 'ADOPT',
  onDeactivate: 'DISABLE',
  onDelete: 'DELETE',
} as const;

@ObjectType('MappingEntry', { description: 'One line of a mapping: attribute <- expression.' })
export class MappingEntryType implements MappingEntry {
  @Field(() => String, { description: 'The attribute of the target.' })
  attribute!: string;

  @Field(() => String, {
    description: 'A SCIM path, a literal, or functions of them: `lower(userName)`.',
  })
  expression!: string;

  @Field(() => ApplyModeEnum, { description: 'When it is written.' })
  apply!: ApplyMode;
}

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

  @Field(() => DeactivatePolicyEnum, { description: ON_DEACTIVATE })
  onDeactivate!: DeactivatePolicy;

  @Field(() => DeletePolicyEnum, { description: ON_DELETE })
  onDelete!: DeletePolicy;

  @Field(() => CorrelationType, { description: CORRELATION })
  correlation!: CorrelationType;
}

export function toSyncAs(syncAs: SyncAs): SyncAsType {
  const { targetId, scopeFilter, userMapping, groupMapping, ...policies } = syncAs;
  return {
    ...policies,
    targetKey: targetId,
    ...(scopeFilter === undefined ? {} : { scopeFilter }),
    ...(userMapping === undefined ? {} : { mapping: userMapping }),
    ...(groupMapping === undefined ? {} : { groupMapping }),
  };
}

@InputType('MappingEntryInput', { description: 'One line of a mapping: attribute <- expression.' })
export class MappingEntryInput {
  @Field(() => String, { description: 'The attribute of the target.' })
  attribute!: string;

  @Field(() => String, {
    description: 'A SCIM path, a literal, or functions of them: `lower(userName)`.',
  })
  expression!: string;

  @Field(() => ApplyModeEnum, {
    nullable: true,
    defaultValue: DEFAULTS.apply,
    description: 'When it is written.',
  })
  apply?: ApplyMode | null;
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

  @Field(() => CorrelationInput, {
    nullable: true,
    description: `${CORRELATION} Null: recognised by name, and taken over.`,
  })
  correlation?: CorrelationInput | null;
}

export function fromSyncAsInput(input: SyncAsInput): SyncAs {
  const { targetId, scopeFilter, mapping, groupMapping, onDeactivate, onDelete } = input;
  return {
    targetId: keyOrNone('Target', targetId),
    onDeactivate: onDeactivate ?? DEFAULTS.onDeactivate,
    onDelete: onDelete ?? DEFAULTS.onDelete,
    correlation: {
      attributes: input.correlation?.attributes ?? DEFAULTS.attributes,
      policy: input.correlation?.policy ?? DEFAULTS.policy,
    },
    ...(scopeFilter == null ? {} : { scopeFilter }),
    ...(mapping == null ? {} : { userMapping: mapping.map(fromMappingEntry) }),
    ...(groupMapping == null ? {} : { groupMapping: groupMapping.map(fromMappingEntry) }),
  };
}

/** Plain objects from here on: instances of input classes are no business of a store. */
function fromMappingEntry({ attribute, expression, apply }: MappingEntryInput): MappingEntry {
  return { attribute, expression, apply: apply ?? DEFAULTS.apply };
}
