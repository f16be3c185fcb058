/** Sync rules as they were at most a moment ago. Deliveries that destroy something ask for the rule as it is now. */
import { type SyncRule } from '../domain/sync-rule';
import { type Clock } from './clock';
import { type DeliveryRules } from '../domain/delivery-ports';

const FRESH_MS = 1_000;

export class RuleCache {
  private readonly cached = new Map<string, { readonly rule: SyncRule; readonly readAt: number }>();
  /** Many deliveries find at the same time that what is known is too old: one of them asks. */
  private readonly underWay = new Map<string, Promise<SyncRule | undefined>>();

  constructor(
    private readonly rules: Pick<DeliveryRules, 'find' | 'findAll'>,
    private readonly clock: Clock,
  ) {}

  async get(id: string): Promise<SyncRule | undefined> {
    const known = this.cached.get(id);
    if (known && this.clock.monotonic() - known.readAt < FRESH_MS) return known.rule;
    const reading = this.underWay.get(id) ?? this.refresh(id);
    this.underWay.set(id, reading);
    return reading;
  }

  async fresh(id: string): Promise<SyncRule | undefined> {
    const readAt = this.clock.monotonic();
    const rule = await this.rules.find(id);
    // What does not exist is not remembered: it may be about to.
    if (rule) this.cached.set(id, { rule, readAt });
    else this.cached.delete(id);
    return rule;
  }

  /** Those that exist, as they are now. */
  async freshAll(ids: readonly string[]): Promise<readonly SyncRule[]> {
    const readAt = this.clock.monotonic();
    const rules = await this.rules.findAll(ids);
    for (const rule of rules) this.cached.set(rule.id, { rule, readAt });
    return rules;
  }

  invalidate(id: string): void {
    this.cached.delete(id);
    this.underWay.delete(id);
  }

  private async refresh(id: string): Promise<SyncRule | undefined> {
    try {
      return await this.fresh(id);
    } finally {
      this.underWay.delete(id);
    }
  }
}
