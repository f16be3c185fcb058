import { Field, ObjectType } from 'type-graphql';
import { DomainError } from '../../domain/error';
import { type Profile } from '../../domain/profile';
import { type OtpMethod, USER_ATTRIBUTES, type UserAttribute } from '../../domain/rule-values';
import { OtpMethodEnum } from './rule-value-enums.type';

const ATTRIBUTES: Readonly<Partial<Record<UserAttribute, string>>> = {
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
  certificateCommonName: 'The common name of the certificate the user is bound to.',
  customField1: 'First custom field.',
  customField2: 'Second custom field.',
  customField3: 'Third custom field.',
};

/** Declares a nullable text for every user attribute that is one. */
function eachAttribute({ prototype }: { readonly prototype: object }): void {
  for (const [name, description] of Object.entries(ATTRIBUTES)) {
    Field(() => String, { nullable: true, description })(prototype, name);
  }
}

@ObjectType('EffectiveProfile', {
  description:
    'A user as its sync rule has it and as mappings see it: of several values the first. What cannot be made is null, and `problems` says why.',
})
@eachAttribute
export class EffectiveProfileType {
  @Field(() => Boolean, { description: 'Whether the account may be used.' })
  active!: boolean;

  @Field(() => OtpMethodEnum, {
    nullable: true,
    description: 'The first method of the rule that suits the user. Null: none, or none decided.',
  })
  otpMethod!: OtpMethod | undefined;

  @Field(() => String, { nullable: true, description: 'The serial number of its token.' })
  tokenSerial!: string | undefined;

  @Field(() => Boolean, { description: 'Whether the user may authenticate with FIDO.' })
  fidoEnabled!: boolean;

  @Field(() => String, { nullable: true, description: 'Its role, or the first of several.' })
  role!: string | undefined;

  @Field(() => [String], { description: 'Its roles, a system role first.' })
  roles!: readonly string[];

  @Field(() => String, { nullable: true, description: 'Where the logo is that its token shows.' })
  tokenLogoUrl!: string | undefined;

  @Field(() => Boolean, { description: 'Whether it may recover its password by e-mail.' })
  passwordRecovery!: boolean;

  @Field(() => [String], { description: 'What stands in the way of a value.' })
  problems!: readonly string[];
}

export function toEffectiveProfile(profile: Profile): EffectiveProfileType {
  const problems: string[] = [];
  const read = <Value>(value: () => Value): Value | undefined => {
    try {
      return value();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const attributes: Partial<Record<UserAttribute, string | undefined>> = {};
  for (const name of USER_ATTRIBUTES) attributes[name] = read(() => profile.first(name));
  if (profile.otpMissing) {
    problems.push(
      'None of the one-time password methods of the sync rule (otpMethods) suits the user: add an e-mail address, a mobile number or tokens, or another method.',
    );
  }
  const roles = read(() => profile.roles) ?? [];
  const rest = {
    active: read(() => profile.active) ?? false,
    otpMethod: profile.otpMethod,
    tokenSerial: profile.tokenSerial,
    fidoEnabled: profile.fidoEnabled,
    role: roles[0],
    roles,
    tokenLogoUrl: profile.tokenLogoUrl,
    passwordRecovery: read(() => profile.passwordRecovery) ?? false,
  };
  return { ...attributes, ...rest, problems: [...new Set(problems)] };
}
