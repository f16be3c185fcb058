/** The ids in a client's list of members. */
import { type DomainError } from '../error';
import { invalid } from './invalid';
import { type ValidationProfile } from './profile';

const MAX_ID_LENGTH = 256;
/** What every value of a list may have (RFC 7643 section 2.4). */
const NAMES: ReadonlySet<string> = new Set(['value', '$ref', 'display', 'type', 'primary']);

/**
 * Reads `[{"value": "id"}]`, and members that only have a `$ref`. Everything else in a member follows from its id. No id
 * appears twice; null and the empty list have none.
 */
export function coerceMembers(value: unknown, profile: ValidationProfile): readonly string[] {
  if (profile.unassigned(value)) return [];
  const list = profile.members(value);
  if (list === undefined) throw noList();
  const ids = new Set<string>();
  for (const item of list) {
    if (item !== null) ids.add(memberId(item, profile));
  }
  return [...ids];
}

function noList(): DomainError {
  return invalid('members', 'must be a list of objects like {"value": "<id of a resource>"}');
}

function memberId(member: unknown, profile: ValidationProfile): string {
  const id = typeof member === 'object' && member !== null ? idIn(member, profile) : member;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) throw noList();
  return id;
}

function idIn(member: object, profile: ValidationProfile): unknown {
  let id: unknown;
  let reference: unknown;
  for (const [name, value] of Object.entries(member) as [string, unknown][]) {
    const key = name.toLowerCase();
    if (key === 'value') id ??= value;
    else if (key === '$ref') reference = value;
    else if (!NAMES.has(key)) profile.unknownAttribute(`members.${name}`);
  }
  return id ?? (typeof reference === 'string' ? lastSegment(reference) : undefined);
}

function lastSegment(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}
