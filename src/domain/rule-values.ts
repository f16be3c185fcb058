/** What a rule says of its users beside what their identity provider says (requirements A4 to A10 and C4). */

/** Ways of a second factor, as a rule lists them by preference (requirement A4). */
export const OTP_METHODS = [
  'FTC_DEFAULT',
  'FTC_MOBILE',
  'FTC_HARDWARE',
  'FTC_EMAIL',
  'FTC_SMS',
  'EMAIL',
  'SMS',
  'DUAL',
  'NONE',
] as const;

export type OtpMethod = (typeof OTP_METHODS)[number];

/** What a new user is when nobody says otherwise (requirement A6); the least of them first. */
export const USER_ROLES = ['USER', 'SPONSOR', 'ADMINISTRATOR'] as const;

export type UserRole = (typeof USER_ROLES)[number];

/** A user has at most one `SYSTEM` role and any number of `CUSTOM` ones (requirement C4). */
export type RoleKind = 'SYSTEM' | 'CUSTOM';

export interface RoleDefinition {
  /** Unique in the catalogue regardless of case. */
  readonly name: string;
  readonly kind: RoleKind;
  /** Cannot be combined with any other role. */
  readonly exclusive: boolean;
}

/** What is known of every user, and the expression it comes from unless the rule has another (requirement A10). */
export const USER_ATTRIBUTE_DEFAULTS = {
  userName: 'userName',
  firstName: 'name.givenName',
  lastName: 'name.familyName',
  email: 'emails[type eq "work"].value',
  phone: 'phoneNumbers[type eq "work"].value',
  mobile: 'phoneNumbers[type eq "mobile"].value',
  displayName: 'displayName',
  company: 'organization',
  department: 'department',
  title: 'title',
  active: 'default(active, true)',
  certificateCommonName: '',
  customField1: '',
  customField2: '',
  customField3: '',
} as const satisfies Readonly<Record<string, string>>;

export type UserAttribute = keyof typeof USER_ATTRIBUTE_DEFAULTS;

export const USER_ATTRIBUTES = Object.keys(USER_ATTRIBUTE_DEFAULTS) as readonly UserAttribute[];

/** Expressions by attribute; an empty one stands for no value. */
export type UserAttributes = Readonly<Record<UserAttribute, string>>;

export interface RuleValues {
  /** The first one that a user can use is the user's. Empty: nobody has any. */
  readonly otpMethods: readonly OtpMethod[];
  readonly fidoEnabled: boolean;
  readonly roleForNewUsers: UserRole;
  /** An image of the logo list; empty: none. */
  readonly tokenLogoId: string;
  /** PEM; whoever is bound to a certificate is bound to one that one of these has issued. */
  readonly certificateAuthorities: readonly string[];
  readonly passwordRecovery: boolean;
  /** Those that differ from {@link USER_ATTRIBUTE_DEFAULTS}. */
  readonly userAttributes: Partial<UserAttributes>;
  /** Whether SCIM `roles` are matched against the catalogue; else they are only stored. */
  readonly roleProvisioning: boolean;
  readonly roleCatalogue: readonly RoleDefinition[];
}

export const RULE_VALUE_DEFAULTS: RuleValues = {
  otpMethods: [],
  fidoEnabled: false,
  roleForNewUsers: 'USER',
  tokenLogoId: '',
  certificateAuthorities: [],
  passwordRecovery: false,
  userAttributes: {},
  roleProvisioning: false,
  roleCatalogue: USER_ROLES.map((name) => ({ name, kind: 'SYSTEM', exclusive: false })),
};

/** The expression of each attribute, the rule's own or the usual one. */
export function userAttributesOf({ userAttributes }: Pick<RuleValues, 'userAttributes'>) {
  return { ...USER_ATTRIBUTE_DEFAULTS, ...userAttributes } satisfies UserAttributes;
}
