/** What a sync rule says of its users, as it is read and as it is written. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { type CertificateAuthority, describeAuthority } from '../../domain/certificate-authority';
import {
  type OtpMethod,
  type RoleDefinition,
  type RoleKind,
  type RuleValues,
  USER_ATTRIBUTE_DEFAULTS,
  USER_ATTRIBUTES,
  type UserAttribute,
  type UserAttributes,
  type UserRole,
  userAttributesOf,
} from '../../domain/rule-values';
import { listCost, ownCost } from '../limits';
import { keyOrNone } from '../node-id';
import { NodeType } from './node.type';
import { OtpMethodEnum, RoleKindEnum, UserRoleEnum } from './rule-value-enums.type';

const OTP_METHODS =
  'One-time password methods by preference, each once: a user gets the first one that suits. Empty: nobody gets any.';
const FIDO = 'Whether users may authenticate with FIDO.';
const ROLE_FOR_NEW_USERS =
  'The role of a user from its first import on; with role provisioning, of a user without a role.';
const CERTIFICATE_AUTHORITIES = 'The authorities that issue the certificates users are bound to';
const PASSWORD_RECOVERY = 'Whether users with a valid e-mail address may recover their password.';
const USER_ATTRIBUTES_OF =
  'How the attributes of users are read from SCIM. Mappings find them as `profile.userName` and so on.';
const ROLE_PROVISIONING =
  'Whether SCIM `roles` have to be in the catalogue, and are offered to mappings; else they are only stored.';
const ROLE_CATALOGUE = 'The roles there are, for role provisioning.';

const ATTRIBUTE_DESCRIPTIONS: Readonly<Record<UserAttribute, string>> = {
  userName: 'User name.',
  firstName: 'First name.',
  lastName: 'Last name.',
  email: 'E-mail address.',
  phone: 'Phone number.',
  mobile: 'Mobile number.',
  displayName: 'Display name.',
  company: 'Company.',
  department: 'Department.',
  title: 'Title.',
  active:
    'Whether the account may be used: a condition. Who is not active for SCIM is not active anyway.',
  certificateCommonName:
    'The common name of the certificate the user is bound to. Needs `certificateAuthorities`.',
  customField1: 'First custom field.',
  customField2: 'Second custom field.',
  customField3: 'Third custom field.',
};

/** Declares the same field for every user attribute. */
function eachAttribute(declare: (name: UserAttribute, target: object) => void) {
  return ({ prototype }: { readonly prototype: object }): void => {
    for (const name of USER_ATTRIBUTES) declare(name, prototype);
  };
}

function usually(name: UserAttribute): string {
  const expression = USER_ATTRIBUTE_DEFAULTS[name];
  return expression === '' ? 'nothing' : `\`${expression}\``;
}

@ObjectType('UserAttributes', { description: `${USER_ATTRIBUTES_OF} Empty: no value.` })
@eachAttribute((name, target) => {
  const description = `${ATTRIBUTE_DESCRIPTIONS[name]} Usually ${usually(name)}.`;
  Field(() => String, { description })(target, name);
})
export class UserAttributesType {}

@InputType('UserAttributesInput', {
  description:
    'Expressions over SCIM attributes of a user. What is null or left out stays as it is; empty: no value.',
})
@eachAttribute((name, target) => {
  const description = `${ATTRIBUTE_DESCRIPTIONS[name]} Usually ${usually(name)}.`;
  Field(() => String, { nullable: true, description })(target, name);
})
export class UserAttributesInput {}

@ObjectType('RoleDefinition', { description: 'A role of a catalogue.' })
export class RoleDefinitionType implements RoleDefinition {
  @Field(() => String, { description: 'Unique in the catalogue, regardless of case.' })
  name!: string;

  @Field(() => RoleKindEnum, { description: 'How it goes together with others.' })
  kind!: RoleKind;

  @Field(() => Boolean, { description: 'Whether it cannot be combined with any other role.' })
  exclusive!: boolean;
}

@InputType('RoleDefinitionInput', { description: 'A role of a catalogue.' })
export class RoleDefinitionInput {
  @Field(() => String, { description: 'Unique in the catalogue, regardless of case.' })
  name!: string;

  @Field(() => RoleKindEnum, { description: 'How it goes together with others.' })
  kind!: RoleKind;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Whether it cannot be combined with any other role.',
  })
  exclusive?: boolean | null;
}

@ObjectType('CertificateAuthority', {
  description: 'The certificate of an authority (RFC 5280).',
})
export class CertificateAuthorityType implements CertificateAuthority {
  @Field(() => String, { description: 'The certificate in PEM.' })
  pem!: string;

  @Field(() => String, { description: 'The name of the authority.' })
  subject!: string;

  @Field(() => String, { description: 'Who issued its certificate.' })
  issuer!: string;

  @Field(() => String, { description: 'The serial number, in hexadecimal.' })
  serialNumber!: string;

  @Field(() => Date, { description: 'When it becomes valid.' })
  notBefore!: Date;

  @Field(() => Date, { description: 'When it expires.' })
  notAfter!: Date;

  @Field(() => Boolean, { description: 'Whether it has expired: replace it.' })
  expired!: boolean;

