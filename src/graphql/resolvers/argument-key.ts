import { badUserInput } from '../error';
import { keyOf, type NodeTypeName } from '../node-id';

/** A condition on the sync rule. An id of something else is a mistake, and not a list that happens to be empty. */
export function ruleScope(ruleId: string | null | undefined): { readonly ruleId?: string } {
  return ruleId == null ? {} : { ruleId: argumentKey('SyncRule', 'ruleId', ruleId) };
}

/** The key in an id that was given as an argument of a list. */
export function argumentKey(type: NodeTypeName, argument: string, id: string): string {
  const key = keyOf(type, id);
  if (key === undefined) throw badUserInput(`\`${argument}\` is not the id of a ${type}.`);
  return key;
}
