import { Field, InputType, ObjectType } from 'type-graphql';
import { type ApiKey, type Role } from '../../domain/credential';
import { connectionType } from '../connection';
import { toNodeId } from '../node-id';
import { RoleEnum } from './enums.type';
import { NodeType } from './node.type';
import { MutationPayload } from './user-error.type';

@ObjectType('ApiKey', {
  implements: NodeType,
  description: 'What lets somebody use this interface. Its token is shown once, when it is made.',
})
export class ApiKeyType extends NodeType {
  @Field(() => String, { description: 'What it is for.' })
  name!: string;

  @Field(() => RoleEnum, { description: 'What it may do.' })
  role!: Role;

  @Field(() => String, { description: 'The last four characters of the token.' })
  hint!: string;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it ends by itself. Null: never.' })
  expiresAt?: Date;

  @Field(() => Date, { nullable: true, description: 'When it was revoked. Null: it was not.' })
  revokedAt?: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'When it was last used, to about a minute. Null: never.',
  })
  lastUsedAt?: Date;
}

/** The hash stays behind. */
export function toApiKey(key: ApiKey): ApiKeyType {
  const { name, role, hint, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  return {
    id: toNodeId('ApiKey', key.id),
    name,
    role,
    hint,
    createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
  };
}

export const ApiKeyConnectionType = connectionType('ApiKey', () => ApiKeyType, 'API keys');

@ObjectType('Viewer', { description: 'Who is asking.' })
export class ViewerType {
  @Field(() => String, { description: 'The name of the API key.' })
  name!: string;

  @Field(() => RoleEnum, { description: 'What it may do.' })
  role!: Role;

  @Field(() => ApiKeyType, { description: 'The API key itself.' })
  apiKey!: ApiKeyType;
}

@InputType('ApiKeyCreateInput', { description: 'An API key to be made.' })
export class ApiKeyCreateInput {
  @Field(() => String, { description: 'What it is for.' })
  name!: string;

  @Field(() => RoleEnum, { description: "What it may do: at most what the creator's key may." })
  role!: Role;

  @Field(() => Date, { nullable: true, description: 'When it ends by itself. Null: never.' })
  expiresAt?: Date | null;
}

@ObjectType('ApiKeyCreatePayload', { description: 'What `apiKeyCreate` answers.' })
export class ApiKeyCreatePayload extends MutationPayload {
  @Field(() => ApiKeyType, { nullable: true, description: 'The new API key.' })
  apiKey?: ApiKeyType;

  @Field(() => String, {
    nullable: true,
    description: 'Send it as `Authorization: Bearer`. Shown here and never again.',
  })
  token?: string;
}

@ObjectType('ApiKeyRevokePayload', { description: 'What `apiKeyRevoke` answers.' })
export class ApiKeyRevokePayload extends MutationPayload {
  @Field(() => ApiKeyType, { nullable: true, description: 'The API key that ended.' })
  apiKey?: ApiKeyType;
}
