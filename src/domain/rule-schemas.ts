/** The schemas of every rule: what all rules have, and what a rule adds. */
import { checkDefinitions, printPlace } from './definitions';
import { DomainError } from './error';
import { extendedTable, isPlain } from './extended-table';
import { type InputIssue } from './ports';
import { type SchemaTable } from './schema-table';
import { type SyncRule } from './sync-rule';

/** Rules with definitions of their own whose tables are kept ready. */
const MOST_KEPT = 500;

/** A rule's table, or why it cannot have one. */
type Made = { readonly table: SchemaTable } | { readonly issues: readonly InputIssue[] };

/**
 * Tables are made once for each version of a rule. Whoever holds a rule gets the table that belongs to exactly this
 * version of it, however many processes there are and whatever has become of the rule meanwhile.
 */
export class RuleSchemas {
  private readonly made = new Map<string, Made>();

  /** `base`: what every rule has. */
  constructor(readonly base: SchemaTable) {}

  /**
   * Throws `unavailable` when the definitions of the rule do not fit those of all rules, which may have changed since:
   * whichever of the two were believed, values would be read as what they are not.
   */
  of(rule: SyncRule): SchemaTable {
    if (isPlain(rule)) return this.base;
    const made = this.make(rule);
    if ('table' in made) return made.table;
    const clashes = made.issues.map(({ path, message }) => `${printPlace(path)}: ${message}`);
    throw new DomainError(
      'unavailable',
      `The schemas of the sync rule "${rule.name}" do not fit those that all rules have. An administrator of Usher has to change them (syncRuleUpdate). ${clashes.join(' ')}`,
    );
  }

  /** Why the definitions of the rule do not fit; mostly nothing. */
  clashesOf(rule: SyncRule): readonly InputIssue[] {
    const made = isPlain(rule) ? undefined : this.make(rule);
    return made !== undefined && 'issues' in made ? made.issues : [];
  }

  private make(rule: SyncRule): Made {
    const key = `${rule.id} ${String(rule.version)}`;
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const { issues } = checkDefinitions(this.base, rule);
    const made = issues.length > 0 ? { issues } : { table: extendedTable(this.base, rule) };
    // Old versions are never asked for again.
    if (this.made.size >= MOST_KEPT) this.made.clear();
    this.made.set(key, made);
    return made;
  }
}
