/** What is wrong with an administrator's command, told as data so that a form can show all of it at once. */
import { DomainError } from '../domain/error';
import { type InputIssue } from '../domain/ports';

/** Additive: clients expect new ones. */
export type IssueCode =
  | 'INVALID'
  | 'REQUIRED'
  | 'TAKEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'IMMUTABLE'
  | 'IN_USE'
  | 'LIMIT_EXCEEDED'
  | 'UPSTREAM_FAILED'
  | 'LAST_ADMIN'
  | 'SELF_LOCKOUT';

export interface Issue {
  readonly code: IssueCode;
  /** What is wrong and how to mend it. */
  readonly message: string;
  /** The way to the field of the input, list indexes included. */
  readonly path: readonly string[];
}

/** A command either took effect entirely, or not at all and says everything that kept it from it. */
export type Outcome<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly value?: undefined; readonly issues: readonly Issue[] };

export function issue(code: IssueCode, path: readonly string[], message: string): Issue {
  return { code, message, path };
}

/** The outcome of a command that a single thing stands in the way of. */
export function refused(
  code: IssueCode,
  path: readonly string[],
  message: string,
): { readonly issues: readonly Issue[] } {
  return { issues: [issue(code, path, message)] };
}

/** Issues that somebody else found below `path`. */
export function invalidBelow(
  path: readonly string[],
  found: readonly InputIssue[],
): readonly Issue[] {
  return found.map((one) => issue('INVALID', [...path, ...one.path], one.message));
}

const MAX_NAME_LENGTH = 100;

/** A name as it is kept: people do not see the difference that spaces and composed letters make. */
export function tidyName(name: string): string {
  return name.normalize('NFC').trim();
}

/** What is wrong with a tidied name. */
export function nameIssues(name: string): readonly Issue[] {
  if (name === '') return [issue('REQUIRED', ['name'], 'Give it a name.')];
  if (/\p{Cc}/u.test(name)) {
    return [issue('INVALID', ['name'], 'A name has no line breaks or other control characters.')];
  }
  if (name.length > MAX_NAME_LENGTH) {
    return [
      issue('INVALID', ['name'], `A name has at most ${String(MAX_NAME_LENGTH)} characters.`),
    ];
  }
  return [];
}

/** Runs an insert; a name that another one has already becomes an issue. */
export async function unlessTaken<Value>(
  insert: () => Promise<Value>,
  message: string,
): Promise<Outcome<Value>> {
  try {
    return { value: await insert() };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'uniqueness') {
      return refused('TAKEN', ['name'], message);
    }
    throw error;
  }
}
