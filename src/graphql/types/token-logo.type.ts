import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { type LogoType, MAX_LOGO_BYTES, type TokenLogo } from '../../domain/token-logo';
import { connectionType } from '../connection';
import { toNodeId } from '../node-id';
import { NodeType } from './node.type';
import { LogoTypeEnum } from './rule-value-enums.type';
import { MutationPayload } from './user-error.type';

@ObjectType('TokenLogo', {
  implements: NodeType,
  description: 'An image that authentication tokens show; sync rules choose one of them.',
})
export class TokenLogoType extends NodeType {
  /** The store's id. */
  key!: string;

  @Field(() => String, { description: 'Unique among logos, regardless of case.' })
  name!: string;

  @Field(() => LogoTypeEnum, { description: 'What the image is by its own bytes.' })
  type!: LogoType;

  @Field(() => Int, { description: 'How many bytes the image has.' })
  bytes!: number;

  @Field(() => Date, { description: 'When it was added.' })
  createdAt!: Date;
}

export function toTokenLogo({ id, ...logo }: TokenLogo): TokenLogoType {
  return { ...logo, id: toNodeId('TokenLogo', id), key: id };
}

export const TokenLogoConnectionType = connectionType(
  'TokenLogo',
  () => TokenLogoType,
  'token logos',
);

@InputType('TokenLogoAddInput', { description: 'An image for tokens.' })
export class TokenLogoAddInput {
  @Field(() => String, { description: 'Unique among logos, regardless of case.' })
  name!: string;

  @Field(() => String, {
    description: `A PNG or JPEG of at most ${String(MAX_LOGO_BYTES)} bytes, as Base64 (RFC 4648 section 4).`,
  })
  image!: string;
}

@ObjectType('TokenLogoAddPayload', { description: 'What `tokenLogoAdd` answers.' })
export class TokenLogoAddPayload extends MutationPayload {
  @Field(() => TokenLogoType, { nullable: true, description: 'The new logo.' })
  tokenLogo?: TokenLogoType;
}

@ObjectType('TokenLogoRemovePayload', { description: 'What `tokenLogoRemove` answers.' })
export class TokenLogoRemovePayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The id of the logo that is gone.' })
  deletedId?: string;
}
