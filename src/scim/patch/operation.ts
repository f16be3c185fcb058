/** The body of a PATCH request (RFC 7644 section 3.5.2) as data. */
import { DomainError } from '../../domain/error';
import { type ScimPath } from '../../domain/filter/ast';
import { parsePath } from '../../domain/filter/parser';

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

/** `schemas` is not looked at: clients forget it or send another one, and the method says it all. */
export function parsePatch(body: unknown): readonly PatchOperation[] {
  const operations = member(body, 'operations');
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
  return list.map(parseOperation);
}

function parseOperation(operation: unknown, index: number): PatchOperation {
  const where = `Operations[${String(index)}]`;
  const op = member(operation, 'op');
  const operator = typeof op === 'string' ? op.toLowerCase() : '';
  if (!OPERATORS.has(operator)) {
    throw new DomainError('invalidSyntax', `${where}: "op" must be "add", "replace" or "remove".`);
  }
  const path = parseOptionalPath(member(operation, 'path'), where);
  const value = member(operation, 'value');
  if (value === undefined && operator !== 'remove') {
    throw new DomainError('invalidValue', `${where}: "${operator}" needs a "value".`);
  }
  const parsed = { op: operator as PatchOperator, value };
  return path === undefined ? parsed : { ...parsed, path };
}

/** Null and the empty string stand for no path: authentik writes `"path": null`. */
function parseOptionalPath(path: unknown, where: string): ScimPath | undefined {
  if (path === undefined || path === null || path === '') return undefined;
  if (typeof path === 'string') return parsePath(path);
  throw new DomainError('invalidPath', `${where}: "path" must be a string.`);
}

/** A member of a JSON object by its name in any case. */
function member(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined;
  if (Object.hasOwn(object, name)) return (object as Record<string, unknown>)[name];
  const entries = Object.entries(object) as [string, unknown][];
  return entries.find(([key]) => key.toLowerCase() === name)?.[1];
}
