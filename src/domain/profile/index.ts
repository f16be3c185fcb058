/** What a sync rule knows of its users (requirements A4 to A10, C4, C5; docs/mapping.md). */
export { type Profile, Profiles } from './profile';
export { checkRoles, type RoleRules } from './roles';
export { PROFILE_URN, schemaForMappings } from './schema';
export { checkUserAttributes } from './user-attributes';
