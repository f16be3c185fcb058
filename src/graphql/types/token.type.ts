import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type TokenKind } from '../../domain/otp';
import { type Token } from '../../domain/token-pool';
import { connectionType } from '../connection';
import { toNodeId } from '../node-id';
import { BooleanFilter } from './filter.type';
import { NodeType } from './node.type';
import { TokenKindEnum } from './rule-value-enums.type';
import { MutationPayload } from './user-error.type';

@ObjectType('Token', {
  implements: NodeType,
  description: "An authentication token of a sync rule's pool.",
})
export class TokenType extends NodeType {
  /** The store's id of whoever has it. */
  userKey?: string;

  @Field(() => String, { description: 'Unique among the tokens of all sync rules.' })
  serial!: string;

  @Field(() => TokenKindEnum, { description: 'What it is.' })
  kind!: TokenKind;

  @Field(() => Date, { description: 'When it was added.' })
  createdAt!: Date;
}

export function toToken({ id, serial, kind, userId, createdAt }: Token): TokenType {
  const token = { id: toNodeId('Token', id), serial, kind, createdAt };
  return userId === undefined ? token : { ...token, userKey: userId };
}

export const TokenConnectionType = connectionType('Token', () => TokenType, 'tokens');

@InputType('TokenFilter', { description: 'Tokens that all of the given fields match.' })
export class TokenFilterInput {
  @Field(() => TokenKindEnum, { nullable: true, description: 'What it is.' })
  kind?: TokenKind | null;

  @Field(() => BooleanFilter, { nullable: true, description: 'Whether nobody has it.' })
  free?: BooleanFilter | null;
}

@InputType('TokenInput', { description: 'A token for a pool.' })
export class TokenInput {
  @Field(() => String, { description: 'Unique among the tokens of all sync rules.' })
  serial!: string;

  @Field(() => TokenKindEnum, { description: 'What it is.' })
  kind!: TokenKind;
}

@ObjectType('TokensAddPayload', { description: 'What `tokensAdd` answers.' })
export class TokensAddPayload extends MutationPayload {
  @Field(() => Int, { nullable: true, description: 'How many were added.' })
  added?: number;
}

@ObjectType('TokenRemovePayload', { description: 'What `tokenRemove` answers.' })
export class TokenRemovePayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The id of the token that is gone.' })
  deletedId?: string;
}