  @Field(() => String, { description: 'SHA-256 of the certificate.' })
  fingerprint!: string;
}

@ObjectType({ description: 'What a sync rule says of its users.' })
export abstract class RuleValuesType extends NodeType {
  @Field(() => [OtpMethodEnum], { description: OTP_METHODS })
  otpMethods!: readonly OtpMethod[];

  @Field(() => Boolean, { description: FIDO })
  fidoEnabled!: boolean;

  @Field(() => UserRoleEnum, { description: ROLE_FOR_NEW_USERS })
  roleForNewUsers!: UserRole;

  @Field(() => [CertificateAuthorityType], {
    complexity: listCost(3),
    description: `${CERTIFICATE_AUTHORITIES}.`,
  })
  certificateAuthorities!: readonly CertificateAuthorityType[];

  @Field(() => Boolean, { description: PASSWORD_RECOVERY })
  passwordRecovery!: boolean;

  @Field(() => UserAttributesType, { complexity: ownCost(1), description: USER_ATTRIBUTES_OF })
  userAttributes!: UserAttributes;

  @Field(() => Boolean, { description: ROLE_PROVISIONING })
  roleProvisioning!: boolean;

  @Field(() => [RoleDefinitionType], { complexity: listCost(5), description: ROLE_CATALOGUE })
  roleCatalogue!: readonly RoleDefinition[];
}

/** What has to be made of the rule; the other values are as they are. */
export function toRuleValues(
  rule: RuleValues,
): Pick<RuleValuesType, 'certificateAuthorities' | 'userAttributes'> {
  return {
    get certificateAuthorities() {
      return rule.certificateAuthorities.map(toCertificateAuthority);
    },
    userAttributes: userAttributesOf(rule),
  };
}

@InputType({ description: 'What can be set of the values of users of a sync rule.' })
export abstract class RuleValuesInput {
  @Field(() => [OtpMethodEnum], { nullable: true, description: OTP_METHODS })
  otpMethods?: OtpMethod[] | null;

  @Field(() => Boolean, { nullable: true, description: FIDO })
  fidoEnabled?: boolean | null;

  @Field(() => UserRoleEnum, { nullable: true, description: ROLE_FOR_NEW_USERS })
  roleForNewUsers?: UserRole | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the logo that tokens show; empty: none.',
  })
  tokenLogoId?: string | null;

  @Field(() => [String], {
    nullable: true,
    description: `${CERTIFICATE_AUTHORITIES}, in PEM. All of them: what is not in the list is removed.`,
  })
  certificateAuthorities?: string[] | null;

  @Field(() => Boolean, { nullable: true, description: PASSWORD_RECOVERY })
  passwordRecovery?: boolean | null;

  @Field(() => UserAttributesInput, { nullable: true, description: USER_ATTRIBUTES_OF })
  userAttributes?: Partial<Record<UserAttribute, string | null>> | null;

  @Field(() => Boolean, { nullable: true, description: ROLE_PROVISIONING })
  roleProvisioning?: boolean | null;

  @Field(() => [RoleDefinitionInput], {
    nullable: true,
    description: `${ROLE_CATALOGUE} All of them: what is not in the list is removed.`,
  })
  roleCatalogue?: RoleDefinitionInput[] | null;
}

/** The values that are given. */
export function fromRuleValuesInput(input: RuleValuesInput): Partial<RuleValues> {
  const { tokenLogoId, userAttributes, roleCatalogue } = input;
  const { otpMethods, fidoEnabled, roleForNewUsers } = input;
  const { certificateAuthorities, passwordRecovery, roleProvisioning } = input;
  return {
    ...(otpMethods == null ? {} : { otpMethods }),
    ...(fidoEnabled == null ? {} : { fidoEnabled }),
    ...(roleForNewUsers == null ? {} : { roleForNewUsers }),
    ...(tokenLogoId == null ? {} : { tokenLogoId: logoKeyOf(tokenLogoId) }),
    ...(certificateAuthorities == null ? {} : { certificateAuthorities }),
    ...(passwordRecovery == null ? {} : { passwordRecovery }),
    ...(userAttributes == null ? {} : { userAttributes: givenAttributes(userAttributes) }),
    ...(roleProvisioning == null ? {} : { roleProvisioning }),
    ...(roleCatalogue == null ? {} : { roleCatalogue: roleCatalogue.map(toRoleDefinition) }),
  };
}

/** An id of something else names a logo that there cannot be. */
function logoKeyOf(id: string): string {
  return id === '' ? '' : keyOrNone('TokenLogo', id) || 'none';
}

function givenAttributes(
  input: Partial<Record<UserAttribute, string | null>>,
): Partial<UserAttributes> {
  return Object.fromEntries(
    USER_ATTRIBUTES.flatMap((name) => (input[name] == null ? [] : [[name, input[name]]])),
  );
}

function toRoleDefinition({ name, kind, exclusive }: RoleDefinitionInput): RoleDefinition {
  return { name, kind, exclusive: exclusive ?? false };
}

function toCertificateAuthority(pem: string): CertificateAuthorityType {
  const authority = describeAuthority(pem);
  return { ...authority, expired: authority.notAfter <= new Date() };
}
