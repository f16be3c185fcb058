/** Sync rules as they were at most a moment ago. Deliveries that destroy something ask for the rule as it is now. */
import { type SyncRule } from '../domain/sync-rule';
import { type Clock } from './clock';
import { type DeliveryRules } from '../domain/delivery-ports';

const FRESH_MS = 1_000;

export class RuleCache {
  private readonly cached = new Map<string, { readonly rule: SyncRule; readonly readAt: number }>();

  constructor(
    private readonly rules: Pick<DeliveryRules, 'find'>,
    private readonly clock: Clock,
  ) {}

  async get(id: string): Promise<SyncRule | undefined> {
    const known = this.cached.get(id);
    if (known && this.clock.now().getTime() - known.readAt < FRESH_MS) return known.rule;
    return this.fresh(id);
  }

  async fresh(id: string): Promise<SyncRule | undefined> {
    const readAt = this.clock.now().getTime();
    const rule = await this.rules.find(id);
    // What does not exist is not remembered: it may be about to.
    if (rule) this.cached.set(id, { rule, readAt });
    else this.cached.delete(id);
    return rule;
  }

  invalidate(id: string): void {
    this.cached.delete(id);
  }
}
