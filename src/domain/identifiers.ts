/** The conversion of the user names of a rule (requirement D5): to what, and what came of it for a user. */
import { DomainError } from './error';
import { leavesOf } from './filter/match';
import { parseFilter } from './filter/parser';
import { checkMapping, compileMapping, evaluateMapping, type CompiledMapping } from './mapping';
import { type InputIssue } from './ports';
import { type Resource } from './resource';
import { type ResourceSchema } from './schema-table';
import { type SyncRule } from './sync-rule';
import { coerceAttribute, type ValidationProfile } from './validation';

/** `PREVIEW` touches nothing. */
export type ConversionMode = 'PREVIEW' | 'APPLY';

export interface IdentifierConversion {
  /** Yields the new `userName` of a user, see docs/mapping.md. */
  readonly expression: string;
  readonly mode: ConversionMode;
}

/**
 * - `WAITING`: it has a new name that nobody has compared yet with those of the others.
 * - `CONVERTIBLE`: it would be converted. `CONVERTED`: it has the new name.
 * - `COLLISION`: another user has the name, or would get it too.
 * - `NO_VALUE`, `INVALID`: the expression yields nothing, or what cannot be a user name.
 * - `CHANGED`: it is no longer what the new name was made of, and keeps its name.
 */
export const IDENTIFIER_OUTCOMES = [
  'WAITING',
  'CONVERTIBLE',
  'CONVERTED',
  'COLLISION',
  'NO_VALUE',
  'INVALID',
  'CHANGED',
] as const;

export type IdentifierOutcome = (typeof IDENTIFIER_OUTCOMES)[number];

/** What an item of an `IDENTIFIERS` operation tells. */
export interface IdentifierDetail {
  readonly from: string;
  /** Absent: there is none. */
  readonly to?: string;
  /** Id of a user that has, or would get, the same name. */
  readonly otherId?: string;
  readonly message?: string;
}

const USER_NAME = 'userName';

export function userNameOf({ attributes }: Pick<Resource, 'attributes'>): string {
  const name = attributes[USER_NAME];
  return typeof name === 'string' ? name : '';
}

/** What is wrong with an expression for user names. */
export function checkUserNameExpression(
  expression: string,
  schema: ResourceSchema,
): readonly string[] {
  const line = { attribute: USER_NAME, expression };
  const wrong = checkMapping([line], schema).map(({ message }) => message);
  if (wrong.length > 0) return wrong;
  if (!compileMapping([line], schema).refers) return [];
  return ['A user name is the same for every target, and entryName() is not.'];
}

/** The new user name of a user, or why it has none. */
export type NewUserName =
  { readonly to: string } | { readonly outcome: 'NO_VALUE' | 'INVALID'; readonly message: string };

/** What an expression makes of the users of a rule, checked as a SCIM client's value would be. */
export class UserNames {
  private readonly mapping: CompiledMapping;

  /** Throws `invalidValue` for what {@link checkUserNameExpression} finds. */
  constructor(
    expression: string,
    private readonly schema: ResourceSchema,
    private readonly profile: ValidationProfile,
  ) {
    this.mapping = compileMapping([{ attribute: USER_NAME, expression }], schema);
  }

  of(user: Resource): NewUserName {
    try {
      return this.checked(evaluateMapping(this.mapping, user).authoritative[USER_NAME] ?? []);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'invalidValue') throw error;
      return { outcome: 'INVALID', message: error.message };
    }
  }

  private checked(values: readonly string[]): NewUserName {
    const [value, ...others] = new Set(values);
    if (value === undefined) {
      return { outcome: 'NO_VALUE', message: 'The expression yields nothing for this user.' };
    }
    if (others.length > 0) {
      const message = 'The expression yields several values. Choose one of them, as with first().';
      return { outcome: 'INVALID', message };
    }
    const attribute = this.schema.attribute(USER_NAME);
    const to = attribute && coerceAttribute(attribute, value, this.profile);
    if (typeof to === 'string' && to.trim() !== '') return { to };
    return { outcome: 'INVALID', message: 'A user name is not blank.' };
  }
}

/** What of a rule names users by what they are called, and means others, or nobody, once they are called otherwise. */
export function namingUsers(rule: SyncRule): readonly InputIssue[] {
  const found: InputIssue[] = [];
  if (rule.meUserName !== '') {
    const message = 'The user of /Me is named by its userName. Change it when that is converted.';
    found.push({ path: ['meUserName'], message });
  }
  const { protectedUsers } = rule.guard;
  if (protectedUsers !== undefined && asksForUserName(protectedUsers)) {
    const message =
      'The guard finds protected users by their userName. Whoever is converted is protected only if the filter knows the new name.';
    found.push({ path: ['guard', 'protectedUsers'], message });
  }
  rule.syncAs.forEach(({ scopeFilter }, index) => {
    if (scopeFilter === undefined || !asksForUserName(scopeFilter)) return;
    const message =
      'The scope filter asks for userName. Whoever no longer matches it is deprovisioned.';
    found.push({ path: ['syncAs', String(index), 'scopeFilter'], message });
  });
  return found;
}

function asksForUserName(filter: string): boolean {
  return leavesOf(parseFilter(filter)).some(
    ({ path }) => path.attribute.toLowerCase() === USER_NAME.toLowerCase(),
  );
}
