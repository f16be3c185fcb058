/** SCIM `roles` against a rule's catalogue (requirements C4, C5). */
import { equalAttributes, elementsOf, isObject, property } from '../attribute-values';
import { DomainError } from '../error';
import { fold } from '../filter/fold';
import { type Resource, type ScimObject, type ScimValue } from '../resource';
import { type RoleDefinition, type RuleValues } from '../rule-values';

export type RoleRules = Pick<RuleValues, 'roleProvisioning' | 'roleCatalogue' | 'roleForNewUsers'>;

/** A message may name so many roles; a client that sends more has a mistake that is not in the names. */
const MOST_NAMED = 10;

/**
 * Refuses roles that are unknown or do not go together, naming them. A user keeps what it has: roles that a request leaves as
 * they are were allowed when they came, and must not stand in the way of, above all, a deactivation.
 */
export function checkRoles(rule: RoleRules, before: ScimObject, after: ScimObject): void {
  const roles = property(after, 'roles');
  if (!rule.roleProvisioning || roles === undefined) return;
  const current = property(before, 'roles');
  if (current !== undefined && equalAttributes(current, roles)) return;
  catalogued(rule, after);
}

/**
 * The names of a user's roles as the catalogue spells them, system roles first; never empty. Throws `invalidValue` for
 * roles that came before the rule had this catalogue and do not fit it: nobody may guess which one is meant.
 */
export function rolesOf(
  rule: RoleRules,
  { attributes, importRole = 'USER' }: Pick<Resource, 'attributes' | 'importRole'>,
): readonly [string, ...string[]] {
  if (!rule.roleProvisioning) return [importRole];
  const [first, ...others] = catalogued(rule, attributes);
  return first === undefined ? [rule.roleForNewUsers] : [first, ...others];
}

function catalogued({ roleCatalogue }: RoleRules, attributes: ScimObject): readonly string[] {
  const byName = new Map(roleCatalogue.map((role) => [fold(role.name), role]));
  const known = new Set<RoleDefinition>();
  const unknown: string[] = [];
  for (const element of elementsOf(property(attributes, 'roles'))) {
    const names = namesOf(element);
    if (names.length === 0) continue;
    const role = names.map((name) => byName.get(fold(name))).find((one) => one !== undefined);
    if (role) known.add(role);
    else unknown.push(names[0] ?? '');
  }
  refuseUnknown(unknown);
  const roles = roleCatalogue.filter((role) => known.has(role));
  refuseConflicts(roles);
  return [...of('SYSTEM', roles), ...of('CUSTOM', roles)];
}

/**
 * What a role may be called, best first. Entra sends its value as it is (SingleAppRoleAssignment), beside a display name
 * (AssertiveAppRoleAssignmentsComplex), or as a JSON text that has both (AppRoleAssignmentsComplex).
 */
function namesOf(element: ScimValue): readonly string[] {
  const role = isObject(element) ? element : { value: element };
  const value = property(role, 'value');
  const packed = typeof value === 'string' ? unpacked(value) : undefined;
  const candidates = packed
    ? [packed['value'], packed['displayName'], property(role, 'display')]
    : [value, property(role, 'display')];
  return candidates.flatMap((name) =>
    typeof name === 'string' && name.trim() !== '' ? [name.trim()] : [],
  );
}

function unpacked(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function of(kind: RoleDefinition['kind'], roles: readonly RoleDefinition[]): readonly string[] {
  return roles.filter((role) => role.kind === kind).map(({ name }) => name);
}

function refuseUnknown(unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  throw refused(
    `Usher's role catalogue for this connection does not have ${listed(unknown)}. Assign roles of the catalogue, or have an administrator of Usher add them (syncRuleUpdate).`,
  );
}

function refuseConflicts(roles: readonly RoleDefinition[]): void {
  const system = of('SYSTEM', roles);
  if (system.length > 1) {
    throw refused(
      `The roles ${listed(system)} exclude each other: a user has at most one system role. Assign one of them.`,
    );
  }
  const exclusive = roles.find((role) => role.exclusive);
  if (exclusive === undefined || roles.length === 1) return;
  const others = roles.filter((role) => role !== exclusive).map(({ name }) => name);
  throw refused(
    `The role ${listed([exclusive.name])} cannot be combined with ${listed(others)}. Assign it alone, or leave it out.`,
  );
}

function listed(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const shown = unique.slice(0, MOST_NAMED).map((name) => JSON.stringify(name.slice(0, 100)));
  const more = unique.length > MOST_NAMED ? [`${String(unique.length - MOST_NAMED)} more`] : [];
  return [...shown, ...more].join(', ');
}

function refused(message: string): DomainError {
  return new DomainError('invalidValue', message, { field: 'roles' });
}
