/** A user as its rule has it: what SCIM says, what the rule adds, and what was decided for the user. */
import { type Resource, type ScimObject, type ScimValue, USER } from '../resource';
import { type ResourceSchema, type SchemasOf } from '../schema-table';
import {
  type OtpMethod,
  USER_ATTRIBUTES,
  userAttributesOf,
  type UserAttribute,
} from '../rule-values';
import { type SyncRule } from '../sync-rule';
import { isEmail } from '../otp';
import { rolesOf } from './roles';
import { PROFILE_URN } from './schema';
import { userAttribute } from './user-attributes';

interface ProfileContext {
  readonly rule: SyncRule;
  /** The schema of users of the rule, without what only mappings know. */
  readonly schema: ResourceSchema;
  /** The URL under which the image of a logo is served. */
  readonly logoUrl: (logoId: string) => string;
}

/** Every value is made when it is asked for, so that one that cannot be made stands in the way of nothing else. */
export class Profile {
  constructor(
    private readonly user: Resource,
    private readonly context: ProfileContext,
  ) {}

  /** All values of a user attribute. */
  all(name: UserAttribute): readonly string[] {
    const { rule, schema } = this.context;
    return userAttribute(name, userAttributesOf(rule)[name], this.user, schema);
  }

  /** The first value of a user attribute. */
  first(name: UserAttribute): string | undefined {
    return this.all(name)[0];
  }

  /** Whoever is not active for the identity provider is not active, whatever the rule's expression says. */
  get active(): boolean {
    return this.user.attributes['active'] !== false && this.first('active') === 'true';
  }

  /** Throws `invalidValue` when the user has roles that do not go with the rule's catalogue. */
  get roles(): readonly [string, ...string[]] {
    return rolesOf(this.context.rule, this.user);
  }

  get otpMethod(): OtpMethod | undefined {
    return this.user.otp?.method;
  }

  /** Whether none of the methods of the rule suits the user. */
  get otpMissing(): boolean {
    return this.user.otp?.missing === true;
  }

  get tokenSerial(): string | undefined {
    return this.user.otp?.tokenSerial;
  }

  get fidoEnabled(): boolean {
    return this.context.rule.fidoEnabled;
  }

  get passwordRecovery(): boolean {
    return this.context.rule.passwordRecovery && isEmail(this.first('email'));
  }

  get tokenLogoUrl(): string | undefined {
    const { rule, logoUrl } = this.context;
    return rule.tokenLogoId === '' ? undefined : logoUrl(rule.tokenLogoId);
  }
}

/** The profiles of the users of all rules. */
export class Profiles {
  constructor(
    private readonly schemas: SchemasOf,
    private readonly logoUrl: (logoId: string) => string,
  ) {}

  /** Throws `unavailable` when the schemas of the rule do not fit those of all rules. */
  of(user: Resource, rule: SyncRule): Profile {
    const schema = this.schemas(rule).get(USER);
    if (schema === undefined) throw new Error('Every rule has users');
    return new Profile(user, { rule, schema, logoUrl: this.logoUrl });
  }

  /** The resource as mappings see it, see {@link schemaForMappings}. */
  forMappings(resource: Resource, rule: SyncRule): Resource {
    if (resource.resourceType !== USER) return resource;
    const values = readable(this.of(resource, rule));
    return { ...resource, attributes: { ...resource.attributes, [PROFILE_URN]: values } };
  }
}

function readable(profile: Profile): ScimObject {
  const attributes = lazy(
    USER_ATTRIBUTES.map((name) => [
      name,
      () => (name === 'active' ? profile.active : profile.all(name)),
    ]),
    [['roles', () => profile.roles]],
  );
  return lazy([
    ['profile', () => attributes],
    ['otpMethod', () => profile.otpMethod],
    ['tokenSerial', () => profile.tokenSerial],
    ['fidoEnabled', () => profile.fidoEnabled],
    ['role', () => profile.roles[0]],
    ['tokenLogoUrl', () => profile.tokenLogoUrl],
    ['passwordRecovery', () => profile.passwordRecovery],
    ['certificateCommonName', () => profile.first('certificateCommonName')],
    ['customField1', () => profile.first('customField1')],
    ['customField2', () => profile.first('customField2')],
    ['customField3', () => profile.first('customField3')],
  ]);
}

type Member = readonly [name: string, value: () => ScimValue | undefined];

/** An object whose values are made when they are read. */
function lazy(...members: readonly (readonly Member[])[]): ScimObject {
  const object = {};
  for (const [name, get] of members.flat()) {
    Object.defineProperty(object, name, { get, enumerable: true });
  }
  return object;
}
