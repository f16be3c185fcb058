/** Attributes that have no value a mapping could read. */
import { type ResolvedPath } from '../schema';

/** Core attributes by path, and why they cannot be mapped. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['schemas', 'it is made for each SCIM answer'],
  ['meta.location', 'it is made for each SCIM answer'],
  ['meta.version', 'it is made for each SCIM answer'],
  ['members', 'memberships reach the directory by themselves'],
  ['groups', 'memberships reach the directory by themselves'],
]);

/** Why a path cannot be mapped, or undefined when it can. */
export function unmappable(path: ResolvedPath): string | undefined {
  const reason = reasonAgainst(path);
  if (reason === undefined) return undefined;
  const { attribute, subAttribute } = path;
  const name =
    subAttribute === undefined ? attribute.name : `${attribute.name}.${subAttribute.name}`;
  return `"${name}" cannot be mapped: ${reason}`;
}

function reasonAgainst({ extension, attribute, subAttribute }: ResolvedPath): string | undefined {
  if (attribute.returned === 'never' || subAttribute?.returned === 'never') {
    return 'it is never read back';
  }
  if (subAttribute?.name === '$ref') {
    return 'it is made for each SCIM answer; map "value", the id, instead';
  }
  if (extension !== undefined) return undefined;
  const whole = REASONS.get(attribute.name);
  if (whole !== undefined || subAttribute === undefined) return whole;
  return REASONS.get(`${attribute.name}.${subAttribute.name}`);
}
