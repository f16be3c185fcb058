/** Word lists of the values a rule adds to its users. */
import { registerEnumType } from 'type-graphql';
import { type OtpMethod, type RoleKind, type UserRole } from '../../domain/rule-values';
import { type TokenKind } from '../../domain/otp';
import { type LogoType } from '../../domain/token-logo';

type Words<Word extends string> = { readonly [Each in Word]: Each };

export const OtpMethodEnum = {
  FTC_DEFAULT: 'FTC_DEFAULT',
  FTC_MOBILE: 'FTC_MOBILE',
  FTC_HARDWARE: 'FTC_HARDWARE',
  FTC_EMAIL: 'FTC_EMAIL',
  FTC_SMS: 'FTC_SMS',
  EMAIL: 'EMAIL',
  SMS: 'SMS',
  DUAL: 'DUAL',
  NONE: 'NONE',
} as const satisfies Words<OtpMethod>;
registerEnumType(OtpMethodEnum, {
  name: 'OtpMethod',
  description: 'A way of one-time passwords. Expect new values.',
  valuesConfig: {
    FTC_DEFAULT: { description: 'FortiToken Cloud chooses. Suits every user.' },
    FTC_MOBILE: { description: 'FortiToken Cloud, with a free `MOBILE` token of the pool.' },
    FTC_HARDWARE: { description: 'FortiToken Cloud, with a free `HARDWARE` token of the pool.' },
    FTC_EMAIL: { description: 'FortiToken Cloud, by e-mail. Needs an e-mail address.' },
    FTC_SMS: { description: 'FortiToken Cloud, by SMS. Needs a mobile number.' },
    EMAIL: { description: 'By e-mail. Needs an e-mail address.' },
    SMS: { description: 'By SMS. Needs a mobile number.' },
    DUAL: { description: 'By e-mail and SMS. Needs both.' },
    NONE: { description: 'No one-time password. Suits every user.' },
  },
});

export const UserRoleEnum = {
  USER: 'USER',
  SPONSOR: 'SPONSOR',
  ADMINISTRATOR: 'ADMINISTRATOR',
} as const satisfies Words<UserRole>;
registerEnumType(UserRoleEnum, {
  name: 'UserRole',
  description: 'What a provisioned user is where nobody says otherwise.',
  valuesConfig: {
    USER: { description: 'An ordinary user.' },
    SPONSOR: { description: 'Somebody who may invite guests.' },
    ADMINISTRATOR: { description: 'An administrator of the directory, not of Usher.' },
  },
});

export const RoleKindEnum = {
  SYSTEM: 'SYSTEM',
  CUSTOM: 'CUSTOM',
} as const satisfies Words<RoleKind>;
registerEnumType(RoleKindEnum, {
  name: 'RoleKind',
  description: 'How a role goes together with others.',
  valuesConfig: {
    SYSTEM: { description: 'A user has at most one of these.' },
    CUSTOM: { description: 'A user may have any number of these.' },
  },
});

export const LogoTypeEnum = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
} as const satisfies Readonly<Record<string, LogoType>>;
registerEnumType(LogoTypeEnum, {
  name: 'LogoType',
  description: 'The format of an image. Expect new values.',
  valuesConfig: { PNG: { description: 'image/png' }, JPEG: { description: 'image/jpeg' } },
});

export const TokenKindEnum = {
  HARDWARE: 'HARDWARE',
  MOBILE: 'MOBILE',
} as const satisfies Words<TokenKind>;
registerEnumType(TokenKindEnum, {
  name: 'TokenKind',
  description: 'What a token is. Expect new values.',
  valuesConfig: {
    HARDWARE: { description: 'A device, for `FTC_HARDWARE`.' },
    MOBILE: { description: 'An app, for `FTC_MOBILE`.' },
  },
});
