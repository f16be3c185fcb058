/** Definitions that hold for all rules: whether what is stored allows them to become what the files say. */
import { isDeepStrictEqual } from 'node:util';
import { changesOf, placeOf } from '../domain/definitions';
import { extendedTable } from '../domain/extended-table';
import {
  type AcceptedDefinitions,
  type InputIssue,
  type StoredValues,
  type SyncRuleStore,
} from '../domain/ports';
import { RuleSchemas } from '../domain/rule-schemas';
import { type SchemaTable } from '../domain/schema-table';
import { standardSchemas } from '../domain/standard-schemas';
import { NO_DEFINITIONS, type ScimDefinitions, type SyncRule } from '../domain/sync-rule';

export interface FileDefinitionsPorts {
  readonly accepted: AcceptedDefinitions;
  readonly syncRules: Pick<SyncRuleStore, 'list'>;
  readonly storedValues: StoredValues;
}

const RULES_AT_ONCE = 100;

/**
 * Puts the definitions, which must have been checked, in the place of those that were accepted last; or tells all that
 * is against it. Of two processes that start with different files at the same moment the second compares with the first.
 */
export async function acceptFileDefinitions(
  ports: FileDefinitionsPorts,
  definitions: ScimDefinitions,
): Promise<readonly InputIssue[]> {
  for (;;) {
    const last = await ports.accepted.find();
    const known = last?.definitions ?? NO_DEFINITIONS;
    if (isDeepStrictEqual(known, definitions)) return [];
    const issues = await objections(ports, known, definitions);
    if (issues.length > 0) return issues;
    if (await ports.accepted.replace(last?.version ?? 0, definitions)) return [];
  }
}

/** Every rule, a page at a time. */
export async function* allRules({
  syncRules,
}: Pick<FileDefinitionsPorts, 'syncRules'>): AsyncGenerator<SyncRule> {
  let after: string | undefined;
  for (;;) {
    const page = await syncRules.list({
      limit: RULES_AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    yield* page.items;
    after = page.items.at(-1)?.id;
    if (!page.hasMore || after === undefined) return;
  }
}

async function objections(
  ports: FileDefinitionsPorts,
  known: ScimDefinitions,
  definitions: ScimDefinitions,
): Promise<readonly InputIssue[]> {
  const before = extendedTable(standardSchemas, known);
  const after = extendedTable(standardSchemas, definitions);
  const { redefined } = changesOf(before, after);
  if (redefined.length > 0) {
    return redefined.map(({ schema, attribute, characteristic }) => ({
      path: [...(placeOf(definitions.schemas, schema, attribute) ?? []), characteristic],
      message: `"${attribute}" of ${schema} cannot change its ${characteristic}: values are stored by it. Change it back, or give the attribute another name.`,
    }));
  }
  const issues: InputIssue[] = [];
  for await (const rule of allRules(ports)) {
    issues.push(...(await objectionsOf(ports, rule, before, after)));
  }
  return issues;
}

/** What the values of one rule have against it. */
async function objectionsOf(
  { storedValues }: FileDefinitionsPorts,
  rule: SyncRule,
  before: SchemaTable,
  after: SchemaTable,
): Promise<readonly InputIssue[]> {
  const fitted = fits(rule, before);
  const issues: InputIssue[] = [];
  const note = (count: number, type: string, places: string, what: string): void => {
    if (count === 0) return;
    const message = `${String(count)} resources of type ${type} of the sync rule "${rule.name}" ${what.replace('*', places)}`;
    issues.push({ path: [], message });
  };
  // A rule that does not fit is not served, and is looked at when it fits again, here or by syncRuleUpdate.
  if (fits(rule, after)) {
    for (const added of changesOf(fitted ? before : standardSchemas, after).added) {
      const count = await storedValues.countMisfits(rule.id, added);
      note(count, added.schema.type.name, namesOf(added), MISFIT);
    }
  }
  if (!fitted) return issues;
  // What was not there before in the other direction is what is taken away.
  for (const taken of changesOf(after, before).added) {
    const type = taken.schema.type.name;
    const count = await storedValues.countLosses(rule.id, taken, after.get(type));
    note(count, type, namesOf(taken), after.get(type) === undefined ? TYPE_LOSS : LOSS);
  }
  return issues;
}

const MISFIT =
  'have values from an earlier definition of * that differ from this one. Define them as they were, or choose other names.';
const LOSS =
  'have values of *, which no file defines any more. Put the definition back, or remove the values first.';
const TYPE_LOSS =
  'would not be served any more, since no file defines their type. Put the definition back, or delete them first.';

function fits(rule: SyncRule, base: SchemaTable): boolean {
  return new RuleSchemas(base).clashesOf(rule).length === 0;
}

function namesOf({ places }: Parameters<StoredValues['countMisfits']>[1]): string {
  return places.map(({ attribute }) => attribute.name).join(', ');
}
