/** The ids in a client's list of members. */
import { invalid } from './invalid';

const MAX_ID_LENGTH = 256;

/**
 * Reads `[{"value": "id"}]`, one such object, bare ids, and members that only have a `$ref`. Everything else in a member
 * follows from its id. No id appears twice; null and the empty list have none.
 */
export function coerceMembers(value: unknown): readonly string[] {
  if (value === null || value === undefined || value === '') return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return [...new Set(list.filter((item) => item !== null).map(memberId))];
}

function memberId(member: unknown): string {
  const id = typeof member === 'object' && member !== null ? idIn(member) : member;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) {
    throw invalid('members', 'must be a list of objects like {"value": "<id of a resource>"}');
  }
  return id;
}

function idIn(member: object): unknown {
  let reference: unknown;
  for (const [name, value] of Object.entries(member) as [string, unknown][]) {
    const key = name.toLowerCase();
    if (key === 'value' && value !== null) return value;
    if (key === '$ref') reference = value;
  }
  return typeof reference === 'string' ? lastSegment(reference) : undefined;
}

function lastSegment(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}
