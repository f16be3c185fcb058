/** The values a rule adds to its users, as a schema that only mappings know: SCIM clients neither see nor write it. */
import { type AttributeDefinition, type SchemaDefinition } from '../schema';
import { ResourceSchema } from '../schema-table';
import { USER } from '../resource';
import { USER_ATTRIBUTES } from '../rule-values';

/** Names what a SCIM attribute of the same name would hide. */
export const PROFILE_URN = 'urn:usher:params:scim:schemas:profile:1.0:User';

const BASE = {
  multiValued: false,
  required: false,
  caseExact: true,
  mutability: 'readOnly',
  returned: 'default',
} as const;

function text(name: string, description: string): AttributeDefinition {
  return { ...BASE, type: 'string', name, description, uniqueness: 'none' };
}

function flag(name: string, description: string): AttributeDefinition {
  return { ...BASE, type: 'boolean', name, description, uniqueness: 'none' };
}

const OTP_METHOD = text('otpMethod', 'The first one-time password method the user can use.');
const TOKEN_SERIAL = text('tokenSerial', 'The serial number of the token the user has.');
const ROLE = text('role', 'The role of the user, or the first of several.');

/** `profile.userName` and so on: what the rule's user attributes make of the user. */
function profile(): AttributeDefinition {
  const own = USER_ATTRIBUTES.map((name) =>
    name === 'active'
      ? flag(name, 'Whether the account may be used.')
      : { ...text(name, `The user attribute ${name} of the rule.`), multiValued: true },
  );
  const roles = { ...text('roles', 'The roles of the user.'), multiValued: true };
  return {
    ...BASE,
    type: 'complex',
    name: 'profile',
    description: 'The user as the rule has it.',
    subAttributes: [...own, roles],
  };
}

export const PROFILE_SCHEMA: SchemaDefinition = {
  id: PROFILE_URN,
  name: 'Profile',
  description: 'What a sync rule knows of its users beside what SCIM says.',
  attributes: [
    profile(),
    OTP_METHOD,
    TOKEN_SERIAL,
    flag('fidoEnabled', 'Whether the user may authenticate with FIDO.'),
    ROLE,
    text('tokenLogoUrl', 'Where the logo is that tokens show.'),
    flag('passwordRecovery', 'Whether the user may recover the password by e-mail.'),
    text('certificateCommonName', 'The common name of the certificate the user is bound to.'),
    text('customField1', 'The first custom field.'),
    text('customField2', 'The second custom field.'),
    text('customField3', 'The third custom field.'),
  ],
};

/** Schemas never change, so what mappings make of each is made once. */
const extended = new WeakMap<ResourceSchema, ResourceSchema>();

/**
 * What mappings of these resources can read: for users the values of their rule too. A SCIM attribute of the same name, and
 * be it one that the rule itself has defined, keeps its bare name; the value is then found behind {@link PROFILE_URN}.
 */
export function schemaForMappings(schema: ResourceSchema): ResourceSchema {
  if (schema.type.name !== USER) return schema;
  const known = extended.get(schema);
  if (known !== undefined) return known;
  const { type, core, extensions } = schema;
  const made = new ResourceSchema(type, core, [...extensions, PROFILE_SCHEMA]);
  extended.set(schema, made);
  return made;
}
