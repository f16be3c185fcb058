/** What becomes of a resource that a client sends, before anything is stored. */
import { checkRoles, type RoleRules } from './profile';
import { type NewResource, type ResourceScope, type ScimObject, USER } from './resource';
import { type ResourceSchema } from './schema-table';
import { coerceResource, isActivation, type ValidationProfile } from './validation';

/** How a resource is read. */
export interface DraftScope extends ResourceScope {
  readonly schema: ResourceSchema;
  readonly profile: ValidationProfile;
  /** What the rule says of roles; only users have any. */
  readonly roles: RoleRules;
}

/** A new resource, its members not looked for yet. Throws what validation throws. */
export function draftResource(scope: DraftScope, body: unknown): NewResource {
  const { ruleId, resourceType, schema, profile } = scope;
  const { attributes, members } = coerceResource(schema, body, profile);
  checkUserRoles(scope, {}, attributes);
  return {
    ruleId,
    resourceType,
    attributes: withDefaults(schema, attributes),
    ...(members === undefined ? {} : { members }),
    ...(resourceType === USER ? importRole(scope.roles) : {}),
  };
}

export function checkUserRoles(
  { resourceType, roles }: DraftScope,
  before: ScimObject,
  after: ScimObject,
): void {
  if (resourceType === USER) checkRoles(roles, before, after);
}

/** It stays with the user, whatever the rule says later (requirement A6). Nothing is stored where it is the usual one. */
function importRole({ roleForNewUsers }: RoleRules): Pick<NewResource, 'importRole'> {
  return roleForNewUsers === 'USER' ? {} : { importRole: roleForNewUsers };
}

/** A new user is active unless the client says otherwise, so that `filter=active eq true` finds it. */
function withDefaults(schema: ResourceSchema, attributes: ScimObject): ScimObject {
  if (!hasActivation(schema) || 'active' in attributes) return attributes;
  return { ...attributes, active: true };
}

/** The new attributes with the old `active` where they say nothing of it. */
export function withActivation(
  schema: ResourceSchema,
  before: ScimObject,
  after: ScimObject,
): ScimObject {
  const active = before['active'];
  if (active === undefined || 'active' in after || !hasActivation(schema)) return after;
  return { ...after, active };
}

function hasActivation(schema: ResourceSchema): boolean {
  const attribute = schema.attribute('active');
  return attribute !== undefined && isActivation(schema, { attribute });
}
