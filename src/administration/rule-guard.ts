/** The guard of a rule: whether it may become what an administrator wants it to be. */
import { checkMatchable } from '../domain/filter/match';
import { parseFilter } from '../domain/filter/parser';
import { DomainError } from '../domain/error';
import { type GuardSettings } from '../domain/guard';
import { GROUP, USER } from '../domain/resource';
import { type SchemaTable } from '../domain/schema-table';
import { issue, type Issue, type Outcome } from './issue';

/** What is to change of a guard. Null takes away what need not be there. */
export type GuardChange = {
  readonly [Name in keyof GuardSettings]?: GuardSettings[Name] | null | undefined;
};

/** The longest window: a day. */
const MOST_MINUTES = 24 * 60;
const MOST_COUNT = 1_000_000;

/** Numbers, by the least and the most they can be. */
const BOUNDS = {
  minCount: [0, MOST_COUNT],
  maxCount: [0, MOST_COUNT],
  maxPercent: [1, 100],
  windowMinutes: [1, MOST_MINUTES],
  maxMemberPercent: [1, 100],
} as const satisfies Partial<Record<keyof GuardSettings, readonly [number, number]>>;

/** Without a table filters are not looked at. */
export function checkGuard(
  current: GuardSettings,
  change: GuardChange = {},
  table: SchemaTable | undefined,
): Outcome<GuardSettings> {
  const guard = merged(current, change);
  const issues = [
    ...numberIssues(guard),
    ...filterIssues('protectedUsers', guard.protectedUsers, table, USER),
    ...filterIssues('protectedGroups', guard.protectedGroups, table, GROUP),
  ];
  return issues.length > 0 ? { issues } : { value: guard };
}

/** What is left out stays, and so does what is null and has to be there. */
function merged(current: GuardSettings, change: GuardChange): GuardSettings {
  const { protectedUsers, protectedGroups, maxCount, ...required } = change;
  const given = Object.entries(required).filter(([, value]) => value != null);
  const {
    protectedUsers: users,
    protectedGroups: groups,
    maxCount: most,
    ...kept
  } = { ...current, ...(Object.fromEntries(given) as Partial<GuardSettings>) };
  return {
    ...kept,
    ...optional('protectedUsers', filterOf(protectedUsers, users)),
    ...optional('protectedGroups', filterOf(protectedGroups, groups)),
    ...optional('maxCount', maxCount === undefined ? most : (maxCount ?? undefined)),
  };
}

/** An empty filter is none. */
function filterOf(given: string | null | undefined, current: string | undefined) {
  if (given === undefined) return current;
  return given === null || given.trim() === '' ? undefined : given;
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: Value };
}

function numberIssues(guard: GuardSettings): readonly Issue[] {
  return Object.entries(BOUNDS).flatMap(([name, [least, most]]) => {
    const value = guard[name as keyof typeof BOUNDS];
    if (value === undefined) return [];
    if (Number.isInteger(value) && value >= least && value <= most) return [];
    const message = `"${name}" is ${String(least)} to ${String(most)}.`;
    return [issue('INVALID', ['guard', name], message)];
  });
}

function filterIssues(
  name: 'protectedUsers' | 'protectedGroups',
  filter: string | undefined,
  table: SchemaTable | undefined,
  resourceType: string,
): readonly Issue[] {
  const schema = table?.get(resourceType);
  if (filter === undefined || schema === undefined) return [];
  try {
    checkMatchable(parseFilter(filter), schema);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [issue('INVALID', ['guard', name], error.message)];
  }
}
