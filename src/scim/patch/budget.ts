/**
 * A limit to what one PATCH may make the server do. Operations on lists cost as much as operations times values, and that
 * product is not bounded by the size of the body: a budget is, whatever the operations are.
 */
import { DomainError } from '../../domain/error';
import { type Filter } from '../../domain/filter/ast';

/**
 * A tenth of a second or so, and far more than clients need: a value of a list has four parts or so, which makes 250
 * operations on 1,000 values each.
 */
const MAX_WORK = 1_000_000;
/** Reading this many characters costs about as much as looking at one part of a value. */
const CHARACTERS_PER_UNIT = 256;

export class WorkBudget {
  private left = MAX_WORK;

  /** One unit is one look at one part of a value. Throws `tooLarge` before the work is done, when it is too much. */
  spend(units: number): void {
    this.left -= units;
    if (this.left >= 0) return;
    throw new DomainError(
      'tooLarge',
      'The operations are too many for the values they are about. Split them into several requests, ' +
        'or change several values with one operation.',
    );
  }
}

/** What it costs to look at a JSON value, of whatever depth: its parts, and the characters in them. */
export function workOf(value: unknown): number {
  let parts = 0;
  let characters = 0;
  // Not recursive: how deep a value is nested is up to the client.
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const part = pending.pop();
    parts += 1;
    if (typeof part === 'string') characters += part.length;
    else if (typeof part === 'object' && part !== null) {
      for (const item of Object.values(part) as unknown[]) pending.push(item);
    }
  }
  return parts + Math.floor(characters / CHARACTERS_PER_UNIT);
}

/** What it costs to compare one short value with a filter: its comparisons, and the characters in its literals. */
export function workOfFilter(filter: Filter): number {
  switch (filter.type) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, part) => sum + workOfFilter(part), 0);
    case 'not':
      return workOfFilter(filter.filter);
    case 'compare':
      return workOf(filter.value);
    case 'present':
    case 'valuePath':
      return 1;
  }
}
