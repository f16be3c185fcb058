/** The body of a PATCH request (RFC 7644 section 3.5.2) as data. */
import { DomainError } from '../../domain/error';
import { type ScimPath } from '../../domain/filter/ast';
import { parsePath } from '../../domain/filter/parser';
import { PATCH_OP, tolerant, type ValidationProfile } from '../../domain/validation';
import { jsonMember } from '../json-member';

export type PatchOperator = 'add' | 'replace' | 'remove';

export interface PatchOperation {
  readonly op: PatchOperator;
  /** Absent: the value is an object of attributes. */
  readonly path?: ScimPath;
  /** Undefined when the operation has none; null is a value. */
  readonly value: unknown;
}

const OPERATORS: ReadonlySet<string> = new Set<PatchOperator>(['add', 'replace', 'remove']);

/** More than any client sends at once; RFC 7644 section 3.7.4 has the same limit, and 413, for bulk requests. */
const MAX_OPERATIONS = 1000;

export function parsePatch(
  body: unknown,
  profile: ValidationProfile = tolerant,
): readonly PatchOperation[] {
  profile.checkMessage(PATCH_OP, body);
  const operations = jsonMember(body, 'Operations');
  const list: readonly unknown[] | undefined = Array.isArray(operations) ? operations : undefined;
  if (list === undefined || list.length === 0) {
    throw new DomainError(
      'invalidSyntax',
      'The body must be an object with "Operations", a list of at least one operation.',
    );
  }
  if (list.length > MAX_OPERATIONS) {
    throw new DomainError(
      'tooLarge',
      `A PATCH may have at most ${String(MAX_OPERATIONS)} operations, and this one has ${String(list.length)}. ` +
        'Split it into several requests.',
    );
  }
  return list.map((operation, index) => parseOperation(operation, index, profile));
}

function parseOperation(
  operation: unknown,
  index: number,
  profile: ValidationProfile,
): PatchOperation {
  const where = `Operations[${String(index)}]`;
  const op = jsonMember(operation, 'op');
  const operator = typeof op === 'string' ? profile.operator(op) : '';
  if (!OPERATORS.has(operator)) {
    throw new DomainError('invalidSyntax', `${where}: "op" must be "add", "replace" or "remove".`);
  }
  const path = parseOptionalPath(jsonMember(operation, 'path'), where, profile);
  const value = jsonMember(operation, 'value');
  if (value === undefined && operator !== 'remove') {
    throw new DomainError('invalidValue', `${where}: "${operator}" needs a "value".`);
  }
  if (operator === 'remove' && path !== undefined) profile.checkRemoval(value);
  const parsed = { op: operator as PatchOperator, value };
  return path === undefined ? parsed : { ...parsed, path };
}

/** What stands for no value stands for no path: authentik writes `"path": null`. */
function parseOptionalPath(
  path: unknown,
  where: string,
  profile: ValidationProfile,
): ScimPath | undefined {
  if (path === undefined || path === null) return undefined;
  if (typeof path === 'string') {
    return profile.unassigned(path) ? undefined : parsePath(path, profile.grammar);
  }
  throw new DomainError('invalidPath', `${where}: "path" must be a string.`);
}
