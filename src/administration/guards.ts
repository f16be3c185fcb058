import { type Binding } from '../domain/binding';
import { type GuardVerdict } from '../domain/guard';
import { type SyncRule } from '../domain/sync-rule';
import { issue, refused, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';

/** More bindings are decided about in several commands, or as a whole. */
const MOST_BINDINGS = 100;

export interface GuardDecided {
  readonly rule: SyncRule;
  /** How many bindings it was about. */
  readonly bindings: number;
}

export interface GuardOrder {
  readonly ruleId: string;
  readonly verdict: Exclude<GuardVerdict, 'LIFTED'>;
  /** The name of the API key. */
  readonly by: string;
  /** Undefined: all that waits, except what is protected. */
  readonly bindingIds?: readonly string[] | undefined;
}

/** What administrators decide about deliveries that a guard holds. */
export class Guards {
  constructor(
    private readonly ports: Pick<AdministrationPorts, 'syncRules' | 'bindings' | 'delivery'>,
  ) {}

  /** Repeating a decision, or deciding where nothing waits, is harmless. */
  async decide({ ruleId, verdict, by, bindingIds }: GuardOrder): Promise<Outcome<GuardDecided>> {
    const { syncRules, delivery } = this.ports;
    const rule = await syncRules.find(ruleId);
    if (rule === undefined) return refused('NOT_FOUND', ['ruleId'], 'There is no such sync rule.');
    const issues = bindingIds === undefined ? [] : await this.bindingIssues(ruleId, bindingIds);
    if (issues.length > 0) return { issues };
    const bindings = await delivery.guardDecided({
      ruleId,
      verdict,
      by,
      ...(bindingIds === undefined ? {} : { bindingIds }),
    });
    return { value: { rule, bindings } };
  }

  private async bindingIssues(ruleId: string, ids: readonly string[]): Promise<readonly Issue[]> {
    if (ids.length > MOST_BINDINGS) {
      const message = `Name at most ${String(MOST_BINDINGS)} bindings at a time.`;
      return [issue('LIMIT_EXCEEDED', ['bindingIds'], message)];
    }
    const found = await this.ports.bindings.findAll(ids);
    const byId = new Map(found.map((binding) => [binding.id, binding]));
    return ids.flatMap((id, index) => bindingIssue(ruleId, byId.get(id), index));
  }
}

function bindingIssue(
  ruleId: string,
  binding: Binding | undefined,
  index: number,
): readonly Issue[] {
  const path = ['bindingIds', String(index)];
  if (binding?.ruleId !== ruleId) {
    return [issue('NOT_FOUND', path, 'The sync rule has no such binding.')];
  }
  const { heldFor } = binding;
  if (heldFor !== undefined && heldFor !== 'RULE_DISABLED') return [];
  return [issue('CONFLICT', path, 'The guard does not hold this binding (any more).')];
}
