/** Evaluation of what names the entries of other resources, whose names have to be looked up first. */
import { DomainError } from '../error';
import { MAX_REFERENCES } from './limits';
import { type EntryNames } from './run';

/** Other ids are of no resource. */
const RESOURCE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Evaluates as often as new names are asked for, mostly twice: which ones are needed may depend on those that are known.
 * `find` is told all that were asked for so far, and answers the names of those that have any.
 */
export async function withEntryNames<Result>(
  evaluate: (names: EntryNames) => Result,
  find: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>,
): Promise<Result> {
  const asked = new Set<string>();
  let known: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const before = asked.size;
    const result = attempt(evaluate, asked, known);
    if (asked.size === before) return result();
    known = await find([...asked]);
  }
}

/** What comes of it counts only when nothing is left to be looked up. */
function attempt<Result>(
  evaluate: (names: EntryNames) => Result,
  asked: Set<string>,
  known: ReadonlyMap<string, string>,
): () => Result {
  const nameOf = (id: string): string | undefined => {
    if (!RESOURCE_ID.test(id)) return undefined;
    if (!asked.has(id) && asked.size >= MAX_REFERENCES) {
      throw new DomainError(
        'invalidValue',
        `The mapping names the entries of more than ${String(MAX_REFERENCES)} resources.`,
      );
    }
    asked.add(id);
    return known.get(id);
  };
  try {
    const result = evaluate({ nameOf });
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
