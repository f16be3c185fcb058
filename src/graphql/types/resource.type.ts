import { GraphQLJSONObject } from 'graphql-scalars';
import { createUnionType, Field, InputType, Int, ObjectType } from 'type-graphql';
import { GROUP, type Resource, type ScimObject, USER } from '../../domain/resource';
import { connectionType, uncountedConnectionType } from '../connection';
import { parseNodeId, toNodeId } from '../node-id';
import { OrderDirectionEnum, UserOrderFieldEnum } from './enums.type';
import { BooleanFilter, IdFilter } from './filter.type';
import { NodeType } from './node.type';

const SCIM = 'Everything the identity provider has sent, as SCIM. Passwords are left out.';
const EXTERNAL_ID = "The identity provider's own id.";
const GENERATION = 'Counts effective changes; compare `Binding.observedGeneration`.';
const DELETED_AT = 'It is gone for SCIM, and kept only until every target has heard of it.';

@ObjectType('User', {
  implements: NodeType,
  description: 'A user as its identity provider describes it (RFC 7643 section 4.1).',
})
export class UserType extends NodeType {
  /** The store's id. */
  key!: string;
  resource!: Resource;
  ruleKey!: string;

  @Field(() => String, { description: 'Unique in its sync rule, regardless of case.' })
  userName!: string;

  @Field(() => String, { nullable: true, description: 'The name to be shown.' })
  displayName?: string;

  @Field(() => String, { nullable: true, description: EXTERNAL_ID })
  externalId?: string;

  @Field(() => Boolean, { description: 'Whether the account may be used.' })
  active!: boolean;

  @Field(() => GraphQLJSONObject, { description: SCIM })
  scim!: ScimObject;

  @Field(() => Int, { description: GENERATION })
  generation!: number;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  lastModified!: Date;

  @Field(() => Date, { nullable: true, description: DELETED_AT })
  deletedAt?: Date;
}

@ObjectType('Group', {
  implements: NodeType,
  description: 'A group as its identity provider describes it (RFC 7643 section 4.2).',
})
export class GroupType extends NodeType {
  /** The store's id. */
  key!: string;
  ruleKey!: string;

  @Field(() => String, { description: 'Unique in its sync rule, regardless of case.' })
  displayName!: string;

  @Field(() => String, { nullable: true, description: EXTERNAL_ID })
  externalId?: string;

  @Field(() => GraphQLJSONObject, { description: `${SCIM} Members are in \`members\`.` })
  scim!: ScimObject;

  @Field(() => Int, { description: GENERATION })
  generation!: number;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it was last changed, members included.' })
  lastModified!: Date;

  @Field(() => Date, { nullable: true, description: DELETED_AT })
  deletedAt?: Date;
}

export function toUser(resource: Resource): UserType {
  const { displayName, active } = resource.attributes;
  return {
    ...common(resource),
    resource,
    id: toNodeId('User', resource.id),
    userName: text(resource.attributes['userName']) ?? '',
    ...(typeof displayName === 'string' ? { displayName } : {}),
    active: active !== false,
  };
}

export function toGroup(resource: Resource): GroupType {
  return {
    ...common(resource),
    id: toNodeId('Group', resource.id),
    displayName: text(resource.attributes['displayName']) ?? '',
  };
}

/** Undefined for a resource of a custom type. */
export function toUserOrGroup(resource: Resource | undefined): UserType | GroupType | undefined {
  if (resource?.resourceType === USER) return toUser(resource);
  if (resource?.resourceType === GROUP) return toGroup(resource);
  return undefined;
}

function common(resource: Resource): Omit<GroupType, 'id' | 'displayName'> {
  const { id, ruleId, attributes, generation, createdAt, lastModified, deletedAt } = resource;
  const externalId = text(attributes['externalId']);
  return {
    key: id,
    ruleKey: ruleId,
    scim: withoutPassword(attributes),
    generation,
    createdAt,
    lastModified,
    ...(externalId === undefined ? {} : { externalId }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
  };
}

/** `password` is never returned (RFC 7643 section 4.1.1), whatever a store has kept of it. */
function withoutPassword(attributes: ScimObject): ScimObject {
  const { password: _password, ...rest } = attributes;
  return rest;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export const UserOrGroupUnion = createUnionType({
  name: 'UserOrGroup',
  description: 'What is in a group, or in a target.',
  types: () => [UserType, GroupType] as const,
  resolveType: ({ id }) => parseNodeId(id)?.type,
});

export const UserConnectionType = connectionType('User', () => UserType, 'users');
export const GroupConnectionType = connectionType('Group', () => GroupType, 'groups');
export const GroupMemberConnectionType = uncountedConnectionType(
  'GroupMember',
  () => UserOrGroupUnion,
  'members of a group',
);

@InputType('UserFilter', { description: 'Users that all of the given fields match.' })
export class UserFilterInput {
  @Field(() => BooleanFilter, { nullable: true, description: 'Whether the account may be used.' })
  active?: BooleanFilter | null;

  @Field(() => BooleanFilter, {
    nullable: true,
    description: 'Whether none of the one-time password methods of its rule suits the user.',
  })
  otpMissing?: BooleanFilter | null;
}

@InputType('UserOrder', { description: 'How users are sorted.' })
export class UserOrderInput {
  @Field(() => UserOrderFieldEnum, { description: 'By what.' })
  field!: keyof typeof UserOrderFieldEnum;

  @Field(() => OrderDirectionEnum, {
    nullable: true,
    defaultValue: 'ASC',
    description: 'Which way.',
  })
  direction?: keyof typeof OrderDirectionEnum | null;
}

@InputType('GroupFilter', { description: 'Groups that all of the given fields match.' })
export class GroupFilterInput {
  @Field(() => IdFilter, {
    nullable: true,
    description: 'A user or group that is a member of it, directly.',
  })
  member?: IdFilter | null;
}
