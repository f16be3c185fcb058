/** The error of a value that does not fit its attribute. */
import { DomainError } from '../error';

export function invalid(name: string, problem: string): DomainError {
  return new DomainError('invalidValue', `"${name}" ${problem}.`, { field: name });
}
